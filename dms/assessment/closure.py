"""Eyelids over time: the closure ladder, PERCLOS. Unseen eyes count in neither numerator nor denominator."""

from typing import Literal

from dms.assessment.windows import TINY, HeldTime, Tick, Window
from dms.profiles.rules import ClosureRules, PerclosRules


class Closure:
    """How long the eyes have been shut, and what that is called."""

    def __init__(self, rules: ClosureRules) -> None:
        self._rules = rules
        self._held = HeldTime(rules.reopen_s, rules.freeze_max_s)
        self._lately = Window(2.0 * rules.blink_max_s)
        self._lately_s = 0.0
        self.shut: bool | None = None

    def step(self, tick: Tick, shut: bool | None) -> None:
        """Add one sample."""
        self._held.step(tick, shut)
        if self.shut and not tick.gap:
            self._lately.add(tick.t - tick.dt, tick.t)
        self._lately_s = self._lately.total(tick.t) if self._held.held > 0.0 else 0.0
        self.shut = shut

    @property
    def seconds(self) -> float | None:
        """Seconds shut, 0.0 while open, ``None`` when the eyes cannot be judged."""
        return self._held.held if self.shut else (0.0 if self.shut is False else None)

    @property
    def open_s(self) -> float:
        """Seconds seen open without a break."""
        return self._held.opposite if self.shut is False else 0.0

    @property
    def unseen_s(self) -> float:
        """How long the eyes could not be judged."""
        return self._held.unseen

    @property
    def blinking(self) -> bool:
        """Shut, or open for too short a time to end it, but not longer than a blink; nor so long in sum within twice that time.

        Lids on their way up still disturb the gaze. A long closure with some pictures misread looks like several blinks.
        """
        if self.shut is None or self._held.held == 0.0:
            return self.shut is True
        return max(self._held.held, self._lately_s) < self._rules.blink_max_s - TINY

    @property
    def event(self) -> Literal["microsleep", "sleep"] | None:
        """What the eyes being shut this long is called, while it lasts."""
        if not self._for(self._rules.microsleep_s):
            return None
        return "sleep" if self._for(self._rules.sleep_s) else "microsleep"

    @property
    def unresponsive(self) -> bool:
        """Shut for longer than any sleeper who can still be woken in time."""
        return self._for(self._rules.unresponsive_s)

    def _for(self, seconds: float) -> bool:
        return self.shut is True and self._held.held >= seconds - TINY


class LatelyShut:
    """Were the eyes shut for most of the last seconds? Long blinks in a row reach no rung of the ladder and no PERCLOS yet."""

    def __init__(self, rules: PerclosRules) -> None:
        self._rules = rules
        self._seen = Window(rules.short_window_s)
        self._shut = Window(rules.short_window_s)
        self._before: bool | None = None
        self.mostly = False

    def step(self, tick: Tick, shut: bool | None) -> None:
        """Add one sample."""
        t = tick.t
        before = None if tick.gap else self._before
        self._before = shut
        if before is not None:
            self._seen.add(t - tick.dt, t)
        if before:
            self._shut.add(t - tick.dt, t)
        shut_s = self._shut.total(t)
        if shut_s == 0.0:
            self.mostly = False
            return
        seen = self._seen.total(t)
        enough = seen >= self._rules.short_seen_min_s - TINY
        self.mostly = enough and shut_s >= self._rules.short_share * seen - TINY
