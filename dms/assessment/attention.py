"""Attentive or not, and by which criterion (UN R157 6.3: gaze on the road, gaze on a mirror, head towards the driving task)."""

from dms.assessment.windows import TINY, HeldTime, Tick, Window
from dms.profiles.rules import AttentionRules, GlanceRules
from dms.records.words import Criterion, Zone


class Attentiveness:
    """``True`` after a criterion has held for ``confirm_s``; ``False`` at once; ``None`` when the gaze cannot be judged.

    Until confirmed it stays what it was: ``False`` after a look away, ``None`` after an unseen gaze. What was not seen meanwhile
    may be no more than ``1 - confirm_share`` of the time.
    """

    def __init__(self, rules: AttentionRules, glance: GlanceRules) -> None:
        self._rules = rules
        self._held = HeldTime(0.0, glance.flicker_s)
        self._by_gaze = HeldTime(0.0, glance.flicker_s)
        self._mirror = HeldTime(rules.mirror_reset_s, glance.freeze_max_s)
        self._recent = Window(rules.confirm_s / rules.confirm_share)
        self._looked = self._confirmed = False
        self._until_confirmed: bool | None = None
        self.attentive: bool | None = None
        self.criterion: Criterion | None = None

    def step(self, tick: Tick, zone: Zone, by_head: bool, blinking: bool) -> None:
        """Add one sample: the zone, whether only the head told it, and whether it is the one before a blink, still held."""
        criterion = self._criterion(tick, zone, by_head)
        candidate = None if zone == "unknown" else criterion is not None
        self._held.step(tick, candidate)
        if by_head and candidate:
            self._until_confirmed = None  # the gaze itself is not known to have been off the road
        # A gaze is confirmed by gaze alone: time in which only the head pointed at the road does not count for it.
        self._by_gaze.step(tick, None if by_head and candidate else candidate)
        self._remember(tick, candidate, by_head or (blinking and not self._confirmed))
        self._follow(candidate, tick.gap)
        held_s = self._held.held if by_head else min(self._by_gaze.held, self._recent.total(tick.t))
        self._confirmed = held_s >= self._rules.confirm_s - TINY
        self.attentive = candidate and (True if self._confirmed else self._until_confirmed)
        self.criterion = criterion if self.attentive else None

    def doubt(self) -> None:
        """The eyes were shut for longer than a blink: what they looked at before says nothing any more."""
        self._recent.clear()
        self._looked = False

    def _remember(self, tick: Tick, candidate: bool | None, unseen: bool) -> None:
        """Time in which open eyes looked there; a blink takes nothing off what was confirmed and adds nothing to what was not."""
        if self._looked and not tick.gap:
            self._recent.add(tick.t - tick.dt, tick.t)
        if candidate is False:
            self._recent.clear()
        self._looked = bool(candidate) and not unseen

    def _follow(self, candidate: bool | None, gap: bool) -> None:
        if candidate is False:
            self._until_confirmed = False
        elif self._held.held == 0.0 and (candidate is None or gap):
            self._until_confirmed = None

    def _criterion(self, tick: Tick, zone: Zone, by_head: bool) -> Criterion | None:
        self._mirror.step(tick, None if zone == "unknown" else zone in self._rules.mirror_zones)
        if zone in self._rules.road_zones:
            return "head_movement" if by_head else "gaze_road"
        if zone in self._rules.mirror_zones and self._mirror.held < self._rules.mirror_max_s - TINY:
            return "head_movement" if by_head else "gaze_mirror"
        return None
