"""Hand gestures before the chest, one at the lips: shapes that are held, and courses that are moved, as the driver sees them.

Vehicle frame: the driver's right is -y, up is +z, away from the driver is +x.
"""

import math
from dataclasses import replace

from dms.records.base import Vector
from hil.driver.behaviour.motion import ease
from hil.driver.behaviour.parts import Gesture
from hil.driver.pose import Grip, Shape

STROKE_S = 0.9
REST_S = 0.25
BACK_S = 0.6
TURN_S = 1.5
_SWIPES: dict[str, tuple[float, float]] = {
    "swipe_left": (1.0, 0.0), "swipe_right": (-1.0, 0.0), "swipe_up": (0.0, 1.0), "swipe_down": (0.0, -1.0),
}  # fmt: skip
_REACH_MM = 110.0


def grip_at(gesture: Gesture, u: float, shift_mm: Vector = (0.0, 0.0, 0.0)) -> Grip:
    """The hand ``u`` seconds into the gesture, ``shift_mm`` from its usual place; moved ones start over after stroke,
    rest and way back."""
    grip = _usual(gesture, u)
    x, y, z = (a + b for a, b in zip(grip.offset_mm, shift_mm, strict=True))
    return replace(grip, offset_mm=(x, y, z))


def _usual(gesture: Gesture, u: float) -> Grip:
    x = u % (STROKE_S + REST_S + BACK_S)
    back = max(0.0, x - STROKE_S - REST_S) / BACK_S
    stroke = ease(min(x / STROKE_S, 1.0)) - ease(back)
    if gesture in _SWIPES:
        y, z = _SWIPES[gesture]
        way = _REACH_MM * (2.0 * stroke - 1.0)
        return Grip("front", "open_palm", (0.0, way * y, way * z))
    if gesture in ("circle_cw", "circle_ccw"):
        phase = 2.0 * math.pi * u / TURN_S * (1.0 if gesture == "circle_cw" else -1.0)
        return Grip("front", "point", (0.0, -70.0 * math.sin(phase), 70.0 * math.cos(phase)))
    if gesture == "push":
        return Grip("front", "open_palm", (90.0 * stroke, 0.0, 0.0))
    if gesture == "pinch":
        return Grip("front", "open_palm" if x < 0.35 * STROKE_S or x > STROKE_S else "pinch")
    if gesture == "wave":
        swing = math.sin(2.0 * math.pi * 1.7 * u)
        return Grip("front", "open_palm", (0.0, 55.0 * swing, 0.0), (0.0, 0.0, 18.0 * swing))
    if gesture == "mute":
        return Grip("mouth", "mute")
    shape: Shape = gesture  # type: ignore[assignment]
    return Grip("front", shape)
