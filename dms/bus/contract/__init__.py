"""The contract as a package to hand over: DBC and KCD, a page per message, receiver source in C, test vectors, VSS mapping.

``dms.bus.contract.export`` writes it all into a folder (``dms can export``); ``trace`` reads what was recorded on a bus.
"""
