"""The real-time loop: camera thread, CAN receive thread, publisher thread; perception on the caller's thread.

The newest frame wins: a frame that perception had no time for is overwritten and counted. The publisher takes the newest state
and keeps its period whatever happens here. When the camera is silent the chain is fed with vehicle inputs alone, so that the
silence becomes "unknown" within the profile's limit.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType

from msgspec.structs import replace as replace_fields

from dms import __version__
from dms.bus.messages import Encoder
from dms.bus.port import Bus, CanFrame
from dms.bus.publisher import Publisher
from dms.bus.samples import BusHealth, CameraWord, Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.live import LiveSource
from dms.errors import DmsError, HardwareError
from dms.inference.engine_set import EngineSet
from dms.records import Frame, TakeoverReadiness, VehicleState
from dms.records.words import HealthState
from dms.runtime import clock
from dms.runtime.chain import Chain, Judged
from dms.runtime.config import Loaded
from dms.runtime.figures import percentiles
from dms.runtime.priority import raise_priority
from dms.runtime.recorder import Recorder

SWITCH_INTERVAL_S = 0.0005
"""Python hands the interpreter over this often: the publisher wakes on time beside a busy perception thread."""

SILENCE_POLL_S = 0.05
"""How long to wait for a frame before the chain is told that time has passed."""

HEALTH_EVERY = 15
"""Frames between two health reports to the bus."""

FUTURE_S = 0.1
"""A picture cannot be taken later than now; so much may two clocks of one machine differ."""

CAMERA_WORDS: dict[HealthState, CameraWord] = {
    "ready": "ok", "degraded": "degraded", "blocked": "blocked", "fault": "no_signal",
}  # fmt: skip


@dataclass(slots=True)
class LoopCounts:
    """What the loop did. Latencies in ms: capture to judged, and capture to the first CAN frame that carries it."""

    frames: int = 0
    states: int = 0
    late: int = 0
    """Frames older than the time the chain had already been told of; not judged."""
    judged_ms: deque[float] = field(default_factory=lambda: deque(maxlen=20000))
    bus_ms: deque[float] = field(default_factory=lambda: deque(maxlen=20000))

    def percentiles(self, values: "deque[float]") -> dict[str, float] | None:
        """p50, p99 and max; ``None`` without values."""
        if not values:
            return None
        return {**percentiles(list(values), (50, 99)), "max": round(max(values), 3)}


class Loop:
    """Owns the threads; use as a context manager.

    Args:
        parts: loaded configuration.
        source: a live source (a camera, or a paced file).
        engines: open engines.
        bus: where to publish and where vehicle inputs come from.
        on_state: told of each new state, with the frame's results or ``None`` when the camera is silent.
        recorder: keeps frames, states and CAN, if recording was asked for.
    """

    def __init__(
        self,
        parts: Loaded,
        source: LiveSource,
        engines: EngineSet,
        bus: Bus,
        on_state: Callable[[TakeoverReadiness, Judged | None], None] | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.counts = LoopCounts()
        self._source, self._bus = source, bus
        self._chain = Chain(engines, parts.cabin, parts.profile, parts.camera, parts.driver)
        self._inputs = VehicleInputs(parts.mapping)
        self._on_state, self._recorder = on_state, recorder
        encoder = Encoder(parts.layout, cabin=parts.cabin)
        self.scheduler = "not started"
        """Scheduling of the publisher's thread, in words."""
        self.publisher = Publisher(bus, encoder, clock.now, clock.sleep, parts.config.publisher(), self._prepare, self._sent)
        self._identity = _identity(parts, engines)
        self._heard_at = 0.0
        self._frame_t: float | None = None
        self._chain_t: float | None = None
        self._health_word: HealthState = "init"
        self._fps_mark: tuple[float, int] | None = None
        self._posted_at: float | None = None
        self._readiness_id = parts.layout["DMS_TakeoverReady"].can_id
        self._stop = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="dms-can-receive", daemon=True)
        self._old_interval = sys.getswitchinterval()
        self._lost_bus: DmsError | None = None

    def __enter__(self) -> "Loop":
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.publisher.post_health(self._identity)
        self._listener.start()
        self.publisher.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self.publisher.stop()
        self._listener.join(timeout=2.0)
        self._source.close()
        sys.setswitchinterval(self._old_interval)

    def run(self, seconds: float | None = None) -> None:
        """Until the source ends, or for so long.

        Raises:
            HardwareError: the camera is lost, the bus is gone, or the publisher has died.
        """
        end = None if seconds is None else clock.now() + seconds
        self._heard_at = clock.now()
        while end is None or clock.now() < end:
            self._check_threads()
            frame, ended = self._next_frame()
            if ended:
                return
            if frame is not None and self._in_time(frame):
                self._heard_at = clock.now()
                self._take(frame)
            else:
                self._silent()
                if clock.now() - self._heard_at > self._source.timeout_s:
                    raise HardwareError(
                        f"camera {self._source.name}: no picture for {self._source.timeout_s:g} s; check cable, power, driver"
                    )

    def stop(self) -> None:
        """Make ``run`` return soon; for signal handlers."""
        self._stop.set()

    def _next_frame(self) -> tuple[Frame | None, bool]:
        """(frame or None when none came in time, has the stream ended)."""
        if self._stop.is_set():
            return None, True
        before = clock.now()
        try:
            frame = self._source.newest(SILENCE_POLL_S)
        except HardwareError:
            if clock.now() - before < 0.9 * SILENCE_POLL_S:
                raise  # the device failed; mere silence takes the whole wait
            return None, False
        return frame, frame is None

    def _in_time(self, frame: Frame) -> bool:
        """False for a frame from before what the chain was told, or from the future: its stamp is wrong, it is not judged."""
        late = self._chain_t is not None and frame.t < self._chain_t
        if late or frame.t > clock.now() + FUTURE_S:
            self.counts.late += 1
            return False
        return True

    def _take(self, frame: Frame) -> None:
        self._frame_t = self._chain_t = frame.t
        inputs = self._snapshot(frame.t)
        self._chain.inputs(inputs)
        judged = self._chain.frame(frame)
        self.counts.frames += 1
        self.counts.judged_ms.append((clock.now() - frame.t) * 1e3)
        self._post(judged.state, judged, inputs)
        if self.counts.frames % HEALTH_EVERY == 0:
            self.publisher.post_health(self._health())

    def _silent(self) -> None:
        """Tell the chain how late it is by the camera's own time, which lags the clock by exposure and transport."""
        if self._frame_t is None:
            return  # nothing seen yet: the bus says "init"
        self._chain_t = self._frame_t + clock.now() - self._heard_at
        state = self._chain.vehicle(self._snapshot(self._chain_t))
        if state is not None:
            self._post(state, None, None)

    def _post(self, state: TakeoverReadiness, judged: Judged | None, inputs: VehicleState | None) -> None:
        self.counts.states += 1
        self._note_health(state.health.state)
        if judged is not None:
            frame = judged.frame
            observation = judged.sight.observation
            self.publisher.post(
                Sample(state=state, captured=frame.t, frame_counter=frame.counter, observation=observation, vehicle=inputs)
            )
            self._posted_at = frame.t
        if self._recorder is not None:
            self._recorder.silent(state) if judged is None else self._recorder.judged(judged, clock.now())
        if self._on_state is not None:
            self._on_state(state, judged)

    def _note_health(self, word: HealthState) -> None:
        """A change of the camera's health goes out at once."""
        if word != self._health_word:
            self._health_word = word
            self.publisher.post_health(self._health())

    def _snapshot(self, t: float) -> VehicleState:
        """Inputs as known now, put at time ``t`` of the camera: they may have come in after the picture was taken."""
        return replace_fields(self._inputs.snapshot(clock.now()), t=t)

    def _prepare(self) -> None:
        self.scheduler = raise_priority()

    def _sent(self, frame: CanFrame, t: float) -> None:
        if frame.can_id == self._readiness_id:
            captured, self._posted_at = self._posted_at, None
            if captured is not None:
                self.counts.bus_ms.append((t - captured) * 1e3)
        if self._recorder is not None:
            self._recorder.can(frame, t, "tx")

    def _listen(self) -> None:
        try:
            while not self._stop.is_set():
                frame = self._bus.receive(0.05)
                if frame is not None:
                    self._heard(frame, clock.now())
        except DmsError as error:
            self._lost_bus = error
        except Exception as error:  # whatever ends this thread must be known: inputs would silently run out
            self._lost_bus = HardwareError(f"receiving CAN failed: {error}")

    def _heard(self, frame: CanFrame, t: float) -> None:
        if self._recorder is not None:
            self._recorder.can(frame, t, "rx")
        if self._inputs.feed(frame, t):
            self.publisher.acknowledge(self._inputs.snapshot(t).takeover_request_count)

    def _check_threads(self) -> None:
        if self._lost_bus is not None:
            raise self._lost_bus
        if not self.publisher.alive:
            raise HardwareError(f"the CAN publisher stopped: {self.publisher.error}")

    def _health(self) -> BusHealth:
        latency = self.counts.percentiles(self.counts.judged_ms)
        return replace(
            self._identity,
            latency_p50_ms=latency["p50"] if latency else None,
            latency_p99_ms=latency["p99"] if latency else None,
            dropped_frames=self._source.overwritten,
            fps=self._fps(),
            camera=CAMERA_WORDS.get(self._health_word, "unknown"),
        )

    def _fps(self) -> float | None:
        """Pictures judged a second since the last health report."""
        now, frames = clock.now(), self.counts.frames
        before, self._fps_mark = self._fps_mark, (now, frames)
        return None if before is None or now <= before[0] else (frames - before[1]) / (now - before[0])


def _identity(parts: Loaded, engines: EngineSet) -> BusHealth:
    """What does not change while running: versions, hashes, back end."""
    return BusHealth(
        backend=engines.backend.name,
        model_hash=engines.bundle_hash,
        profile_hash=f"{parts.profile.hash16:04x}",
        software_version=__version__,
        recording=parts.config.record is not None,
        calibration="not_calibrated",
    )
