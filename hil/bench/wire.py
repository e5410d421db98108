"""A bus of two ports in memory: no delay, no loss, nothing copied. For lock-step, where python-can's own would cost the most."""

from collections import deque
from collections.abc import Callable

from dms.bus.port import Bus, BusCounts, CanFrame


class WirePort:
    """One end; what the other end sends is received here."""

    def __init__(self, incoming: deque[CanFrame], outgoing: deque[CanFrame]) -> None:
        self.counts = BusCounts()
        self._incoming, self._outgoing = incoming, outgoing

    def send(self, frame: CanFrame) -> bool:
        """Never fails."""
        self._outgoing.append(frame)
        self.counts.sent += 1
        return True

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """What waits; nobody could send while this waits, so it does not."""
        if not self._incoming:
            return None
        self.counts.received += 1
        return self._incoming.popleft()

    def close(self) -> None:
        """Nothing to release."""


def wire() -> tuple[WirePort, WirePort]:
    """Both ends."""
    one: deque[CanFrame] = deque()
    other: deque[CanFrame] = deque()
    return WirePort(one, other), WirePort(other, one)


class Overheard:
    """A port; ``told`` hears everything that goes through it, both ways, with the time of ``clock``."""

    def __init__(self, bus: Bus, told: Callable[[CanFrame, float], None], clock: Callable[[], float]) -> None:
        self._bus, self._told, self._clock = bus, told, clock

    @property
    def counts(self) -> BusCounts:
        """Those of the port."""
        return self._bus.counts

    @counts.setter
    def counts(self, value: BusCounts) -> None:
        self._bus.counts = value

    def send(self, frame: CanFrame) -> bool:
        """Hand over one frame."""
        sent = self._bus.send(frame)
        if sent:
            self._told(frame, self._clock())
        return sent

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """The next frame."""
        frame = self._bus.receive(timeout_s)
        if frame is not None:
            self._told(frame, self._clock())
        return frame

    def close(self) -> None:
        """Release the port."""
        self._bus.close()
