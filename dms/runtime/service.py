"""A configuration brought to life: everything opened in the right order, tested, run, closed. What ``dms run`` is made of."""

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType

from dms.bus.port import open_bus
from dms.bus.samples import LedWord
from dms.camera.live import LiveSource
from dms.camera.open import open_source
from dms.camera.v4l2 import lamp_state
from dms.errors import UsageError
from dms.gesture.motion import SLOT as MOTION_SLOT
from dms.inference.engine_set import EngineSet
from dms.records import TakeoverReadiness
from dms.runtime import clock
from dms.runtime.chain import CHAIN_SLOTS, Judged
from dms.runtime.config import DiagnosticsSection, Loaded
from dms.runtime.diagnosis.service import Diagnosis
from dms.runtime.golden import Golden
from dms.runtime.loop import Loop
from dms.runtime.notify import Notifier
from dms.runtime.paced import PacedSource
from dms.runtime.realtime import BASE_PRIORITY, raise_priority
from dms.runtime.recorder import Recorder
from dms.runtime.reporting import check_writable
from dms.runtime.selftest import SelfTest, camera_pictures, can_frames, engine_files, golden_answers

CAN_WAIT_S = 0.5
"""Longest time until the first CAN frames must have left."""


def _as_others() -> str:
    """The recorder's thread starts before the loop's and cannot inherit its priority."""
    return raise_priority(BASE_PRIORITY)


class Service:
    """Use as a context manager: ``self_test``, ``require``, ``run``.

    Args:
        parts: loaded configuration.
        name: what to call the configuration in messages.
        on_state: see ``Loop``.
        notifier: the service manager.

    Raises:
        DmsError: on entry, the first thing that cannot be opened.
    """

    def __init__(
        self,
        parts: Loaded,
        name: str,
        on_state: Callable[[TakeoverReadiness, Judged | None], None] | None = None,
        notifier: Notifier | None = None,
    ) -> None:
        self._parts, self._on_state = parts, on_state
        self.notifier = notifier or Notifier()
        self.test = SelfTest()
        self.source: LiveSource
        self.loop: Loop
        self.recorder: Recorder | None = None
        self.diagnosis: Diagnosis | None = None
        self.reset_asked = False
        """Did a tester ask for a reset: the service is to be opened again after its end."""
        self._engines: EngineSet
        self._golden: Golden
        self._stack = ExitStack()
        section = parts.config.engines
        for key, named in (("files", section.files.keys()), ("precision", section.precision.keys())):
            if unknown := named - {*CHAIN_SLOTS, MOTION_SLOT}:
                raise UsageError(f"{name}: engines.{key}: no slot {unknown.pop()}; there are {', '.join(CHAIN_SLOTS)}")

    def __enter__(self) -> "Service":
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if not self.reset_asked:  # a service manager that hears "stopping" does not wait for another start
            self.notifier.stopping()
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        config = self._parts.config
        if config.health_file is not None:
            check_writable(config.health_file)
        # Engines before the camera: once GStreamer is loaded, an error inside the ONNX library kills the process.
        self._engines = self._load(stack)
        self._golden = Golden(self._engines, config.real_time.golden_s or 60.0)
        self.source = self._camera()
        stack.enter_context(self.source)
        bus = open_bus(config.bus_config())
        stack.callback(bus.close)
        if config.record:
            prepare = _as_others if config.real_time.fifo else None
            self.recorder = stack.enter_context(Recorder(self._parts, self._engines.bundle_hash, prepare))
        self.loop = Loop(
            self._parts,
            self.source,
            self._engines,
            bus,
            self._on_state,
            self.recorder,
            renew=lambda: self._load(self._stack),
            golden=self._golden if config.real_time.golden_s else None,
            notifier=self.notifier,
            lamp=self._lamp,
        )
        stack.enter_context(self.loop)
        if config.diagnostics is not None:
            self.diagnosis = stack.enter_context(self._diagnosis(config.diagnostics))

    def _diagnosis(self, section: DiagnosticsSection) -> Diagnosis:
        return Diagnosis(self._parts, section, self.loop, self.source, self._engines, self._lamp, self._reset)

    def _reset(self) -> None:
        """A tester wants it: end in order; whoever runs the service starts it again."""
        self.reset_asked = True
        self.loop.stop()

    def _load(self, stack: ExitStack) -> EngineSet:
        section = self._parts.config.engines
        slots = (*CHAIN_SLOTS, MOTION_SLOT) if self._parts.config.gestures.enabled else CHAIN_SLOTS
        engines = EngineSet(slots, section.backend, section.load_options(), section.path_overrides(), section.fallback)
        stack.callback(engines.close)
        engines.warmup()
        return engines

    def _camera(self) -> LiveSource:
        """A live camera as it is; a file played at its own pace."""
        config = self._parts.config
        source = open_source(config.source, clock=clock.now, timeout_s=config.camera_timeout_s)
        return source if isinstance(source, LiveSource) else PacedSource(source, clock.now, clock.sleep)

    def _lamp(self) -> LedWord:
        path = self._parts.config.ir_led
        return lamp_state(path) if path is not None else "unknown"

    @property
    def degraded(self) -> str:
        """Why the engines do not run on the back end that was asked for; empty if they do."""
        return self._engines.degraded

    def self_test(self) -> None:
        """Everything that has to work before anything may be called ready; the results are in ``test``."""
        rules = self._parts.profile.rules.camera
        self.test.check("engines", lambda: engine_files(self._engines))
        self.test.check("golden inference", lambda: golden_answers(self._golden))
        self.test.check("CAN", lambda: can_frames(self.loop.publisher, CAN_WAIT_S))
        if not isinstance(self.source, PacedSource):  # a file is not a camera, and none of it may get lost
            self.test.check("camera", lambda: camera_pictures(self.source, self.loop.check, self._parts.camera, rules.fps_min))
        if self.diagnosis is not None:
            self.diagnosis.note_self_test(self.test.items)

    def require(self) -> None:
        """Tell the service manager that all is ready.

        Raises:
            HardwareError: it is not.
        """
        self.test.require()
        self.notifier.ready()

    def run(self, seconds: float | None = None) -> None:
        """See ``Loop.run``."""
        self.loop.run(seconds)
