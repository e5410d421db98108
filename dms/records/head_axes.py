"""Directions in the head's own axes: where gaze offsets live.

Head axes are the camera axes carried along by the head: x to the picture's right when the face looks into the lens, y down, z
into the head. Yaw is positive to the driver's right, pitch up; straight out of the face both are 0. Plain floats, because this
runs for every picture.
"""

import math
from typing import NamedTuple

from dms.records.base import Vector
from dms.records.observation import Head

_PARALLEL = 1e-3
"""Below this sine of the angle between them, forward and up tell no roll."""


class HeadAxes(NamedTuple):
    """The three axes as unit vectors of the camera frame: the columns of the head's rotation matrix."""

    x: Vector
    y: Vector
    z: Vector

    def angles_deg(self, direction_camera: Vector) -> tuple[float, float]:
        """Yaw and pitch of a camera-frame direction in head axes, degrees."""
        x, y, z = _dot(self.x, direction_camera), _dot(self.y, direction_camera), _dot(self.z, direction_camera)
        return math.degrees(math.atan2(-x, -z)), math.degrees(math.atan2(-y, math.hypot(x, z)))

    def direction_camera(self, yaw_deg: float, pitch_deg: float) -> Vector:
        """Unit vector of the camera frame that has these angles in head axes; inverse of ``angles_deg``."""
        yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
        a, b, c = -math.sin(yaw) * math.cos(pitch), -math.sin(pitch), -math.cos(yaw) * math.cos(pitch)
        (x0, x1, x2), (y0, y1, y2), (z0, z1, z2) = self.x, self.y, self.z
        return a * x0 + b * y0 + c * z0, a * x1 + b * y1 + c * z1, a * x2 + b * y2 + c * z2


def head_axes(head: Head) -> HeadAxes | None:
    """Axes of a head pose; ``None`` where forward and up are (nearly) the same direction."""
    back, down = _scaled(head.forward_camera, -1.0), _scaled(head.up_camera, -1.0)
    side = _cross(down, back)
    length = math.hypot(*side)
    if not length > _PARALLEL:
        return None
    x = _scaled(side, 1.0 / length)
    z = _scaled(back, 1.0 / math.hypot(*back))
    return HeadAxes(x, _cross(z, x), z)


def _dot(one: Vector, two: Vector) -> float:
    return one[0] * two[0] + one[1] * two[1] + one[2] * two[2]


def _cross(one: Vector, two: Vector) -> Vector:
    (a, b, c), (d, e, f) = one, two
    return b * f - c * e, c * d - a * f, a * e - b * d


def _scaled(vector: Vector, factor: float) -> Vector:
    return vector[0] * factor, vector[1] * factor, vector[2] * factor
