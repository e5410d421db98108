"""The chain of causes in plain English, most important first."""

from collections.abc import Sequence
from typing import NamedTuple

from dms.assessment.closure import Closure, Perclos
from dms.assessment.glance import Glances
from dms.assessment.policies.base import Demand
from dms.assessment.zones import Sight
from dms.records import Attention, Availability, Health, VehicleState

_END = {"drowsy": "the share of shut eyes has fallen", "camera": "the view is clear again"}


class Findings(NamedTuple):
    """What the assessment of one moment found."""

    health: Health
    face: bool | None
    face_gone_s: float
    present: bool | None
    inputs: VehicleState
    closure: Closure
    perclos: Perclos
    glances: Glances
    sight: Sight | None
    attention: Attention
    availability: Availability
    demands: Sequence[Demand]


def causes(found: Findings) -> list[str]:
    """All that speaks for or against readiness, with numbers."""
    chain = list(found.health.reasons)
    chain += _seat(found.inputs, found.present)
    chain += _face(found)
    if found.face:
        chain += _lids(found)
        chain += _gaze(found)
    elif found.attention.zone != "unknown":
        chain += _gaze(found)
    chain += _available(found.availability)
    chain += [_rule(demand, found.inputs.speed_kmh) for demand in found.demands]
    return chain


def _rule(demand: Demand, speed: float | None) -> str:
    """``warning long_distraction 1: rule euro_ncap long distraction 3.0 s; speed 62 km/h; until ...``."""
    fast = "speed unknown" if speed is None else f"speed {speed:.0f} km/h"
    until = _END.get(demand.warning, "the eyes have been back on the road")
    return f"warning {demand.warning} stage {demand.stage}: rule {demand.rule}; {fast}; until {until}"


def _seat(inputs: VehicleState, present: bool | None) -> list[str]:
    chain = ["driver absent"] if present is False else []
    for name, value in (("seat", inputs.seat), ("belt", inputs.belt)):
        if value is None:
            chain.append(f"{name} input unknown")
        elif not value:
            chain.append("seat reports empty" if name == "seat" else "belt open")
    return chain


def _face(found: Findings) -> list[str]:
    if found.face is False:
        return [f"no face in the picture for {found.face_gone_s:.1f} s"]
    return ["face not judged"] if found.face is None else []


def _lids(found: Findings) -> list[str]:
    closure, share = found.closure, found.perclos.share
    chain = []
    if closure.seconds is None:
        chain.append(f"eyes not seen for {closure.unseen_s:.1f} s")
    elif closure.seconds > 0 or closure.shut:
        event = f"; {closure.event}" if closure.event else ""
        chain.append(f"eyes shut {closure.seconds:.1f} s{event}")
    if found.perclos.drowsy and share is not None:
        chain.append(f"eyes shut {share:.0%} of the last minute")
    return chain


def _gaze(found: Findings) -> list[str]:
    zone, glances, sight = found.attention.zone, found.glances, found.sight
    if zone == "unknown":
        return [f"gaze not known for {glances.unseen_s:.1f} s"]
    who = "head (stands in for gaze)" if sight is not None and sight.by == "head" else "gaze"
    chain = [f"{who} {_where(found)}"]
    if glances.cumulative_s > glances.off_s:
        chain.append(f"eyes off road {glances.cumulative_s:.1f} s within 30 s")
    return chain


def _where(found: Findings) -> str:
    glances, zone = found.glances, found.attention.zone
    if glances.off_road:
        return f"off road {glances.off_s:.1f} s; zone={zone}"
    was = f", before that off road {glances.off_s:.1f} s" if glances.off_s > 0 else ""
    return f"on road {glances.road_s:.1f} s{was}"


def _available(state: Availability) -> list[str]:
    verdict = {True: "available", False: "unavailable", None: "availability not established"}[state.available]
    return [f"{verdict}: {state.valid} criteria with evidence, {state.monitorable} can be monitored"]
