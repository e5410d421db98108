"""Blinks: sharp falls of the lid opening below its own recent open level, and back. Causal: told when the blink ends.

Only the ratio to the open level counts, so millimetres, an eye-aspect ratio or a share of open give the same blinks. The open
level follows the open lids within about half a second: that is fast enough for a head that turns or eyes that look down (the
opening changes slowly or stays changed) and too slow for a blink (it is over before). It learns nothing while the lids are down,
shut or unseen.
"""

import math
from collections import deque
from typing import NamedTuple

from dms.assessment.eyes import Lids
from dms.assessment.windows import TINY, Tick
from dms.profiles.rules import BlinkRules
from dms.records import Blink

_DEEP = 0.2
"""Within this share of the fall from its lowest point a lid counts as down; only shapes the closing and reopening times."""


class Closed(NamedTuple):
    """One finished closure of any length, s; ``depth`` and the times down and up are of the fall itself."""

    start: float
    end: float
    depth: float
    closing_s: float
    opening_s: float


class OpenLevel:
    """The opening of lids that are not blinking, in the opening's own unit."""

    def __init__(self, rules: BlinkRules) -> None:
        self._rules = rules
        self.value: float | None = None

    def learn(self, opening: float, dt: float) -> None:
        """Follow open lids; ``dt``: seconds since the sample before."""
        if self.value is None:
            self.value = opening
        else:
            self._approach(opening, dt, self._rules.rise_s if opening > self.value else self._rules.fall_s)

    def settle(self, opening: float, dt: float) -> None:
        """Lids that stay lower for long without being shut (a look down) slowly become the level."""
        if self.value is not None:
            self._approach(opening, dt, self._rules.settle_s)

    def _approach(self, opening: float, dt: float, within_s: float) -> None:
        assert self.value is not None
        self.value += (1.0 - math.exp(-dt / within_s)) * (opening - self.value)


class Dip:
    """The lids below the open level: since when, from where, how far down.

    Args:
        t: time of the first sample below.
        start: when they fell below, ``None`` if that was not seen.
        level: the open level before.
        opening: of the first sample.
        shares: openness just before and now, where the record told it.
    """

    def __init__(
        self, t: float, start: float | None, level: float, opening: float, shares: tuple[float | None, float | None]
    ) -> None:
        self.start, self.level, self.lowest = start, level, opening
        self._before, self._share = shares
        self._falls = [(t, opening)]
        self._down_until = t

    def deepen(self, t: float, opening: float, share: float | None) -> None:
        """Add one sample."""
        if opening < self.lowest:
            self.lowest = opening
            self._falls.append((t, opening))
        if opening <= self._deep:
            self._down_until = t
        if share is not None:
            self._share = share if self._share is None else min(share, self._share)

    @property
    def _deep(self) -> float:
        return self.lowest + _DEEP * (self.level - self.lowest)

    def closed(self, start: float, end: float) -> Closed:
        """What it was, now that it is over."""
        down = next(t for t, opening in self._falls if opening <= self._deep)
        return Closed(start, end, self.depth, max(0.0, down - start), max(0.0, end - self._down_until))

    @property
    def depth(self) -> float:
        """Share of the open level the lids fell by, 0..1."""
        return 1.0 - self.lowest / self.level

    @property
    def amplitude(self) -> float:
        """Fall of openness where the record told it, else ``depth``; 0..1."""
        if self._before is None or self._share is None:
            return self.depth
        return max(0.0, self._before - self._share)


class Blinks:
    """Counts finished blinks and averages finished closures; a closure with an unseen part counts as neither.

    Args:
        rules: see the profile.
        quick_s: no longer than this, a blink is evidence of an available driver.
        shut_share: below this share of the open level lids are shut even if nobody says so.
    """

    def __init__(self, rules: BlinkRules, quick_s: float, shut_share: float) -> None:
        self._rules, self._quick_s, self._shut_share = rules, quick_s, shut_share
        self._level = OpenLevel(rules)
        self._dip: Dip | None = None
        self._rising: float | None = None
        """A blink is over but the lids are not all the way up yet: below this opening they fall again."""
        self._scale: str | None = None
        self._before: tuple[float, float] | None = None
        self._share: float | None = None
        self._closures: deque[Closed] = deque()
        self._sum = 0.0
        self._longer = 0
        """Of the closures those that are no blinks."""
        self.count = 0
        self.last: Blink | None = None
        self.quick_end: float | None = None
        """End of a blink no longer than ``quick_s`` that this sample finished."""
        self.finished: Closed | None = None
        """The closure that this sample finished, or lengthened (then it begins like the one before)."""

    def step(self, tick: Tick, lids: Lids, countable: bool) -> None:
        """Add one sample; ``countable``: the frame rate allows blink statistics."""
        self._expire(tick.t)
        self.quick_end = self.finished = None
        if lids.opening is None or tick.gap or lids.scale != self._scale:
            self._break_off(lids.scale)
        if lids.opening is None:
            return
        dt = 0.0 if self._before is None else tick.dt
        if self._dip is not None:
            self._down(self._dip, tick.t, dt, lids, countable)
        else:
            self._open(tick.t, dt, lids)
        self._before = (tick.t, lids.opening)

    @property
    def level(self) -> float | None:
        """The open level now, in the opening's own unit."""
        return self._level.value

    @property
    def down(self) -> bool:
        """The lids are below the open level, or still on their way back up to it."""
        return self._dip is not None or self._rising is not None

    def down_s(self, t: float) -> float:
        """How long the lids have been below the open level, s."""
        start = None if self._dip is None else self._dip.start
        return 0.0 if start is None else t - start

    def _break_off(self, scale: str | None) -> None:
        """What was under way is no blink; a new unit also needs a new level."""
        if scale is not None and scale != self._scale:
            self._scale, self._level = scale, OpenLevel(self._rules)
        self._dip = self._before = self._share = self._rising = None

    def _open(self, t: float, dt: float, lids: Lids) -> None:
        opening, level = lids.opening, self._level.value
        assert opening is not None
        mark = None if level is None else self._rules.enter_share * level
        if mark is not None and opening >= mark:
            self._rising = None
        if self._rising is not None:
            mark = self._rising
        if level is not None and mark is not None and opening < mark:
            start = None if self._before is None else self._crossing(t, opening, mark)
            self._dip = Dip(t, start, level, opening, (self._share, lids.openness))
            self._rising = None
        elif not lids.shut and opening > 0.0:
            self._level.learn(opening, dt)
            self._share = lids.openness

    def _down(self, dip: Dip, t: float, dt: float, lids: Lids, countable: bool) -> None:
        opening = lids.opening
        assert opening is not None
        back = dip.lowest + self._rules.back_share * (dip.level - dip.lowest)
        if opening >= back:
            self._dip, self._rising = None, back
            if countable:
                self._finish(dip, self._crossing(t, opening, back))
            return
        dip.deepen(t, opening, lids.openness)
        if dip.start is None or t - dip.start > self._rules.max_s:
            self._settle(dip, opening, dt, lids.shut)

    def _settle(self, dip: Dip, opening: float, dt: float, shut: bool | None) -> None:
        shut = opening < self._shut_share * dip.level if shut is None else shut
        if shut:
            return
        self._level.settle(opening, dt)
        level = self._level.value
        if level is not None and opening >= self._rules.enter_share * level:
            self._dip = None  # a look down: the lids stay where they are and are open

    def _crossing(self, t: float, opening: float, mark: float) -> float:
        """When the opening passed ``mark`` on its way from the sample before to this one, s."""
        if self._before is None:
            return t
        t_before, before = self._before
        share = (mark - before) / (opening - before) if opening != before else 1.0
        return t_before + min(1.0, max(0.0, share)) * (t - t_before)

    def _finish(self, dip: Dip, end: float) -> None:
        if dip.start is None or dip.depth < self._rules.depth_min:
            return
        closed = dip.closed(dip.start, end)
        again = bool(self._closures) and dip.start - self._closures[-1].end < self._rules.pause_s
        if again:  # the lids flickered on the way up: one closure
            before = self._closures.pop()
            self._take(before, -1)
            closed = before._replace(end=end, depth=max(before.depth, closed.depth), opening_s=closed.opening_s)
        length = end - closed.start
        if length < self._rules.min_s - TINY:
            return
        self._closures.append(closed)
        self._take(closed, 1)
        self.finished = closed
        if length <= self._rules.max_s + TINY:
            self.count += not (again and self.last is not None and self.last.start == closed.start)
            self.last = Blink(start=closed.start, end=end, amplitude=round(min(2.0, dip.amplitude), 3))
            self.quick_end = end if length <= self._quick_s + TINY else None

    def _expire(self, t: float) -> None:
        while self._closures and self._closures[0].end < t - self._rules.statistics_s:
            self._take(self._closures.popleft(), -1)

    def _take(self, closed: Closed, sign: int) -> None:
        length = closed.end - closed.start
        self._sum += sign * length
        self._longer += sign * (length > self._rules.max_s + TINY)

    @property
    def lately(self) -> int:
        """Blinks that ended in the last minute."""
        return len(self._closures) - self._longer

    @property
    def mean_closure_s(self) -> float | None:
        """Mean length of the closures that ended in the last minute; ``None`` without any."""
        return max(0.0, self._sum) / len(self._closures) if self._closures else None
