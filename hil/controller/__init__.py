"""A simulated Level 3 handover controller: what hears the driver monitoring in a car, decides on takeovers, and speaks back.

``hearing`` checks and decodes our frames with code of its own, ``rules`` holds the limits of UN R157 as data, ``handover`` is the
transition logic as a pure state machine, ``peer`` puts them on a bus, ``vehicle`` gives the car's inputs from a drive profile or
a recorded CAN trace.
"""
