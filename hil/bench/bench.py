"""One scenario in the loop: driver, product, bus, controller, on one clock.

    with Bench(load("takeover_phone")) as bench:
        result = bench.run()

or step by step::

    with Bench(load("takeover_phone")) as bench:
        bench.seams.camera.add(lambda frame, t: [])          # the camera dies
        bench.advance(12.0)
        verdict = bench.expect("readiness unknown or no_data within 0.3 s after 12 s")
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple

import msgspec

from dms.bus.layout import Layout
from dms.bus.layout import load as load_layout
from dms.bus.port import Bus, CanFrame
from dms.errors import DmsError, UsageError
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import Perception
from dms.profiles import load_profile
from dms.records import TakeoverReadiness, VehicleState
from dms.records.cabin import DriverBaseline
from dms.records.words import L3State
from hil.bench.clock import BenchClock, VirtualClock, WallClock
from hil.bench.device import Judgement, LockStepDevice
from hil.bench.driver import Driver, RenderedDriver, Shown, SignalDriver
from hil.bench.expectation import parse
from hil.bench.hearing import BusRecorder, yes_no
from hil.bench.plants import PLANTS
from hil.bench.result import Result
from hil.bench.scenario import BenchScenario, Inputs, Level, Loaded
from hil.bench.seams import Seams
from hil.bench.timeline import Timeline
from hil.bench.verdict import Verdict, horizon, judge
from hil.bench.wire import Overheard, wire
from hil.cockpit.lock_step import LockStepGestures, LockStepHeadUnit, motion_reader
from hil.controller.handover import Handover
from hil.controller.peer import HandoverPeer
from hil.controller.rules import HandoverRules
from hil.driver.behaviour.takeover import Heard
from hil.driver.studio import reseeded
from hil.never_false_ready.judge import DRIVER_FILE

CAN_PERIOD_S = 0.020
COMPUTE_S = 0.030
"""From a picture to its statement at signal level: as long as the product may take on its target."""


class Ports(NamedTuple):
    """Two ports of one bus: the product's and the car's."""

    product: Bus
    car: Bus


class Bench:
    """Plays one scenario; a context manager.

    Args:
        loaded: the scenario.
        level: driver as signals, or as pictures (then ``engines`` are needed).
        seed: of driver and chance; ``None``: the scenario's own.
        clock: simulated time by default.
        seams: places for faults; taps may be added before and during the run.
        ports: of an open bus; ``None``: a wire of its own.
        engines: open engines, for pictures.
        driver_file: the driver's gaze calibration, for pictures; at signal level the readings are calibrated by themselves.
        rules: of the controller.
        plant: name of a bug put into the product on purpose.
        on_frame: told of each frame on the bus, both ways, with its time.
        own_head_unit: where the scenario has a cockpit, the head unit is the bench's; ``False``: it is on the bus already.

    Raises:
        UsageError: pictures without engines.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        level: Level = "signal",
        seed: int | None = None,
        clock: BenchClock | None = None,
        seams: Seams | None = None,
        ports: Ports | None = None,
        engines: EngineSet | None = None,
        driver_file: DriverBaseline | None = None,
        rules: HandoverRules | None = None,
        plant: str | None = None,
        on_frame: Callable[[CanFrame, float], None] | None = None,
        own_head_unit: bool = True,
    ) -> None:
        if level == "rendered" and engines is None:
            raise UsageError("pictures need engines to look at them")
        self.loaded, self.scenario = loaded, prepared(loaded.scenario, level, seed)
        self.clock, self.seams, self.timeline = clock or VirtualClock(), seams or Seams(), Timeline()
        self.handover = Handover(rules, self.scenario.controller.state)
        self.layout: Layout = load_layout()
        self.recorder = BusRecorder(self.layout, self.timeline)
        wall = "wall" if isinstance(self.clock, WallClock) else "virtual"
        self.result = Result(
            name=loaded.name, level=level, seed=self.scenario.seed, clock=wall, plant=plant,  # type: ignore[arg-type]
            timeline=self.timeline, events=self.handover.log, disagreements=self.recorder.disagreements,
            waits_for=self.scenario.waits_for,
        )  # fmt: skip
        self._engines, self._driver_file, self._given_ports, self._on_frame = engines, driver_file, ports, on_frame
        self._own_head_unit = own_head_unit
        self._open = ExitStack()
        self._pictures = self._peer_steps = 0
        self._acts = sorted(self.scenario.controller.acts, key=lambda act: act.at)
        self._parts = sorted(self.scenario.parts, key=lambda part: part.at)
        self._car: VehicleState | None = None
        self.set_inputs: dict[str, Any] = {}
        """Vehicle inputs set from outside, whatever driver and car do."""
        if plant is not None:
            PLANTS[plant](self.seams)

    def __enter__(self) -> "Bench":
        scenario = self.scenario
        pictures = self.result.level == "rendered"
        self.driver: Driver = self._open.enter_context(RenderedDriver(scenario)) if pictures else SignalDriver(scenario)
        self.ports = self._given_ports or Ports(*wire())
        cabin, profile = self.driver.cabin, load_profile(scenario.profile)
        perception, file = None, self._driver_file
        if self._engines is not None:
            perception = Perception(self._engines, self.driver.camera, cabin.seat_region, driver=file)
        elif scenario.calibrated:
            file = DRIVER_FILE
        self.device = LockStepDevice(
            self.ports.product, self.layout, cabin, Judgement(profile, cabin, file), self.seams, perception, COMPUTE_S, self._told
        )  # fmt: skip
        car = self.ports.car if self._on_frame is None else Overheard(self.ports.car, self._on_frame, self.clock.now)
        self.head_unit: LockStepHeadUnit | None = None
        if scenario.cockpit:
            self.device.gestures = LockStepGestures(cabin, self.layout, self._open.enter_context(motion_reader()))
            self.head_unit = LockStepHeadUnit(car, self.layout) if self._own_head_unit else None
        self.peer = HandoverPeer(car, self.layout, period_s=CAN_PERIOD_S, handover=self.handover, on_frame=self._heard)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._open.close()

    @property
    def now(self) -> float:
        """Time reached, s from the start."""
        return self.clock.now()

    @property
    def end(self) -> float:
        """When the scenario is over."""
        return self.scenario.duration_s

    def run(self) -> Result:
        """The scenario to its end, and its verdicts."""
        begin = time.perf_counter()
        try:
            self.advance(self.end)
        except DmsError as error:
            self.result.error = str(error)
        self.result.verdicts = [judge(one, self.timeline) for one in self.loaded.expectations]
        self.result.seconds, self.result.wall_s = self.now, time.perf_counter() - begin
        return self.result

    def advance(self, t: float) -> None:
        """Go on until ``t`` (at most to the scenario's end).

        Raises:
            DmsError: the bus, an engine or the renderer failed.
        """
        until = min(t, self.end)
        while (due := self._next()) <= until + 1e-9:
            self.result.late_s = max(self.result.late_s, self.clock.reach(due))
            self._step(due)
        self.clock.reach(until)
        self.timeline.end = max(self.timeline.end, until)

    def expect(self, text: str) -> Verdict:
        """Go on as far as it takes, and judge one expectation.

        Raises:
            InputError: it cannot be understood.
        """
        expectation = parse(text)
        while self.now < self.end - 1e-9:
            known = horizon(expectation, self.timeline)
            verdict = judge(expectation, self.timeline)
            early = expectation.mode == "once" and verdict.passed and expectation.every_s is None
            if early or (known is not None and known <= self.now):
                break
            self.advance(self.now + CAN_PERIOD_S)
        verdict = judge(expectation, self.timeline)
        self.result.verdicts.append(verdict)
        return verdict

    def _next(self) -> float:
        times = [self._pictures / self.scenario.fps, self.device.next_cycle, self._peer_steps * CAN_PERIOD_S]
        held = self.device.next_due()
        return min(times if held is None else [*times, held])

    def _step(self, t: float) -> None:
        """Everything that is due at ``t``: what was held back, a picture, the publisher, the controller."""
        self.device.listen(t)
        while self._parts and self._parts[0].at <= t + 1e-9:
            part = self._parts.pop(0)
            self.timeline.mark(t, part.name or str(part.__struct_config__.tag), "scenario")
        if self._pictures / self.scenario.fps <= t + 1e-9:
            self._picture(t)
        if self.device.next_cycle <= t + 1e-9:
            self.device.cycle(t)
        if self._peer_steps * CAN_PERIOD_S <= t + 1e-9:
            self._controller(t)

    def _picture(self, t: float) -> None:
        number, self._pictures = self._pictures, self._pictures + 1
        shown = self.driver.step(self._told_driver(t))
        car = _overridden(shown.moment.vehicle, self.scenario.inputs, t)
        self._car = msgspec.structs.replace(car, **self.set_inputs)
        self._truth(shown, t)
        self.device.show(shown.content, number, t)

    def _told_driver(self, t: float) -> Heard:
        """What the car tells the driver: the monitoring's warnings, and the controller's demand."""
        said = self.peer.decision if self._peer_steps else None
        heard = self.recorder.ears.heard(t)
        state: L3State = self.scenario.controller.state if said is None else said.l3_state
        demand = state in ("takeover_request", "minimum_risk")  # the manoeuvre goes on asking
        return replace(heard, demand=demand, budget_s=None if said is None else said.budget_s, l3_state=state)

    def _controller(self, t: float) -> None:
        self._peer_steps += 1
        while self._acts and self._acts[0].at <= t + 1e-9:
            act = self._acts.pop(0)
            self.handover.command(act.do, act.budget_s)
        if self._car is not None:
            state = self.peer.vehicle.l3_state
            self.peer.vehicle = msgspec.structs.replace(self._car, l3_state=state)
        before = len(self.handover.log)
        heard = self.peer.step(t)
        for event in self.handover.log[before:]:
            self.timeline.mark(event.t, f"controller.{event.what}", f"{event.now}: {event.cause}" if event.cause else event.now)
        self.recorder.belief(heard, self.peer.decision, t)
        if self.head_unit is not None:
            self.head_unit.step(t)
            self.timeline.set("head_unit", t, self.head_unit.unit.context)
            self.timeline.set("head_unit.volume", t, self.head_unit.unit.volume)
            self.timeline.set("head_unit.track", t, self.head_unit.unit.track)

    def _heard(self, frame: CanFrame, t: float) -> None:
        self.recorder.frame(frame, t)
        if self.head_unit is not None:
            self.head_unit.heard(frame, t)

    def _told(self, state: TakeoverReadiness, t: float) -> None:
        text = "; ".join(state.because[:2])
        if not self.result.causes or self.result.causes[-1][1] != text:
            self.result.causes.append((t, text))

    def _truth(self, shown: Shown, t: float) -> None:
        put, story, car = self.timeline.set, shown.moment.story, self._car
        put("driver.zone", t, story.zone)
        put("driver.eyes", t, "shut" if story.closed_s > 0.0 else "open")
        put("driver.hands_on", t, yes_no(story.hands_on))
        put("driver.activity", t, story.activity)
        put("driver.gesture", t, story.gesture)
        put("driver.noticed", t, story.warning_seen or "nothing")
        put("speed", t, None if car is None else car.speed_kmh)


def prepared(scenario: BenchScenario, level: Level, seed: int | None) -> BenchScenario:
    """The scenario with this seed, and with the rate of its pictures where it is rendered."""
    if seed is not None and seed != scenario.seed:
        scenario = reseeded(scenario, seed)  # type: ignore[assignment]
    if level == "rendered" and scenario.rendered is not None:
        scenario = msgspec.structs.replace(scenario, fps=scenario.rendered.fps)
    return scenario


def _overridden(car: VehicleState, inputs: list[Inputs], t: float) -> VehicleState:
    """The car's record with what the scenario sets by hand."""
    for one in inputs:
        if one.at <= t < one.at + one.for_s:
            fields = ("belt", "seat", "hands_on", "brake", "acknowledged")
            named = {name: value for name in fields if (value := getattr(one, name)) is not None}
            car = msgspec.structs.replace(car, **{n: None if v == "unknown" else v for n, v in named.items()})
    return car
