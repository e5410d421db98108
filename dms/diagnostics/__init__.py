"""Diagnostics: trouble codes with their memory, a UDS server (ISO 14229-1), and its two transports.

Nothing here delays or changes what is published about the driver, but for the effects that ``trouble_codes.yaml`` states.
"""
