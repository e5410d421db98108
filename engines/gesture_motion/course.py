"""The course of a hand over time, and what its pieces are made of. Lengths in mm, angles in degrees, for a seed."""

import sys
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # engines is no installed package

from engines.gesture.signs import Rng

RATE, SECONDS = 60, 6.0
MOMENTS = int(RATE * SECONDS)
HAND_MM = 185.0

Array = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class Course:
    """One hand's course at ``RATE``.

    Attributes:
        place: mm from the middle of the picture; x right, y down, z away from the camera.
        yaw, pitch, roll: view angles, degrees.
        share: of the way from the first to the second shape.
        shapes: of the fingers.
        ends: the times at which a gesture ended, and which.
        over: when the last gesture stopped; a wave goes on after the end that counts.
        drag: mm, how far a pinch has been dragged, by moment; ``None``: nothing is pinched in this course.
    """

    place: Array
    yaw: Array
    pitch: Array
    roll: Array
    share: Array
    shapes: tuple[str, str]
    ends: list[tuple[float, str]] = field(default_factory=list)
    over: float = 0.0
    drag: Array | None = None


def ease(x: Array) -> Array:
    """Least jerk from 0 to 1."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x * x))


def moments() -> Array:
    """Times of a course, s."""
    return np.arange(MOMENTS) / RATE


def moves(times: list[float], values: list[Array]) -> Array:
    """From value to value, each reached at its time after a move that began at the time before."""
    t, out = moments(), np.tile(values[0], (MOMENTS, 1))
    for (t0, t1), (a, b) in zip(pairwise(times), pairwise(values), strict=True):
        part = t >= t0
        out[part] = (a + (b - a) * ease((t[part] - t0) / max(t1 - t0, 1e-3))[:, None]) if t1 > t0 else b
    return out


def drift(rng: Rng, size: float, n: int) -> Array:
    """MOMENTS x n slow waves of about this size."""
    t = moments()
    waves = rng.normal(0, size / 2, (4, n)) * np.sin(
        rng.uniform(0.5, 5.0, (4, 1, n)) * t[None, :, None] + rng.uniform(0, 6.3, (4, 1, n))
    ).transpose(1, 0, 2)
    return np.asarray(waves.sum(axis=1))


def blank(rng: Rng, shapes: tuple[str, str]) -> Course:
    """A hand before the camera that only trembles and drifts."""
    place = np.tile([rng.uniform(-180, 180), rng.uniform(-100, 160), rng.uniform(350, 850)], (MOMENTS, 1))
    place += drift(rng, 6.0, 3) + rng.normal(0, 0.4, (MOMENTS, 3))
    yaw = rng.normal(0, 25) + (180.0 if rng.random() < 0.25 else 0.0)
    angles = [np.full(MOMENTS, a) + drift(rng, 4.0, 1)[:, 0] for a in (yaw, rng.normal(0, 15), rng.normal(0, 18))]
    return Course(place, *angles, np.zeros(MOMENTS), shapes)


def enter(rng: Rng, c: Course, start: float) -> None:
    """Comes from somewhere and is still for a moment before ``start``."""
    if rng.random() < 0.5:
        way = np.array([rng.normal(0, 150), abs(rng.normal(180, 100)), rng.normal(0, 80)])
        span = rng.uniform(0.35, 0.9)
        back = 1.0 - ease((moments() - (start - rng.uniform(0.15, 0.5) - span)) / span)
        c.place += back[:, None] * way
