"""Lines of sight and boxes in the vehicle frame (ISO 8855: x forward, y left, z up, mm).

Plain floats: numpy costs more than it saves on three numbers.
"""

import math

from dms.records.base import Vector
from dms.records.cabin import ZoneBox

Box = tuple[float, float, float, float, float, float]
"""Low corner x, y, z, then high corner x, y, z."""
_TINY = 1e-9
_FAR_MM = 1e5
_AXES = ((0, 1, 2), (1, 2, 0), (2, 0, 1))


def vehicle_angles(direction: Vector) -> tuple[float, float]:
    """Yaw (positive to the right) and pitch (positive up) of a vehicle-frame direction, degrees."""
    x, y, z = direction
    return math.degrees(math.atan2(-y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def vehicle_direction(yaw_deg: float, pitch_deg: float) -> Vector:
    """Unit vector in the vehicle frame; inverse of ``vehicle_angles``."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return math.cos(yaw) * math.cos(pitch), -math.sin(yaw) * math.cos(pitch), math.sin(pitch)


def plus(one: Vector, two: Vector) -> Vector:
    """Sum of two vectors."""
    return one[0] + two[0], one[1] + two[1], one[2] + two[2]


def corners(zone: ZoneBox) -> Box:
    """The box of a vehicle file's zone."""
    return (*zone.low_mm, *zone.high_mm)


def first_hit(origin: Vector, direction: Vector, boxes: list[Box]) -> int | None:
    """Number of the nearest box that the ray meets in front of the eyes (slab test, axis by axis)."""
    best, nearest = None, _FAR_MM
    ox, oy, oz = origin
    sx, sy, sz = (1.0 / (v if abs(v) > _TINY else _TINY) for v in direction)
    # which corner the ray reaches first and last on each axis
    (x0, x1), (y0, y1), (z0, z1) = ((i, i + 3) if s > 0 else (i + 3, i) for i, s in enumerate((sx, sy, sz)))
    for number, box in enumerate(boxes):
        near, far = (box[y0] - oy) * sy, (box[y1] - oy) * sy
        if far < 0.0 or near > nearest:  # the side axis rules out most boxes
            continue
        near = max(near, (box[x0] - ox) * sx, (box[z0] - oz) * sz, 0.0)
        if near <= min(far, (box[x1] - ox) * sx, (box[z1] - oz) * sz, nearest):
            best, nearest = number, near
    return best


def angle_to_box_deg(origin: Vector, direction: Vector, box: Box) -> float:
    """Degrees by which a ray (unit vector) passes beside a box, 0 where it meets it; exact up to 90."""
    if first_hit(origin, direction, [box]) is not None:
        return 0.0
    low = box[0] - origin[0], box[1] - origin[1], box[2] - origin[2]
    high = box[3] - origin[0], box[4] - origin[1], box[5] - origin[2]
    cosine = max(_nearest_on_edges(along, low, high, direction) for along in _AXES)
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _nearest_on_edges(axes: tuple[int, int, int], low: Vector, high: Vector, ray: Vector) -> float:
    """Cosine of the smallest angle between the ray and the box's four edges along the first axis."""
    a, b, c = axes
    best, (ra, rb, rc) = -1.0, (ray[a], ray[b], ray[c])
    for pb in (low[b], high[b]):
        for pc in (low[c], high[c]):
            beside, square = pb * rb + pc * rc, pb * pb + pc * pc
            # where the cosine (pa ra + beside) / sqrt(pa pa + square) is largest along the edge
            pa = ra * square / beside if beside > 0.0 else math.copysign(_FAR_MM, ra)
            pa = max(low[a], min(high[a], pa))
            best = max(best, (pa * ra + beside) / math.sqrt(pa * pa + square + _TINY))
    return best
