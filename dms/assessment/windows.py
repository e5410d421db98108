"""Time, freezing and rolling windows: the few pieces all timed rules are made of. Everything is in seconds."""

from collections import deque
from typing import NamedTuple

TINY = 1e-6
"""Rounding of time stamps: a frame at 3.0 s counts as 3 s after a frame at 0 s."""


class Tick(NamedTuple):
    """One step of the time line: now, seconds since the picture before, and whether that was too long ago to count as seen."""

    t: float
    dt: float
    gap: bool


class HeldTime:
    """How long a condition has held, and how long its opposite has held since.

    The sample before stands for the time up to this one. ``None`` (cannot be judged) freezes both; frozen for more than
    ``freeze_max_s`` forgets them. The opposite ends the condition only after ``tolerance_s`` without a break.
    """

    def __init__(self, tolerance_s: float, freeze_max_s: float) -> None:
        self._tolerance = tolerance_s
        self._freeze_max = freeze_max_s
        self._before: bool | None = None
        self.held = 0.0
        self.opposite = 0.0
        self.unseen = 0.0

    def step(self, tick: Tick, now: bool | None, late_s: float = 0.0) -> float:
        """Add one sample; ``late_s``: this change really happened so long ago (confirmed late).

        Returns how long the opposite has lasted, also when it ends with this sample.
        """
        before = None if tick.gap else self._before
        self._add(before, tick.dt)
        if late_s > 0.0 and now is not None:
            self._backdate(now, late_s)
        if False in (before, now) and self.opposite >= self._tolerance - TINY:
            self.held = 0.0
        opposite = self.opposite
        if now is True:
            self.opposite = 0.0
            self.held += late_s
        self._forget(now)
        self._before = now
        return opposite

    def _add(self, before: bool | None, dt: float) -> None:
        if before is True:
            self.held += dt
        elif before is False:
            self.opposite += dt
        else:
            self.unseen += dt

    def _backdate(self, now: bool, late_s: float) -> None:
        if now:
            self.opposite = max(0.0, self.opposite - late_s)
        else:
            self.held = max(0.0, self.held - late_s)
            self.opposite += late_s

    def _forget(self, now: bool | None) -> None:
        if self.unseen > self._freeze_max:
            self.held = 0.0
        if self.unseen > self._tolerance:
            self.opposite = 0.0
        if now is not None:
            self.unseen = 0.0


class Window:
    """Total length of the stretches that lie in the last ``width_s`` seconds."""

    def __init__(self, width_s: float) -> None:
        self._width = width_s
        self._stretches: deque[tuple[float, float]] = deque()
        self._total = 0.0

    def add(self, start: float, end: float) -> None:
        """Add a stretch that begins where or after the last one ended."""
        if end <= start:
            return
        self._total += end - start
        if self._stretches and start - self._stretches[-1][1] < TINY:
            start = self._stretches.pop()[0]
        self._stretches.append((start, end))

    def take_back(self, since: float) -> None:
        """Remove what was added after ``since``."""
        while self._stretches and self._stretches[-1][1] > since:
            start, end = self._stretches.pop()
            self._total -= end - max(start, since)
            if start < since:
                self._stretches.append((start, since))

    def total(self, t: float) -> float:
        """Seconds inside the window that ends at ``t``."""
        edge = t - self._width
        while self._stretches and self._stretches[0][0] < edge:
            start, end = self._stretches.popleft()
            self._total -= min(end, edge) - start
            if end > edge:
                self._stretches.appendleft((edge, end))
                break
        if not self._stretches:
            self._total = 0.0  # also drops what rounding left over
        return max(0.0, self._total)

    def clear(self) -> None:
        """Forget everything."""
        self._stretches.clear()
        self._total = 0.0
