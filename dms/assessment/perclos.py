"""PERCLOS: share of the seen time with the lids down for longer than a blink. Unseen eyes count in neither part (MET-01..05).

Two ways to be down. *Shut*: the record says so, or the opening is at most a fifth of the own open level; this one decides.
*P80 and P70*: by the own open level alone, 80 % and 70 % closed; known once that level is (``dms.assessment.open_baseline``).
"""

import math

from dms.assessment.windows import TINY, Tick, Window
from dms.profiles.rules import PerclosRules

_EVERY_S = 0.1
"""P80 and P70 are told anew so often; nothing is decided by them."""

_JUMP = 0.5
"""A change of opening within one picture, as a share of the own level, that hides where the lids were in between."""


def _passed(before: float, now: float, mark: float) -> float:
    """At which share of the time between two pictures the lids passed ``mark``.

    In a straight line; within a jump in the middle of what is possible: a fall takes about a picture and passes low marks late.
    """
    if abs(now - before) <= _JUMP:
        return (mark - before) / (now - before)
    return 2.0 / 3.0 if now < before else 0.5


class SlowClosures:
    """Time of the closures of at least ``cut_s``; a closure counts from its beginning once it has lasted so long.

    Args:
        cut_s: shorter closures are blinks.
        widths_s: of the windows in which the time is added up.
    """

    __slots__ = ("_added", "_cut", "_start", "_windows")

    def __init__(self, cut_s: float, *widths_s: float) -> None:
        self._cut = cut_s - TINY
        self._windows = tuple(Window(width) for width in widths_s)
        self._start = self._added = 0.0

    def step(self, t: float, before: bool | None, now: bool | None, crossing: float | None = None) -> None:
        """Add one sample; the sample ``before`` stands for the time up to this one, or up to the ``crossing`` of the mark."""
        end = t if now or crossing is None else crossing
        if before is not True:
            self._start = self._added = t if before is None or crossing is None else crossing
        elif end - self._start >= self._cut:
            for window in self._windows:
                window.add(self._added, end)
            self._added = end

    def seconds(self, t: float, window: int = 0) -> float:
        """Time of such closures in one of the windows."""
        return self._windows[window].total(t)

    def count(self, t: float) -> int:
        """How many such closures reach into the first window."""
        return self._windows[0].count(t)


class _BelowMark:
    """P80 or P70: lids at most ``mark`` of the own open level, over the short and the long window."""

    __slots__ = ("_closures", "_mark", "long", "short")

    def __init__(self, rules: PerclosRules, mark: float) -> None:
        self._mark = mark
        self._closures = SlowClosures(rules.blink_cut_s, rules.window_s, rules.long_window_s)
        self.short: float | None = None
        self.long: float | None = None

    def step(self, tick: Tick, before: float | None, now: float | None) -> None:
        """Add one opening over the own level."""
        mark = self._mark
        was = None if before is None else before <= mark
        if was is False and now is not None and now > mark:
            return  # open as before: most samples
        down = None if now is None else now <= mark
        crossing = None
        if before is not None and now is not None and was is not down:
            crossing = tick.t - tick.dt * (1.0 - _passed(before, now, mark))
        self._closures.step(tick.t, was, down, crossing)

    def update(self, t: float, short_s: float | None, long_s: float | None) -> None:
        """Shares of so many seen seconds, as they are told; ``None``: not enough."""
        self.short = None if short_s is None else round(min(1.0, self._closures.seconds(t) / short_s), 4)
        self.long = None if long_s is None else round(min(1.0, self._closures.seconds(t, 1) / long_s), 4)


class OwnLevelShares:
    """P80 and P70 by the driver's own open level; all ``None`` without enough time in which the opening was known."""

    def __init__(self, rules: PerclosRules) -> None:
        self._rules = rules
        self._seen = (Window(rules.window_s), Window(rules.long_window_s))
        self._before: float | None = None
        self._next = -math.inf
        self.p80, self.p70 = _BelowMark(rules, rules.p80_opening), _BelowMark(rules, rules.p70_opening)

    def step(self, tick: Tick, opening: float | None) -> None:
        """Add one sample: opening over the own level."""
        before = None if tick.gap else self._before
        if before is None and opening is None and self.p80.short is None and self.p80.long is None:
            return  # nothing to add and nothing to expire
        self._before = opening
        t = tick.t
        if before is not None:
            for window in self._seen:
                window.add(t - tick.dt, t)
        self.p80.step(tick, before, opening)
        self.p70.step(tick, before, opening)
        if t >= self._next or tick.gap:
            self._next = t + _EVERY_S
            self._update(t)

    def _update(self, t: float) -> None:
        short_s, long_s = (window.total(t) for window in self._seen)
        short = short_s if short_s >= self._rules.seen_min_s - TINY else None
        long = long_s if long_s >= self._rules.long_seen_min_s - TINY else None
        self.p80.update(t, short, long)
        self.p70.update(t, short, long)


class Perclos:
    """What decides: share of the last minute with shut eyes, and whether that is drowsy. Beside it P80 and P70, long closures.

    Never less than the share of eyes that the records call shut: the own open level only adds to it. Eyes that are out of sight
    wake nobody: drowsy ends when enough was seen to say so, or when nothing of the whole window was seen.
    """

    def __init__(self, rules: PerclosRules) -> None:
        self._rules = rules
        self._seen = Window(rules.window_s)
        self._slow = SlowClosures(rules.blink_cut_s, rules.window_s)
        self._long = SlowClosures(rules.long_closure_s, rules.window_s)
        self._shut_enough_s = rules.drowsy * rules.seen_min_s - TINY
        """Too little may be seen for a share, but shut so much of it that open eyes in all that lacks would not help."""
        self._began = math.inf
        """When the driver was first followed: of the time before nothing is asked."""
        self._before: bool | None = None
        self.own_level = OwnLevelShares(rules)
        self.shut: bool | None = None
        """Of this sample, by the record or by the own level."""
        self.share: float | None = None
        self.long_count: int | None = None
        self.long_share: float | None = None
        self.doubtful = self.drowsy = self.possible = False
        """``possible``: drowsiness cannot be ruled out, for all that was not seen."""

    def step(self, tick: Tick, shut: bool | None, opening: float | None = None) -> None:
        """Add one sample.

        Args:
            tick: time.
            shut: by the record.
            opening: over the driver's own open level, ``None`` while that is unknown.
        """
        if opening is not None:
            shut = bool(shut) or opening <= self._rules.p80_opening
        self._began = min(self._began, tick.t)
        before = None if tick.gap else self._before
        if before is not None:
            self._seen.add(tick.t - tick.dt, tick.t)
        if before is not False or shut is not False:
            self._slow.step(tick.t, before, shut)
            self._long.step(tick.t, before, shut)
        self._before = self.shut = shut
        self.own_level.step(tick, opening)
        self._update(tick.t)

    def _update(self, t: float) -> None:
        seen, slow = self._seen.total(t), self._slow.seconds(t)
        self.possible = slow > TINY and self._at_most(t, seen, slow) >= self._rules.drowsy
        if seen < self._rules.seen_min_s - TINY:
            self.share = self.long_share = self.long_count = None
            self.doubtful = self.drowsy = seen > 0.0 and (self.drowsy or slow >= self._shut_enough_s)
            return
        self.share = min(1.0, slow / seen)
        long_s = self._long.seconds(t)
        self.long_share = round(min(1.0, long_s / seen), 4) if long_s else 0.0
        self.long_count = self._long.count(t) if long_s else 0
        self.doubtful = self.share >= self._rules.doubtful
        self.drowsy = self.share >= (self._rules.recovered if self.drowsy else self._rules.drowsy)

    def _at_most(self, t: float, seen: float, slow: float) -> float:
        """Share of the whole window, ``bound_std`` standard deviations over what is likely.

        What was not seen held closures like those seen, at the same rate. How many is a matter of chance (Poisson), and so is the
        rate, which those seen tell.
        """
        closures = self._slow.count(t)
        over = max(0.0, min(self._rules.window_s, t - self._began) - seen) / seen
        hidden = closures * over + self._rules.bound_std * math.sqrt(closures * over * (1.0 + over))
        return slow * (1.0 + hidden / closures) / self._rules.window_s
