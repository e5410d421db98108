"""Where a driver mostly looks: separate looks out of a stream of directions, and the one place they gather round.

All places are (yaw to the right, pitch up) in degrees from one direction; from which is the caller's business.
"""

import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dms.profiles.rules import SelfCalibrationRules

Array = NDArray[np.float64]
Point = tuple[float, float]


class Look(NamedTuple):
    """One look at one place: its centre, the seconds it weighs, the mean std of its readings, and when it began."""

    centre: Point
    seconds: float
    std_deg: float
    began: float


class Gathering(NamedTuple):
    """The densest place of many looks. ``share``: of all looking time; ``above``: share that looked over it."""

    centre: Point
    std_deg: float
    seconds: float
    looks: int
    span_s: float
    share: float
    above: float


class _Sum:
    """Running mean of a stretch of samples."""

    def __init__(self, began: float = 0.0) -> None:
        self.began = began
        self.seconds = self._yaw = self._pitch = self._std = 0.0
        self.count = 0

    def add(self, dt: float, point: Point, std_deg: float) -> None:
        self.seconds += dt
        self._yaw += dt * point[0]
        self._pitch += dt * point[1]
        self._std += dt * std_deg
        self.count += 1

    @property
    def centre(self) -> Point:
        return self._yaw / self.seconds, self._pitch / self.seconds

    def look(self, seconds_max: float) -> Look:
        return Look(self.centre, min(self.seconds, seconds_max), self._std / self.seconds, self.began)


class Looks:
    """Cuts a stream into looks and keeps the newest of them.

    A look ends only when the eyes have been seen elsewhere for a while: neither noise, nor a blink, nor a gap makes two looks out
    of one stare, and however long it lasts it weighs no more than ``look_max_s``.
    """

    def __init__(self, rules: SelfCalibrationRules) -> None:
        self._rules = rules
        self._memory: deque[Look] = deque(maxlen=rules.looks_kept)
        self._now = _Sum()
        self._elsewhere = _Sum()
        self._noted = False

    def step(self, t: float, dt: float, point: Point, std_deg: float) -> bool:
        """Add one sample of ``dt`` seconds; returns whether a look was added to the memory."""
        if self._now.count and math.dist(point, self._now.centre) > self._rules.look_radius_deg:
            return self._away(t, dt, point, std_deg)
        self._elsewhere = _Sum()
        if not self._now.count:
            self._now.began = t
        if self._noted:
            return False
        self._now.add(dt, point, std_deg)
        return self._now.seconds >= self._rules.look_max_s and self._note()

    def _away(self, t: float, dt: float, point: Point, std_deg: float) -> bool:
        away = self._elsewhere
        if not away.count:
            away.began = t
        away.add(dt, point, std_deg)
        if away.seconds < self._rules.away_s or away.count < self._rules.away_samples:
            return False
        noted = not self._noted and self._now.seconds >= self._rules.look_min_s and self._note()
        self._now, self._elsewhere, self._noted = away, _Sum(), False
        return noted

    def _note(self) -> bool:
        self._memory.append(self._now.look(self._rules.look_max_s))
        self._noted = True
        return True

    def gathering(self) -> Gathering | None:
        """The densest place among the looks kept; ``None`` before the first look."""
        if not self._memory:
            return None
        points = np.array([look.centre for look in self._memory])
        seconds = np.array([look.seconds for look in self._memory])
        centre, near = _densest(points, seconds, self._rules)
        inside = [look for look, is_near in zip(self._memory, near, strict=True) if is_near]
        total = float(seconds.sum())
        up = points[:, 1] > centre[1] + self._rules.above_deg
        ahead = np.abs(points[:, 0] - centre[0]) <= self._rules.above_yaw_deg
        return Gathering(
            centre=(float(centre[0]), float(centre[1])),
            std_deg=float(np.average([look.std_deg for look in inside], weights=seconds[near])),
            seconds=float(seconds[near].sum()),
            looks=len(inside),
            span_s=max(look.began for look in inside) - min(look.began for look in inside),
            share=float(seconds[near].sum()) / total,
            above=float(seconds[up & ahead].sum()) / total,
        )


def _densest(points: Array, seconds: Array, rules: SelfCalibrationRules) -> tuple[Array, NDArray[np.bool_]]:
    """Centre of the densest place, and which points lie near it: a kernel density finds it, the mean shift settles it."""
    apart = ((points[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
    density = np.exp(-apart / (2.0 * rules.kernel_deg**2)) @ seconds
    centre = points[int(np.argmax(density))]
    near = _near(points, centre, rules.gather_radius_deg)
    for _ in range(5):
        centre = np.average(points[near], axis=0, weights=seconds[near])
        near = _near(points, centre, rules.gather_radius_deg)
    return centre, near


def _near(points: Array, centre: Array, radius_deg: float) -> NDArray[np.bool_]:
    distance = np.hypot(points[:, 0] - centre[0], points[:, 1] - centre[1])
    return np.asarray(distance <= max(radius_deg, float(distance.min())))  # never empty, whatever rounding does
