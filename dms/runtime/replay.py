"""Lock-step replay: a recorded drive through the same chain on a virtual clock. Same log, profile and engines: same bytes out.

Processing takes no time here: a frame's result is there at its capture time, and the publisher's cycles run at their exact
times. That makes the result independent of this machine; real latency is what ``dms bench`` measures.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dms.bus.messages import Encoder
from dms.bus.port import CanFrame, FakeBus
from dms.bus.publisher import Publisher
from dms.bus.receiver import TakeoverReceiver, TakeoverStatement
from dms.bus.samples import Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.base import Source
from dms.camera.log import LogFrames
from dms.drivelog.reader import LogReader
from dms.inference.engine_set import EngineSet
from dms.records import Frame, TakeoverReadiness, VehicleState
from dms.runtime.chain import Chain, Judged
from dms.runtime.clock import ManualClock
from dms.runtime.config import Loaded

FEED_WITHOUT_FRAME_S = 0.100
"""Vehicle inputs are fed to the chain at least this often (s), so that a silent camera shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One event of the replay: a new state (with the frame's results unless the camera was silent) or a published CAN frame."""

    t: float
    state: TakeoverReadiness | None = None
    judged: Judged | None = None
    sent: CanFrame | None = None
    statement: TakeoverStatement | None = None
    """What the reference receiver believes after ``sent``."""
    inputs: VehicleState | None = None
    """Vehicle inputs that the chain was given: with the frame, or alone."""


@dataclass(slots=True)
class ReplayNotes:
    """What the reader had to say: lines about a cut or damaged log."""

    lines: list[str] = field(default_factory=list)


class Replay:
    """Runs one source through the chain.

    Args:
        parts: loaded configuration; its ``source`` is not used.
        source: frames, file-like (not live).
        engines: open engines.
    """

    def __init__(self, parts: Loaded, source: Source, engines: EngineSet) -> None:
        self.notes = ReplayNotes()
        self._source = source
        self._chain = Chain(engines, parts.cabin, parts.profile, parts.camera, parts.driver)
        self._inputs = VehicleInputs(parts.mapping)
        self._clock = ManualClock()
        self._bus = FakeBus()
        self._receiver = TakeoverReceiver(parts.layout)
        encoder = Encoder(parts.layout, cabin=parts.cabin)
        self._publisher = Publisher(self._bus, encoder, self._clock, self._advance, parts.config.publisher())
        self._cycle_s = self._publisher.parameters.cycle_s
        self._begin: float | None = None
        self._cycle = 0
        self._fed_at = float("-inf")

    def steps(self) -> Iterator[Step]:
        """All events in order of time.

        Raises:
            DmsError: the source or an engine failed.
        """
        for t, item in self._events():
            if self._begin is None:
                self._begin = t
            yield from self._publish_until(t)
            self._clock.t = t
            if isinstance(item, Frame):
                yield self._frame(item)
            else:
                yield from self._can(item, t)
        if isinstance(self._source, LogFrames):
            self.notes.lines += self._source.notes

    def _events(self) -> Iterator[tuple[float, Frame | CanFrame]]:
        """Frames and received CAN frames, merged by time; CAN first where both come at once."""
        frames: Iterator[tuple[float, int, Frame | CanFrame]] = ((f.t, 1, f) for f in self._source.frames())
        for t, _, item in heapq.merge(frames, self._received(), key=lambda event: event[:2]):
            yield t, item

    def _received(self) -> Iterator[tuple[float, int, Frame | CanFrame]]:
        if not isinstance(self._source, LogFrames):
            return
        with LogReader(Path(self._source.name)) as log:
            for t, r in log.can():
                if not (r.remote or r.error):
                    yield t, 0, CanFrame(r.id, r.data, r.extended, r.fd, r.brs)

    def _frame(self, frame: Frame) -> Step:
        self._fed_at = frame.t
        inputs = self._inputs.snapshot(frame.t)
        self._chain.inputs(inputs)
        judged = self._chain.frame(frame)
        observation = judged.sight.observation
        self._publisher.post(
            Sample(
                state=judged.state,
                captured=frame.t,
                frame_counter=frame.counter,
                observation=observation,
                vehicle=inputs,
            )
        )
        return Step(frame.t, judged.state, judged, inputs=inputs)

    def _can(self, frame: CanFrame, t: float) -> Iterator[Step]:
        self._inputs.feed(frame, t)
        self._publisher.acknowledge(self._inputs.snapshot(t).takeover_request_count)
        if t - self._fed_at >= FEED_WITHOUT_FRAME_S:
            self._fed_at = t
            inputs = self._inputs.snapshot(t)
            yield Step(t, self._chain.vehicle(inputs), inputs=inputs)

    def _publish_until(self, t: float) -> Iterator[Step]:
        """Run the publisher's cycles that are due before ``t``."""
        assert self._begin is not None
        while (due := self._begin + self._cycle * self._cycle_s) < t:
            self._clock.t = due
            self._publisher.step(self._cycle)
            self._cycle += 1
            sent, self._bus.sent = self._bus.sent, []
            for frame in sent:
                self._receiver.feed(frame, due)
                yield Step(due, sent=frame, statement=self._receiver.statement(due))

    def _advance(self, seconds: float) -> None:
        self._clock.t += seconds
