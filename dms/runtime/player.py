"""Plays the CAN frames of a drive log onto a bus at their own times: the rest of the car for the demo and the bench."""

from collections.abc import Callable
from pathlib import Path

from dms.bus.port import Bus, CanFrame
from dms.drivelog.reader import LogReader
from dms.runtime.worker import Worker


class CanPlayer(Worker):
    """A thread that sends what the log's bus received.

    Args:
        path: drive log.
        bus: where to.
        clock: s, monotonic.
        sleep: waits so many seconds.
        start: clock time of log time 0.
        channel: bus name in the log.
    """

    def __init__(
        self,
        path: str | Path,
        bus: Bus,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        start: float,
        channel: str = "can0",
    ) -> None:
        super().__init__("can-player")
        self._path, self._bus, self._channel = path, bus, channel
        self._clock, self._sleep, self._start = clock, sleep, start

    def work(self) -> None:
        """Send until the log's end."""
        with LogReader(self._path) as log:
            for t, record in log.can(self._channel):
                if record.remote or record.error:
                    continue
                while (left := self._start + t - self._clock()) > 0 and not self._stop.is_set():
                    self._sleep(min(left, 0.05))
                if self._stop.is_set():
                    return
                self._bus.send(CanFrame(record.id, record.data, record.extended, record.fd, record.brs))
