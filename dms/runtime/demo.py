"""The demo's machinery: a drive log played in real time into the loop, and a reference receiver on the same bus."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from dms.bus.e2e import Check
from dms.bus.layout import Layout
from dms.bus.port import Bus, BusConfig, CanFrame, open_bus
from dms.bus.receiver import TakeoverReceiver, TakeoverStatement
from dms.camera.base import Source
from dms.inference.engine_set import EngineSet
from dms.records import TakeoverReadiness
from dms.runtime import clock
from dms.runtime.chain import Judged
from dms.runtime.config import Loaded
from dms.runtime.counts import LoopCounts
from dms.runtime.loop import Loop
from dms.runtime.paced import PacedSource
from dms.runtime.player import CanPlayer
from dms.runtime.publishing import Publishing
from dms.runtime.worker import Worker

LEAD_S = 0.2
"""Time between starting the threads and the log's first frame."""


@dataclass(slots=True)
class Heard:
    """What the reference receiver on the other side of the bus made of it."""

    frames: int = 0
    readiness_frames: int = 0
    ready: int = 0
    last_frame: CanFrame | None = None
    latest: TakeoverStatement = field(default_factory=TakeoverStatement)


class Listener(Worker):
    """The Level 3 controller's ear: its own port on the bus, the reference receiver, counts."""

    def __init__(self, layout: Layout, bus: Bus, told: Callable[[CanFrame, float], None] | None = None) -> None:
        super().__init__("reference-receiver")
        self._told = told
        self.heard = Heard()
        self.receiver = TakeoverReceiver(layout)
        self._bus = bus

    def work(self) -> None:
        """Hear everything on the bus."""
        while not self._stop.is_set():
            frame = self._bus.receive(0.05)
            if frame is None:
                continue
            self.heard.frames += 1
            if self._told is not None:
                self._told(frame, clock.now())
            if self.receiver.feed(frame, clock.now()) is None:
                continue
            self.heard.readiness_frames += 1
            self.heard.last_frame = frame
            self.heard.latest = self.receiver.statement(clock.now())
            self.heard.ready += self.heard.latest.ready


class Counting(Protocol):
    """A receiver that counts its verdicts."""

    verdicts: dict[Check, int]


class Running(Protocol):
    """What views and summaries look at, in real time or in lock-step."""

    @property
    def heard(self) -> Heard:
        """By the reference receiver."""

    @property
    def receiver(self) -> Counting:
        """The one that ``heard`` is from."""

    @property
    def counts(self) -> LoopCounts:
        """Of the loop."""

    @property
    def publisher(self) -> Publishing:
        """Ours."""

    @property
    def overwritten(self) -> int:
        """Pictures that perception had no time for."""


@dataclass(slots=True)
class DemoRun:
    """The running parts of the demo in real time."""

    loop: Loop
    listener: Listener
    source: PacedSource

    @property
    def heard(self) -> Heard:
        """By the reference receiver."""
        return self.listener.heard

    @property
    def receiver(self) -> TakeoverReceiver:
        """The reference receiver."""
        return self.listener.receiver

    @property
    def counts(self) -> LoopCounts:
        """Of the loop."""
        return self.loop.counts

    @property
    def publisher(self) -> Publishing:
        """Ours."""
        return self.loop.publisher

    @property
    def overwritten(self) -> int:
        """Pictures that perception had no time for."""
        return self.source.overwritten


@contextmanager
def demo_run(
    parts: Loaded,
    log: Source,
    engines: EngineSet,
    bus_config: BusConfig,
    on_state: Callable[[TakeoverReadiness, Judged | None], None],
    play_can: bool = True,
    heard: Callable[[CanFrame, float], None] | None = None,
) -> Iterator[DemoRun]:
    """Three ports on one bus: ours, the vehicle's (played from the log) and the controller's."""
    start = clock.now() + LEAD_S
    ports = [open_bus(bus_config) for _ in range(3)]
    try:
        source = PacedSource(log, clock.now, clock.sleep, start)
        listener = Listener(parts.layout, ports[2], heard)
        player = CanPlayer(log.name, ports[1], clock.now, clock.sleep, start) if play_can else None
        # The loop first: the other threads inherit its priority, or they would be put aside while they hold Python's lock.
        with Loop(parts, source, engines, ports[0], on_state) as loop, listener:
            if player is None:
                yield DemoRun(loop, listener, source)
            else:
                with player:
                    yield DemoRun(loop, listener, source)
    finally:
        for port in ports:
            port.close()
