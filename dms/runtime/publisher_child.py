"""The publisher as a process of its own: ``python -m dms.runtime.publisher_child SOCKET BEATS``, started by the loop.

It takes the newest sample, adds its age and keeps its period, whatever happens to the interpreter that runs the networks: they
share no lock. Of the loop's stages it sees the beats in shared memory and hears of troubles; its guard is that of a thread.
When the loop's process is gone it says "fault" once and ends.
"""

import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import Bus, CanFrame, open_bus
from dms.bus.publisher import Publisher
from dms.errors import DmsError
from dms.runtime import clock
from dms.runtime.publisher_link import Cycle, Failed, Message, Order, Up, hear, open_beats, say
from dms.runtime.realtime import RealTime
from dms.runtime.stages import Beats, Pulse, Watch

GONE = "the process that runs the networks is gone"


class Child:
    """One publisher's life.

    Args:
        end: connection to the loop.
        beats: shared memory, one double a stage.
        order: what to publish, where, how.
        bus: the open bus.
    """

    def __init__(self, end: socket.socket, beats: "memoryview[float]", order: Order, bus: Bus) -> None:
        self._end, self._orphan = end, False
        self._pulses = {stage.name: Pulse(stage.name, stage.deadline_s, stage.part) for stage in order.stages}
        for index, pulse in enumerate(self._pulses.values()):
            pulse.watch(cast(Beats, beats[index : index + 1]))
        own, *others = self._pulses.values()
        self._watch = Watch(own, *others)
        self._encoder = Encoder(load(Path(order.dbc)) if order.dbc else load(), cabin=order.cabin)
        self._encoder.counters.update(order.counters)
        self._frames: list[CanFrame] = []
        self._news: float | None = None
        self._reported = 0
        self._publisher = Publisher(
            bus, self._encoder, clock.now, self._wait, order.parameters,
            on_sent=lambda frame, t: self._frames.append(frame), on_news=self._note_news, guard=self._watch.guard,
        )  # fmt: skip

        self._take_news: dict[str, Callable[[Any], None]] = {
            "sample": self._publisher.post, "health": self._publisher.post_health, "ack": self._publisher.acknowledge,
            "gesture": self._publisher.post_gesture, "quiet": self._publisher.quiet,
        }  # fmt: skip

    def run(self) -> None:
        """Until told to stop, killed, or orphaned."""
        self._publisher.run()
        self._report()

    def _wait(self, seconds: float) -> None:
        """Between two cycles: say what left, listen to the loop; returns at the latest after so many seconds."""
        sent = self._report()
        if self._orphan:
            if sent:  # the cycle that said so
                self._publisher.stop()
            else:
                clock.sleep(seconds)
            return
        select.select([self._end], [], [], max(0.0, seconds))
        try:
            while (message := hear(self._end)) is not None:
                self._take(message)
        except EOFError:
            self._orphan = True
            for pulse in self._watch.pulses:
                pulse.trouble = GONE

    def _take(self, message: Message) -> None:
        what, value = message
        if what in ("trouble", "fail", "kill"):
            self._hear_of_stage(what, *value)
        elif what == "leave":
            self._watch.leaving = True
        elif what == "stop":
            self._publisher.stop()
        else:
            self._take_news[what](value)

    def _hear_of_stage(self, what: str, name: str, text: str | None) -> None:
        pulse = self._pulses[name]
        if what == "trouble":
            pulse.trouble = text
        elif what == "fail":
            pulse.fail(text or "")
        elif pulse is self._watch.publisher:
            pulse.kill()

    def _note_news(self, age_s: float) -> None:
        self._news = age_s

    def _report(self) -> bool:
        """Tell the loop of the last cycle; was there one since the last report."""
        publisher, counts = self._publisher, self._publisher.counts
        if publisher.cycles == self._reported:
            return False
        self._reported = publisher.cycles
        cycle = Cycle(
            publisher.last_sent or clock.now(), tuple(self._frames), publisher.missed, counts.sent, counts.failed,
            counts.last_error, dict(self._encoder.counters), self._news,
        )  # fmt: skip
        self._frames.clear()
        self._news = None
        say(self._end, cycle)
        return True


def main(arguments: list[str]) -> int:
    """Arguments: numbers of the socket and of the memory, both inherited."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the loop says when it is over
    end = socket.socket(fileno=int(arguments[0]))
    order: Order = hear(end, wait=True)
    beats = open_beats(int(arguments[1]))
    realtime = RealTime(order.fifo, cpus=order.cpus, lock_memory=order.lock_memory, still_collector=order.still_collector)
    try:
        bus = open_bus(order.bus)
        try:
            child = Child(end, beats, order, bus)
            realtime.enter()
            realtime.thread("publisher")
            say(end, Up(dict(realtime.grants)))
            child.run()
        finally:
            bus.close()
    except (Exception, KeyboardInterrupt) as error:  # whatever ends it: the loop must learn why
        text = " ".join(str(error).split())
        say(end, Failed(text if isinstance(error, DmsError) else f"{type(error).__name__}: {text}"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
