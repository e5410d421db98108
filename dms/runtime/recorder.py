"""Records what the loop sees and says to a drive log, on its own thread. Only when the configuration asks for it."""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from dms.bus.port import CanFrame
from dms.drivelog.format import CanRecord, Direction, LogHeader
from dms.drivelog.writer import LogWriter
from dms.errors import DmsError, HardwareError
from dms.records import TakeoverReadiness
from dms.runtime.config import Loaded

if TYPE_CHECKING:
    from dms.runtime.chain import Judged

QUEUE = 256
"""Entries waiting for the disk; when it is slower than that, entries are dropped and counted, the loop is never held up."""


class Recorder:
    """A context manager; its methods may be called from any thread and return at once.

    Args:
        parts: loaded configuration; its ``record`` names the file.
        engines: hash of the engines in use, for the header.
        prepare: first on the recorder's thread: the place to raise its priority.

    Attributes:
        dropped: entries lost because the disk was slower than the loop.
        error: the first that went wrong while writing (a full disk); what comes later is still tried.
    """

    def __init__(self, parts: Loaded, engines: str | None = None, prepare: Callable[[], object] | None = None) -> None:
        from dms import __version__

        rules = f"{parts.profile.name} {parts.profile.hash}"
        header = LogHeader(
            software=__version__, camera=parts.camera, vehicle=parts.config.vehicle, profile=rules, engines=engines
        )
        self._path, self._prepare = str(parts.config.record), prepare
        self._writer = LogWriter(self._path, header)
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(QUEUE)
        self._thread = threading.Thread(target=self._run, name="dms-recorder", daemon=True)
        self.dropped = 0
        self.error: DmsError | None = None

    def judged(self, judged: "Judged", t: float) -> None:
        """A frame with its observation and state, worked out at ``t``."""
        self._put(lambda: self._write_judged(judged, t))

    def silent(self, state: TakeoverReadiness) -> None:
        """A state without a frame."""
        self._put(lambda: self._writer.record(state))

    def can(self, frame: CanFrame, t: float, direction: Direction) -> None:
        """A frame received or sent."""
        record = CanRecord(frame.can_id, frame.data, extended=frame.extended, fd=frame.fd, brs=frame.bit_rate_switch)
        self._put(lambda: self._writer.can(record, t, direction=direction))

    def _write_judged(self, judged: "Judged", t: float) -> None:
        self._writer.frame(judged.frame)
        self._writer.record(judged.sight.observation, t)
        self._writer.record(judged.state, t)

    def _put(self, entry: Callable[[], None]) -> None:
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self.dropped += 1

    def _run(self) -> None:
        if self._prepare is not None:
            self._prepare()
        while (entry := self._queue.get()) is not None:
            self._try(entry)
        self._try(self._writer.close)

    def _try(self, entry: Callable[[], None]) -> None:
        """The thread must outlive a full disk, or ``__exit__`` would wait for room in the queue for ever."""
        try:
            entry()
        except DmsError as error:
            self.error = self.error or error
        except OSError as error:
            self.error = self.error or HardwareError(f"recording {self._path}: {error.strerror or error}")

    def __enter__(self) -> "Recorder":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._queue.put(None)
        self._thread.join(timeout=10.0)
