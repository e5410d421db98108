"""Live sources: a thread takes pictures from a device, a one-slot mailbox keeps only the newest.

A reader that is late never gets an old picture: the newer one overwrites it, and ``overwritten`` counts what was lost that way.
"""

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol

from dms.camera.base import Source
from dms.errors import DmsError, HardwareError
from dms.records import Frame

Clock = Callable[[], float]
"""Seconds of the caller's monotonic clock."""


class Watcher(Protocol):
    """Who wants to know how the source's thread is doing; called on that thread, so quickly done."""

    def started(self) -> None:
        """First on the thread: the place to raise its priority."""

    def beat(self) -> None:
        """A picture is about to be delivered; an exception raised here ends the thread like one of the driver's own."""

    def ended(self, error: DmsError | None) -> None:
        """The thread is over though nobody closed the source; without an error the stream came to its end."""


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
        self.stamped_by_device: bool | None = None
        """Is ``Frame.t`` the device's own time of capture (else that of arrival); ``None`` before the first picture."""
        self._changed = threading.Condition()
        self._slot: Frame | None = None
        self._error: DmsError | None = None
        self._ended = False
        self._stopping = threading.Event()
        self._closed = self._again = False
        self._watcher: Watcher | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _run(self) -> None:
        """Take pictures and ``deliver`` them until ``_stopping`` is set or the stream ends. Runs in the source's own thread."""

    def _renew(self) -> None:
        """Open the device again; runs first on the thread that ``reopen`` starts.

        Raises:
            HardwareError: it cannot be opened.
        """

    def watch(self, watcher: Watcher) -> None:
        """Tell ``watcher`` from now on; to be called before the first picture is asked for."""
        self._watcher = watcher

    @property
    def alive(self) -> bool:
        """Is the thread running."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Has the device failed; ``newest`` raises why."""
        return self._error is not None

    def interrupt(self, reason: DmsError) -> None:
        """Call the device failed and ask its thread to end, without waiting for it."""
        self._error = reason
        self._stopping.set()

    def reopen(self) -> None:
        """Open the device again and go on, on a new thread. Does nothing while the old one still runs, or after ``close``."""
        if self._thread is not None:
            self._thread.join(0.5)  # one that has told of its end is as good as over
        if self.alive or self._closed:
            return
        with self._changed:
            self._slot, self._error, self._ended = None, None, False
        self._stopping.clear()
        self._thread, self._again = None, True
        self.start()

    def start(self) -> None:
        """Start the thread; called by the first ``newest``. More calls do nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._guarded, name=f"camera {self.name}", daemon=True)
            self._thread.start()

    def deliver(self, frame: Frame) -> None:
        """Put a picture in the mailbox; one that nobody took is gone."""
        if self._watcher is not None:
            self._watcher.beat()
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
        self._closed = True
        self._stopping.set()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5.0)

    def _guarded(self) -> None:
        error: DmsError | None = None
        try:
            if self._watcher is not None:
                self._watcher.started()
            if self._again:
                self._renew()
            self._run()
        except DmsError as raised:
            error = raised
        except Exception as raised:  # a driver's own exception must reach the reader, not die with the thread
            error = HardwareError(f"camera {self.name} failed: {raised}")
        finally:
            with self._changed:
                self._error = self._error or error
                self._ended = True
                self._changed.notify_all()
            if self._watcher is not None and not self._closed:
                self._watcher.ended(self._error)
