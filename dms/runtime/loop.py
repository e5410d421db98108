"""The real-time loop: camera, inference, CAN receive and publisher stages, each on its own thread, and a supervisor.

The newest frame wins (``judging``), silence shows, a stage that crashes or hangs is on the bus as a fault within 150 ms
(``stages``) and is started again (``supervisor``). The publisher takes the newest state and keeps its period whatever happens.
The caller's thread sees the results; however slowly it does, nothing waits for it.
"""

import contextlib
import math
import queue
import threading
from collections.abc import Callable
from types import TracebackType

from msgspec.structs import replace as replace_fields

from dms.bus.infotainment import HeadUnitReceiver
from dms.bus.messages import Encoder
from dms.bus.port import Bus, CanFrame
from dms.bus.samples import LedWord, Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.live import LiveSource
from dms.errors import HardwareError
from dms.gesture import Act, GestureSession
from dms.gesture.motion import SLOT as MOTION_SLOT
from dms.gesture.motion import NetworkMotion
from dms.inference.engine_set import EngineSet
from dms.records import Frame, TakeoverReadiness, VehicleState
from dms.runtime import clock
from dms.runtime.chain import Chain, Judged
from dms.runtime.config import Loaded, RealTimeSection
from dms.runtime.counts import LoopCounts
from dms.runtime.cycle_file import CycleKeeper
from dms.runtime.diagnosis.limits import UNLIMITED, limited
from dms.runtime.gesturing import Gesturing
from dms.runtime.golden import Golden
from dms.runtime.judging import Engines, Judging
from dms.runtime.listening import Listening
from dms.runtime.machine import Machine
from dms.runtime.notify import Notifier
from dms.runtime.picture_check import PictureCheck
from dms.runtime.publishing import make_publisher
from dms.runtime.recorder import Recorder
from dms.runtime.reporting import HealthRecord, Reporter
from dms.runtime.stages import Pulse, Stage, Watch
from dms.runtime.supervisor import CameraWard, PublisherWard, StageWard, Supervisor, Ward

SHOWN = 32
"""Results waiting for the caller; when it is slower than that the oldest are dropped and counted."""

LAST_WORDS_S = 1.0
"""At the end the caller is shown what still waits, but for no longer than this."""

OURS = "DMS_"
"""Messages whose names begin so are sent by this program alone."""

Told = tuple[TakeoverReadiness, Judged | None]


class Loop:
    """Owns the threads; use as a context manager.

    Args:
        parts: loaded configuration.
        source: a live source (a camera, or a paced file).
        engines: open engines.
        bus: where to publish and where vehicle inputs come from.
        on_state: told of each new state, with the frame's results or ``None`` when the camera is silent; on ``run``'s thread.
        recorder: keeps frames, states and CAN, if recording was asked for.
        renew: opens the engines again after one failed.
        golden: golden inference while running.
        machine: the computer's temperatures; tests give another one.
        notifier: the service manager; the caller tells it of readiness.
        lamp: state of the infrared lamp.
        on_act: told of what hands did, where gestures are enabled; on the gesture stage's thread.
    """

    def __init__(
        self,
        parts: Loaded,
        source: LiveSource,
        engines: EngineSet,
        bus: Bus,
        on_state: Callable[[TakeoverReadiness, Judged | None], None] | None = None,
        recorder: Recorder | None = None,
        renew: Callable[[], EngineSet] | None = None,
        golden: Golden | None = None,
        machine: Machine | None = None,
        notifier: Notifier | None = None,
        lamp: Callable[[], LedWord] = lambda: "unknown",
        on_act: Callable[[Act, float], None] | None = None,
    ) -> None:
        self.dropped_states = 0
        """States the caller was too slow to see."""
        self.latest: Told | None = None
        """The newest statement, and the picture's results; without these when the camera is silent."""
        self.effect = UNLIMITED
        """What failing tests do to the statement; set by diagnostics."""
        self.posted: Sample | None = None
        """What the publisher was given last, effect included."""
        self._source, self._bus, self._recorder, self._on_state = source, bus, recorder, on_state
        self.inputs = VehicleInputs(parts.mapping)
        self._on_act = on_act
        self._shown: queue.Queue[Told] = queue.Queue(SHOWN)
        self._own = frozenset(message.can_id for message in parts.layout.by_name.values() if message.name.startswith(OURS))
        self._stop, self._quit, self._changed = threading.Event(), threading.Event(), threading.Event()
        self.realtime = parts.config.real_time.ask()
        self._silence_s = parts.profile.rules.camera.silence_s
        camera = Pulse("camera", self._silence_s, part="camera")
        inference, can = (Pulse(name, self._silence_s) for name in ("inference", "can"))
        self.watch = Watch(Pulse("publisher", None), camera, inference, can)
        encoder = Encoder(parts.layout, cabin=parts.cabin)
        self.publisher = make_publisher(parts, bus, encoder, self.watch, self.realtime, self._sent, self._carried)
        self.check = PictureCheck(encoder.parameters.stale_after_s)
        self._cycle = None if parts.cycle_file is None else CycleKeeper(parts.cycle_file)
        kept = Engines(engines, renew, golden)
        self.judging = self._judging(parts, kept, inference, camera)
        self._inference = Stage(inference, self.judging.work, self._prepare("inference"), self._changed)
        listening = Listening(bus, self._heard, can, self._quit)
        self._listener = Stage(can, listening.work, self._prepare("can"), self._changed)
        self._reporter = Reporter(
            parts, engines, source, self.judging, self.publisher, self.watch, self.realtime, golden, machine or Machine(),
            notifier or Notifier({}), lamp,
        )  # fmt: skip
        self.gestures = self._gesturing(parts, kept)
        self._supervisor = self._supervise(parts.config.real_time, camera)

    def _judging(self, parts: Loaded, engines: Engines, inference: Pulse, camera: Pulse) -> Judging:
        """The inference stage's work."""
        chain = Chain(engines.now, parts.cabin, parts.profile, parts.camera, parts.driver, self._cycle, clock.now)
        return Judging(
            chain, self._source, engines, self._snapshot, self, inference, camera, self.check, self._silence_s, self._stop,
            parts.config.real_time.optional_within_s or math.inf,
        )  # fmt: skip

    def _supervise(self, section: RealTimeSection, camera: Pulse) -> Supervisor:
        """Who starts what crashed again."""
        wards: list[Ward] = [
            CameraWard(self._source, camera, self._prepare("camera"), self._changed),
            StageWard(self._inference, self.judging),
            StageWard(self._listener),
            PublisherWard(self.publisher, self.watch.publisher),
        ]
        return Supervisor(wards, section.restarts, section.hung_after_s, self._changed, self._reporter.tick)

    @property
    def counts(self) -> LoopCounts:
        """What was done so far."""
        return self.judging.counts

    @property
    def scheduler(self) -> str:
        """Scheduling of the publisher's thread, in words."""
        return self.realtime.grants.get("thread publisher", "not started")

    def note_trouble_codes(self, confirmed: int) -> None:
        """From diagnostics: the number of confirmed trouble codes, for the health message."""
        self._reporter.trouble_codes = confirmed

    def health(self) -> HealthRecord:
        """How everything is doing."""
        return self._reporter.record()

    def kill(self, stage: str) -> None:
        """Let a stage crash at its next sign of life: fault injection.

        Raises:
            KeyError: no such stage.
        """
        {pulse.name: pulse for pulse in (self.watch.publisher, *self.watch.pulses)}[stage].kill()

    def __enter__(self) -> "Loop":
        self.realtime.enter()
        if self._cycle is not None:
            self._cycle.__enter__()
        self._reporter.post()
        self._listener.start()
        self.publisher.start()
        if self.gestures is not None:
            self.gestures.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._supervisor.stop()
        if self.gestures is not None:
            self.gestures.__exit__(kind, value, trace)
        self.watch.leave()
        if self.publisher.alive:
            clock.sleep(2.0 * self.publisher.parameters.cycle_s)  # "off" goes out before the silence
        self.publisher.stop()
        self._quit.set()
        self._inference.join(2.0)
        self._listener.join(2.0)
        self._source.close()
        if self._cycle is not None:
            self._cycle.__exit__(kind, value, trace)
        self.realtime.leave()

    def run(self, seconds: float | None = None) -> None:
        """Until the source ends, or for so long.

        Raises:
            DmsError: a stage cannot be saved: the camera is lost, the bus is gone, a network fails again and again.
        """
        end = None if seconds is None else clock.now() + seconds
        self._inference.start()
        self._supervisor.start()
        while not self._stop.is_set() and (end is None or clock.now() < end):
            self._show(0.05)
            self._check()
        self._stop.set()
        self._inference.join(2.0)
        end = clock.now() + LAST_WORDS_S
        while not self._shown.empty() and clock.now() < end:
            self._show(0.0)
        self.dropped_states += self._shown.qsize()
        self._check()

    def stop(self) -> None:
        """Make ``run`` return soon; for signal handlers."""
        self._stop.set()

    def judged(self, judged: Judged, inputs: VehicleState) -> None:
        """From inference: a picture was judged."""
        state, frame = judged.state, judged.frame
        self._reporter.note(state.health)
        self._post(
            Sample(
                state=state,
                captured=frame.t,
                frame_counter=frame.counter,
                observation=judged.sight.observation,
                vehicle=inputs,
            )
        )
        if self.gestures is not None:
            self.gestures.offer(judged)
        if self._recorder is not None:
            self._recorder.judged(judged, clock.now())
        self._tell(state, judged)

    def silent(self, state: TakeoverReadiness, last: Frame) -> None:
        """From inference: no picture came after ``last``."""
        self._reporter.note(state.health)
        self._post(Sample(state=state, captured=last.t, frame_counter=last.counter))
        if self._recorder is not None:
            self._recorder.silent(state)
        self._tell(state, None)

    def _post(self, sample: Sample) -> None:
        """To the publisher, with the effect of trouble codes; its guard has the last word."""
        self.posted = limited(sample, self.effect)
        self.publisher.post(self.posted)

    def _gesturing(self, parts: Loaded, engines: Engines) -> Gesturing | None:
        """The gesture stage, where it was asked for; without the engine of moved gestures it knows signs only."""
        if parts.gestures is None:
            return None
        rules = parts.gestures.interaction
        motion = None
        if MOTION_SLOT in engines.now:
            motion = NetworkMotion(lambda window: engines.now[MOTION_SLOT].run({"track": window})["words"], rules)
        session = GestureSession(rules, parts.gestures.commands, parts.cabin, motion)
        head_unit = HeadUnitReceiver(parts.layout)
        return Gesturing(
            session, rules, head_unit, lambda t: self.inputs.snapshot(t).l3_state, self.publisher.post_gesture, self._on_act
        )

    def _tell(self, state: TakeoverReadiness, judged: Judged | None) -> None:
        self.latest = (state, judged)
        if self._on_state is None:
            return
        if self._shown.full():
            with contextlib.suppress(queue.Empty):
                self._shown.get_nowait()
                self.dropped_states += 1
        self._shown.put_nowait((state, judged))  # nobody else puts, so there is room now

    def _show(self, timeout_s: float) -> None:
        try:
            state, judged = self._shown.get(timeout=timeout_s) if timeout_s else self._shown.get_nowait()
        except queue.Empty:
            return
        if self._on_state is not None:
            self._on_state(state, judged)

    def _check(self) -> None:
        if self._supervisor.lost is not None:
            raise self._supervisor.lost
        if not self._supervisor.alive:
            raise HardwareError("the supervisor died")

    def _snapshot(self, t: float) -> VehicleState:
        """Inputs as known now, put at time ``t`` of the camera: they may have come in after the picture was taken."""
        return replace_fields(self.inputs.snapshot(clock.now()), t=t)

    def _prepare(self, stage: str) -> Callable[[], None]:
        return lambda: self.realtime.thread(stage)

    def _sent(self, frame: CanFrame, t: float) -> None:
        if self._recorder is not None:
            self._recorder.can(frame, t, "tx")

    def _carried(self, age_s: float) -> None:
        self.counts.bus_ms.append(age_s * 1e3)

    def _heard(self, frame: CanFrame, t: float) -> None:
        if frame.can_id in self._own:
            return  # a publisher in a process of its own is heard like another node
        if self._recorder is not None:
            self._recorder.can(frame, t, "rx")
        if self.gestures is not None:
            self.gestures.heard(frame, t)
        if self.inputs.feed(frame, t):
            self.publisher.acknowledge(self.inputs.snapshot(t).takeover_request_count)
