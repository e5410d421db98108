"""The stages of the loop as the watchdog sees them: a pulse each, and the guard that voids the bus while one is down.

A stage that crashes says so on its own thread; one that hangs is found by its missing pulse. The guard runs in the publisher's
cycle, so neither needs anybody else's attention to be on the bus: a crash within one cycle, a hang within its deadline plus one.
"""

import math
import threading
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol, cast

from dms.bus.samples import Sample
from dms.errors import DmsError
from dms.records import Health, TakeoverReadiness
from dms.records.words import HealthPart, HealthState
from dms.runtime import clock


class StageKilled(RuntimeError):
    """Raised inside a stage that was told to die: the fault injection of tests and soak runs."""


class Beats(Protocol):
    """Doubles: an array, or memory that two processes see."""

    def __getitem__(self, index: int, /) -> float:
        """One of them."""

    def __setitem__(self, index: int, value: float, /) -> None:
        """Change one."""


Tell = Callable[[str, str, str | None], None]
"""Told of a change: name of the stage (or ``loop``), what (``trouble``, ``fail``, ``kill``, ``leave``), and the text."""


class Pulse:
    """A stage's sign of life. Written by its own thread, read by the publisher's; each field is one reference, so no lock.

    Args:
        name: of the stage.
        deadline_s: longest time between two beats; ``None``: never overdue.
        part: what is not well when this stage is not.

    Attributes:
        restarts: how often it was started again.
    """

    def __init__(self, name: str, deadline_s: float | None, part: HealthPart = "system") -> None:
        self.name, self.deadline_s, self.part = name, deadline_s, part
        self.restarts = 0
        self._trouble: str | None = None
        self._owed: str | None = None
        self._beaten: Beats = array("d", [math.nan])
        self._kill = False
        self._tell: Tell | None = None

    def share(self, beaten: Beats, tell: Tell) -> None:
        """Keep the last beat in memory that another process sees, and tell somebody there of all else."""
        beaten[0] = self._beaten[0]
        self._beaten, self._tell = beaten, tell

    def watch(self, beaten: Beats) -> None:
        """The stage lives in another process: this is where that one keeps its last beat."""
        self._beaten = beaten

    @property
    def trouble(self) -> str | None:
        """Why the stage cannot be relied on; ``None`` while it can."""
        return self._trouble

    @trouble.setter
    def trouble(self, text: str | None) -> None:
        changed, self._trouble = text != self._trouble, text
        if changed and self._tell is not None:
            self._tell(self.name, "trouble", text)

    def beat(self) -> None:
        """Alive.

        Raises:
            StageKilled: somebody asked for it.
        """
        if self._kill:
            self._kill = False
            raise StageKilled(f"{self.name} was told to die")
        self._beaten[0] = clock.now()

    def fail(self, trouble: str) -> None:
        """The stage crashed. However fast it is up again, this is said on the bus once."""
        self._trouble = self._owed = trouble
        if self._tell is not None:
            self._tell(self.name, "fail", trouble)

    def owed(self) -> str | None:
        """A crash that the bus was not told of yet; asking settles it."""
        owed, self._owed = self._owed, None
        return owed

    def kill(self) -> None:
        """Let the stage crash at its next beat."""
        self._kill = True
        if self._tell is not None:
            self._tell(self.name, "kill", None)

    def rest(self) -> None:
        """Not expected to beat: before the start, after an orderly end."""
        self._beaten[0] = math.nan

    def silent_s(self, now: float) -> float:
        """Time since the last beat; 0 while none is expected."""
        silent = now - self._beaten[0]
        return 0.0 if math.isnan(silent) else max(0.0, silent)

    def complaint(self, now: float) -> str | None:
        """What is wrong with the stage, if anything is."""
        if self.trouble is not None:
            return self.trouble
        silent = self.silent_s(now)
        if self.deadline_s is None or silent <= self.deadline_s:
            return None
        return f"{self.name} has not answered for {silent:.2f} s"

    def told(self, now: float) -> list[str]:
        """All that the bus has to be told now: the complaint, and a crash that is over already."""
        return [text for text in dict.fromkeys((self.complaint(now), self.owed())) if text is not None]


class Watch:
    """All pulses together; ``guard`` is the publisher's last look at what it is about to send.

    Args:
        publisher: the publisher's own pulse, which ``guard`` beats. Its silence is the receiver's to see.
        pulses: of the other stages.
    """

    def __init__(self, publisher: Pulse, *pulses: Pulse) -> None:
        self.publisher, self.pulses = publisher, pulses
        self.leaving = False
        """The loop is being closed: the bus says "off"."""
        self._tell: Tell | None = None

    def share(self, beats: "memoryview[float]", tell: Tell) -> None:
        """With a guard in another process: beats (in the order of the pulses) in memory that it sees, words to ``tell``."""
        self._tell = tell
        for index, pulse in enumerate(self):
            pulse.share(cast(Beats, beats[index : index + 1]), tell)

    def leave(self) -> None:
        """The loop is being closed."""
        self.leaving = True
        if self._tell is not None:
            self._tell("loop", "leave", None)

    def __iter__(self) -> Iterator[Pulse]:
        """The publisher's pulse, then all others."""
        return iter((self.publisher, *self.pulses))

    def complaints(self, now: float) -> list[str]:
        """Of every stage that is down or overdue."""
        return [text for pulse in self.pulses if (text := pulse.complaint(now)) is not None]

    def guard(self, sample: Sample | None, now: float) -> Sample | None:
        """The sample itself, or a fault in its place; ``None`` (nothing judged yet) stays: the bus says "init".

        Raises:
            StageKilled: the publisher was told to die.
        """
        self.publisher.beat()
        if sample is None:
            return None
        if self.leaving:
            return void(sample, "off", ["shutting down"])
        told = {pulse: pulse.told(now) for pulse in self.pulses}
        down = {pulse.part for pulse, texts in told.items() if texts}
        return void(sample, "fault", [text for texts in told.values() for text in texts], sorted(down)) if down else sample


def void(sample: Sample, word: HealthState, reasons: list[str], parts: Sequence[HealthPart] = ()) -> Sample:
    """The sample without any statement about the driver; it keeps its age."""
    health = Health(state=word, reasons=reasons, parts=list(parts))
    state = TakeoverReadiness(t=sample.state.t, health=health, because=reasons)
    return replace(sample, state=state, observation=None, vehicle=None)


class Stage:
    """Work on a thread of its own that is watched and may be started again after a crash.

    Args:
        pulse: the work beats it.
        work: returns when it was asked to stop.
        prepare: first on the thread: the place to raise its priority.
        changed: set when the thread ends, to wake whoever looks after it.
    """

    def __init__(self, pulse: Pulse, work: Callable[[], None], prepare: Callable[[], None], changed: threading.Event) -> None:
        self.pulse = pulse
        self.error: BaseException | None = None
        self._work, self._prepare, self._changed = work, prepare, changed
        self._thread: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        """Is the thread running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start, or start again after a crash."""
        self.join(0.5)  # it has told of its end, so it is as good as over
        self.error = None
        self._thread = threading.Thread(target=self._guarded, name=f"dms-{self.pulse.name}", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _guarded(self) -> None:
        try:
            self._prepare()
            self.pulse.beat()
            self._work()
        except BaseException as error:  # whatever ends a stage must be on the bus in the next cycle
            self.pulse.fail(f"{self.pulse.name} stopped: {_line(error)}")
            self.error = error
        finally:
            self.pulse.rest()
            self._changed.set()


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, DmsError) else f"{type(error).__name__}: {text}"
