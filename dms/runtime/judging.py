"""The inference stage: newest picture in, statement out, on a thread of its own.

The newest frame wins: a frame that perception had no time for is overwritten and counted. A picture is judged and told of first,
and looked at for hands afterwards, until the next one is due; that one tells of them, so hands never delay readiness. When the
camera is silent the chain is fed with vehicle inputs alone, so that the silence becomes "unknown" within the profile's limit.
"""

import math
import threading
from collections.abc import Callable
from typing import Protocol

from dms.camera.live import LiveSource
from dms.errors import EngineFailed, HardwareError
from dms.inference.engine_set import EngineSet
from dms.records import Frame, TakeoverReadiness, VehicleState
from dms.runtime import clock
from dms.runtime.chain import Chain, Judged
from dms.runtime.counts import LoopCounts
from dms.runtime.golden import Golden
from dms.runtime.picture_check import PictureCheck
from dms.runtime.stages import Pulse

POLL_S = 0.05
"""How long to wait for a frame at most."""

MARGIN_S = 0.002
"""The chain is told of silence so much after its limit, which it must be past."""


class Outcome(Protocol):
    """Where statements go; called on the inference thread."""

    def judged(self, judged: Judged, inputs: VehicleState) -> None:
        """A picture was judged."""

    def silent(self, state: TakeoverReadiness, last: Frame) -> None:
        """No picture came after ``last``."""


class Engines:
    """The engines in use, their golden questions, and how to load them again.

    Args:
        engines: open engines.
        renew: opens the same engines again after one failed; ``None``: they are used as they are.
        golden: questions for them; ``None``: never asked.
    """

    def __init__(self, engines: EngineSet, renew: Callable[[], EngineSet] | None = None, golden: Golden | None = None) -> None:
        self.now = engines
        self.golden = golden
        self._renew = renew

    def load_again(self) -> None:
        """Close and open; nobody may be running them.

        Raises:
            DmsError: they cannot be opened, or answer differently than they should.
        """
        if self._renew is None:
            return
        self.now.close()
        self.now = self._renew()
        if self.golden is not None:
            self.golden.exchange(self.now)


class Judging:
    """Work of the inference stage.

    Args:
        chain: picture to statement.
        source: where pictures come from.
        engines: used by the chain.
        inputs: vehicle inputs as known now, put at the given time.
        outcome: told of every statement.
        pulse: this stage's own.
        camera: the camera's pulse: what is wrong with its pictures is its trouble.
        check: of every picture.
        silence_s: without a picture for longer than this the chain is told, s.
        optional_s: age of a picture from which its optional parts are left out, s.
        stop: set to end the work; it is set here when the stream ends.
    """

    def __init__(
        self,
        chain: Chain,
        source: LiveSource,
        engines: Engines,
        inputs: Callable[[float], VehicleState],
        outcome: Outcome,
        pulse: Pulse,
        camera: Pulse,
        check: PictureCheck,
        silence_s: float,
        stop: threading.Event,
        optional_s: float = math.inf,
    ) -> None:
        self.counts = LoopCounts()
        self.failure: BaseException | None = None
        """Why the stage is being started again; set by whoever does it."""
        self.engine_failures = self.engine_reloads = 0
        """Times a network failed, and times all were loaded again and answered right."""
        self._chain, self._source, self._engines, self._inputs = chain, source, engines, inputs
        self._outcome, self._pulse, self._camera, self._check = outcome, pulse, camera, check
        self._silence_s, self._stop, self._optional_s = silence_s, stop, optional_s
        self._last: Frame | None = None
        self._told: float | None = None
        self._heard_at = 0.0
        self._period_s = 0.0

    def work(self) -> None:
        """Judge until the stream ends or ``stop`` is set."""
        self._recover()
        while not self._stop.is_set():
            self._pulse.beat()
            frame, ended = self._next_frame()
            if ended:
                self._camera.rest()
                self._stop.set()
            elif frame is not None and self._usable(frame):
                self._take(frame)
                self._ask_golden()
            else:
                self._silent()

    def _recover(self) -> None:
        failure, self.failure = self.failure, None
        if failure is None:
            return
        if isinstance(failure, EngineFailed):
            self._pulse.rest()  # loading takes seconds, and the trouble is known
            self.engine_failures += 1
            self._engines.load_again()
            self.engine_reloads += 1
        self._chain.recover(self._engines.now)

    def _next_frame(self) -> tuple[Frame | None, bool]:
        """(frame or None when none came in time, has the stream ended)."""
        wait = self._patience()
        try:
            frame = self._source.newest(wait)
        except HardwareError:
            if self._source.failed:  # somebody is seeing to it; without this pause we would spin
                self._stop.wait(wait)
            return None, False
        return frame, frame is None

    def _patience(self) -> float:
        """Until the silence becomes one; beyond that a tick."""
        left = self._heard_at + self._silence_s + MARGIN_S - clock.now()
        return min(POLL_S, left) if left > 0.0 else POLL_S

    def _usable(self, frame: Frame) -> bool:
        self._camera.trouble = self._check.fault(frame, clock.now(), self._told)
        if self._camera.trouble is not None:
            self.counts.late += 1
        return self._camera.trouble is None

    def _take(self, frame: Frame) -> None:
        now = clock.now()
        self._period_s, self._heard_at = now - self._heard_at, now
        gap_s = math.inf if self._last is None else frame.t - self._last.t
        self._last, self._told = frame, frame.t
        inputs = self._inputs(frame.t)
        self._chain.inputs(inputs)
        judged = self._chain.frame(frame, hands_after=True)
        for part in judged.sight.observation.late:
            self.counts.left_out[part] = self.counts.left_out.get(part, 0) + 1
        self.counts.frames += 1
        self.counts.judged_ms.append((clock.now() - frame.t) * 1e3)
        self.counts.states += 1
        self._outcome.judged(judged, inputs)
        self._pulse.trouble = None
        self._chain.hands(frame, min(frame.t + self._optional_s, now + gap_s))  # until the next picture is due

    def _ask_golden(self) -> None:
        if self._engines.golden is not None:
            spare_s = self._heard_at + self._period_s - clock.now()
            self._engines.golden.ask_in_turn(clock.now(), spare_s)

    def _silent(self) -> None:
        """Tell the chain how late it is by the camera's own time, which lags the clock by exposure and transport."""
        if self._last is None:
            return  # nothing seen yet: the bus says "init"
        self._told = told = self._last.t + clock.now() - self._heard_at
        state = self._chain.vehicle(self._inputs(told))
        if state is not None:
            self.counts.states += 1
            self._outcome.silent(state, self._last)
