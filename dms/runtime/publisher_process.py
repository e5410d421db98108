"""A publisher that lives in a process of its own, to be used like ``dms.bus.publisher.Publisher``.

See ``publisher_child`` for what it does there and ``publisher_link`` for what is said. Measured against the thread in
``docs/loop.md``: the two share no interpreter lock, so however long a thread of the loop is put aside while it holds it, the bus
keeps its period.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dms.bus.messages import Encoder
from dms.bus.port import BusCounts, CanFrame
from dms.bus.publisher import Periods, PublisherStats, SampleCheck
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.errors import HardwareError
from dms.runtime.publisher_link import Cycle, Failed, Order, Up, hear, pair, say, shared_beats
from dms.runtime.stages import Watch

START_S = 20.0
"""Longest time from the start of the process to its first frame; a busy machine reads Python's modules slowly."""

STOP_S = 1.0
"""Longest time from the word "stop" until the process is gone; then it is killed."""


class PublisherProcess:
    """Starts, feeds and hears a publisher; ``stop`` ends it, its memory goes with this object.

    Args:
        order: what to publish, where, how.
        encoder: of the same message set; only looks samples over.
        watch: the stages; their beats are put into shared memory.
        on_sent: told of each frame that left, with its time.
        on_news: told how old a picture was when the first frame that carries it left, s.
        on_up: told what the system granted.
    """

    def __init__(
        self,
        order: Order,
        encoder: Encoder,
        watch: Watch,
        on_sent: Callable[[CanFrame, float], None],
        on_news: Callable[[float], None],
        on_up: Callable[[dict[str, str]], None],
    ) -> None:
        self.parameters = order.parameters
        self.error: BaseException | None = None
        self.counts = BusCounts()
        self._order, self._encoder, self._watch = order, encoder, watch
        self._on_sent, self._on_news, self._on_up = on_sent, on_news, on_up
        self._check = SampleCheck(encoder)
        self._periods = Periods(order.parameters.cycle_s)
        self._missed = self._missed_before = 0
        self._counts_before = BusCounts()
        self._sample: Sample | None = None
        self._health = BusHealth()
        self._ack: int | None = None
        self._quiet = False
        self._up = threading.Event()
        self._ever_up = False
        self._fresh = True
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._ear: threading.Thread | None = None
        self._descriptor, self._beats = shared_beats(len(order.stages))
        watch.share(self._beats, lambda name, what, text: self._say(what, (name, text)))

    def post(self, sample: Sample) -> None:
        """See ``Publisher.post``."""
        self._check(sample)
        self._sample = sample
        self._say("sample", sample)

    def post_health(self, health: BusHealth) -> None:
        """See ``Publisher.post_health``."""
        self._encoder.check_health(health)
        if health != self._health:
            self._health = health
            self._say("health", health)

    def post_gesture(self, event: GestureEvent) -> None:
        """See ``Publisher.post_gesture``."""
        self._say("gesture", event)

    def acknowledge(self, count: int | None) -> None:
        """See ``Publisher.acknowledge``."""
        if count != self._ack:
            self._ack = count
            self._say("ack", count)

    def quiet(self, quiet: bool) -> None:
        """See ``Publisher.quiet``."""
        if quiet != self._quiet:
            self._quiet = quiet
            self._say("quiet", quiet)

    def start(self) -> None:
        """Start the process; the first time, wait until it is about to send.

        Raises:
            HardwareError: it does not come up, with its own words.
        """
        if self._process is not None:
            return
        self.error = None
        self._up.clear()
        self._fresh = True
        self._watch.publisher.rest()
        mine, theirs = pair()
        with theirs:
            arguments = [sys.executable, "-m", "dms.runtime.publisher_child", str(theirs.fileno()), str(self._descriptor)]
            self._process = subprocess.Popen(
                arguments, pass_fds=(theirs.fileno(), self._descriptor), stdin=subprocess.DEVNULL, start_new_session=True
            )
        say(mine, replace(self._order, counters=dict(self._encoder.counters)))
        self._end = mine  # only now: whoever posts in the meantime must not come before the order
        self._tell_all()
        self._ear = threading.Thread(target=self._listen, args=(mine, self._process), name="dms-publisher-ear", daemon=True)
        self._ear.start()
        if not self._ever_up:
            self._ever_up = True
            self._await_up()

    def _await_up(self) -> None:
        if self._up.wait(START_S) and self.error is None:
            return
        reason = self.error or f"it did not come up within {START_S:g} s"
        self.stop()
        raise HardwareError(f"the CAN publisher's process cannot run: {reason}")

    def _tell_all(self) -> None:
        """To a process that knows nothing yet."""
        self._say("health", self._health)
        self._say("ack", self._ack)
        self._say("quiet", self._quiet)
        for pulse in self._watch:
            if pulse.trouble is not None:
                self._say("trouble", (pulse.name, pulse.trouble))
        if self._sample is not None:
            self._say("sample", self._sample)
        if self._watch.leaving:
            self._say("leave", None)

    def stop(self) -> None:
        """End the process within a cycle; a hung one is killed."""
        process, self._process = self._process, None
        if process is None:
            return
        self._say("stop", None)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._ear is not None:
            self._ear.join(STOP_S)
        if self._end is not None:
            self._end.close()
        self._watch.publisher.rest()

    def __del__(self) -> None:
        """The descriptor of the shared memory; the memory itself lives as long as somebody looks at it."""
        os.close(self._descriptor)

    @property
    def alive(self) -> bool:
        """Does the process run."""
        return self._process is not None and self._process.poll() is None

    def stats(self) -> PublisherStats:
        """See ``Publisher.stats``."""
        return self._periods.stats(self._missed, self.counts.failed)

    def _say(self, what: str, value: Any) -> None:
        if self._end is not None:
            say(self._end, (what, value))

    def _listen(self, end: socket.socket, process: "subprocess.Popen[bytes]") -> None:
        """On a thread of its own, until the process is gone."""
        failure: str | None = None
        try:
            while True:
                said = hear(end, wait=True)
                if isinstance(said, Cycle):
                    self._note(said)
                elif isinstance(said, Up):
                    self._on_up(said.grants)
                    self._up.set()
                elif isinstance(said, Failed):
                    failure = said.text
        except EOFError:
            code = process.wait()
        if process is self._process:  # nobody told it to stop
            self.error = HardwareError(failure or f"its process ended with code {code}")
        self._up.set()

    def _note(self, cycle: Cycle) -> None:
        if self._fresh:  # started again: what was not sent in between was missed
            self._fresh = False
            gap_s = 0.0 if self._periods.last is None else cycle.t - self._periods.last
            self._missed_before = self._missed + max(0, round(gap_s / self.parameters.cycle_s) - 1)
            self._counts_before = replace(self.counts)
        self._periods.note(cycle.t)
        self._missed = self._missed_before + cycle.missed
        before = self._counts_before
        self.counts.sent, self.counts.failed = before.sent + cycle.sent, before.failed + cycle.failed
        self.counts.last_error = cycle.last_error or self.counts.last_error
        self._encoder.counters.update(cycle.counters)
        for frame in cycle.frames:
            self._on_sent(frame, cycle.t)
        if cycle.news_s is not None:
            self._on_news(cycle.news_s)
