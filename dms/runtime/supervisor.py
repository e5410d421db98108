"""Looks after the stages: starts crashed ones again, and gives up where that does not help or one hangs for too long.

A thread that hangs cannot be ended from outside, so a stage that stays silent for long ends the process, which its service
manager starts anew. All the while the bus says "fault": that is the guard's doing (``dms.runtime.stages``), not the supervisor's.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from dms.camera.live import LiveSource
from dms.errors import DmsError, HardwareError
from dms.runtime import clock
from dms.runtime.judging import Judging
from dms.runtime.publishing import Publishing
from dms.runtime.stages import Pulse, Stage

TICK_S = 0.05
"""Between two looks; a crash is looked at as soon as it happens."""

FIRST_PAUSE_S = 0.1
"""Before the second restart in a row; doubled before each further one. The first restart is immediate."""

FORGIVEN_AFTER_S = 30.0
"""A restart so long ago no longer counts against a stage."""


class Ward(Protocol):
    """Something that can be started again."""

    pulse: Pulse

    def failure(self) -> BaseException | None:
        """Why it is down and may be started again; ``None`` while it runs."""

    def restart(self) -> None:
        """Start it again."""

    def hung(self, now: float, after_s: float) -> DmsError | None:
        """Why it cannot be saved, if that is so."""


class StageWard:
    """A stage with a thread of ours; the inference stage is told why it is started again."""

    def __init__(self, stage: Stage, judging: Judging | None = None) -> None:
        self.pulse, self._stage, self._judging = stage.pulse, stage, judging

    def failure(self) -> BaseException | None:
        """What its thread raised."""
        return self._stage.error

    def restart(self) -> None:
        """A new thread with the same work."""
        if self._judging is not None:
            self._judging.failure = self._stage.error
        self._stage.start()

    def hung(self, now: float, after_s: float) -> DmsError | None:
        """No pulse for too long."""
        silent = self.pulse.silent_s(now)
        return HardwareError(f"{self.pulse.name} has not answered for {silent:.1f} s") if silent > after_s else None


class CameraWard:
    """The camera: silence for longer than its own time-out is answered by opening it again. It is the source's watcher.

    Args:
        source: the camera.
        pulse: beaten with each picture.
        prepare: first on the camera's thread.
        changed: set when that thread ends.
    """

    def __init__(self, source: LiveSource, pulse: Pulse, prepare: Callable[[], None], changed: threading.Event) -> None:
        self.pulse, self._source, self._prepare, self._changed = pulse, source, prepare, changed
        self._error: DmsError | None = None
        source.watch(self)

    def started(self) -> None:
        """On the camera's thread: before it opens the device and waits for the first picture."""
        self._prepare()
        self.pulse.beat()

    def beat(self) -> None:
        """On the camera's thread: a picture."""
        self.pulse.beat()

    def ended(self, error: DmsError | None) -> None:
        """On the camera's thread: it is over."""
        if error is not None:
            self.pulse.fail(str(error))
        self.pulse.rest()
        self._error = error
        self._changed.set()

    def failure(self) -> BaseException | None:
        """The device's own error."""
        return self._error

    def restart(self) -> None:
        """Open the device again; it does so on its own thread."""
        self._error = None
        self._source.reopen()

    def hung(self, now: float, after_s: float) -> DmsError | None:
        """Silence asks the thread to end; one that does not is beyond help."""
        silent, patience = self.pulse.silent_s(now), self._source.timeout_s
        if silent <= patience:
            return None
        lost = HardwareError(f"camera {self._source.name}: no picture for {patience:g} s; check cable, power, driver")
        if not self._source.failed:
            self._source.interrupt(lost)
        return lost if silent > patience + after_s else None


class PublisherWard:
    """The publisher. While it is dead the bus is silent, which the receiver takes for "not ready" by itself."""

    def __init__(self, publisher: Publishing, pulse: Pulse) -> None:
        self.pulse, self._publisher = pulse, publisher

    def failure(self) -> BaseException | None:
        """What its thread raised."""
        return self._publisher.error

    def restart(self) -> None:
        """A new thread; counters and sample stay."""
        self._publisher.stop()
        self._publisher.start()

    def hung(self, now: float, after_s: float) -> DmsError | None:
        """As for a stage."""
        silent = self.pulse.silent_s(now)
        return HardwareError(f"the CAN publisher has not answered for {silent:.1f} s") if silent > after_s else None


class Supervisor:
    """A thread that looks at every ward each tick.

    Args:
        wards: in the order in which they are looked at.
        restarts: a stage is started again so often within half a minute, then the loop is given up.
        hung_after_s: a stage silent for so long is beyond help.
        changed: set by a stage that ended, to be looked at without delay.
        tick: housekeeping, called each tick.
    """

    def __init__(
        self, wards: list[Ward], restarts: int, hung_after_s: float, changed: threading.Event, tick: Callable[[], None]
    ) -> None:
        self.lost: DmsError | None = None
        """Why the loop cannot go on."""
        self._wards, self._restarts, self._hung_after_s = wards, restarts, hung_after_s
        self._changed, self._tick = changed, tick
        self._stop = threading.Event()
        self._history: dict[str, deque[float]] = {ward.pulse.name: deque() for ward in wards}
        self._thread = threading.Thread(target=self._guarded, name="dms-supervisor", daemon=True)

    @property
    def alive(self) -> bool:
        """Is somebody looking."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; nothing is started again from here on."""
        self._stop.set()
        self._changed.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)

    def _guarded(self) -> None:
        try:
            while not self._stop.is_set() and self.lost is None:
                self._changed.wait(TICK_S)
                self._changed.clear()
                if self._stop.is_set():
                    return
                for ward in self._wards:
                    self._look(ward, clock.now())
                self._tick()
        except Exception as error:
            self.lost = error if isinstance(error, DmsError) else HardwareError(f"the supervisor failed: {error!r}")

    def _look(self, ward: Ward, now: float) -> None:
        failure = ward.failure()
        if failure is None:
            self.lost = self.lost or ward.hung(now, self._hung_after_s)
            return
        history = self._history[ward.pulse.name]
        while history and now - history[0] > FORGIVEN_AFTER_S:
            history.popleft()
        if len(history) >= self._restarts:
            self.lost = self.lost or _final(ward.pulse.name, failure)
        elif not history or now - history[-1] >= FIRST_PAUSE_S * 2.0 ** (len(history) - 1):
            history.append(now)
            ward.pulse.restarts += 1
            ward.restart()


def _final(name: str, failure: BaseException) -> DmsError:
    if isinstance(failure, DmsError):
        return failure
    text = " ".join(str(failure).split())
    return HardwareError(f"the CAN publisher stopped: {text}" if name == "publisher" else f"{name} stopped: {text}")
