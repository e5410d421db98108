"""Small rotation helpers, all 3 x 3 matrices acting on column vectors."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def unit(vector: Array) -> Array:
    """The same direction with length 1."""
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def cross(a: Array, b: Array) -> Array:
    """Cross product of two 3-vectors; NumPy's own takes five times as long for single vectors."""
    ax, ay, az = a
    bx, by, bz = b
    return np.array([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx])


def about(axis: Array, degrees: float) -> Array:
    """Turn about an axis, right-handed."""
    x, y, z = (float(v) for v in axis)
    length = math.sqrt(x * x + y * y + z * z)
    x, y, z = x / length, y / length, z / length
    s, c = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    d = 1 - c
    return np.array(
        [
            [c + x * x * d, x * y * d - z * s, x * z * d + y * s],
            [y * x * d + z * s, c + y * y * d, y * z * d - x * s],
            [z * x * d - y * s, z * y * d + x * s, c + z * z * d],
        ]
    )


def between(source: Array, target: Array) -> Array:
    """Smallest turn that brings one direction onto another."""
    axis = cross(source, target)
    sine, cosine = float(np.linalg.norm(axis)), float(source @ target)
    if sine < 1e-9:
        return np.eye(3) if cosine > 0 else about(cross(source, np.eye(3)[np.argmin(np.abs(source))]), 180.0)
    return about(axis, math.degrees(math.atan2(sine, cosine)))


def frame(first: Array, near_second: Array) -> Array:
    """Axes as columns: x along ``first``, y as near to ``near_second`` as a right angle allows, z = x cross y."""
    x = unit(first)
    y = unit(near_second - x * (near_second @ x))
    return np.stack([x, y, cross(x, y)], axis=1)


def vector_of(rotation: Array) -> Array:
    """Axis times angle (radians) of a turn."""
    cosine = float(np.clip((np.trace(rotation) - 1) / 2, -1, 1))
    angle = math.acos(cosine)
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    size = float(np.linalg.norm(skew))
    if size < 1e-9:
        if cosine > 0:
            return np.zeros(3)
        column = int(np.argmax(np.diag(rotation)))
        return np.asarray(unit(rotation[:, column] + np.eye(3)[column]) * math.pi, dtype=np.float64)
    return np.asarray(skew / size * angle, dtype=np.float64)


def part_way(start: Array, end: Array, share: float) -> Array:
    """The turn ``share`` of the shortest way from one rotation to another."""
    vector = vector_of(end @ start.T)
    angle = float(np.linalg.norm(vector))
    if angle < 1e-9:
        return start
    return about(vector, math.degrees(angle) * share) @ start
