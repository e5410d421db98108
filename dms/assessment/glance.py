"""Eyes off the road (ISO 15007): one long glance, and many short ones added up."""

from dms.assessment.windows import TINY, HeldTime, Tick, Window
from dms.profiles.rules import GlanceRules


class Glances:
    """Two clocks on the same input: is the gaze off the road? ``None`` freezes them."""

    def __init__(self, rules: GlanceRules) -> None:
        self._rules = rules
        self._off = HeldTime(rules.flicker_s, rules.freeze_max_s)
        self._window = Window(rules.cumulative_window_s)
        self._before: bool | None = None
        self._cumulative = 0.0

    def step(self, tick: Tick, off: bool | None, late_s: float = 0.0) -> None:
        """Add one sample; ``late_s``: a change confirmed now began so long ago."""
        if self._before and not tick.gap:
            self._window.add(tick.t - tick.dt, tick.t)
        on_road_s = self._off.step(tick, off, late_s)
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
        return self._off.held

    @property
    def road_s(self) -> float:
        """Seconds on the road without a break."""
        return self._off.opposite

    @property
    def unseen_s(self) -> float:
        """Seconds for which the gaze could not be judged."""
        return self._off.unseen

    @property
    def cumulative_s(self) -> float:
        """Seconds off the road in the window, since the last long look at it."""
        return self._cumulative
