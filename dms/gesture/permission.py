"""When no hand may command anything: requirement P-18. Takes effect with the very next picture."""

from typing import Literal

from dms.gesture.settings import Interaction
from dms.records.takeover import TakeoverReadiness
from dms.records.words import L3State

Reason = Literal["transition_demand", "minimum_risk", "l3_unknown", "take_control", "escalated", "low_readiness", "unknown"]
REASONS: tuple[Reason, ...] = (
    "transition_demand", "minimum_risk", "l3_unknown", "take_control", "escalated", "low_readiness", "unknown",
)  # fmt: skip


def inhibited(state: TakeoverReadiness | None, l3_state: L3State | None, rules: Interaction) -> Reason | None:
    """Why gestures are without effect now, the gravest reason; ``None``: they are allowed."""
    if l3_state == "takeover_request":
        return "transition_demand"
    if l3_state in ("minimum_risk", "fault"):
        return "minimum_risk"
    if state is None:
        return "unknown"
    if state.requests.take_control or state.requests.safe_stop:
        return "take_control"
    if _stage(state) > rules.stage_max:
        return "escalated"
    if state.level == 0:
        return "unknown"
    if state.level < rules.level_min:
        return "low_readiness"
    return "l3_unknown" if l3_state is None and rules.needs_l3_state else None


def _stage(state: TakeoverReadiness) -> int:
    requests = state.requests
    return max(state.warning.stage, requests.eyes_on, requests.hands_on, requests.wake_up)
