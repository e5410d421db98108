"""Clocks of a bench: simulated time that stands until it is moved, or the machine's own."""

from collections.abc import Callable
from typing import Protocol

from dms.runtime import clock


class BenchClock(Protocol):
    """Time of a run, s from its start."""

    def now(self) -> float:
        """The time."""

    def reach(self, t: float) -> float:
        """Go on to ``t``; returns by how much it is later than that by now, s."""


class VirtualClock:
    """Simulated time: jumps, so a run takes as long as its computing does and repeats itself exactly."""

    def __init__(self) -> None:
        self._t = 0.0

    def now(self) -> float:
        """The time reached."""
        return self._t

    def reach(self, t: float) -> float:
        """Never late."""
        self._t = max(self._t, t)
        return 0.0


class WallClock:
    """Real time from the first ``reach`` on; what comes due while something else is being computed is late.

    Args:
        source, sleep: of the machine; tests give others.
    """

    def __init__(self, source: Callable[[], float] = clock.now, sleep: Callable[[float], None] = clock.sleep) -> None:
        self._source, self._sleep = source, sleep
        self._start: float | None = None

    def now(self) -> float:
        """Since the start."""
        return 0.0 if self._start is None else self._source() - self._start

    def reach(self, t: float) -> float:
        """Wait until then."""
        if self._start is None:
            self._start = self._source() - t
        while (left := t - self.now()) > 0.0:
            self._sleep(left)
        return -left
