"""The CAN port: one small interface over python-can, so that a fake, a virtual bus and a vehicle look the same."""

import errno
import logging
import socket
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import can

from dms.errors import HardwareError, UsageError

MULTICAST_GROUP = "239.74.163.2"
_DEFAULT_CHANNEL = {"virtual": "dms", "udp_multicast": MULTICAST_GROUP, "socketcan": "can0", "socketcand": "can0"}
_HINTS = {
    "socketcan": "is the interface up? `sudo ip link set {channel} up type can bitrate 500000 dbitrate 2000000 fd on`; "
    "a kernel without CAN: use interface udp_multicast or virtual",
    "socketcand": "is the socketcand daemon running, are host and port right?",
    "udp_multicast": "is msgpack installed (`pip install msgpack`) and does the network allow multicast?",
}


@dataclass(frozen=True, slots=True)
class CanFrame:
    """One data frame; ``data`` holds at most 8 bytes, 64 with ``fd``."""

    can_id: int
    data: bytes
    extended: bool = False
    fd: bool = False
    bit_rate_switch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BusConfig:
    """Which bus: a python-can interface name, its channel, CAN FD on or off, and further options of that interface."""

    interface: str = "virtual"
    channel: str | None = None
    fd: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class BusCounts:
    """What went through the port."""

    sent: int = 0
    failed: int = 0
    received: int = 0
    last_error: str = ""


class Bus(Protocol):
    """A CAN bus. ``send`` never raises and never blocks for long: a frame that cannot go is dropped and counted."""

    counts: BusCounts

    def send(self, frame: CanFrame) -> bool:
        """Hand over one frame; ``False``: it was dropped (queue full, interface down)."""

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """The next data frame, or ``None`` when none came in time.

        Raises:
            HardwareError: the bus is gone.
        """

    def close(self) -> None:
        """Release it; further calls do nothing."""


class _Echoes:
    """The last frames sent from here, to know them again; sending and receiving may be on two threads."""

    def __init__(self) -> None:
        self._sent: deque[tuple[int, bytes]] = deque(maxlen=256)
        self._lock = threading.Lock()

    def expect(self, can_id: int, data: bytes) -> None:
        """This frame is about to be sent."""
        with self._lock:
            self._sent.append((can_id, data))

    def take(self, can_id: int, data: bytes) -> bool:
        """Was this frame sent from here; each is known again once."""
        with self._lock:
            known = (can_id, data) in self._sent
            if known:
                self._sent.remove((can_id, data))
            return known


class PythonCanBus:
    """A bus of python-can.

    Args:
        bus: of python-can; closed with this one.
        fd: may FD frames be sent.
        echoes: the interface gives back what was sent here (multicast does); such frames are taken out, as on a real bus.
    """

    def __init__(self, bus: can.BusABC, fd: bool, echoes: bool = False) -> None:
        self.counts = BusCounts()
        self._bus: can.BusABC | None = bus
        self._fd = fd
        self._own = _Echoes() if echoes else None

    def send(self, frame: CanFrame) -> bool:
        """Drop and count instead of raising: the publisher must outlive a full queue and a bus that is off."""
        if self._bus is None:
            return False
        fd = frame.fd and self._fd
        if self._own is not None:
            self._own.expect(frame.can_id, frame.data)
        try:
            self._bus.send(
                can.Message(
                    arbitration_id=frame.can_id,
                    data=frame.data,
                    is_extended_id=frame.extended,
                    is_fd=fd,
                    bitrate_switch=fd and frame.bit_rate_switch,
                    check=True,
                ),
                timeout=0.0,
            )
        except (can.CanError, OSError, ValueError) as error:
            self.counts.failed += 1
            self.counts.last_error = _one_line(error)
            return False
        self.counts.sent += 1
        return True

    def _foreign(self, message: can.Message) -> bool:
        """A data frame that somebody else sent."""
        if message.is_error_frame or message.is_remote_frame:
            return False
        return self._own is None or not self._own.take(message.arbitration_id, bytes(message.data))

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """The next data frame of another node; error and remote frames are passed over, an interface that is down is silent.

        ``None`` may come before the time is up, when something was passed over.
        """
        if self._bus is None:
            return None
        try:
            message = self._bus.recv(timeout_s)
            while message is not None and not self._foreign(message):
                message = self._bus.recv(0.0)
        except (can.CanError, OSError) as error:
            if _errno(error) != errno.ENETDOWN:
                raise HardwareError(f"CAN bus lost: {_one_line(error)}; check the interface") from None
            self.counts.last_error = _one_line(error)  # told once; the socket hears again when the interface is up again
            return None
        if message is None:
            return None
        self.counts.received += 1
        return CanFrame(
            message.arbitration_id, bytes(message.data), message.is_extended_id, message.is_fd, message.bitrate_switch
        )

    def close(self) -> None:
        """Shut the interface down."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.shutdown()


class FakeBus:
    """A bus for tests: keeps what was sent, delivers what was queued, fails on command."""

    def __init__(self) -> None:
        self.counts = BusCounts()
        self.sent: list[CanFrame] = []
        self.incoming: deque[CanFrame] = deque()
        self.failing = False
        self.closed = False

    def send(self, frame: CanFrame) -> bool:
        """Keep the frame, or drop it while ``failing``."""
        if self.failing or self.closed:
            self.counts.failed += 1
            self.counts.last_error = "fake bus fails on command"
            return False
        self.sent.append(frame)
        self.counts.sent += 1
        return True

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """The next of ``incoming``, at once."""
        if not self.incoming:
            return None
        self.counts.received += 1
        return self.incoming.popleft()

    def close(self) -> None:
        """Sending fails from here on."""
        self.closed = True


def open_bus(config: BusConfig) -> Bus:
    """Open a bus.

    Interfaces: ``virtual`` (inside one process), ``udp_multicast`` (between processes and machines), ``socketcan`` (kernel CAN),
    ``socketcand`` (options ``host``, ``port``); any other python-can name is passed through with its options.

    Raises:
        UsageError: python-can knows no such interface, or not these options.
        HardwareError: the interface cannot be opened here, with what to do.
    """
    _quiet()
    channel = config.channel or _DEFAULT_CHANNEL.get(config.interface)
    if config.interface not in can.VALID_INTERFACES:
        raise UsageError(f"no CAN interface {config.interface!r}; known: {', '.join(sorted(can.VALID_INTERFACES))}")
    try:
        if config.interface == "socketcand" and {"host", "port"} <= set(config.options):
            # python-can's client retries for 10 s in a busy loop; one plain connection tells at once.
            socket.create_connection((config.options["host"], config.options["port"]), timeout=3.0).close()
        bus = can.Bus(channel=channel, interface=config.interface, ignore_config=True, **_options(config))
    except TypeError as error:
        raise UsageError(f"CAN interface {config.interface}: {_one_line(error)}; check channel and options") from None
    except (can.CanError, OSError, ImportError, ValueError) as error:
        hint = _HINTS.get(config.interface, "check channel, driver and permission").format(channel=channel)
        raise HardwareError(f"cannot open CAN {config.interface} {channel}: {_reason(error)}; {hint}") from None
    return PythonCanBus(bus, config.fd, echoes=config.interface == "udp_multicast")


def _quiet() -> None:
    """python-can logs what we turn into one line; a level the user has set stays."""
    log = logging.getLogger("can")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)


def _options(config: BusConfig) -> dict[str, Any]:
    if config.interface == "virtual":
        protocol = can.CanProtocol.CAN_FD if config.fd else can.CanProtocol.CAN_20
        return {"protocol": protocol, **config.options}
    return {"fd": config.fd, **config.options}


def _reason(error: BaseException) -> str:
    number = _errno(error)
    if number == errno.EAFNOSUPPORT:
        return "this kernel has no CAN"
    if number in (errno.EPERM, errno.EACCES):
        return "no permission"
    if isinstance(error, socket.gaierror) or number == errno.ENODEV:
        return f"no such channel ({_one_line(error)})"
    return _one_line(error)


def _errno(error: BaseException) -> int | None:
    return getattr(error, "errno", None) or getattr(error, "error_code", None)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
