"""Directions of the camera frame and the angles shown to people.

Camera frame: x right in the picture, y down, z away. A head straight at the camera has forward (0, 0, -1), up (0, -1, 0), and all
three angles 0. Yaw is positive to the driver's right (picture left), pitch up, roll towards the driver's right shoulder.
"""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def unit(vector: Array) -> Array:
    """The same direction with length 1."""
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def yaw_pitch_deg(direction: Array) -> tuple[float, float]:
    """Shown angles of a direction in the camera frame."""
    x, y, z = unit(direction)
    return math.degrees(math.atan2(-x, -z)), math.degrees(math.asin(max(-1.0, min(1.0, -y))))


def direction_from(yaw_deg: float, pitch_deg: float) -> Array:
    """Unit vector of the camera frame with these shown angles."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return np.array([-math.sin(yaw) * math.cos(pitch), -math.sin(pitch), -math.cos(yaw) * math.cos(pitch)])


def roll_deg(forward: Array, up: Array) -> float:
    """Shown roll of a head: turn about its own forward axis against the horizontal."""
    yaw, _ = yaw_pitch_deg(forward)
    side = np.array([-math.cos(math.radians(yaw)), 0.0, math.sin(math.radians(yaw))])  # the driver's right, level
    top = np.cross(forward, side)
    if top[1] > 0:
        top = -top
    return math.degrees(math.atan2(float(up @ side), float(up @ top)))


def rounded(vector: Array, digits: int) -> tuple[float, float, float]:
    """Plain floats for a record."""
    x, y, z = (round(float(v), digits) for v in vector)
    return x, y, z
