"""Eyes off the road (ISO 15007): one long glance, and many short ones added up."""

from dms.assessment.windows import TINY, HeldTime, Tick, Window
from dms.profiles.rules import GlanceRules


class LookAway:
    """How long a look away has lasted. ``None`` (not known) freezes it, as ``HeldTime`` does, but bridges little.

    What was not seen may be no longer than what was seen of the look, and ends it where the gaze, though not known, was likelier
    on the road than off it: no warning may say that the eyes were away for so long when that was mostly not seen, or probably
    not so. Where the road could not be ruled out the time counts only as long as the eyes stay there: it lengthens no look at
    another thing.
    """

    __slots__ = ("_away", "_before", "_doubtful", "_doubtful_s", "_flicker_s", "_likely_road", "_likely_s", "_unseen_s")

    def __init__(self, flicker_s: float, freeze_max_s: float) -> None:
        self._away = HeldTime(flicker_s, freeze_max_s)
        self._flicker_s = flicker_s - TINY
        self._before: bool | None = None
        self._likely_road = self._doubtful = False
        self._unseen_s = self._likely_s = self._doubtful_s = 0.0

    def step(
        self, tick: Tick, away: bool | None, likely_road: bool, late_s: float = 0.0, doubtful: bool = False,
        elsewhere: bool = False,
    ) -> float:  # fmt: skip
        """Add one sample; returns how long the eyes have been back, also when that ends with this sample.

        Args:
            tick: now.
            away: are they.
            likely_road: that is not known, but likelier they are not.
            late_s: what is confirmed now began so long ago.
            doubtful: by this picture the road cannot be ruled out.
            elsewhere: the eyes have moved on with this sample.
        """
        if self._before and self._doubtful and not tick.gap:
            self._doubtful_s += tick.dt
        back_s = self._away.step(tick, away, late_s)
        if elsewhere:
            self._away.shorten(self._doubtful_s)
        if elsewhere or self._away.held == 0.0:
            self._doubtful_s = 0.0
        self._doubtful = doubtful
        if self._before is None or tick.gap:
            self._unseen_s += tick.dt
            if self._likely_road and not tick.gap:
                self._likely_s += tick.dt
            if self._unseen_s > self._away.held + TINY or self._likely_s >= self._flicker_s:
                self._away.forget()
        if self._away.held == 0.0:
            self._unseen_s = 0.0
        if away:
            self._likely_s = 0.0
        self._before, self._likely_road = away, likely_road
        return back_s

    @property
    def seconds(self) -> float:
        """Seconds away; a return shorter than the flicker tolerance does not reset it."""
        return self._away.held

    @property
    def back_s(self) -> float:
        """Seconds back without a break."""
        return self._away.opposite

    @property
    def unseen_s(self) -> float:
        """Seconds for which it could not be judged."""
        return self._away.unseen


class Glances:
    """Two clocks on the same input: is the gaze off the road? ``None`` freezes them."""

    def __init__(self, rules: GlanceRules) -> None:
        self._rules = rules
        self._off = LookAway(rules.flicker_s, rules.freeze_max_s)
        self._window = Window(rules.cumulative_window_s)
        self._before: bool | None = None
        self._cumulative = 0.0

    def step(
        self, tick: Tick, off: bool | None, late_s: float = 0.0, likely_road: bool = False, doubtful: bool = False,
        elsewhere: bool = False,
    ) -> None:  # fmt: skip
        """Add one sample.

        Args:
            tick: now.
            off: is the gaze off the road.
            late_s: what is confirmed now began so long ago.
            likely_road: not known, but likelier on the road than off it.
            doubtful: by this picture the road cannot be ruled out.
            elsewhere: the eyes have moved on with this sample.
        """
        if off is self._before:
            late_s = 0.0  # from one place off the road to another: that time has been counted
        if self._before and not tick.gap:
            self._window.add(tick.t - tick.dt, tick.t)
        on_road_s = self._off.step(tick, off, likely_road, late_s, doubtful, elsewhere)
        if on_road_s >= self._rules.reset_s - TINY:
            self._window.clear()
        if late_s > 0.0 and off is False:
            self._window.take_back(tick.t - late_s)
        elif late_s > 0.0 and off:
            self._window.add(tick.t - late_s, tick.t)
        self._cumulative = self._window.total(tick.t)
        self._before = off

    @property
    def judged(self) -> bool:
        """Can the newest sample be judged?"""
        return self._before is not None

    @property
    def off_road(self) -> bool:
        """Is the gaze off the road now?"""
        return self._before is True

    @property
    def off_s(self) -> float:
        """Seconds off the road; a return shorter than the flicker tolerance does not reset it."""
        return self._off.seconds

    @property
    def road_s(self) -> float:
        """Seconds on the road without a break."""
        return self._off.back_s

    @property
    def unseen_s(self) -> float:
        """Seconds for which the gaze could not be judged."""
        return self._off.unseen_s

    @property
    def cumulative_s(self) -> float:
        """Seconds off the road in the window, since the last long look at it."""
        return self._cumulative
