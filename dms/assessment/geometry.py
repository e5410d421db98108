"""Lines of sight and boxes in the vehicle frame (ISO 8855: x forward, y left, z up, mm).

Plain floats: numpy costs more than it saves on three numbers.
"""

import math
from typing import NamedTuple

from dms.records.base import Vector
from dms.records.cabin import ZoneBox

Box = tuple[float, float, float, float, float, float]
"""Low corner x, y, z, then high corner x, y, z."""
Vector4 = tuple[float, float, float, float]
Ends = tuple[float, float]
_TINY = 1e-9
_FAR_MM = 1e5
_EDGE = (0.0, 0.0, 0.0, 0.0)


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
    """Number of the nearest box that the ray meets in front of the eyes (slab test, axis by axis; written out for speed)."""
    best, nearest, number = None, _FAR_MM, -1
    ox, oy, oz = origin
    sx, sy, sz = (1.0 / (v if abs(v) > _TINY else _TINY) for v in direction)
    for x0, y0, z0, x1, y1, z1 in boxes:
        number += 1
        one, two = (y0 - oy) * sy, (y1 - oy) * sy  # the side axis rules out most boxes
        near, far = (one, two) if one < two else (two, one)
        if far < 0.0 or near >= nearest:
            continue
        one, two = ((z0 - oz) * sz, (z1 - oz) * sz) if sz > 0.0 else ((z1 - oz) * sz, (z0 - oz) * sz)
        near, far = one if one > near else near, two if two < far else far
        if near > far:
            continue
        one, two = ((x0 - ox) * sx, (x1 - ox) * sx) if sx > 0.0 else ((x1 - ox) * sx, (x0 - ox) * sx)
        near, far = one if one > near else near, two if two < far else far
        if near <= far and far >= 0.0 and near < nearest:
            best, nearest = number, max(near, 0.0)
    return best


class Outline(NamedTuple):
    """A box by its thinnest axis ``a``, along which it is looked at, and the other two: number of the axis, low, high (mm)."""

    a: int
    a_low: float
    a_high: float
    b: int
    b_low: float
    b_high: float
    c: int
    c_low: float
    c_high: float


def outline(box: Box) -> Outline:
    """How a box is looked at."""
    a = min(range(3), key=lambda axis: box[axis + 3] - box[axis])
    b, c = (a + 1) % 3, (a + 2) % 3
    return Outline(a, box[a], box[a + 3], b, box[b], box[b + 3], c, box[c], box[c + 3])


def inside(seen: Outline, origin: Vector, direction: Vector, least: float) -> Vector4 | None:
    """By how much a ray lies inside the four planes through the eye and a box's outline: sine of the angle to each.

    Negative: outside, and the box is at least so far away. ``None`` as soon as one is under ``least`` (not above 0).
    Written out for speed: it runs for every picture and box.
    """
    a, near, far, b, b_low, b_high, c, c_low, c_high = seen
    eye, ahead = origin[a], direction[a]
    if ahead > 0.0:
        near, far = near - eye, far - eye
    else:
        near, far, ahead = eye - far, eye - near, -ahead
    if far <= 0.0:  # behind; as near as the line of sight is to the plane between
        return None if -ahead < least else _EDGE
    eye, side = origin[b], direction[b]
    edge = b_high - eye  # the near face sticks out beyond the far one on the side of the line straight ahead where the edge lies
    at = near if edge > 0.0 else far
    if (left := (edge * ahead - at * side) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return None
    edge = b_low - eye
    at = near if edge < 0.0 else far
    if (right := (at * side - edge * ahead) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return None
    eye, side = origin[c], direction[c]
    edge = c_high - eye
    at = near if edge > 0.0 else far
    if (upper := (edge * ahead - at * side) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return None
    edge = c_low - eye
    at = near if edge < 0.0 else far
    if (lower := (at * side - edge * ahead) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return None
    return left, right, upper, lower


def angle_to_box_deg(origin: Vector, direction: Vector, box: Box) -> float:
    """Degrees by which a ray (unit vector) passes beside a box, 0 where it meets it; exact up to 90."""
    if first_hit(origin, direction, [box]) is not None:
        return 0.0
    ox, oy, oz = origin
    x, y, z = (box[0] - ox, box[3] - ox), (box[1] - oy, box[4] - oy), (box[2] - oz, box[5] - oz)
    rx, ry, rz = direction
    cosine = max(_on_edges(x, y, z, rx, ry, rz), _on_edges(y, z, x, ry, rz, rx), _on_edges(z, x, y, rz, rx, ry))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _on_edges(a: Ends, b: Ends, c: Ends, ra: float, rb: float, rc: float) -> float:
    """Cosine of the smallest angle between the ray and the four edges along ``a``; ends of the box seen from the eye."""
    best, (low, high) = -1.0, a
    for pb in b:
        for pc in c:
            beside, square = pb * rb + pc * rc, pb * pb + pc * pc
            # where the cosine (pa ra + beside) / sqrt(pa pa + square) is largest along the edge
            pa = ra * square / beside if beside > 0.0 else ra * _FAR_MM
            pa = low if pa < low else high if pa > high else pa
            cosine = (pa * ra + beside) / math.sqrt(pa * pa + square + _TINY)
            if cosine > best:
                best = cosine
    return best
