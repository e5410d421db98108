"""What failing tests do to the statement before it is published: only ever less than was judged, never more."""

from dataclasses import replace

from msgspec.structs import replace as replace_fields

from dms.bus.samples import Sample
from dms.diagnostics.table import Effect
from dms.records import Health, TakeoverReadiness
from dms.runtime.stages import void

UNLIMITED = Effect()
_VOIDED = ("blocked", "fault", "off")


def limited(sample: Sample, effect: Effect) -> Sample:
    """The sample as the table lets it out. Known harm (impaired, not ready) is told in any case unless all is void."""
    if effect == UNLIMITED or sample.state.health.state in _VOIDED:
        return sample
    reasons = list(effect.reasons)
    if effect.operating_state in ("blocked", "fault"):
        return void(sample, effect.operating_state, reasons, effect.parts)
    return replace(sample, state=_never_ready(_degraded(sample.state, effect, reasons), effect, reasons))


def _degraded(state: TakeoverReadiness, effect: Effect, reasons: list[str]) -> TakeoverReadiness:
    if effect.operating_state != "degraded" or state.health.state not in ("ready", "degraded"):
        return state
    parts = sorted({*state.health.parts, *effect.parts})
    health = Health(state="degraded", reasons=[*state.health.reasons, *reasons], parts=parts)
    return replace_fields(state, health=health)


def _never_ready(state: TakeoverReadiness, effect: Effect, reasons: list[str]) -> TakeoverReadiness:
    if effect.readiness != "never_ready" or state.readiness not in ("ready", "ready_delayed"):
        return state
    return replace_fields(
        state, readiness="unknown", level=0, readiness_score=None, takeover_time_s=None, takeover_interval_s=None,
        because=[f"unknown: {'; '.join(reasons)}", *state.because],
    )  # fmt: skip
