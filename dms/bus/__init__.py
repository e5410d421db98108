"""The bus room: message set, E2E protection, cyclic publisher, reference receiver, vehicle inputs.

Everything a Level 3 controller hears from the driver monitoring, and everything the vehicle tells it, passes here. Ports are
opened with ``dms.bus.port.open_bus``; the message set is ``dms.dbc`` beside this file, the only description of the layout.
"""
