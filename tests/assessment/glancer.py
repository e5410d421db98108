"""A driver with a gaze offset, as a stream of moments: where he really looks is a function of time."""

import random
from collections.abc import Callable, Iterator

import numpy as np
from drives import OPEN

from dms.assessment import Assessor, load_cabin
from dms.assessment.eyes import judge_lids
from dms.assessment.geometry import vehicle_direction
from dms.assessment.self_calibration import Moment, SelfCalibration
from dms.assessment.windows import Tick
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import Calibration, Face, Gaze, Head, Image, Observation, TakeoverReadiness, VehicleState
from dms.records.cabin import Cabin
from dms.records.head_axes import head_axes

PROFILE = load_profile("l3_default")
RULES = PROFILE.rules.self_calibration
CABIN = load_cabin("example_lhd")
Place = tuple[float, float]
"""Yaw to the right, pitch up, in the vehicle, degrees."""

ROAD: Place = (RULES.road_yaw_deg, RULES.road_pitch_deg)
LAP, CLUSTER, WHEEL_TOP = (13.0, -50.0), (4.0, -25.0), (0.0, -14.0)
ELSEWHERE = [(29.0, 16.0), (-39.0, -12.0), CLUSTER]


def camera_frame(place: Place) -> tuple[float, float, float]:
    x, y, z = CABIN.camera.rotation().T @ np.array(vehicle_direction(*place))
    return float(x), float(y), float(z)


def scanning(t: float) -> Place:
    """Three seconds of road, one of a mirror or the cluster."""
    return ROAD if t % 4 < 3 else ELSEWHERE[int(t // 4) % 3]


def by_hand(t: float, **changes: object) -> VehicleState:
    given = {"speed_kmh": 90.0, "gear": "D", "l3_state": "available", "seat": True, "belt": True, "hands_on": True}
    return VehicleState(t=t, **{**given, **changes})  # type: ignore[arg-type]


class Driver:
    """Readings lack ``offset`` (what must be added to them) and scatter by ``noise`` degrees a picture."""

    def __init__(self, offset: Place, noise: float = 3.0, std: float | None = 10.2, seed: int = 1) -> None:
        self._offset, self._noise, self._std = offset, noise, std
        self._random = random.Random(seed)

    def picture(self, t: float, place: Place, **changes: object) -> Observation:
        head = Head(forward_camera=camera_frame(ROAD), up_camera=(0.0, -1.0, 0.0), position_camera_mm=(0, 0, 650), std_deg=3.0)
        axes = head_axes(head)
        assert axes is not None
        yaw, pitch = axes.angles_deg(camera_frame(place))
        yaw += self._random.gauss(0.0, self._noise) - self._offset[0]
        pitch += self._random.gauss(0.0, self._noise) - self._offset[1]
        gaze = Gaze(direction_camera=axes.direction_camera(yaw, pitch), origin_camera_mm=(0, 0, 650), std_deg=self._std)
        parts = {"face": Face(present=True, confidence=0.97), "head": head, "gaze": gaze, "eyes": {"left": OPEN, "right": OPEN}}
        return Observation(t=t, image=Image(mean=80.0), **{**parts, **changes})  # type: ignore[arg-type]


def drive(
    driver: Driver,
    seconds: float,
    where: Callable[[float], Place] = scanning,
    start: float = 0.0,
    fps: float = 10.0,
    inputs: Callable[[float], VehicleState] = by_hand,
) -> Iterator[tuple[VehicleState, Observation]]:
    for n in range(round(seconds * fps)):
        t = start + n / fps
        yield inputs(t), driver.picture(t, where(t))


def feed(assessor: Assessor, stream: Iterator[tuple[VehicleState, Observation]]) -> list[TakeoverReadiness]:
    states = []
    for inputs, picture in stream:
        assessor.take_inputs(inputs)
        state = assessor.step(picture)
        assert state is not None
        states.append(ready_for_takeover(state, PROFILE))
    return states


def new(known: bool = False, cabin: Cabin = CABIN) -> SelfCalibration:
    return SelfCalibration(RULES, PROFILE.rules.gaze, cabin, known)


def teach(
    calibration: SelfCalibration, stream: Iterator[tuple[VehicleState, Observation]], alert: bool = True
) -> list[Calibration]:
    """As ``feed``, past the rest of the assessment."""
    records, before = [], None
    for inputs, picture in stream:
        dt = 0.0 if before is None else picture.t - before
        before = picture.t
        tick = Tick(picture.t, dt, dt > PROFILE.rules.camera.max_gap_s + 1e-6)
        face = picture.face is not None and picture.face.present
        calibration.inputs(inputs)
        calibration.learn(Moment(tick, picture, face, judge_lids(picture, PROFILE.rules.eyes), inputs, alert))
        records.append(calibration.record)
    return records


def learned(state: TakeoverReadiness) -> tuple[float, float, float]:
    found = state.attention.calibration
    assert found is not None
    return found.progress, found.yaw_deg, found.pitch_deg
