"""Where the publisher lives: in a process of its own on a bus that two processes can open, else in a thread of the loop's."""

import os
from collections.abc import Callable
from typing import Protocol

from dms.bus.messages import Encoder
from dms.bus.port import Bus, BusCounts, CanFrame
from dms.bus.publisher import Publisher, PublisherStats
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.bus.schedule import PublisherParameters
from dms.errors import UsageError
from dms.runtime import clock
from dms.runtime.config import Loaded, RunConfig
from dms.runtime.publisher_link import Order, StageWords
from dms.runtime.publisher_process import PublisherProcess
from dms.runtime.realtime import RealTime
from dms.runtime.stages import Watch

SHARED = ("socketcan", "udp_multicast")
"""Interfaces that several processes of a machine may open at once."""


class Publishing(Protocol):
    """What the loop needs of a publisher; see ``dms.bus.publisher.Publisher``."""

    parameters: PublisherParameters
    error: BaseException | None

    def post(self, sample: Sample) -> None:
        """Leave the newest sample."""

    def post_health(self, health: BusHealth) -> None:
        """Leave the newest health."""

    def post_gesture(self, event: GestureEvent) -> None:
        """Send a gesture."""

    def acknowledge(self, count: int | None) -> None:
        """Counter of the controller's request to echo."""

    def quiet(self, quiet: bool) -> None:
        """Send the readiness message alone, or all messages."""

    def start(self) -> None:
        """Begin, or begin again."""

    def stop(self) -> None:
        """End within a cycle."""

    @property
    def alive(self) -> bool:
        """Is it at work."""

    @property
    def counts(self) -> BusCounts:
        """Of its port."""

    def stats(self) -> PublisherStats:
        """How well the period is kept."""


def lives_apart(config: RunConfig) -> bool:
    """Is the publisher a process of its own.

    Raises:
        UsageError: it cannot be, and was asked to be.
    """
    chosen, interface = config.real_time.publisher, config.bus.interface
    if chosen == "process" and interface == "virtual":
        raise UsageError("real_time: publisher: process needs a bus that two processes can open; virtual lives in one")
    return chosen == "process" or (chosen is None and interface in SHARED and hasattr(os, "memfd_create"))


def make_publisher(
    parts: Loaded,
    bus: Bus,
    encoder: Encoder,
    watch: Watch,
    realtime: RealTime,
    on_sent: Callable[[CanFrame, float], None],
    on_news: Callable[[float], None],
) -> Publishing:
    """The publisher of a loop, not yet started; arguments as of ``PublisherProcess`` and ``Publisher``."""
    config = parts.config
    if not lives_apart(config):
        return Publisher(
            bus, encoder, clock.now, clock.sleep, config.publisher(), lambda: realtime.thread("publisher"), on_sent, on_news,
            watch.guard,
        )  # fmt: skip
    section = config.real_time
    order = Order(
        config.bus_config(), config.dbc, parts.cabin, config.publisher(),
        tuple(StageWords(pulse.name, pulse.deadline_s, pulse.part) for pulse in watch),
        section.fifo, None if section.cpus is None else tuple(section.cpus), section.lock_memory, section.still_collector,
    )  # fmt: skip

    def note_grants(grants: dict[str, str]) -> None:
        realtime.grants["thread publisher"] = f"{grants['thread publisher']}, in a process of its own"

    return PublisherProcess(order, encoder, watch, on_sent, on_news, note_grants)
