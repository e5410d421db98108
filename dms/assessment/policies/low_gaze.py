"""Gaze in the area below (ADDW, Area 3): one clock, its limit by speed (ADDW-01..04)."""

from collections.abc import Sequence

from dms.assessment.addw_areas import AddwAreas
from dms.assessment.glance import LookAway
from dms.assessment.policies.base import Demand, SpeedGate
from dms.assessment.signals import Signals
from dms.assessment.windows import TINY
from dms.profiles.policies import LowGaze
from dms.profiles.rules import GlanceRules
from dms.records import Requests
from dms.records.cabin import Cabin

_LOOK = Requests(eyes_on=1)
_LOW = 3
"""Area 3."""


class LowLook:
    """Warns until the eyes have been out of the area, and on the road, for long enough."""

    def __init__(self, rules: LowGaze, glance: GlanceRules, cabin: Cabin) -> None:
        self._rules = rules
        self._areas = AddwAreas(rules, cabin)
        self._before: bool | None = None
        self._gate = SpeedGate(rules.slow_from_kmh)
        self._low = LookAway(rules.flicker_s, glance.freeze_max_s)
        self._limit: float | None = None

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        self._low.step(now.tick, self._looks_low(now), now.likely_road)
        if not self._gate.step(now.tick.t, now.inputs):
            self._limit = None
            return ()
        held = min(self._low.seconds, self._gate.open_s(now.tick.t))
        limit = self._limit_s(now)
        if held >= limit - TINY and now.glances.judged:
            self._limit = limit
        elif self._low.seconds == 0.0 and now.glances.road_s >= self._rules.release_s - TINY:
            self._limit = None
        if self._limit is None:
            return ()
        return (Demand("long_distraction", 1, f"eu_addw gaze low for {self._limit:.1f} s", _LOOK),)

    def _looks_low(self, now: Signals) -> bool | None:
        """Is the gaze in the area now; ``None`` where it is not known."""
        if now.zone == "unknown":
            return None
        sight = now.sight
        if sight is None:  # a blink: the zone holds, and so does where the eyes looked
            return self._before
        # The zone of this very picture: the held one would come a tenth of a second late, and flicker is tolerated here.
        self._before = self._areas.area(sight.yaw_deg, sight.pitch_deg, sight.zone) == _LOW
        return self._before

    def _limit_s(self, now: Signals) -> float:
        rules, speed = self._rules, now.inputs.speed_kmh
        fast = speed is None or speed >= rules.fast_from_kmh - TINY
        extra = rules.degraded_extra_s if now.health == "degraded" else 0.0
        return (rules.fast_s if fast else rules.slow_s) + extra
