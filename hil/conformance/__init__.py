"""Conformance suite: ``pytest --pyargs hil.conformance [--dms-bench FILE]``.

``test_monitoring.py`` asks a driver monitoring on the bus for its periods, its protection and its reactions.
``test_controller.py`` asks a Level 3 controller whether it takes a lost, damaged, short or repeated statement for "not ready"
and asks the driver back in time. On the simulator both are the project's own. Passing supports evidence for a requirement; it
proves no conformity.
"""
