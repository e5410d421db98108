"""Builds synthetic record streams: a driver written as functions of time."""

import math
from collections.abc import Callable, Iterable

from dms.assessment import Assessor, load_cabin
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import Eye, Face, Gaze, Head, Image, Observation, TakeoverReadiness, VehicleState

PROFILE = load_profile("l3_default")
CABIN = load_cabin("example_lhd")
AHEAD = (0.0, -math.sin(math.radians(12)), -math.cos(math.radians(12)))
OPEN = Eye(visible=0.98, opening_mm=9.0, openness=0.95, closed=0.01)
SHUT = Eye(visible=0.98, opening_mm=0.3, openness=0.03, closed=0.98)
HIDDEN = Eye(visible=0.05)


def blink(t: float) -> bool:
    """Shut for 0.15 s every 4 s."""
    return t % 4.0 < 0.15


def never(t: float) -> bool:
    return False


def observation(t: float, shut: bool = False, zone: str | None = None, **changes: object) -> Observation:
    """An attentive driver looking ahead; ``changes`` replace whole parts."""
    eye = SHUT if shut else OPEN
    parts: dict[str, object] = {
        "face": Face(present=True, confidence=0.97),
        "head": Head(
            forward_camera=AHEAD, up_camera=(0.0, AHEAD[2], -AHEAD[1]), position_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0
        ),
        "gaze": Gaze(direction_camera=AHEAD, origin_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0),
        "eyes": {"left": eye, "right": eye},
        "image": Image(mean=80.0, sharpness=100.0, blocked=0.0, frozen=False),
        **changes,
    }
    return Observation(t=t, zone=zone, **parts)  # type: ignore[arg-type]


def vehicle(t: float, **changes: object) -> VehicleState:
    """In the seat, belted, hands off."""
    return VehicleState(t=t, **{"belt": True, "seat": True, "hands_on": False, "brake": False, "speed_kmh": 90.0, **changes})  # type: ignore[arg-type]


def drive(
    seconds: float,
    fps: float = 30.0,
    shut: Callable[[float], bool] = blink,
    zone: Callable[[float], str | None] = lambda t: None,
    inputs: Callable[[float], VehicleState | None] = vehicle,
    picture: Callable[[Observation], Observation | None] = lambda o: o,
) -> list[Observation | VehicleState]:
    """Records of a drive: vehicle inputs every 0.1 s, pictures at ``fps``; ``picture`` may change or drop (None) each."""
    records: list[Observation | VehicleState] = []
    for i in range(round(seconds * 10)):
        state = inputs(i / 10)
        if state is not None:
            records.append(state)
    for i in range(round(seconds * fps)):
        seen = picture(observation(i / fps, shut(i / fps), zone(i / fps)))
        if seen is not None:
            records.append(seen)
    return sorted(records, key=lambda record: record.t)


def assess(records: Iterable[Observation | VehicleState]) -> list[TakeoverReadiness]:
    """Published states of a stream."""
    assessor = Assessor(PROFILE, CABIN)
    states = (assessor.step(record) for record in records)
    return [ready_for_takeover(state, PROFILE) for state in states if state is not None]


def first(states: list[TakeoverReadiness], warning: str) -> float | None:
    """Time of the first state with this warning."""
    return next((state.t for state in states if state.warning.class_ == warning), None)


def between(states: list[TakeoverReadiness], start: float, end: float) -> list[TakeoverReadiness]:
    return [state for state in states if start <= state.t <= end]
