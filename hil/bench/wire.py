"""A bus of two ports in memory: no delay, no loss, nothing copied. For lock-step, where python-can's own would cost the most."""

from collections import deque

from dms.bus.port import BusCounts, CanFrame


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
