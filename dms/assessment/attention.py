"""Attentive or not, and by which criterion (UN R157 6.3: gaze on the road, gaze on a mirror, head towards the driving task)."""

import math

from dms.assessment.aim import Aim, Place
from dms.assessment.look_evidence import LookEvidence
from dms.assessment.windows import TINY, HeldTime, Tick, Window
from dms.profiles.rules import AttentionRules, GlanceRules
from dms.records.words import Criterion


class Attentiveness:
    """``True`` after a criterion has held for ``confirm_s``; ``False`` at once; ``None`` when the gaze cannot be judged.

    Until confirmed it stays what it was: ``False`` after a look away, ``None`` after an unseen gaze. What was not seen meanwhile
    may be no more than ``1 - confirm_share`` of the time. After hidden eyes, however shortly, or shut ones it takes
    ``confirm_hidden_s`` of readings that agree with each other: what stands before an eye may be taken for one now and then, but
    its gaze wanders.
    """

    def __init__(self, rules: AttentionRules, glance: GlanceRules) -> None:
        self._rules = rules
        self._held = HeldTime(0.0, glance.flicker_s)
        self._by_gaze = HeldTime(0.0, glance.flicker_s)
        self._mirror = MirrorLook(rules, glance)
        self._evidence = LookEvidence(rules)
        self._recent = Window(rules.confirm_s / rules.confirm_share)
        self._steady = Window(rules.confirm_hidden_s / rules.confirm_share)
        self._unseen_max_s = rules.confirm_hidden_s * (1.0 / rules.confirm_share - 1.0)
        """What may be left unseen of the time that proves a look, all at once already too much."""
        self._hidden_s = 0.0
        self._unproved = False
        """Were the eyes hidden, or shut for long, since a look was last confirmed?"""
        self._place: Place | None = None
        self._hidden = self._looked = self._confirmed = False
        self._until_confirmed: bool | None = None
        self.attentive: bool | None = None
        self.criterion: Criterion | None = None

    def step(self, tick: Tick, aim: Aim) -> None:
        """Add one sample."""
        candidate, criterion = self._judge(tick, aim)
        self._held.step(tick, candidate)
        by_head = aim.by_head
        if by_head and candidate:
            self._until_confirmed = None  # the gaze itself is not known to have been off the road
        # A gaze is confirmed by gaze alone: time in which only the head pointed at the road does not count for it.
        self._by_gaze.step(tick, None if by_head and candidate else candidate)
        self._remember(tick, candidate, aim)
        self._follow(candidate, tick.gap)
        self._confirmed = self._held.held >= self._rules.confirm_s - TINY if by_head else self._gaze_confirmed(tick.t)
        if self._confirmed and not by_head:
            self._unproved = False
        self.attentive = candidate and (True if self._confirmed else self._until_confirmed)
        self.criterion = criterion if self.attentive else None

    @property
    def another_look(self) -> bool:
        """Have the eyes been seen to move on with the newest picture?"""
        return self._evidence.another

    def doubt(self) -> None:
        """The eyes were shut for longer than a blink: what they looked at before says nothing any more."""
        self._recent.clear()
        self._steady.clear()
        self._looked = False
        self._unproved = True

    def _judge(self, tick: Tick, aim: Aim) -> tuple[bool | None, Criterion | None]:
        """Attentive by this sample and the evidence of late, and by which criterion."""
        rules, zone = self._rules, aim.zone
        self._evidence.step(tick, aim)
        self._mirror.step(tick, aim, self._evidence)
        if zone == "unknown" or (aim.leaving and aim.blinking):  # on their way elsewhere as they shut: nobody knows where to
            return None, None
        overlong, road = self._mirror.overlong(tick.t), zone in rules.road_zones
        if not road and (zone not in rules.mirror_zones or (overlong and self._mirror.stared(tick.t))):
            return False, None
        if overlong and (not road or self._mirror.near(aim, self._evidence)):
            return None, None
        if aim.by_head:
            return True, "head_movement"
        if not self._evidence.fresh(tick.t) or not (road or self._mirror.likely):
            return None, None
        return True, "gaze_road" if road else "gaze_mirror"

    def _gaze_confirmed(self, t: float) -> bool:
        if not (self._confirmed or self._evidence.now):
            return False
        needed = self._rules.confirm_hidden_s if self._unproved else self._rules.confirm_s
        looked = self._steady if self._unproved else self._recent
        return min(self._by_gaze.held, looked.total(t)) >= needed - TINY

    def _remember(self, tick: Tick, candidate: bool | None, aim: Aim) -> None:
        """Time in which open eyes were seen to look there; what shows nothing takes nothing off what was confirmed."""
        self._hidden_s = self._hidden_s + tick.dt if self._hidden else 0.0
        self._unproved = self._unproved or self._hidden
        elsewhere = self._hidden and not (aim.hidden or self._evidence.steady)
        if elsewhere or self._hidden_s >= self._unseen_max_s - TINY:  # what was seen before proves nothing of what is seen now
            self._steady.clear()
        place, before = aim.place, self._place
        if self._looked and not tick.gap:
            self._recent.add(tick.t - tick.dt, tick.t)
            if place is None or before is None or math.dist(place, before) <= self._rules.steady_deg:
                self._steady.add(tick.t - tick.dt, tick.t)
        if candidate is False:
            self._recent.clear()
            self._steady.clear()
        unseen = aim.by_head or ((aim.blinking or not self._evidence.clear) and not self._confirmed)
        self._looked = bool(candidate) and not unseen
        self._hidden, self._place = aim.hidden, place

    def _follow(self, candidate: bool | None, gap: bool) -> None:
        if candidate is False:
            self._until_confirmed = False
        elif self._held.held == 0.0 and (candidate is None or gap):
            self._until_confirmed = None


class MirrorLook:
    """For how long a mirror may have been looked at: since the gaze was last seen elsewhere, until it is again for long enough.

    Unseen time is part of the look: eyes that nobody saw come to the mirror may have been there all the while, and eyes that
    nobody saw leave it are not known to have left it. Nor are those whose reading moved by less than it is uncertain, or lies so
    near to a mirror that it may mean it.
    """

    def __init__(self, rules: AttentionRules, glance: GlanceRules) -> None:
        self._rules = rules
        self._seen = HeldTime(rules.mirror_reset_s, glance.freeze_max_s)
        self._flicker_s = glance.flicker_s + TINY
        self._there_t = -math.inf
        """When the gaze was last not seen elsewhere."""
        self._elsewhere_t: float | None = None
        """When the gaze was last seen elsewhere for longer than a flicker, or first seen at all."""
        self._since: float | None = None
        self._seen_since = 0.0
        self._place: Place | None = None
        """Mean of its readings."""
        self._readings = 0
        self.likely = True
        """Is it likely enough that the newest reading at a mirror means it?"""

    def step(self, tick: Tick, aim: Aim, look: LookEvidence) -> None:
        """Add one sample; ``look``: what the readings of its look show."""
        if self._elsewhere_t is None:
            self._elsewhere_t = tick.t
        known = aim.zone != "unknown" and not (aim.by_head or aim.shut)
        at_mirror = aim.zone in self._rules.mirror_zones if known else None
        if at_mirror is False and self.near(aim, look):
            at_mirror = None
        if at_mirror is not False or tick.gap:
            self._there_t = tick.t
        elif tick.t - self._there_t > self._flicker_s:  # a few readings elsewhere, as of lids half down, are no look there
            self._elsewhere_t = tick.t
        if not at_mirror and self._since is None:
            return
        if self._seen.step(tick, at_mirror) >= self._rules.mirror_reset_s - TINY:
            self._since, self._place, self._readings = None, None, 0
        if at_mirror:
            if self._since is None:
                self._since, self._seen_since = self._elsewhere_t, tick.t
            self._average(aim.place)
            self._weigh(aim)

    def _weigh(self, aim: Aim) -> None:
        """A mirror that fills little of where the gaze may be is not known to be looked at."""
        sight = aim.sight
        if sight is not None and sight.zone == aim.zone:
            self.likely = sight.probability is None or sight.probability >= self._rules.mirror_probability_min

    def _average(self, place: Place | None) -> None:
        if place is None:
            return
        self._readings += 1
        mean = self._place or place
        weight = 1.0 / self._readings
        self._place = mean[0] + weight * (place[0] - mean[0]), mean[1] + weight * (place[1] - mean[1])

    def overlong(self, t: float) -> bool:
        """May the look have lasted too long for one of driving?"""
        since = self._elsewhere_t if self._since is None else self._since
        return since is not None and t - since >= self._rules.mirror_max_s - TINY

    def stared(self, t: float) -> bool:
        """Was it seen to last so long?"""
        return t - self._seen_since >= self._rules.mirror_max_s - TINY

    def near(self, aim: Aim, look: LookEvidence) -> bool:
        """Is this look so near to a mirror, or to the one looked at, that the eyes may look or still look there?"""
        place, sight = aim.place, aim.sight
        if place is None or sight is None:
            return False
        if look.near_mirror:
            return True
        return self._place is not None and math.dist(place, self._place) <= (sight.std_deg or 0.0)
