"""Attentive or not, and by which criterion (UN R157 6.3: gaze on the road, gaze on a mirror, head towards the driving task)."""

from dms.assessment.windows import TINY, HeldTime, Tick
from dms.profiles.rules import AttentionRules, GlanceRules
from dms.records.words import Criterion, Zone


class Attentiveness:
    """``True`` after a criterion has held for ``confirm_s``; ``False`` at once; ``None`` when the gaze cannot be judged.

    Until confirmed it stays what it was: ``False`` after a look away, ``None`` after an unseen gaze.
    """

    def __init__(self, rules: AttentionRules, glance: GlanceRules) -> None:
        self._rules = rules
        self._held = HeldTime(0.0, glance.flicker_s)
        self._by_gaze = HeldTime(0.0, glance.flicker_s)
        self._until_confirmed: bool | None = None
        self.attentive: bool | None = None
        self.criterion: Criterion | None = None

    def step(self, tick: Tick, zone: Zone, by_head: bool, off_s: float) -> None:
        """Add one sample: the zone, whether only the head told it, and how long the eyes have been off the road."""
        criterion = self._criterion(zone, by_head, off_s)
        candidate = None if zone == "unknown" else criterion is not None
        self._held.step(tick, candidate)
        if by_head and candidate:
            self._until_confirmed = None  # the gaze itself is not known to have been off the road
        # A gaze is confirmed by gaze alone: time in which only the head pointed at the road does not count for it.
        self._by_gaze.step(tick, None if by_head and candidate else candidate)
        self._follow(candidate, tick.gap)
        held = self._held if by_head else self._by_gaze
        confirmed = held.held >= self._rules.confirm_s - TINY
        self.attentive = candidate and (True if confirmed else self._until_confirmed)
        self.criterion = criterion if self.attentive else None

    def _follow(self, candidate: bool | None, gap: bool) -> None:
        if candidate is False:
            self._until_confirmed = False
        elif self._held.held == 0.0 and (candidate is None or gap):
            self._until_confirmed = None

    def _criterion(self, zone: Zone, by_head: bool, off_s: float) -> Criterion | None:
        if zone in self._rules.road_zones:
            return "head_movement" if by_head else "gaze_road"
        if zone in self._rules.mirror_zones and off_s < self._rules.mirror_max_s - TINY:
            return "head_movement" if by_head else "gaze_mirror"
        return None
