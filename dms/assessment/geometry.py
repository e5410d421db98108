"""Lines of sight and boxes in the vehicle frame (ISO 8855: x forward, y left, z up, mm).

Plain floats: numpy costs more than it saves on three numbers.
"""

import math
from typing import Final

from dms.records.base import Vector
from dms.records.cabin import ZoneBox

Box = tuple[float, float, float, float, float, float]
"""Low corner x, y, z, then high corner x, y, z."""
Vector4 = tuple[float, float, float, float]
Ends = tuple[float, float, float, float, float, float]
OUTSIDE: Vector4 = (-2.0, -2.0, -2.0, -2.0)
"""What ``inside`` says of a ray farther outside than asked for: told by its first number, no sine is so low."""
_EDGE: Vector4 = (0.0, 0.0, 0.0, 0.0)
_TINY: Final = 1e-9
_FAR_MM: Final = 1e5
_DEGREES: Final = 180.0 / math.pi
RADIANS: Final = math.pi / 180.0


def vehicle_angles(direction: Vector) -> tuple[float, float]:
    """Yaw (positive to the right) and pitch (positive up) of a vehicle-frame direction, degrees."""
    x, y, z = direction
    return math.atan2(-y, x) * _DEGREES, math.atan2(z, math.hypot(x, y)) * _DEGREES


def vehicle_direction(yaw_deg: float, pitch_deg: float) -> Vector:
    """Unit vector in the vehicle frame; inverse of ``vehicle_angles``."""
    yaw, pitch = yaw_deg * RADIANS, pitch_deg * RADIANS
    level = math.cos(pitch)
    return math.cos(yaw) * level, -math.sin(yaw) * level, math.sin(pitch)


def plus(one: Vector, two: Vector) -> Vector:
    """Sum of two vectors."""
    return one[0] + two[0], one[1] + two[1], one[2] + two[2]


def corners(zone: ZoneBox) -> Box:
    """The box of a vehicle file's zone."""
    return (*zone.low_mm, *zone.high_mm)


def first_hit(origin: Vector, direction: Vector, boxes: list[Box]) -> int | None:
    """Number of the nearest box that the ray meets in front of the eyes (slab test, axis by axis; written out for speed)."""
    best, nearest, number = -1, _FAR_MM, -1
    ox, oy, oz = origin
    sx, sy, sz = direction
    sx = 1.0 / (sx if abs(sx) > _TINY else _TINY)
    sy = 1.0 / (sy if abs(sy) > _TINY else _TINY)
    sz = 1.0 / (sz if abs(sz) > _TINY else _TINY)
    for x0, y0, z0, x1, y1, z1 in boxes:
        number += 1
        near, far = (y0 - oy) * sy, (y1 - oy) * sy  # the side axis rules out most boxes
        if near > far:
            near, far = far, near
        if far < 0.0 or near >= nearest:
            continue
        one, two = (z0 - oz) * sz, (z1 - oz) * sz
        if sz <= 0.0:
            one, two = two, one
        near, far = one if one > near else near, two if two < far else far
        if near > far:
            continue
        one, two = (x0 - ox) * sx, (x1 - ox) * sx
        if sx <= 0.0:
            one, two = two, one
        near, far = one if one > near else near, two if two < far else far
        if near <= far and far >= 0.0 and near < nearest:
            best, nearest = number, near if near > 0.0 else 0.0
    return None if best < 0 else best


Outline = tuple[int, float, float, float, float, float, float]
"""A box by its thinnest axis, along which it is looked at: number of the axis, its low and high, those of the next two (mm)."""


def outline(box: Box) -> Outline:
    """How a box is looked at."""
    a = min(range(3), key=lambda axis: box[axis + 3] - box[axis])
    b, c = (a + 1) % 3, (a + 2) % 3
    return a, box[a], box[a + 3], box[b], box[b + 3], box[c], box[c + 3]


def inside(seen: Outline, origin: Vector, direction: Vector, least: float) -> Vector4:
    """By how much a ray lies inside the four planes through the eye and a box's outline: sine of the angle to each.

    Negative: outside, and the box is at least so far away. ``OUTSIDE`` as soon as one is under ``least`` (not above 0).
    Written out for speed: it runs for every picture and box.
    """
    a, near, far, b_low, b_high, c_low, c_high = seen
    if a == 0:
        eye, b_eye, c_eye = origin
        ahead, side, up = direction
    elif a == 1:
        c_eye, eye, b_eye = origin
        up, ahead, side = direction
    else:
        b_eye, c_eye, eye = origin
        side, up, ahead = direction
    if ahead > 0.0:
        near, far = near - eye, far - eye
    else:
        near, far, ahead = eye - far, eye - near, -ahead
    if far <= 0.0:  # behind; as near as the line of sight is to the plane between
        return OUTSIDE if -ahead < least else _EDGE
    # the near face sticks out beyond the far one on the side of the line straight ahead where the edge lies
    edge = b_high - b_eye
    at = near if edge > 0.0 else far
    if (left := (edge * ahead - at * side) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return OUTSIDE
    edge = b_low - b_eye
    at = near if edge < 0.0 else far
    if (right := (at * side - edge * ahead) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return OUTSIDE
    edge = c_high - c_eye
    at = near if edge > 0.0 else far
    if (upper := (edge * ahead - at * up) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return OUTSIDE
    edge = c_low - c_eye
    at = near if edge < 0.0 else far
    if (lower := (at * up - edge * ahead) / math.sqrt(edge * edge + at * at + _TINY)) < least:
        return OUTSIDE
    return left, right, upper, lower


def angle_to_box_deg(origin: Vector, direction: Vector, box: Box) -> float:
    """Degrees by which a ray (unit vector) passes beside a box, 0 where it meets it; exact up to 90."""
    if first_hit(origin, direction, [box]) is not None:
        return 0.0
    ox, oy, oz = origin
    rx, ry, rz = direction
    x0, y0, z0, x1, y1, z1 = box
    x0, y0, z0, x1, y1, z1 = x0 - ox, y0 - oy, z0 - oz, x1 - ox, y1 - oy, z1 - oz
    one = _on_edges((x0, x1, y0, y1, z0, z1), rx, ry, rz)
    two = _on_edges((y0, y1, z0, z1, x0, x1), ry, rz, rx)
    three = _on_edges((z0, z1, x0, x1, y0, y1), rz, rx, ry)
    return math.acos(max(-1.0, min(1.0, max(max(one, two), three)))) * _DEGREES


Thing = tuple[Box, Outline]
"""A box, and how it is looked at."""


def things(boxes: list[Box]) -> list[Thing]:
    """For ``nearest``."""
    return [(box, outline(box)) for box in boxes]


def nearest(among: list[Thing], origin: Vector, direction: Vector, within_deg: float) -> tuple[int, float]:
    """Number and distance (degrees) of the box that the ray passes nearest to; -1 and ``within_deg`` where none is so near."""
    found, angle, least, number = -1, within_deg, -math.sin(min(within_deg, 90.0) * RADIANS), -1
    for box, seen in among:
        number += 1
        if inside(seen, origin, direction, least)[0] < -1.0:
            continue  # farther than the nearest one so far
        this = angle_to_box_deg(origin, direction, box)
        if this < angle or (this == angle and found < 0):
            found, angle, least = number, this, -math.sin(min(this, 90.0) * RADIANS)
    return found, angle


def _on_edges(ends: Ends, ra: float, rb: float, rc: float) -> float:
    """Cosine of the smallest angle between the ray and those of the four edges along the first axis that the eye sees as outline.

    ``ends``: low and high of the box on each axis, seen from the eye. An edge is outline where one of its two faces is turned to
    the eye and the other is not.
    """
    low, high, b_low, b_high, c_low, c_high = ends
    at_b_low, at_b_high, at_c_low, at_c_high = b_low > 0.0, b_high < 0.0, c_low > 0.0, c_high < 0.0
    best = -1.0
    if at_b_low is not at_c_low:
        best = _on_edge(low, high, b_low * rb + c_low * rc, b_low * b_low + c_low * c_low, ra)
    if at_b_low is not at_c_high:
        best = max(best, _on_edge(low, high, b_low * rb + c_high * rc, b_low * b_low + c_high * c_high, ra))
    if at_b_high is not at_c_low:
        best = max(best, _on_edge(low, high, b_high * rb + c_low * rc, b_high * b_high + c_low * c_low, ra))
    if at_b_high is not at_c_high:
        best = max(best, _on_edge(low, high, b_high * rb + c_high * rc, b_high * b_high + c_high * c_high, ra))
    return best


def _on_edge(low: float, high: float, beside: float, square: float, ra: float) -> float:
    """Largest cosine along one edge, ``(at ra + beside) / sqrt(at at + square)`` for ``at`` from ``low`` to ``high``."""
    at = ra * square / beside if beside > 0.0 else ra * _FAR_MM
    at = low if at < low else high if at > high else at
    return (at * ra + beside) / math.sqrt(at * at + square + _TINY)
