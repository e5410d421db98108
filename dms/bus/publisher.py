"""The cyclic publisher: its own thread, absolute deadlines, the newest sample with its true age.

It waits for nobody: perception leaves its newest result in a one-slot mailbox and never blocks it. When the loop was held up, the
missed cycles are skipped and counted, so that a stall is followed by one frame and not by a burst.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dms.bus.messages import Encoder
from dms.bus.port import Bus, BusCounts, CanFrame
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.bus.schedule import PublisherParameters, Schedule
from dms.ring import Ring


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherStats:
    """How well the period is kept: |time between two DMS_TakeoverReady - cycle|, ms, over the last 12000 cycles (10 min)."""

    cycles: int = 0
    missed: int = 0
    period_error_p50_ms: float | None = None
    period_error_p99_ms: float | None = None
    period_error_max_ms: float | None = None
    send_failures: int = 0


class Periods:
    """Keeps the times at which DMS_TakeoverReady left.

    Attributes:
        cycles: so many.
        last: the newest, s; ``None`` before the first.
    """

    def __init__(self, cycle_s: float) -> None:
        self.cycles = 0
        self.last: float | None = None
        self._cycle_s = cycle_s
        self._errors = Ring(12000)

    def note(self, now: float) -> None:
        """One left now."""
        if self.last is not None:
            self._errors.append(abs(now - self.last - self._cycle_s))
        self.last = now
        self.cycles += 1

    def stats(self, missed: int, failed: int) -> PublisherStats:
        """The figures, with what else was counted."""
        base = PublisherStats(cycles=self.cycles, missed=missed, send_failures=failed)
        errors = self._errors.last() * 1e3
        if not errors.size:
            return base
        p50, p99 = (float(v) for v in np.percentile(errors, (50, 99)))
        return replace(base, period_error_p50_ms=p50, period_error_p99_ms=p99, period_error_max_ms=float(errors.max()))


class SampleCheck:
    """Finds in the caller's thread what building frames would stumble over later. Frames depend on a sample's words alone;
    numbers out of range become codes."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: set[tuple[object, ...]] = set()

    def __call__(self, sample: Sample) -> None:
        """Look at one sample.

        Raises:
            KeyError, TypeError: the state holds a word outside the vocabulary.
        """
        words = _words(sample)
        if words not in self._known:
            self._encoder.check(sample)
            self._known.add(words)


class Publisher:
    """Sends the driver monitoring's messages.

    Args:
        bus: where to.
        encoder: builds the frames.
        clock: s, monotonic, the one the capture times were read from.
        sleep: waits so many seconds.
        parameters: periods.
        prepare: called first on the publisher's own thread; the place to raise its priority.
        on_sent: told of each frame that was handed over, with its time (recorder); runs in the publisher's thread, must be quick.
        on_news: told how old a picture was, in s, when the first frame that carries it left; as ``on_sent``.
        guard: asked before each cycle's frames are built, with the newest sample and the time; what it gives back is sent. The
            watchdog's place: a fault found here is on the bus in the same cycle. Runs in the publisher's thread, must be quick.
    """

    def __init__(
        self,
        bus: Bus,
        encoder: Encoder,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        parameters: PublisherParameters | None = None,
        prepare: Callable[[], None] | None = None,
        on_sent: Callable[[CanFrame, float], None] | None = None,
        on_news: Callable[[float], None] | None = None,
        guard: Callable[[Sample | None, float], Sample | None] | None = None,
    ) -> None:
        self.parameters = parameters or PublisherParameters()
        self.error: BaseException | None = None
        self._bus, self._encoder, self._clock, self._sleep = bus, encoder, clock, sleep
        self._prepare, self._on_sent, self._on_news, self._guard = prepare, on_sent, on_news, guard
        # Mailboxes: one reference each, swapped whole. That is atomic in Python and cannot make the publisher wait for a lock
        # whose holder is not running.
        self._sample: Sample | None = None
        self._health = BusHealth()
        self._ack: int | None = None
        self._quiet = False
        self._gestures: deque[GestureEvent] = deque(maxlen=4)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._schedule = Schedule(self.parameters)
        self._has_gaze, self._has_driver = encoder.has("DMS_GazeHead"), encoder.has("DMS_DriverState")
        self._periods = Periods(self.parameters.cycle_s)
        self.missed = 0
        """Cycles that could not be kept."""
        self._failed_before = 0
        self._check = SampleCheck(encoder)
        self._carried: float | None = None

    def post(self, sample: Sample) -> None:
        """Leave the newest sample; it replaces the one before.

        Raises:
            KeyError, TypeError: the state holds a word outside the vocabulary; found here, in the caller's thread.
        """
        self._check(sample)
        self._sample = sample

    def post_health(self, health: BusHealth) -> None:
        """Leave the newest health; a change is sent with the next cycle.

        Raises:
            UsageError: a hash or version that cannot be sent.
        """
        self._encoder.check_health(health)
        self._health = health

    def post_gesture(self, event: GestureEvent) -> None:
        """Send a gesture event (and its repeats). While one is going out up to 4 more wait; the oldest is dropped."""
        self._gestures.append(event)

    def acknowledge(self, count: int | None) -> None:
        """Counter of the handover controller's request to echo; ``None``: not heard."""
        self._ack = count

    def quiet(self, quiet: bool) -> None:
        """Send DMS_TakeoverReady alone, or all messages: a tester's wish (ISO 14229-1, service 0x28)."""
        self._quiet = quiet

    def start(self) -> None:
        """Start the thread; the first frame goes out at once. After ``stop`` it may be started again, counters run on."""
        if self._thread is None:
            self._stop.clear()
            self.error = None
            self._schedule = Schedule(self.parameters)  # it counts this run's cycles
            self._thread = threading.Thread(target=self._guarded, name="dms-publisher", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread within a cycle. The bus stays open; the receiver runs into its deadline."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._thread = None

    @property
    def alive(self) -> bool:
        """Is the thread running; if it ended by itself ``error`` says why."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def cycles(self) -> int:
        """Cycles so far."""
        return self._periods.cycles

    @property
    def last_sent(self) -> float | None:
        """When DMS_TakeoverReady left last, s."""
        return self._periods.last

    @property
    def counts(self) -> BusCounts:
        """Of the port it sends through."""
        return self._bus.counts

    def stats(self) -> PublisherStats:
        """Figures so far."""
        return self._periods.stats(self.missed, self._bus.counts.failed)

    def _guarded(self) -> None:
        try:
            if self._prepare is not None:
                self._prepare()
            self.run()
        except BaseException as error:  # kept for the watchdog; silence on the bus is the safe statement
            self.error = error

    def run(self) -> None:
        """The loop; returns after ``stop``. ``start`` runs it on a thread."""
        cycle = self.parameters.cycle_s
        begin = self._clock()
        if self._periods.last is not None:  # started again: what was not sent in between was missed
            self.missed += max(0, round((begin - self._periods.last) / cycle) - 1)
        index = 0
        while not self._stop.is_set():
            self._wait(begin + index * cycle)
            if self._stop.is_set():
                return
            self.step(index)
            due = int((self._clock() - begin) / cycle + 1e-9) + 1  # number of the first deadline still ahead
            self.missed += max(0, due - index - 1)
            index = max(index + 1, due)

    def _wait(self, deadline: float) -> None:
        while (left := deadline - self._clock()) > 0:
            self._sleep(left)

    def step(self, index: int) -> None:
        """Send what is due in cycle ``index``; the readiness first, its age measured while its frame is built."""
        now = self._clock()
        sample = self._sample if self._guard is None else self._guard(self._sample, now)
        self._send(self._encoder.takeover_ready(sample, now, self._ack), now)
        self._periods.note(now)
        self._note_news(sample, now)
        if not self._quiet:
            self._step_others(index, sample, now)

    def _step_others(self, index: int, sample: Sample | None, now: float) -> None:
        """What is due beside the readiness."""
        if self._has_gaze and self._schedule.gaze_head(index):
            self._send(self._encoder.gaze_head(sample, now), now)
        if self._has_driver and self._schedule.driver_state(index):
            self._send(self._encoder.driver_state(sample, now), now)
        if self._schedule.health(index, self._health):
            failed = self._bus.counts.failed
            self._send(self._encoder.health(replace(self._health, bus_ok=failed == self._failed_before)), now)
            self._failed_before = failed
        gesture = self._schedule.gesture(index, self._gestures)
        if gesture is not None:
            self._send(self._encoder.gesture(*gesture), now)

    def _send(self, frame: CanFrame, now: float) -> None:
        if self._bus.send(frame) and self._on_sent is not None:
            self._on_sent(frame, now)

    def _note_news(self, sample: Sample | None, now: float) -> None:
        if sample is None or sample.captured == self._carried:
            return
        self._carried = sample.captured
        if self._on_news is not None:
            self._on_news(now - sample.captured)


def _words(sample: Sample) -> tuple[object, ...]:
    """All words of a state that have a code on the bus; the reasons of its health are free text."""
    s = sample.state
    return (s.readiness, s.attention.zone, s.attention.criterion, s.drowsiness.event, s.warning.class_, s.health.state)
