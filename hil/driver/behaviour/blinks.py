"""Spontaneous blinks: when they come and how the lids move.

Time course: closing about 75 ms, shut 25 to 50 ms, opening 150 to 200 ms, first fast and then slow. Mean duration at half
amplitude grows from about 102 ms at KSS 1 to 151 ms at KSS 9. A share of blinks is incomplete; large gaze shifts take a blink
along (Evinger et al. 1994).
"""

import math
from dataclasses import dataclass

import numpy as np

from hil.driver.behaviour.motion import ease
from hil.driver.pose import Blink

_GROWTH = 0.06
"""Longer by this share with each KSS level: 102 to 151 ms over eight levels."""
_PAUSE_S = 0.35


@dataclass(frozen=True, slots=True)
class Course:
    """One blink: phases in seconds, ``depth`` 0..1 of the opening."""

    start: float
    closing: float
    shut: float
    opening: float
    depth: float

    @property
    def end(self) -> float:
        """When the lids are open again."""
        return self.start + self.closing + self.shut + self.opening

    def at(self, t: float) -> tuple[float, Blink]:
        """How far shut (0..1) and which phase."""
        x = t - self.start
        if x < 0.0 or t >= self.end:
            return 0.0, "open"
        if x < self.closing:
            return self.depth * ease(x / self.closing), "closing"
        x -= self.closing
        if x < self.shut:
            return self.depth, "shut"
        return self.depth * (1.0 - ease(((x - self.shut) / self.opening) ** 0.6)), "opening"


class Blinks:
    """Blinks of one person.

    Args:
        rng: the person's own chance; the person's usual rate is drawn from it.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._usual = float(rng.uniform(0.92, 1.08))
        self._now: Course | None = None
        self._next = 60.0 / 16.0 * float(rng.random())
        self._free = 0.0
        self.total = 0
        """Finished blinks."""
        self.last: Course | None = None

    def rate_per_min(self, kss: float) -> float:
        """Blinks a minute: 15 wide awake, 20 very sleepy."""
        return self._usual * (15.0 + 5.0 * (kss - 1.0) / 8.0)

    def step(self, t: float, kss: float, rate: float = 1.0, able: bool = True) -> tuple[float, Blink]:
        """How far shut the lids are by blinking, and the phase. ``able``: no new blink while ``False`` (eyes shut anyway)."""
        if self._now is not None and t >= self._now.end:
            self.total += 1
            self.last, self._now, self._free = self._now, None, t + _PAUSE_S
            self._next = max(self._next, self._free)
        if self._now is None and t >= self._next:
            if able:
                self._now = self._draw(t, kss)
            self._next = t + self._pause(kss, rate)
        return self._now.at(t) if self._now is not None else (0.0, "open")

    def shifted(self, t: float, degrees: float) -> None:
        """A gaze shift of this size begins: perhaps a blink goes with it."""
        if self._rng.random() < min(0.75, max(0.0, (degrees - 15.0) / 45.0)) and t >= self._free:
            self._next = min(self._next, t + 0.01)

    def _pause(self, kss: float, rate: float) -> float:
        """Log-normal intervals with the asked mean."""
        spread = 0.55
        mean = 60.0 / (self.rate_per_min(kss) * max(rate, 0.05))
        return mean * math.exp(spread * float(self._rng.standard_normal()) - spread * spread / 2.0)

    def _draw(self, t: float, kss: float) -> Course:
        slow = (1.0 + _GROWTH * (kss - 1.0)) * math.exp(0.12 * float(self._rng.standard_normal()))
        if self._rng.random() < 0.08 * max(0.0, kss - 6.0):
            slow *= float(self._rng.uniform(1.5, 2.2))  # the long blinks of the sleepy
        whole = self._rng.random() > 0.15
        depth = 1.0 if whole else float(self._rng.uniform(0.5, 0.85))
        closing, shut, opening = 0.070 * slow, float(self._rng.uniform(0.018, 0.040)) * slow, 0.155 * slow
        return Course(t, closing, shut if whole else 0.012, opening, depth)
