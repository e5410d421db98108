"""Sleepiness in lids and head: droop, slow closures, nods, microsleep, sleep; and PERCLOS of what the lids really did.

Everything follows from the Karolinska level (KSS 1..9): nothing below 6, drooping lids and slow closures from about 6.5,
microsleeps from about 8.3. Levels and rates are engineering values, chosen so that PERCLOS stays below 0.08 up to
KSS 6 and exceeds 0.15 at KSS 8.5 and above.
"""

from collections import deque
from typing import Literal

import numpy as np

from hil.driver.behaviour.gaze import Lean
from hil.driver.behaviour.motion import Reach, Wobble, chance, lerp

Kind = Literal["slow", "microsleep", "sleep"]
SHUT_SHARE = 0.2
"""P80: lids closed by 80 % or more."""
BLINK_CUT_S = 0.25
"""A closure shorter than this is a blink and does not count."""
SEEN_MIN_S = 30.0


class Drowsiness:
    """The sleepy side of one person.

    Args:
        rng: the person's own chance.
        lean: where nods and sinking heads are put in.
    """

    def __init__(self, rng: np.random.Generator, lean: Lean) -> None:
        self._rng, self._lean = rng, lean
        self._shut = Reach()
        self._flutter = Wobble(rng, 0.05, 0.08, 0.4)
        self._kind: Kind | None = None
        self._until = self._quiet_until = self._nod_until = 0.0
        self.roused_at: float | None = None

    @property
    def kind(self) -> Kind | None:
        """The closure that is going on."""
        return self._kind

    def asleep(self, t: float) -> bool:
        """Eyes shut by sleep so far that nothing is seen."""
        return self._kind in ("microsleep", "sleep") and self._shut.value(t) > 0.5

    def felt(self, t: float, kss: float) -> float:
        """KSS after an alarm: up to two levels more awake, gone after a minute or two."""
        if self.roused_at is None:
            return kss
        return max(1.0, kss - 2.0 * 0.5 ** ((t - self.roused_at) / 45.0)) if kss > 3.0 else kss

    def step(self, t: float, dt: float, kss: float, slow_per_min: float | None = None) -> float:
        """How far the lids are shut by sleepiness, 0..1. ``slow_per_min`` replaces the rate of slow closures."""
        if self._kind is not None and t >= self._until:
            self._open(t, 0.55 if self._kind == "slow" else 0.3)
        if self._nod_until and t >= self._nod_until:
            self._head_up(t, 0.35)
        if self._kind is None and t >= self._quiet_until:
            self._perhaps(t, dt, kss, slow_per_min)
        droop = lerp(0.0, 0.34, min(1.0, max(0.0, (kss - 5.5) / 3.5)))
        droop *= 1.0 + self._flutter.at(t) / 0.15
        return 1.0 - (1.0 - max(0.0, droop)) * (1.0 - min(1.0, max(0.0, self._shut.value(t))))

    def fall(self, t: float, kind: Kind, seconds: float, side: str = "forward") -> None:
        """Close the eyes: a slow closure, a microsleep (eyes shut ``seconds`` long), or sleep until then."""
        closing = {"slow": 0.5, "microsleep": 0.35, "sleep": 1.2}[kind]
        self._kind, self._until = kind, t + seconds + closing
        self._shut.aim(t, 1.0 if kind != "slow" else float(self._rng.uniform(0.84, 1.0)), closing)
        if kind == "sleep":
            sideways = {"left": -14.0, "right": 14.0}.get(side, 3.0)
            self._lean.aim(t, 3.5, pitch=-24.0 if side == "forward" else -12.0, roll=sideways)
        elif kind == "microsleep":
            self._lean.aim(t, max(0.8, 0.9 * seconds), pitch=-float(self._rng.uniform(5, 12)))

    def nod(self, t: float, depth_deg: float, seconds: float) -> None:
        """The head sinks, and jerks up near the end."""
        self._nod_until = t + max(0.5, seconds - 0.4)
        self._lean.aim(t, max(0.4, seconds - 0.5), pitch=-depth_deg)

    def wake(self, t: float) -> None:
        """Woken by an alarm: eyes open wide at once, the head comes up."""
        if self._kind is not None:
            self._open(t, 0.22)
        self.roused_at = t
        self._quiet_until = t + 8.0

    def _perhaps(self, t: float, dt: float, kss: float, slow_per_min: float | None) -> None:
        slow = 3.2 * max(0.0, kss - 6.4) if slow_per_min is None else slow_per_min
        if chance(self._rng, slow, dt):
            self.fall(t, "slow", float(self._rng.uniform(0.4, 1.3)))
            if self._rng.random() < 0.3:
                self.nod(t, float(self._rng.uniform(8, 18)), 1.8)
        elif chance(self._rng, 1.6 * max(0.0, kss - 8.3), dt):
            self.fall(t, "microsleep", float(self._rng.uniform(1.0, 3.0)))

    def _open(self, t: float, over: float) -> None:
        slow = self._kind == "slow"
        self._kind, self._quiet_until = None, t + 1.5
        self._shut.aim(t, 0.0, over)
        if not slow:
            self._head_up(t, 0.4)

    def _head_up(self, t: float, over: float) -> None:
        self._nod_until = 0.0
        self._lean.aim(t, over, pitch=0.0, roll=0.0)


class Perclos:
    """Share of the last ``window_s`` in which the lids were closed by 80 % or more, blinks left out.

    A closure counts from its beginning as soon as it has lasted ``BLINK_CUT_S``. Time without a driver counts in neither part.
    """

    def __init__(self, window_s: float = 60.0) -> None:
        self._window = window_s
        self._spans: deque[list[float]] = deque()
        self._seen: deque[list[float]] = deque()
        self._since: float | None = None
        self.closed_s = 0.0
        """How long the lids have been closed without a break; 0 while open."""

    def step(self, t: float, dt: float, lids: tuple[float, float] | None) -> None:
        """The lids from ``t`` - ``dt`` to ``t``; ``None``: nobody there."""
        if lids is None:
            self._since, self.closed_s = None, 0.0
            return
        _extend(self._seen, t - dt, t)
        if (lids[0] + lids[1]) / 2 > SHUT_SHARE:
            self._since, self.closed_s = None, 0.0
            return
        if self._since is None:
            self._since = t - dt
        self.closed_s = t - self._since
        if self.closed_s >= BLINK_CUT_S - 1e-9:
            _extend(self._spans, self._since, t)

    def share(self, t: float) -> float | None:
        """PERCLOS at ``t``; ``None`` before half a minute has been seen."""
        seen = _length(self._seen, t - self._window)
        return _length(self._spans, t - self._window) / seen if seen >= SEEN_MIN_S - 1e-9 else None


def _extend(spans: deque[list[float]], start: float, end: float) -> None:
    """Lengthen the newest span when ``start`` touches or lies in it, else begin another."""
    if spans and start <= spans[-1][1] + 1e-9:
        spans[-1][1] = end
    else:
        spans.append([start, end])


def _length(spans: deque[list[float]], since: float) -> float:
    while spans and spans[0][1] <= since:
        spans.popleft()
    return sum(end - max(start, since) for start, end in spans)
