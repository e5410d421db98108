"""Picture to statement in one thread: perception, assessment, readiness."""

from collections.abc import Mapping
from dataclasses import dataclass

from dms.assessment import Assessor
from dms.inference.base import Engine
from dms.perception.pipeline import SLOTS, Perception, Sight
from dms.profiles import Profile
from dms.readiness import ready_for_takeover
from dms.records import Frame, TakeoverReadiness, VehicleState
from dms.records.cabin import Cabin, Camera, DriverBaseline
from dms.runtime.sleepiness import SLOT, EngineEstimator

CHAIN_SLOTS = (*SLOTS, SLOT)
"""Slots of the whole chain; without the last one KSS stays unknown."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One frame's way through the chain."""

    frame: Frame
    sight: Sight
    state: TakeoverReadiness


class Chain:
    """Feed frames and vehicle inputs in order of time. Not thread-safe.

    Args:
        engines: loaded engines by slot.
        cabin: vehicle file: camera pose, zones, the driver's seat region.
        profile: thresholds.
        camera: intrinsics, ``None`` for the stated default.
        driver: gaze calibration, ``None`` for none.
    """

    def __init__(
        self, engines: Mapping[str, Engine], cabin: Cabin, profile: Profile, camera: Camera | None, driver: DriverBaseline | None
    ) -> None:
        self._perception = Perception(engines, camera, cabin.seat_region, driver=driver)
        estimator = EngineEstimator(engines[SLOT]) if SLOT in engines else None
        self._assessor = Assessor(profile, cabin, driver, estimator)
        self._profile = profile

    def frame(self, frame: Frame) -> Judged:
        """Judge one frame."""
        sight = self._perception.see(frame)
        driver = self._assessor.step(sight.observation)
        assert driver is not None  # an observation always gives a state
        return Judged(frame, sight, ready_for_takeover(driver, self._profile))

    def inputs(self, inputs: VehicleState) -> None:
        """Take vehicle inputs that belong to the next frame."""
        self._assessor.take_inputs(inputs)

    def vehicle(self, inputs: VehicleState) -> TakeoverReadiness | None:
        """Take vehicle inputs; a state comes back when the camera has been silent for too long."""
        driver = self._assessor.step(inputs)
        return None if driver is None else ready_for_takeover(driver, self._profile)
