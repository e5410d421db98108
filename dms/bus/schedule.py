"""When each message is due, counted in the publisher's cycles."""

from collections import deque
from dataclasses import dataclass
from math import ceil

from dms.bus.samples import BusHealth, GestureEvent
from dms.errors import UsageError

GESTURE_FRAMES = 6
"""One gesture is sent this often: the event and 5 repeats."""
GESTURE_LEAST = 2
"""After so many frames the next gesture, if one waits, takes over: a hand that lets go must not be told half a second late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherParameters:
    """Periods in seconds; all but ``cycle_s`` are multiples of it.

    Attributes:
        cycle_s: DMS_TakeoverReady and the publisher's own cycle.
        driver_state_s: DMS_DriverState.
        gaze_head_s: DMS_GazeHead; ``None``: not sent.
        health_s: DMS_Health without a change; a change is sent with the next cycle.
        health_gap_s: smallest gap between two DMS_Health.
        gesture_s: between a gesture and its repeats.
    """

    cycle_s: float = 0.050
    driver_state_s: float = 0.100
    gaze_head_s: float | None = None
    health_s: float = 0.500
    health_gap_s: float = 0.020
    gesture_s: float = 0.100

    def __post_init__(self) -> None:
        """Refuse periods that are no whole number of cycles.

        Raises:
            UsageError: naming the period.
        """
        if not 0.001 <= self.cycle_s <= 1.0:
            raise UsageError(f"publisher cycle_s = {self.cycle_s} is outside 0.001..1")
        for name in ("driver_state_s", "gaze_head_s", "health_s", "gesture_s"):
            period = getattr(self, name)
            if period is not None and (period < self.cycle_s or abs(period / self.cycle_s - round(period / self.cycle_s)) > 1e-6):
                raise UsageError(f"publisher {name} = {period} is no multiple of cycle_s = {self.cycle_s}")


class Schedule:
    """Which messages are due in a cycle. Counted from the last time each went out, so a skipped cycle delays and never drops."""

    def __init__(self, p: PublisherParameters) -> None:
        self._every = {
            name: max(1, round(period / p.cycle_s))
            for name, period in (("driver", p.driver_state_s), ("gaze", p.gaze_head_s or p.cycle_s), ("health", p.health_s))
        }
        self._gaze_on = p.gaze_head_s is not None
        self._gap = max(1, ceil(p.health_gap_s / p.cycle_s - 1e-9))
        self._repeat = max(1, round(p.gesture_s / p.cycle_s))
        self._next = {"driver": 0, "gaze": 0, "health": 0}
        self._health_at = -self._gap
        self._health: BusHealth | None = None
        self._gesture: tuple[GestureEvent, int] | None = None
        self._gesture_left = self._gesture_next = self._gesture_count = 0

    def _periodic(self, name: str, index: int) -> bool:
        if index < self._next[name]:
            return False
        every = self._every[name]
        self._next[name] = (index // every + 1) * every  # stays on its grid after skipped cycles
        return True

    def gaze_head(self, index: int) -> bool:
        """Is DMS_GazeHead due."""
        return self._gaze_on and self._periodic("gaze", index)

    def driver_state(self, index: int) -> bool:
        """Is DMS_DriverState due."""
        return self._periodic("driver", index)

    def health(self, index: int, health: BusHealth) -> bool:
        """Is DMS_Health due, by period or by change."""
        changed = health != self._health and index - self._health_at >= self._gap
        if not self._periodic("health", index) and not changed:
            return False
        self._health, self._health_at = health, index
        return True

    def gesture(self, index: int, waiting: "deque[GestureEvent]") -> tuple[GestureEvent, int] | None:
        """The gesture (with its event number) to send in this cycle; takes the next of ``waiting`` when the last is done, or was
        sent at least ``GESTURE_LEAST`` times and the next frame of it would be due."""
        told = GESTURE_FRAMES - self._gesture_left >= GESTURE_LEAST and index >= self._gesture_next
        if waiting and (not self._gesture_left or told):
            self._gesture = (waiting.popleft(), self._gesture_count)
            self._gesture_left, self._gesture_next = GESTURE_FRAMES, index
            self._gesture_count += 1
        if not self._gesture_left or index < self._gesture_next:
            return None
        self._gesture_left -= 1
        self._gesture_next = index + self._repeat
        return self._gesture
