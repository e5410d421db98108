"""Eyelids over time: the closure ladder, blinks, PERCLOS. Unseen eyes count in neither numerator nor denominator."""

from collections import deque
from typing import Literal

from dms.assessment.eyes import Lids
from dms.assessment.windows import TINY, HeldTime, Tick, Window
from dms.profiles.rules import BlinkRules, ClosureRules, PerclosRules
from dms.records import Blink


class Closure:
    """How long the eyes have been shut, and what that is called."""

    def __init__(self, rules: ClosureRules) -> None:
        self._rules = rules
        self._held = HeldTime(rules.reopen_s, rules.freeze_max_s)
        self.shut: bool | None = None

    def step(self, tick: Tick, shut: bool | None) -> None:
        """Add one sample."""
        self._held.step(tick, shut)
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
        """Shut, but not longer than a blink."""
        return self.shut is True and self._held.held < self._rules.blink_max_s - TINY

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


class Blinks:
    """Counts finished blinks and averages finished closures; a closure with an unseen part counts as neither."""

    def __init__(self, rules: BlinkRules, longest_s: float) -> None:
        self._rules = rules
        self._longest = longest_s
        self._start: float | None = None
        self._open_level: float | None = None
        self._lowest: float | None = None
        self._closures: deque[tuple[float, float]] = deque()
        self._sum = 0.0
        self._was_open = False
        self.count = 0
        self.last: Blink | None = None

    def step(self, tick: Tick, lids: Lids, countable: bool) -> None:
        """Add one sample; ``countable``: the frame rate allows blink statistics."""
        if lids.down is None or tick.gap:
            self._start, self._was_open = None, lids.down is False
        elif lids.down:
            self._go_down(tick.t, lids.openness)
        else:
            if self._start is not None and countable:
                self._finish(self._start, tick.t)
            self._start, self._lowest, self._was_open = None, None, True
            self._open_level = lids.openness
        self._expire(tick.t)

    def _go_down(self, t: float, openness: float | None) -> None:
        if self._start is None and self._was_open:  # a closure that began unseen has no start
            self._start = t
        self._was_open = False
        if openness is not None:
            self._lowest = openness if self._lowest is None else min(self._lowest, openness)

    def _finish(self, start: float, end: float) -> None:
        length = end - start
        if length < self._rules.min_s - TINY:
            return
        self._closures.append((end, length))
        self._sum += length
        if length > self._longest + TINY:
            return
        depth = None if self._open_level is None or self._lowest is None else self._open_level - self._lowest
        self.count += 1
        self.last = Blink(start=start, end=end, amplitude=None if depth is None else round(max(0.0, depth), 3))

    def _expire(self, t: float) -> None:
        while self._closures and self._closures[0][0] < t - self._rules.statistics_s:
            self._sum -= self._closures.popleft()[1]

    @property
    def mean_closure_s(self) -> float | None:
        """Mean length of the closures that ended in the last minute; ``None`` without any."""
        return max(0.0, self._sum) / len(self._closures) if self._closures else None


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
        before = None if tick.gap else self._before
        if before is not None:
            self._seen.add(tick.t - tick.dt, tick.t)
        if before:
            self._shut.add(tick.t - tick.dt, tick.t)
        self._before = shut
        seen = self._seen.total(tick.t)
        enough = seen >= self._rules.short_seen_min_s - TINY
        self.mostly = enough and self._shut.total(tick.t) >= self._rules.short_share * seen - TINY


class Perclos:
    """Share of the seen time in the window with shut eyes; closures no longer than a quick blink do not count."""

    def __init__(self, rules: PerclosRules) -> None:
        self._rules = rules
        self._seen = Window(rules.window_s)
        self._shut = Window(rules.window_s)
        self._before: bool | None = None
        self._start = self._added = 0.0
        self.share: float | None = None
        self.drowsy = False

    def step(self, tick: Tick, shut: bool | None) -> None:
        """Add one sample."""
        before = None if tick.gap else self._before
        if before is not None:
            self._seen.add(tick.t - tick.dt, tick.t)
        if before is not True:
            self._start = self._added = tick.t
        elif tick.t - self._start >= self._rules.blink_cut_s - TINY:
            self._shut.add(self._added, tick.t)  # the first time with all that went before
            self._added = tick.t
        self._before = shut
        self._update(tick.t)

    def _update(self, t: float) -> None:
        seen = self._seen.total(t)
        shut = self._shut.total(t)
        self.share = min(1.0, shut / seen) if seen >= self._rules.seen_min_s - TINY else None
        limit = self._rules.recovered if self.drowsy else self._rules.drowsy
        self.drowsy = self.share is not None and self.share >= limit
