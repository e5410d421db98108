"""Live sources: a thread takes pictures from a device, a one-slot mailbox keeps only the newest.

A reader that is late never gets an old picture: the newer one overwrites it, and ``overwritten`` counts what was lost that way.
"""

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator

from dms.camera.base import Source
from dms.errors import DmsError, HardwareError
from dms.records import Frame

Clock = Callable[[], float]
"""Seconds of the caller's monotonic clock."""


class LiveSource(Source):
    """Base of camera devices; also the fake: subclass it, call ``deliver`` in ``_run``.

    Args:
        name: what messages and frames call it.
        timeout_s: silence after which the device counts as lost.
    """

    live = True

    def __init__(self, name: str, timeout_s: float = 2.0) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self.overwritten = 0
        self._changed = threading.Condition()
        self._slot: Frame | None = None
        self._error: DmsError | None = None
        self._ended = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _run(self) -> None:
        """Take pictures and ``deliver`` them until ``_stopping`` is set or the stream ends. Runs in the source's own thread."""

    def start(self) -> None:
        """Start the thread; called by the first ``newest``. More calls do nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._guarded, name=f"camera {self.name}", daemon=True)
            self._thread.start()

    def deliver(self, frame: Frame) -> None:
        """Put a picture in the mailbox; one that nobody took is gone."""
        with self._changed:
            if self._slot is not None:
                self.overwritten += 1
            self._slot = frame
            self._changed.notify_all()

    def newest(self, timeout_s: float | None = None) -> Frame | None:
        """The newest picture that was not yet handed out; waits for one. ``None`` when the stream has ended or was closed.

        Raises:
            HardwareError: no picture for ``timeout_s`` (default: the source's own), or the device failed.
        """
        self.start()
        wait = self.timeout_s if timeout_s is None else timeout_s
        with self._changed:
            arrived = self._changed.wait_for(lambda: self._slot is not None or self._ended, wait)
            frame, self._slot = self._slot, None
            if frame is not None:
                return frame
            if self._error is not None:
                raise self._error
        if not arrived:
            raise HardwareError(f"camera {self.name}: no picture for {wait:g} s; check its cable, power and driver")
        return None

    def frames(self) -> Iterator[Frame]:
        """The newest picture each time the reader asks, until the stream ends.

        Raises:
            HardwareError: see ``newest``.
        """
        while (frame := self.newest()) is not None:
            yield frame

    def close(self) -> None:
        """Stop the thread and give the device back."""
        self._stopping.set()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _guarded(self) -> None:
        try:
            self._run()
        except DmsError as error:
            self._error = error
        except Exception as error:  # a driver's own exception must reach the reader, not die with the thread
            self._error = HardwareError(f"camera {self.name} failed: {error}")
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
