"""Driver monitoring for Level 3: camera picture in, protected takeover-readiness CAN frame out.

``import dms`` is light: it loads no network runtime, no OpenCV and no bus driver. The rooms of the house are sub-packages
(``dms.records``, ``dms.camera``, ``dms.inference``, ...); data flows one way, from ``camera`` to ``bus``.
"""

__version__ = "0.1.0"
