"""Picture to statement in one thread: perception, assessment, readiness."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from dms.assessment import Assessor
from dms.assessment.cycle import CycleMemory
from dms.inference.base import Engine
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import SLOTS, Perception, Sight
from dms.profiles import Profile
from dms.readiness import ready_for_takeover
from dms.records import DriverState, Frame, Health, Observation, TakeoverReadiness, VehicleState
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


class CycleStore(Protocol):
    """Where one ignition cycle is remembered; see ``dms.runtime.cycle_file``."""

    def load(self) -> CycleMemory | None:
        """What was kept."""

    def keep(self, memory: CycleMemory) -> None:
        """Take it and return at once: a picture is waiting to be judged."""


class Chain:
    """Feed frames and vehicle inputs in order of time. Not thread-safe.

    Args:
        engines: loaded engines by slot.
        cabin: vehicle file: camera pose, zones, the driver's seat region.
        profile: thresholds.
        camera: intrinsics, ``None`` for the stated default.
        driver: gaze calibration, ``None`` for none.
        cycle: keeps, without delay, what an ignition cycle must remember; ``None``: it is forgotten with this process.
        now: the clock the pictures are timed on, where time matters; see ``Perception``.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        cabin: Cabin,
        profile: Profile,
        camera: Camera | None,
        driver: DriverBaseline | None,
        cycle: CycleStore | None = None,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._cycle = cycle
        self._cabin, self._camera, self._driver, self._profile = cabin, camera, driver, profile
        self._now = now
        self._perception = self._new_perception(engines)
        self._estimator = EngineEstimator(engines[SLOT]) if SLOT in engines else None
        self._assessor = self._new_assessor()
        self._half_done = False
        self._degraded = _degraded(engines)

    def _new_assessor(self) -> Assessor:
        memory = None if self._cycle is None else self._cycle.load()
        self._kept = 0
        return Assessor(self._profile, self._cabin, self._driver, self._estimator, memory)

    def _new_perception(self, engines: Mapping[str, Engine]) -> Perception:
        return Perception(engines, self._camera, self._cabin.seat_region, driver=self._driver, now=self._now)

    def frame(self, frame: Frame, deadline: float = math.inf, hands_after: bool = False) -> Judged:
        """Judge one frame; ``deadline`` and ``hands_after``: see ``Perception.see``."""
        sight = self._perception.see(frame, deadline=deadline, hands_after=hands_after)
        driver = self._step(sight.observation)
        assert driver is not None  # an observation always gives a state
        return Judged(frame, sight, self._state(driver))

    def hands(self, frame: Frame, deadline: float) -> None:
        """Look for hands in the frame just judged, for the next one to tell; see ``Perception.read_hands``."""
        self._perception.read_hands(frame, deadline)

    def inputs(self, inputs: VehicleState) -> None:
        """Take vehicle inputs that belong to the next frame."""
        self._assessor.take_inputs(inputs)

    def vehicle(self, inputs: VehicleState) -> TakeoverReadiness | None:
        """Take vehicle inputs; a state comes back when the camera has been silent for too long."""
        driver = self._step(inputs)
        return None if driver is None else self._state(driver)

    def _state(self, driver: DriverState) -> TakeoverReadiness:
        """A back end that was not asked for is no silent matter: a state that is well is then a degraded one."""
        state = ready_for_takeover(driver, self._profile)
        if self._degraded and state.health.state in ("ready", "degraded"):
            well = state.health
            told = Health(state="degraded", reasons=[*well.reasons, self._degraded], parts=[*well.parts, "system"])
            return replace(state, health=told)
        return state

    def _step(self, record: Observation | VehicleState) -> DriverState | None:
        self._half_done = True
        driver = self._assessor.step(record)
        self._half_done = False
        if self._cycle is not None and self._assessor.memory_revision != self._kept:
            self._kept = self._assessor.memory_revision
            self._cycle.keep(self._assessor.memory())
        return driver

    def recover(self, engines: Mapping[str, Engine]) -> None:
        """Go on after a failure, with these engines: tracking starts afresh. What is known of the driver over time is kept, or a
        drowsy driver would be a rested one after every failure; only when it broke while it was being written it starts anew.
        """
        self._perception = self._new_perception(engines)
        self._degraded = _degraded(engines)
        if self._estimator is not None:
            self._estimator.engine = engines[SLOT]
        if self._half_done:  # lock-outs outlive even that
            memory, self._half_done = self._assessor.memory(), False
            self._assessor = Assessor(self._profile, self._cabin, self._driver, self._estimator, memory)


def _degraded(engines: Mapping[str, Engine]) -> str:
    """Why these engines run on another back end than was asked for; empty if they do not."""
    return engines.degraded if isinstance(engines, EngineSet) else ""
