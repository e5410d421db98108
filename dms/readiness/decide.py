"""The decision: an ordered list of named reasons; the first that applies decides. Only when none applies the driver is ready."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from msgspec.structs import replace

from dms.profiles import Profile
from dms.profiles.rules import ReadinessRules, Rules
from dms.readiness.estimate import score, takeover_interval_s, takeover_time_s
from dms.records import DriverState, Health, TakeoverReadiness, Warning
from dms.records.words import Readiness, WarningClass

EYES_SHUT: frozenset[WarningClass] = frozenset({"sleep", "microsleep"})
DISTRACTED: frozenset[WarningClass] = frozenset({"long_distraction", "short_distraction", "phone"})


class Verdict(NamedTuple):
    """Readiness word, ordinal level, and the reason in plain English."""

    readiness: Readiness
    level: int
    reason: str


Reason = Callable[[DriverState, Rules], Verdict | None]


def ready_for_takeover(state: DriverState, profile: Profile) -> TakeoverReadiness:
    """The published record for one state; its first cause is the one that decided."""
    verdict = decide(state, profile.rules)
    time_s = takeover_time_s(state, verdict.readiness, profile.rules.takeover)
    points = score(state, verdict.readiness, profile.rules.readiness)
    return TakeoverReadiness(
        t=state.t, readiness=verdict.readiness, level=verdict.level, readiness_score=points, takeover_time_s=time_s,
        takeover_interval_s=takeover_interval_s(time_s, profile.rules.takeover),
        confidence=state.confidence, attention=state.attention, availability=state.availability, drowsiness=state.drowsiness,
        warning=_warning(state.warning, state.warning_stage), requests=state.requests, locked_out=state.locked_out,
        health=_health(state.health, profile), because=[verdict.reason, *state.because],
        profile=profile.identity,
    )  # fmt: skip


@lru_cache(maxsize=64)
def _warning(name: WarningClass | None, stage: int) -> Warning:
    """There are few."""
    return Warning(class_=name, stage=stage)


def _health(health: Health, profile: Profile) -> Health:
    """With a remark where nobody vouches for the rules."""
    if profile.identity.trust != "unlisted":
        return health
    return replace(health, reasons=[*health.reasons, f"profile {profile.name} is not in the manifest"])


def decide(state: DriverState, rules: Rules) -> Verdict:
    """The first reason that applies, else ready."""
    for reason in ORDER:
        verdict = reason(state, rules)
        if verdict is not None:
            return verdict
    level = 5 if state.hands_on else 4
    hands = "hands on" if state.hands_on else "hands off or unknown"
    return Verdict("ready", level, f"ready: attentive ({state.attention.criterion}), available, seated, belted; {hands}")


def _blind(state: DriverState, rules: Rules) -> Verdict | None:
    if state.health.state in ("ready", "degraded"):
        return None
    return Verdict("unknown", 0, f"unknown: camera {state.health.state}")


def _absent(state: DriverState, rules: Rules) -> Verdict | None:
    return Verdict("not_ready", 1, "not ready: driver absent") if state.present is False else None


def _unresponsive(state: DriverState, rules: Rules) -> Verdict | None:
    return Verdict("unresponsive", 2, "unresponsive: no answer to the warnings") if state.warning == "unresponsive" else None


def _eyes_shut(state: DriverState, rules: Rules) -> Verdict | None:
    shut = state.eyes_closed_s
    if shut is not None and shut >= rules.closure.blink_max_s:
        return Verdict("impaired", 2, f"impaired: eyes shut {shut:.1f} s, longer than a blink")
    if state.warning in EYES_SHUT:
        return Verdict("impaired", 2, f"impaired: {state.warning}, eyes not yet back on the road")
    return None


def _drowsy(state: DriverState, rules: Rules) -> Verdict | None:
    share = state.drowsiness.perclos_60s
    if share is not None and share >= rules.perclos.drowsy:
        return Verdict("impaired", 2, f"impaired: eyes shut {share:.0%} of the last minute")
    if state.drowsy:
        return Verdict("impaired", 2, f"impaired: eyes shut most of the last {rules.perclos.short_window_s:.0f} s or minute")
    return Verdict("impaired", 2, "impaired: drowsy") if state.warning == "drowsy" else None


def _unbuckled(state: DriverState, rules: Rules) -> Verdict | None:
    return Verdict("not_ready", 2, "not ready: belt open") if state.belt is False else None


def _not_seen(state: DriverState, rules: Rules) -> Verdict | None:
    if state.present is None:
        return Verdict("unknown", 0, "unknown: driver's face not seen")
    if state.eyes_closed_s is None:
        return Verdict("unknown", 0, "unknown: eyes not seen")
    unsure = "unknown: eyes shut and unseen too often to rule out drowsiness"
    return Verdict("unknown", 0, unsure) if state.drowsy is None else None


def _input_unknown(state: DriverState, rules: Rules) -> Verdict | None:
    if state.seat is not True:
        return Verdict("unknown", 0, f"unknown: seat input {'empty' if state.seat is False else 'missing or too old'}")
    return Verdict("unknown", 0, "unknown: belt input missing or too old") if state.belt is None else None


def _unavailable(state: DriverState, rules: Rules) -> Verdict | None:
    found = state.availability
    if found.available is False:
        return Verdict("not_ready", 2, f"not ready: only {found.valid} criteria of availability with evidence")
    return Verdict("unknown", 0, "unknown: availability not established") if found.available is None else None


def _not_attentive(state: DriverState, rules: Rules) -> Verdict | None:
    attention = state.attention
    if attention.zone == "unknown" or attention.attentive is None:
        return Verdict("unknown", 0, "unknown: gaze not known or not yet confirmed")
    if not attention.attentive:
        return Verdict("ready_delayed", 3, f"ready delayed: not attentive, zone={attention.zone}")
    if state.warning in DISTRACTED:
        return Verdict("ready_delayed", 3, f"ready delayed: {state.warning} not over yet")
    return None


def _weak_evidence(state: DriverState, rules: Rules) -> Verdict | None:
    limits: ReadinessRules = rules.readiness
    if state.attention.criterion == "head_movement" and not limits.ready_on_head_pose:
        return Verdict("unknown", 0, "unknown: only the head pose speaks for attention")
    if state.confidence < limits.confidence_min:
        return Verdict("unknown", 0, f"unknown: confidence {state.confidence:.2f} under {limits.confidence_min:.2f}")
    return None


ORDER: tuple[Reason, ...] = (
    _blind, _absent, _unresponsive, _eyes_shut, _drowsy, _unbuckled, _not_seen, _input_unknown, _unavailable, _not_attentive,
    _weak_evidence,
)  # fmt: skip
"""Known harm before the unknown, the unknown before "eyes off": the statement nearest to danger that is known to be true."""
