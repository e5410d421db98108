"""Small pieces of movement: easing, smooth reaches, slow noise, keyframed courses, random durations."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Angles = tuple[float, float, float]


def ease(x: float) -> float:
    """Minimum-jerk course from 0 to 1 for ``x`` from 0 to 1; flat at both ends, and outside."""
    x = min(1.0, max(0.0, x))
    return x * x * x * (10.0 - 15.0 * x + 6.0 * x * x)


def bump(x: float, rise: float, fall: float) -> float:
    """0, eased up to 1 over the first ``rise`` of 0..1, and down again over the last ``fall``."""
    return min(ease(x / rise) if rise > 0 else 1.0, ease((1.0 - x) / fall) if fall > 0 else 1.0)


def lerp(a: float, b: float, x: float) -> float:
    """Straight line from ``a`` to ``b``."""
    return a + (b - a) * x


class Reach:
    """One coordinate on its way to a goal: quintic in time, so position, speed and acceleration never jump when re-aimed."""

    def __init__(self, value: float = 0.0) -> None:
        self._start, self._end = 0.0, 0.0
        self._c = (value, 0.0, 0.0, 0.0, 0.0, 0.0)
        self.goal = value

    def at(self, t: float) -> tuple[float, float, float]:
        """Position, speed and acceleration at ``t``."""
        c0, c1, c2, c3, c4, c5 = self._c
        x = min(max(t, self._start), self._end) - self._start
        position = c0 + x * (c1 + x * (c2 + x * (c3 + x * (c4 + x * c5))))
        if t >= self._end:
            return position, 0.0, 0.0
        speed = c1 + x * (2 * c2 + x * (3 * c3 + x * (4 * c4 + x * 5 * c5)))
        return position, speed, 2 * c2 + x * (6 * c3 + x * (12 * c4 + x * 20 * c5))

    def value(self, t: float) -> float:
        """Position at ``t``."""
        return self.at(t)[0]

    def aim(self, t: float, goal: float, duration: float) -> None:
        """From where it is at ``t`` to rest at ``goal`` in ``duration`` seconds."""
        p, v, a = self.at(t)
        d = max(duration, 0.02)
        rest = goal - p - v * d - 0.5 * a * d * d
        dv, da = -v - a * d, -a
        self._c = (
            p, v, 0.5 * a,
            (10 * rest - 4 * dv * d + 0.5 * da * d * d) / d**3,
            (-15 * rest + 7 * dv * d - da * d * d) / d**4,
            (6 * rest - 3 * dv * d + 0.5 * da * d * d) / d**5,
        )  # fmt: skip
        self._start, self._end, self.goal = t, t + d, goal

    @property
    def end(self) -> float:
        """When it rests."""
        return self._end


class Wobble:
    """Slow aimless movement: a sum of sines with fixed random phases, standard deviation about ``size``."""

    def __init__(self, rng: np.random.Generator, size: float, low_hz: float, high_hz: float, waves: int = 4) -> None:
        speeds = low_hz * (high_hz / low_hz) ** rng.random(waves)
        self._waves = [
            (2 * math.pi * float(f), float(p)) for f, p in zip(speeds, rng.uniform(0, 2 * math.pi, waves), strict=True)
        ]
        self._size = size * math.sqrt(2.0 / waves)

    def at(self, t: float) -> float:
        """Value at ``t``."""
        total = 0.0
        for speed, phase in self._waves:
            total += math.sin(speed * t + phase)
        return self._size * total


class Course:
    """A value over time from keyframes: straight lines between them, constant before and after."""

    def __init__(self, frames: Sequence[tuple[float, float]]) -> None:
        self._times = [t for t, _ in frames]
        self._values = [v for _, v in frames]

    def at(self, t: float) -> float:
        """Value at ``t``."""
        i = bisect_right(self._times, t)
        if i == 0:
            return self._values[0]
        if i == len(self._times):
            return self._values[-1]
        t0, t1 = self._times[i - 1], self._times[i]
        return lerp(self._values[i - 1], self._values[i], (t - t0) / (t1 - t0))


@dataclass(frozen=True, slots=True)
class Spell:
    """A random duration: log-normal about ``median_s`` (``spread``: standard deviation of the logarithm), cut at both ends."""

    median_s: float
    spread: float
    low_s: float
    high_s: float

    def draw(self, rng: np.random.Generator, scale: float = 1.0) -> float:
        """One duration in seconds."""
        drawn = self.median_s * scale * math.exp(self.spread * float(rng.standard_normal()))
        return min(self.high_s, max(self.low_s, drawn))


def chance(rng: np.random.Generator, rate_per_min: float, dt: float) -> bool:
    """Does something with this mean rate happen within ``dt`` seconds."""
    return bool(rng.random() < rate_per_min * dt / 60.0)
