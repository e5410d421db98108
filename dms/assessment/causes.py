"""The chain of causes in plain English, most important first."""

from collections.abc import Sequence

from dms.assessment.policies.base import Demand
from dms.assessment.signals import Signals
from dms.records import Availability, VehicleState
from dms.records.words import Zone

_END = {
    "drowsy": "the driver is no longer drowsy", "camera": "the view is clear again", "hands_off": "the hands are on the wheel",
}  # fmt: skip
_AVAILABLE = {True: "available", False: "unavailable", None: "availability not established"}


def causes(now: Signals, zone: Zone, availability: Availability, demands: Sequence[Demand]) -> list[str]:
    """All that speaks for or against readiness, with numbers."""
    chain = list(now.camera.health.reasons)
    _seat(chain, now.inputs, now.presence.present)
    if now.face is False:
        chain.append(f"no face in the picture for {now.presence.face_gone_s:.1f} s")
    elif now.face is None:
        chain.append("face not judged")
    if now.face:
        _lids(chain, now)
    if now.face or zone != "unknown":
        _gaze(chain, now, zone)
    chain.append(
        f"{_AVAILABLE[availability.available]}: {availability.valid} criteria with evidence, "
        f"{availability.monitorable} can be monitored"
    )
    if demands:
        chain += [_rule(demand, now.inputs.speed_kmh) for demand in demands]
    return chain


def _seat(chain: list[str], inputs: VehicleState, present: bool | None) -> None:
    if present is False:
        chain.append("driver absent")
    if not inputs.seat:
        chain.append("seat input unknown" if inputs.seat is None else "seat reports empty")
    if not inputs.belt:
        chain.append("belt input unknown" if inputs.belt is None else "belt open")


def _lids(chain: list[str], now: Signals) -> None:
    closure, share, seconds = now.closure, now.perclos.share, now.closure.seconds
    if seconds is None:
        chain.append(f"eyes not seen for {closure.unseen_s:.1f} s")
    elif seconds > 0 or closure.shut:
        event = f"; {closure.event}" if closure.event else ""
        chain.append(f"eyes shut {seconds:.1f} s since {now.tick.t - seconds:.1f}{event}")
    if now.perclos.drowsy and share is not None:
        chain.append(f"eyes shut {share:.0%} of the last minute{_support(now)}")


def _support(now: Signals) -> str:
    """What stands beside PERCLOS, and what it could not be measured against."""
    said = "" if now.baseline.state == "frozen" else "; own open level not known yet"
    counted = [f"{n} {name}" for n, name in ((now.nods.count, "nods"), (now.yawns.count, "yawns")) if n]
    return said + (f"; also {', '.join(counted)} so far" if counted else "")


def _gaze(chain: list[str], now: Signals, zone: Zone) -> None:
    glances = now.glances
    if zone == "unknown":
        chain.append(f"gaze not known for {glances.unseen_s:.1f} s")
        return
    who = "head (stands in for gaze)" if now.sight is not None and now.sight.by == "head" else "gaze"
    if glances.off_road:
        sure = None if now.sight is None or now.sight.zone != zone else now.sight.probability
        likely = "" if sure is None else f" p={sure:.2f}"
        chain.append(f"{who} off road {glances.off_s:.1f} s; zone={zone}{likely}; since {now.tick.t - glances.off_s:.1f}")
    else:
        was = f", before that off road {glances.off_s:.1f} s" if glances.off_s > 0 else ""
        chain.append(f"{who} on road {glances.road_s:.1f} s{was}")
    if glances.cumulative_s > glances.off_s + 1.0:
        chain.append(f"eyes off road {glances.cumulative_s:.1f} s in all within the window")


def _rule(demand: Demand, speed: float | None) -> str:
    """What rule asks for which warning, at what speed, and what ends it."""
    fast = "speed unknown" if speed is None else f"speed {speed:.0f} km/h"
    until = _END.get(demand.warning, "the eyes have been back on the road")
    if demand.rule.startswith("openpilot"):
        until = "the driver disengages" if demand.stage > 2 else "its timer has recovered"
    return f"warning {demand.warning} stage {demand.stage}: rule {demand.rule}; {fast}; until {until}"
