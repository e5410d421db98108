"""What the loop and a publisher in a process of its own say to each other, and over what.

A pair of sockets that keep messages whole (``SOCK_SEQPACKET``), never waited for: should the other side not listen, a message is
lost and the loop goes on. Beside it a few bytes of shared memory with the last beat of each stage, so that a stage that hangs is
seen although it says nothing. Both ends are this program; nothing else can reach them.
"""

import mmap
import os
import pickle
import socket
from dataclasses import dataclass, field
from typing import Any, Literal

from dms.bus.port import BusConfig, CanFrame
from dms.bus.schedule import PublisherParameters
from dms.records.cabin import Cabin
from dms.records.words import HealthPart

What = Literal["sample", "health", "gesture", "ack", "quiet", "trouble", "fail", "kill", "leave", "stop"]
Message = tuple[What, Any]
"""To the publisher."""

MOST = 1 << 18
"""Bytes of the largest message; a sample with two hands has about 5000."""

BEAT = 8
"""Bytes of one beat in shared memory, a double: written and read whole."""


@dataclass(frozen=True, slots=True)
class StageWords:
    """A stage to be watched: see ``dms.runtime.stages.Pulse``."""

    name: str
    deadline_s: float | None
    part: HealthPart


@dataclass(frozen=True, slots=True)
class Order:
    """All a publisher needs to begin.

    Attributes:
        bus: where to send.
        dbc: message set file, ``None`` for the shipped one.
        cabin: see ``Encoder``.
        parameters: periods.
        stages: watched stages, the publisher's own first; their beats lie in this order.
        fifo, cpus, lock_memory, still_collector: see ``dms.runtime.realtime.RealTime``.
        counters: of the messages that were sent before, see ``Encoder.counters``.
    """

    bus: BusConfig
    dbc: str | None
    cabin: Cabin
    parameters: PublisherParameters
    stages: tuple[StageWords, ...]
    fifo: bool = True
    cpus: tuple[int, ...] | None = None
    lock_memory: bool = False
    still_collector: bool = True
    counters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Up:
    """From the publisher: it is about to send; what the system granted, in words."""

    grants: dict[str, str]


@dataclass(frozen=True, slots=True)
class Cycle:
    """From the publisher after each cycle: when, what left, what was missed and failed so far, the age of a new picture."""

    t: float
    frames: tuple[CanFrame, ...]
    missed: int
    sent: int
    failed: int
    last_error: str
    counters: dict[str, int]
    news_s: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """From the publisher: why it ends."""

    text: str


def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def shared_beats(stages: int) -> "tuple[int, memoryview[float]]":
    """Memory for so many beats (doubles), and the descriptor by which another process opens it."""
    descriptor = os.memfd_create("dms-beats")
    os.ftruncate(descriptor, stages * BEAT)
    return descriptor, open_beats(descriptor)


def open_beats(descriptor: int) -> "memoryview[float]":
    """The memory behind a descriptor."""
    return memoryview(mmap.mmap(descriptor, 0)).cast("d")


def say(end: socket.socket, message: object) -> bool:
    """Send without waiting; ``False``: lost, because the other side does not listen or is gone."""
    try:
        end.send(pickle.dumps(message, pickle.HIGHEST_PROTOCOL), socket.MSG_DONTWAIT)
    except OSError:
        return False
    return True


def hear(end: socket.socket, wait: bool = False) -> Any:
    """The next message; ``None``: none is there (or, with ``wait``, the connection was closed).

    Raises:
        EOFError: the other side is gone.
    """
    flags = 0 if wait else socket.MSG_DONTWAIT
    try:
        try:
            data = end.recv(MOST, flags)
        except ConnectionResetError:  # it closed with messages unread; that is told once, before its own last words
            data = end.recv(MOST, flags)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError as error:
        raise EOFError from error
    if not data:
        raise EOFError
    return pickle.loads(data)
