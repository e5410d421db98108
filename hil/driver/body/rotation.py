"""Small rotation helpers, all 3 x 3 matrices acting on column vectors."""

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def unit(vector: Array) -> Array:
    """The same direction with length 1."""
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float64)


def about(axis: Array, degrees: float) -> Array:
    """Turn about an axis, right-handed."""
    x, y, z = unit(np.asarray(axis, float))
    a = math.radians(degrees)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + math.sin(a) * k + (1 - math.cos(a)) * (k @ k), dtype=np.float64)


def between(source: Array, target: Array) -> Array:
    """Smallest turn that brings one direction onto another."""
    axis = np.cross(source, target)
    sine, cosine = float(np.linalg.norm(axis)), float(source @ target)
    if sine < 1e-9:
        return np.eye(3) if cosine > 0 else about(np.cross(source, np.eye(3)[np.argmin(np.abs(source))]), 180.0)
    return about(axis, math.degrees(math.atan2(sine, cosine)))


def frame(first: Array, near_second: Array) -> Array:
    """Axes as columns: x along ``first``, y as near to ``near_second`` as a right angle allows, z = x cross y."""
    x = unit(first)
    y = unit(near_second - x * (near_second @ x))
    return np.stack([x, y, np.cross(x, y)], axis=1)


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
