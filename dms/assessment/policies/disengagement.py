"""UN R171: eyes off any driving-relevant area, hands off the wheel; request, escalated request, control alert, unavailability.

The clocks run only while the eyes (or hands) are seen to be away: what is not seen neither escalates nor ends a request.
"""

from collections.abc import Sequence

from dms.assessment.policies.base import Demand, SpeedGate
from dms.assessment.signals import Signals
from dms.assessment.windows import TINY, HeldTime
from dms.profiles.policies import EyesOn, HandsOn
from dms.profiles.rules import GlanceRules
from dms.records import Requests

_EYES = Requests(eyes_on=1), Requests(eyes_on=2), Requests(eyes_on=2, take_control=True)
_HANDS = Requests(hands_on=1), Requests(hands_on=2)
_STOP_EYES = Requests(eyes_on=2, take_control=True, safe_stop=True)
_STOP_HANDS = Requests(hands_on=2, take_control=True, safe_stop=True)


class VisualDisengagement:
    """Eyes-on request, escalated request, direct control alert, unavailability response (R171-01..04, R171-07, R171-08)."""

    def __init__(self, rules: EyesOn, glance: GlanceRules) -> None:
        self._rules, self._glance = rules, glance
        self._gate = SpeedGate(rules.speed_from_kmh)
        self._asked_s: float | None = None
        """For how long the request has gone unanswered; ``None`` without one."""
        self._often = False
        self._limit_s = rules.request_s

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        if not self._gate.step(now.tick.t, now.inputs):
            self._asked_s = None
            return ()
        if now.glances.judged:
            self._follow(now)
        return () if self._asked_s is None else self._demands(self._asked_s)

    def _follow(self, now: Signals) -> None:
        glances, open_s = now.glances, self._gate.open_s(now.tick.t)
        back_s = self._rules.aversions_release_s if self._often else self._glance.flicker_s
        if self._asked_s is not None:
            self._asked_s = None if glances.road_s >= back_s - TINY else self._asked_s + (0.0 if now.tick.gap else now.tick.dt)
        if self._asked_s is not None:
            return
        off_s = min(glances.off_s, open_s)
        self._limit_s = request_s = self._request_s(now.inputs.speed_kmh)
        self._often = min(glances.cumulative_s, open_s) >= self._rules.aversions_s - TINY
        if off_s >= request_s - TINY:
            self._asked_s, self._often = off_s - request_s, False
        elif self._often and glances.off_road:
            self._asked_s = 0.0

    def _request_s(self, speed_kmh: float | None) -> float:
        rules = self._rules
        if rules.fast_from_kmh is None or rules.fast_request_s is None:
            return rules.request_s
        fast = speed_kmh is None or speed_kmh >= rules.fast_from_kmh - TINY
        return rules.fast_request_s if fast else rules.request_s

    def _demands(self, asked_s: float) -> Sequence[Demand]:
        rules = self._rules
        alert_s = rules.escalate_s + rules.control_alert_s
        if asked_s >= rules.escalate_s + rules.unavailable_s - TINY:  # the text counts it from the escalated request
            return (Demand("unresponsive", 3, "un_r171 driver unavailable, eyes", _STOP_EYES),)
        stage = 1 + (asked_s >= rules.escalate_s - TINY) + (asked_s >= alert_s - TINY)
        why = "looks away too often" if self._often else f"eyes off {self._limit_s:g} s"
        name = ("eyes-on request", "escalated eyes-on request", "direct control alert")[stage - 1]
        return (Demand("long_distraction", stage, f"un_r171 {name}, {why}", _EYES[stage - 1]),)


class HandsOff:
    """Hands-on request, escalated request, unavailability response (R171-05, R171-06)."""

    def __init__(self, rules: HandsOn, glance: GlanceRules) -> None:
        self._rules = rules
        self._gate = SpeedGate(rules.speed_from_kmh)
        self._off = HeldTime(0.0, glance.freeze_max_s)
        self._asked_s: float | None = None

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        hands = now.inputs.hands_on
        self._off.step(now.tick, None if hands is None else not hands)
        if not self._gate.step(now.tick.t, now.inputs) or hands:
            self._asked_s = None
            return ()
        if hands is not None:
            self._follow(now)
        return () if self._asked_s is None else self._demands(self._asked_s)

    def _follow(self, now: Signals) -> None:
        if self._asked_s is not None:
            self._asked_s += 0.0 if now.tick.gap else now.tick.dt
            return
        eyes_on = now.glances.judged and not now.glances.off_road
        limit = self._rules.request_eyes_on_s if eyes_on else self._rules.request_s
        off_s = min(self._off.held, self._gate.open_s(now.tick.t))
        if off_s >= limit - TINY:
            self._asked_s = 0.0

    def _demands(self, asked_s: float) -> Sequence[Demand]:
        rules = self._rules
        if asked_s >= rules.escalate_s + rules.unavailable_s - TINY:
            return (Demand("unresponsive", 3, "un_r171 driver unavailable, hands", _STOP_HANDS),)
        stage = 1 + (asked_s >= rules.escalate_s - TINY)
        name = ("hands-on request", "escalated hands-on request")[stage - 1]
        return (Demand("hands_off", stage, f"un_r171 {name}, hands off {rules.request_s:g} s", _HANDS[stage - 1]),)
