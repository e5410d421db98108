"""A file played as if it were a camera: each frame at its own time, late ones overwritten."""

from collections.abc import Callable
from dataclasses import replace

from dms.camera.base import Source
from dms.camera.live import LiveSource
from dms.records import Frame


class PacedSource(LiveSource):
    """Frames of ``source`` delivered at their own distance in time, stamped with the caller's clock.

    Args:
        source: a file, folder or log.
        clock: s, monotonic.
        sleep: waits so many seconds.
        start: clock time of the first frame, ``None`` for now; lets CAN of the same log be played in step.
    """

    def __init__(
        self, source: Source, clock: Callable[[], float], sleep: Callable[[float], None], start: float | None = None
    ) -> None:
        super().__init__(source.name or "file")
        self._source, self._clock, self._sleep, self._begin = source, clock, sleep, start
        self._offset: float | None = None

    def _run(self) -> None:
        resume = self._clock() if self._offset is not None else None  # opened again: what is over is passed over
        for frame in self._source.frames():
            if self._offset is None:
                self._offset = (self._clock() if self._begin is None else self._begin) - frame.t
            t = frame.t + self._offset
            if resume is not None and t < resume:
                continue
            if not self._wait(t):
                return
            self.deliver(self._stamped(frame, t))

    def _wait(self, deadline: float) -> bool:
        """False when it was asked to stop."""
        while (left := deadline - self._clock()) > 0:
            if self._stopping.is_set():
                return False
            self._sleep(min(left, 0.05))
        return not self._stopping.is_set()

    def _stamped(self, frame: Frame, t: float) -> Frame:
        return replace(frame, t=t)

    def close(self) -> None:
        """End the thread and close the file."""
        super().close()
        self._source.close()
