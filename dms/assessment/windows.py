"""Time, freezing and rolling windows: the few pieces all timed rules are made of. Everything is in seconds."""

import math
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
    ``freeze_max_s`` forgets them, and so does so long a time in which moments of the opposite break up the unseen ones. The
    opposite ends the condition only after ``tolerance_s`` without a break.
    """

    __slots__ = ("_before", "_freeze_max", "_last", "_tolerance", "held", "opposite", "unseen")

    def __init__(self, tolerance_s: float, freeze_max_s: float) -> None:
        self._tolerance = tolerance_s
        self._freeze_max = freeze_max_s
        self._before: bool | None = None
        self._last = 0.0
        """When the condition was last seen to hold."""
        self.held = 0.0
        self.opposite = 0.0
        self.unseen = 0.0

    def step(self, tick: Tick, now: bool | None, late_s: float = 0.0) -> float:
        """Add one sample; ``late_s``: this change really happened so long ago (confirmed late).

        Returns how long the opposite has lasted, also when it ends with this sample.
        """
        before = None if tick.gap else self._before
        if before is True:
            self.held += tick.dt
        elif before is False:
            self.opposite += tick.dt
        else:
            self.unseen += tick.dt
        if now is before and now is not None and late_s <= 0.0:  # nothing changes: most samples
            if now:
                self._last = tick.t
            elif self.opposite >= self._tolerance - TINY:
                self.held = 0.0
            return self.opposite
        return self._change(tick.t, before, now, late_s)

    def forget(self) -> None:
        """The condition has not held."""
        self.held = 0.0

    def shorten(self, seconds: float) -> None:
        """It has held for so much less."""
        self.held = max(0.0, self.held - seconds)

    def _change(self, t: float, before: bool | None, now: bool | None, late_s: float) -> float:
        if before is True:
            self._last = t
        if late_s > 0.0 and now is not None:
            self._backdate(now, late_s)
        if False in (before, now) and self.opposite >= self._tolerance - TINY:
            self.held = 0.0
        if t - late_s - self._last > self._freeze_max:
            self.held = 0.0
        opposite = self.opposite
        if now is True:
            self.opposite = 0.0
            self.held += late_s
            self._last = t
        self._forget(now)
        self._before = now
        return opposite

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

    __slots__ = ("_end", "_older", "_start", "_sum", "_width")

    def __init__(self, width_s: float) -> None:
        self._width = width_s
        self._older: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        """Of the older stretches; the newest one is still growing and stands apart."""
        self._start = self._end = -math.inf

    def add(self, start: float, end: float) -> None:
        """Add a stretch that begins where or after the last one ended."""
        if end <= start:
            return
        if start - self._end >= TINY:
            if self._end > self._start:
                self._older.append((self._start, self._end))
                self._sum += self._end - self._start
            self._start = start
        self._end = end

    def take_back(self, since: float) -> None:
        """Remove what was added after ``since``."""
        while self._end > since:
            if self._start < since:
                self._end = since
            elif self._older:
                self._start, self._end = self._older.pop()
                self._sum -= self._end - self._start
            else:
                self.clear()

    def total(self, t: float) -> float:
        """Seconds inside the window that ends at ``t``."""
        edge = t - self._width
        if self._older and self._older[0][0] < edge:
            self._drop(edge)
        if self._start < edge:
            self._start = min(edge, self._end)
        newest = self._end - self._start if self._end > self._start else 0.0
        return self._sum + newest if self._older else newest

    def count(self, t: float) -> int:
        """Number of stretches that reach into the window that ends at ``t``."""
        return len(self._older) + 1 if self.total(t) > 0.0 else 0

    def _drop(self, edge: float) -> None:
        while self._older and self._older[0][0] < edge:
            start, end = self._older.popleft()
            self._sum -= min(end, edge) - start
            if end > edge:
                self._older.appendleft((edge, end))
                break
        if not self._older:
            self._sum = 0.0  # also drops what rounding left over

    def clear(self) -> None:
        """Forget everything."""
        self._older.clear()
        self._sum = 0.0
        self._start = self._end = -math.inf
