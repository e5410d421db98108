"""DriverState from the running measures: what is known now, and why."""

from dms.assessment.arbitration import Warnings
from dms.assessment.causes import causes
from dms.assessment.drowsiness import drowsiness, unseen_drowsiness
from dms.assessment.self_calibration import SelfCalibration
from dms.assessment.signals import Signals
from dms.records import Attention, Availability, DriverState, LockedOut, VehicleState

_SILENT = "nothing is known of the driver while the camera is silent"


def seen(
    now: Signals, availability: Availability, warnings: Warnings, locked: LockedOut | None, calibration: SelfCalibration
) -> DriverState:
    """The state after a picture."""
    inputs, shut_s = now.inputs, now.closure.seconds
    attention = _attention(now, calibration)
    chain = causes(now, attention.zone, availability, warnings.demands)
    return DriverState(
        t=now.tick.t, present=now.presence.present, eyes_closed_s=shut_s if not shut_s else round(shut_s, 4),
        attention=attention, availability=availability, drowsiness=drowsiness(now), drowsy=now.drowsy,
        hands_on=inputs.hands_on, seat=inputs.seat, belt=inputs.belt,
        warning=warnings.warning, warning_stage=warnings.stage, requests=warnings.requests, locked_out=locked,
        confidence=now.confidence, health=now.camera.health, because=chain + calibration.because,
    )  # fmt: skip


def silent(
    t: float, now: Signals, inputs: VehicleState, present: bool | None, availability: Availability, warnings: Warnings,
    locked: LockedOut | None,
) -> DriverState:  # fmt: skip
    """The state while the camera is silent: all that comes from it is unknown."""
    return DriverState(
        t=t, present=present, availability=availability, health=now.camera.health,
        drowsiness=unseen_drowsiness(now),
        hands_on=inputs.hands_on, seat=inputs.seat, belt=inputs.belt,
        warning=warnings.warning, warning_stage=warnings.stage, requests=warnings.requests, locked_out=locked,
        because=[*now.camera.health.reasons, _SILENT],
    )  # fmt: skip


def _attention(now: Signals, calibration: SelfCalibration) -> Attention:
    glances = now.glances
    sight = None if now.closure.shut else now.sight  # shut eyes look nowhere
    on_road = None if sight is None else sight.on_road
    if not glances.judged:
        return Attention(calibration=calibration.record, road_probability=on_road)
    return Attention(
        zone=now.zone, eyes_off_road_s=round(glances.off_s, 4), cumulative_off_30s=round(glances.cumulative_s, 4),
        attentive=now.attention.attentive, criterion=now.attention.criterion, calibration=calibration.record,
        buffer_s=None if now.buffer is None else round(now.buffer.left_s, 4),
        zone_probability=None if sight is None or sight.zone != now.zone else sight.probability, road_probability=on_road,
    )  # fmt: skip
