"""Plays the CAN frames of a drive log onto a bus at their own times: the rest of the car for the demo and the bench."""

import threading
from collections.abc import Callable
from pathlib import Path

from dms.bus.port import Bus, CanFrame
from dms.drivelog.reader import LogReader


class CanPlayer:
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
        self._path, self._bus, self._channel = path, bus, channel
        self._clock, self._sleep, self._start = clock, sleep, start
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="can-player", daemon=True)

    def __enter__(self) -> "CanPlayer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        with LogReader(self._path) as log:
            for t, record in log.can(self._channel):
                if record.remote or record.error:
                    continue
                while (left := self._start + t - self._clock()) > 0 and not self._stop.is_set():
                    self._sleep(min(left, 0.05))
                if self._stop.is_set():
                    return
                self._bus.send(CanFrame(record.id, record.data, record.extended, record.fd, record.brs))
