"""When a look at the driving task was last seen itself: open eyes, a gaze that agrees with the reading before, nothing else near.

What is held through a blink, or was confirmed once, is worth no more than the newest such picture is old.
"""

import math

from dms.assessment.aim import Aim, Place
from dms.assessment.windows import TINY, Tick
from dms.assessment.zones import Sight
from dms.profiles.rules import AttentionRules
from dms.records.words import Zone


class LookEvidence:
    """Follows the readings of open eyes."""

    def __init__(self, rules: AttentionRules) -> None:
        self._rules = rules
        self._driving = frozenset[Zone]({*rules.road_zones, *rules.mirror_zones})
        self._place: Place | None = None
        """Of the newest reading of open eyes."""
        self._t = self._averaged_t = self._last = -math.inf
        """When that was; when one of the driving task was; when one was evidence."""
        self._beside, self._beside_mirror, self._readings = 0.0, 0.0, 0
        """How far this look lies beside other things and beside mirrors: means of its readings, which scatter more than the eyes
        move; how many."""
        self.steady = self.clear = self.another = False
        """Does the newest picture agree with the reading before; does its look lie clear of other things; is it another look,
        farther off than readings of one look scatter?"""

    def step(self, tick: Tick, aim: Aim) -> None:
        """Add one sample."""
        self.steady = self.clear = self.another = False
        if tick.gap:
            self._t, self._readings = -math.inf, 0
        if aim.hidden or aim.shut or aim.by_head:
            return
        moved = self._moved(tick.t, aim)
        self.steady = moved <= self._rules.steady_deg
        sight, seen = aim.sight, aim.zone if aim.sight is None else aim.sight.zone
        self.another = sight is not None and moved > self._rules.clear_std * (sight.std_deg or 0.0) + TINY
        if self.another:
            self._readings = 0
        if seen in self._driving:
            self._average(tick.t, sight)
            self.clear = self._beside >= self._rules.clear_std - TINY
            self._last = tick.t if self.now else self._last
        elif seen != "unknown":  # what was seen before says nothing of eyes that are seen elsewhere
            self._readings, self._last = 0, -math.inf

    @property
    def near_mirror(self) -> bool:
        """Does the look lie so near to a mirror, in the mean of its readings, that it may mean it?"""
        return self._readings > 0 and self._beside_mirror < self._rules.clear_std - TINY

    @property
    def now(self) -> bool:
        """Is the newest picture evidence itself?"""
        return self.clear and self.steady

    def fresh(self, t: float) -> bool:
        """Has the look been seen so lately that it may still be spoken of?"""
        return t - self._last <= self._rules.evidence_max_s + TINY

    def _moved(self, t: float, aim: Aim) -> float:
        """Degrees since the reading before; 0 where that is too old to compare, or a record names zones only."""
        before, place = self._place, aim.place
        old = t - self._t > self._rules.evidence_max_s + TINY
        self._place, self._t = place, t
        return 0.0 if old or before is None or place is None else math.dist(before, place)

    def _average(self, t: float, sight: Sight | None) -> None:
        untold = self._rules.clear_std
        other = untold if sight is None or sight.other_std is None else sight.other_std
        mirror = untold if sight is None or sight.mirror_std is None else sight.mirror_std
        self._readings += 1
        weight = 1.0 / self._readings
        if self._readings > 1:
            weight = max(-math.expm1((self._averaged_t - t) / self._rules.evidence_max_s), weight)
        self._beside += weight * (other - self._beside)
        self._beside_mirror += weight * (mirror - self._beside_mirror)
        self._averaged_t = t
