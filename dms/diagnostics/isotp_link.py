"""ISO-TP (ISO 15765-2) over our CAN port, so that every interface of python-can will do, the kernel's sockets among them.

The protocol itself is the library ``can-isotp``; here its two directions are tied to a ``dms.bus.port.Bus``, for a server (which
also hears requests to all control units) and for a tester.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dms.bus.port import Bus, BusConfig, CanFrame
from dms.errors import HardwareError, UsageError

if TYPE_CHECKING:
    import isotp

POLL_S = 0.02
"""How long to wait for a frame at most."""

FRAMES_AT_ONCE = 64

LARGEST = 4095
"""Bytes of a message."""


def filtered(config: BusConfig, identifiers: Sequence[int]) -> BusConfig:
    """The same bus, but only with frames of these identifiers: on a kernel socket the rest of the traffic then costs nothing."""
    wanted = [{"can_id": i, "can_mask": 0x1FFFFFFF, "extended": i > 0x7FF} for i in identifiers]
    return replace(config, options={**config.options, "can_filters": wanted})


@dataclass(frozen=True, slots=True)
class Addresses:
    """CAN identifiers; above 0x7FF they are extended ones."""

    request: int = 0x7C1
    response: int = 0x7C9
    functional: int = 0x7DF

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            UsageError: out of range, or two of them are the same.
        """
        numbers = (self.request, self.response, self.functional)
        if not all(0 <= number <= 0x1FFFFFFF for number in numbers) or len(set(numbers)) < 3:
            raise UsageError("diagnostics: request_id, response_id and functional_id must be three different CAN identifiers")


class IsoTp:
    """Whole messages over a bus. ``poll`` does all the work, on the caller's thread.

    Args:
        bus: of its own: nobody else reads from it.
        fd: CAN FD frames of up to 64 bytes.
        listens: identifier of messages to us.
        speaks: identifier of messages from us.
        to_all: identifier of messages to all; ``None``: not heard.
    """

    def __init__(self, bus: Bus, fd: bool, listens: int, speaks: int, to_all: int | None = None) -> None:
        self._bus, self._fd = bus, fd
        self._frames: dict[int, deque[CanFrame]] = {}
        self._physical = self._layer(listens, speaks, listen_only=False)
        self._functional = None if to_all is None else self._layer(to_all, speaks, listen_only=True)

    def poll(self, timeout_s: float = POLL_S) -> tuple[bytes, bool] | None:
        """Wait so long at most; returns a whole message and whether it went to all, if there is one.

        Raises:
            HardwareError: the bus is gone.
        """
        self._pump(timeout_s)
        for layer, to_all in ((self._physical, False), (self._functional, True)):
            heard = None if layer is None else layer.recv()
            if heard is not None:
                return bytes(heard), to_all
        return None

    def send(self, message: bytes) -> None:
        """Send one message whole; one the other side does not let through is given up after a second.

        Raises:
            HardwareError: the bus is gone.
        """
        self._physical.send(message)
        self._physical.process()
        while self._physical.transmitting():
            self._pump(0.001)

    def _pump(self, timeout_s: float) -> None:
        """Hand one received frame to the layers, passing over those of others, and let the layers send."""
        for _ in range(FRAMES_AT_ONCE):
            frame = self._bus.receive(timeout_s)
            if frame is None:
                break
            timeout_s = 0.0
            if frame.can_id in self._frames:  # one at a time: a flood waits, and is bounded, in the bus's own queue
                self._frames[frame.can_id].append(frame)
                break
        self._physical.process()
        if self._functional is not None:
            self._functional.process()

    def _layer(self, listens: int, speaks: int, listen_only: bool) -> "isotp.TransportLayerLogic":
        library = _library()
        waiting = self._frames.setdefault(listens, deque(maxlen=256))
        extended = max(listens, speaks) > 0x7FF
        mode = library.AddressingMode.Normal_29bits if extended else library.AddressingMode.Normal_11bits
        parameters: dict[str, Any] = {
            "tx_data_length": 64 if self._fd else 8, "tx_data_min_length": 8, "tx_padding": 0xCC, "can_fd": self._fd,
            "bitrate_switch": self._fd, "max_frame_size": LARGEST, "listen_mode": listen_only,
        }  # fmt: skip

        def receive(timeout_s: float) -> Any:
            if not waiting:
                return None
            frame = waiting.popleft()
            return library.CanMessage(frame.can_id, len(frame.data), frame.data, frame.extended, frame.fd)

        def send(message: Any) -> None:
            data = bytes(message.data)
            self._bus.send(CanFrame(message.arbitration_id, data, bool(message.is_extended_id), self._fd, self._fd))

        address = library.Address(mode, rxid=listens, txid=speaks)
        layer: isotp.TransportLayerLogic = library.TransportLayerLogic(receive, send, address, _ignored, parameters)
        return layer


def _ignored(error: Exception) -> None:
    """Broken or unexpected frames end the message they belong to, no more."""


def _library() -> Any:
    """The package ``can-isotp``.

    Raises:
        HardwareError: it is not installed.
    """
    try:
        import isotp
    except ModuleNotFoundError:
        raise HardwareError("diagnostics over CAN needs the package can-isotp; run: pip install 'dms[diag]'") from None
    return isotp
