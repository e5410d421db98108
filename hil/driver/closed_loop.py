"""The synthetic driver in a loop with the product, in lock-step on simulated time.

    driver ─picture─▶ perception ▶ assessment ▶ readiness ─CAN─▶ controller and cockpit ─warnings, requests─▶ driver

Every picture, every CAN cycle of 20 ms and every publisher cycle of 50 ms comes at its exact time, and computing takes no time:
the same scenario, seed, profile and software stack give the same run. Requests to take over come from the scenario; warnings
come from the monitoring, over the bus, and the driver answers them in his own time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import msgspec

from dms.bus.messages import Encoder
from dms.bus.port import Bus
from dms.bus.publisher import Publisher
from dms.bus.receiver import TakeoverStatement
from dms.bus.samples import Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.base import Source
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import Perception
from dms.records import Frame
from dms.records.cabin import DriverBaseline
from dms.runtime import demo
from dms.runtime.calibrate_gaze import baseline, collect
from dms.runtime.chain import Chain, Judged
from dms.runtime.clock import ManualClock
from dms.runtime.config import Loaded
from dms.runtime.counts import LoopCounts
from hil.controller.hearing import Hearing
from hil.controller.peer import HandoverPeer
from hil.driver.behaviour.parts import LookAt
from hil.driver.behaviour.scenario import Scenario
from hil.driver.behaviour.takeover import Heard
from hil.driver.ears import Ears, TappedBus
from hil.driver.studio import Shot, Studio

CAN_PERIOD_S = 0.020
CALIBRATION_S, CALIBRATION_FPS, SETTLED_S = 5.0, 16.0, 0.7


class Round(NamedTuple):
    """One picture's way: what the driver had been told before it, what was made of it, what the controller believed then."""

    shot: Shot
    heard: Heard
    judged: Judged
    statement: TakeoverStatement


class Ports(NamedTuple):
    """Two ports of one bus: the monitoring's and the car's."""

    ours: Bus
    cars: Bus


@dataclass(slots=True)
class Cost:
    """CPU seconds so far: making pictures and labels, and judging them."""

    driver: float = 0.0
    monitor: float = 0.0


class ClosedLoop:
    """One run; ``rounds`` plays it.

    Args:
        parts: configuration of the monitoring, with the studio's camera and vehicle (``parts_for``).
        studio: open, at its scenario's beginning.
        engines: open engines.
        ports: of a bus without delay, such as ``virtual``.
        stopwatch: CPU clock, s, for ``cost``.
    """

    overwritten = 0
    """Pictures lost; none in lock-step."""

    def __init__(
        self, parts: Loaded, studio: Studio, engines: EngineSet, ports: Ports, stopwatch: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.heard, self.counts, self.cost = demo.Heard(), LoopCounts(), Cost()
        self._studio, self._stopwatch = studio, stopwatch
        self._chain = Chain(engines, parts.cabin, parts.profile, parts.camera, parts.driver)
        self._inputs, self._ours = VehicleInputs(parts.mapping), ports.ours
        self._ears = Ears(parts.layout)
        self._tap = TappedBus(ports.cars, self._ears)
        self._peer = HandoverPeer(self._tap, parts.layout, period_s=CAN_PERIOD_S)
        self._clock = ManualClock()
        encoder = Encoder(parts.layout, cabin=parts.cabin)
        self.publisher = Publisher(ports.ours, encoder, self._clock, lambda seconds: None, parts.config.publisher())
        self._cycles = self._peer_cycles = self._pictures = 0

    @property
    def receiver(self) -> Hearing:
        """The controller's."""
        return self._peer.receiver

    def rounds(self, stop_s: float | None = None) -> Iterator[Round]:
        """The scenario to its end, or to ``stop_s``.

        Raises:
            DmsError: an engine or the renderer failed.
        """
        scenario = self._studio.scenario
        end = scenario.duration_s if stop_s is None else min(stop_s, scenario.duration_s)
        while self._pictures < int(end * scenario.fps + 1e-6):
            yield self._round(self._pictures / scenario.fps)
            self._pictures += 1

    def _round(self, t: float) -> Round:
        self._bus_until(t)
        heard = self._ears.heard(t)
        begin = self._stopwatch()
        shot = self._studio.step(heard)
        drawn = self._stopwatch()
        request = self._studio.director.car.request
        self._peer.follow(shot.truth.vehicle, 10.0 if request is None else request.budget_s)
        judged = self._judge(shot.frame)
        self.cost.driver += drawn - begin
        self.cost.monitor += self._stopwatch() - drawn
        return Round(shot, heard, judged, self.heard.latest)

    def _judge(self, frame: Frame) -> Judged:
        inputs = self._inputs.snapshot(frame.t)
        self._chain.inputs(inputs)
        judged = self._chain.frame(frame)
        self.counts.frames += 1
        self.counts.states += 1
        observation = judged.sight.observation
        self.publisher.post(
            Sample(state=judged.state, captured=frame.t, frame_counter=frame.counter, observation=observation, vehicle=inputs)
        )
        return judged

    def _bus_until(self, t: float) -> None:
        """Everything on the bus before ``t``; the monitoring first where both speak at once."""
        cycle_s = self.publisher.parameters.cycle_s
        while (due := min(self._cycles * cycle_s, self._peer_cycles * CAN_PERIOD_S)) < t - 1e-9:
            self._clock.t = self._tap.now = due
            if self._cycles * cycle_s <= due:
                self.publisher.step(self._cycles)
                self._cycles += 1
            if self._peer_cycles * CAN_PERIOD_S <= due:
                self._peer_cycles += 1
            self._listen(due)

    def _listen(self, t: float) -> None:
        """The controller hears and, when it is its turn, speaks; the monitoring hears."""
        before = self._ears.readiness_frames
        statement = self._peer.step(t)
        told = self.heard
        told.frames, told.readiness_frames, told.last_frame = self._ears.frames, self._ears.readiness_frames, self._ears.last
        told.latest = statement
        told.ready += (told.readiness_frames - before) * statement.ready
        while (frame := self._ours.receive()) is not None:
            if self._inputs.feed(frame, t):
                self.publisher.acknowledge(self._inputs.snapshot(t).takeover_request_count)


def parts_for(parts: Loaded, studio: Studio, driver: DriverBaseline | None) -> Loaded:
    """The configuration with the studio's cabin and camera and this driver's calibration."""
    return msgspec.structs.replace(parts, cabin=studio.cabin, camera=studio.camera, driver=driver)


class _Listed(Source):
    """Frames at hand."""

    name = "calibration"

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames

    def frames(self) -> Iterator[Frame]:
        return iter(self._frames)


def calibrated(scenario: Scenario, engines: EngineSet, size: tuple[int, int] | None = None) -> DriverBaseline:
    """The driver file of the scenario's driver, made as ``dms calibrate gaze`` does, before the drive: he looks into the lens.

    Raises:
        InputError: these pictures give none, with eyes behind dark lenses, say.
    """
    look = LookAt(at=0.0, for_s=CALIBRATION_S, zone="lens")
    still = msgspec.structs.replace(scenario, duration_s=CALIBRATION_S, fps=CALIBRATION_FPS, parts=[look], shots=None)
    with Studio(still, size=size) as studio:
        frames = [replace(frame, source="calibration") for frame, _ in studio.frames()]
        perception = Perception(engines, studio.camera, studio.cabin.seat_region)
        return baseline(collect(perception, _Listed(frames), SETTLED_S, CALIBRATION_S), "synthetic driver")
