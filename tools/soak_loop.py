"""The real-time loop for minutes on the sample log, beside a foreign load, with each stage killed once: how it holds up.

    python tools/soak_loop.py --seconds 600 --load 1 --kill

The sample log is played again and again at its own 30 pictures a second, pictures and CAN, on a virtual bus; the reference
receiver listens as a Level 3 controller would. The load is so many processes that never rest, pinned to core 0. Killed are
camera, inference, CAN receive and publisher, one a minute, each while the receiver believes "ready"; told is how long it took
until it did not any more, and until it did again.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dms.bus.layout import Layout
from dms.bus.port import Bus, CanFrame, open_bus
from dms.bus.receiver import TakeoverReceiver
from dms.camera.live import LiveSource
from dms.camera.log import LogFrames, sample_log
from dms.errors import DmsError
from dms.inference.engine_set import EngineSet
from dms.runtime import clock
from dms.runtime.chain import CHAIN_SLOTS
from dms.runtime.config import BusSection, RunConfig, load_parts, with_log_defaults
from dms.runtime.golden import Golden
from dms.runtime.loop import Loop
from dms.runtime.player import CanPlayer
from dms.runtime.reporting import resident_mib
from dms.runtime.worker import Worker

STAGES = ("camera", "inference", "can", "publisher")
PASS_S = 60.0
"""Length of the sample log."""

READY_AT_S = 4.0
"""In the log the driver is attentive from 0.6 to 8.6 s: the time to kill a stage."""

READY_UNTIL_S = 8.0
LONG_GAP_S = 0.1
"""Twice the period: a cycle is missing."""

WARM_UP_S = 30.0
"""Memory is compared with what was resident then."""

LOAD = "import os; os.sched_setaffinity(0, {0})\nwhile True: pass"


class EndlessLog(LiveSource):
    """The sample log's pictures at their own times, over and over."""

    def __init__(self, start: float) -> None:
        super().__init__("sample log, endless")
        self._start, self._index = start, 0

    def _run(self) -> None:
        passes = max(0, int((clock.now() - self._start) / PASS_S)) - 1
        while not self._stopping.is_set():
            passes += 1  # counted, not read off the clock: the last picture comes a little before the pass is over
            with LogFrames(sample_log()) as log:
                for frame in log.frames():
                    t = self._start + passes * PASS_S + frame.t
                    if t < clock.now() - 0.05:
                        continue  # started again in the middle
                    if self._stopping.wait(max(0.0, t - clock.now())):
                        return
                    self._index += 1
                    self.deliver(replace(frame, t=t, index=self._index, counter=self._index & 0xFFFF))


class EndlessCan(CanPlayer):
    """The sample log's vehicle, over and over."""

    def work(self) -> None:
        while not self._stop.is_set():
            super().work()
            self._start += PASS_S


class Deaf:
    """A port that takes what arrives and forgets it: on a virtual bus an unread port keeps everything for ever."""

    def __init__(self, bus: Bus) -> None:
        self._bus, self.counts = bus, bus.counts

    def send(self, frame: CanFrame) -> bool:
        while self._bus.receive(0.0) is not None:
            pass
        return self._bus.send(frame)

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        return None

    def close(self) -> None:
        self._bus.close()


class Controller(Worker):
    """Feeds the reference receiver and notes every change of what it believes."""

    def __init__(self, layout: Layout, bus: Bus) -> None:
        super().__init__("controller")
        self.receiver = TakeoverReceiver(layout)
        self.changes: list[tuple[float, bool]] = [(clock.now(), False)]
        self.gaps: list[float] = []
        self.heard_at: list[float] = []
        self._bus, self._heard_at = bus, 0.0

    def work(self) -> None:
        while not self._stop.is_set():
            frame = self._bus.receive(0.005)
            now = clock.now()
            if frame is not None and self.receiver.feed(frame, now) is not None:
                self.gaps.append(now - self._heard_at)
                self.heard_at.append(now)
                self._heard_at = now
            ready = self.receiver.statement(now).ready
            if ready != self.changes[-1][1]:
                self.changes.append((now, ready))

    @property
    def ready(self) -> bool:
        return self.changes[-1][1]

    def first(self, ready: bool, since: float) -> float | None:
        return next((t - since for t, believed in list(self.changes) if t >= since and believed is ready), None)


@dataclass
class Killed:
    """One stage's death as the receiver saw it, ms; ``None``: it never believed anything else."""

    stage: str
    at_s: float
    not_ready_ms: float | None = None
    ready_again_ms: float | None = None
    longest_gap_ms: float | None = None


@dataclass
class Samples:
    """Taken once a second."""

    rss_mib: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    load: list[float] = field(default_factory=list)


class Executioner(Worker):
    """Kills one stage a pass, and keeps samples."""

    def __init__(self, loop: Loop, controller: Controller, start: float, stages: tuple[str, ...]) -> None:
        super().__init__("executioner")
        self.killed: list[Killed] = []
        self.samples = Samples()
        self.start = start
        self._loop, self._controller, self._left = loop, controller, list(stages)

    def work(self) -> None:
        following = clock.now()
        while not self._stop.wait(0.02):
            now = clock.now()
            if now >= following:
                following += 1.0
                self.samples.rss_mib.append(resident_mib() or 0.0)
                self.samples.threads.append(threading.active_count())
                self.samples.load.append(os.getloadavg()[0])
            into = (now - self.start) % PASS_S
            if self._left and READY_AT_S < into < READY_UNTIL_S and self._controller.ready:
                self._kill(self._left.pop(0))
                self._stop.wait(PASS_S / 2)

    def _kill(self, stage: str) -> None:
        heard, at = len(self._controller.gaps), clock.now()
        self._loop.kill(stage)
        self._stop.wait(3.0)
        gone = self._controller.first(False, at)
        back = None if gone is None else self._controller.first(True, at + gone)
        self.killed.append(
            Killed(
                stage,
                round(at - self.start, 1),
                _ms(gone),
                None if gone is None or back is None else _ms(gone + back),
                _ms(max(self._controller.gaps[heard:], default=0.0)),
            )
        )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1e3, 1)


@contextmanager
def foreign_load(processes: int) -> Iterator[None]:
    """So many processes that never rest, on core 0."""
    running = [subprocess.Popen([sys.executable, "-c", LOAD]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def configuration(fifo: bool, apart: bool) -> RunConfig:
    """The loop's: on a virtual bus, or (a publisher in a process of its own) on one that two processes can open."""
    with LogFrames(sample_log()) as log:
        config = with_log_defaults(RunConfig(source="sample"), log, None, None)
    config.real_time.fifo = config.real_time.lock_memory = fifo
    config.bus = BusSection(interface="virtual", channel="dms-soak")
    if apart:
        config.bus = BusSection(interface="udp_multicast", options={"port": 20000 + os.getpid() % 20000})
    return config


def soak(config: RunConfig, seconds: float, stages: tuple[str, ...], tell: Callable[[str], None]) -> dict[str, Any]:
    """Run it and say what was seen."""
    ports = [open_bus(config.bus_config()) for _ in range(3)]
    try:
        parts = load_parts(config)
        with EngineSet(CHAIN_SLOTS) as engines:
            engines.warmup()
            golden = Golden(engines, config.real_time.golden_s)
            golden.ask_all()
            start, cpu = clock.now() + 0.3, time.process_time()
            controller = Controller(parts.layout, ports[2])
            vehicle = EndlessCan(sample_log(), Deaf(ports[1]), clock.now, clock.sleep, start)
            # The loop first: threads of this process inherit its priority, or they would be put aside holding Python's lock.
            with Loop(parts, EndlessLog(start), engines, ports[0], golden=golden) as loop, controller, vehicle:
                executioner = Executioner(loop, controller, start, stages)
                with executioner:
                    tell(f"running for {seconds:.0f} s")
                    loop.run(seconds)
                cpu = time.process_time() - cpu
                return _result(seconds, cpu, loop, controller, executioner)
    finally:
        for port in ports:
            port.close()


def _result(seconds: float, cpu: float, loop: Loop, controller: Controller, executioner: Executioner) -> dict[str, Any]:
    counts, stats, samples, health = loop.counts, loop.publisher.stats(), executioner.samples, loop.health()
    warm = min(int(WARM_UP_S), len(samples.rss_mib) // 2)
    gaps = sorted(controller.gaps[2:])
    return {
        "seconds": seconds,
        "pictures_judged": counts.frames,
        "judged_fps": round(counts.frames / seconds, 2),
        "overwritten": health.dropped,
        "refused": health.refused,
        "cpu_share_of_one_core": round(cpu / seconds, 3),
        "capture_to_judged_ms": counts.percentiles(counts.judged_ms),
        "capture_to_bus_ms": counts.percentiles(counts.bus_ms),
        "cycles": stats.cycles,
        "missed_cycles": stats.missed,
        "period_error_ms": {
            "p50": stats.period_error_p50_ms, "p99": stats.period_error_p99_ms, "max": stats.period_error_max_ms,
        },
        "longest_gap_on_the_bus_ms": _ms(gaps[-1]) if gaps else None,
        "long_gaps": [
            {"at_s": round(t - executioner.start, 2), "ms": _ms(gap)}
            for t, gap in zip(controller.heard_at[2:], controller.gaps[2:], strict=True)
            if gap > LONG_GAP_S
        ],
        "receiver_verdicts": {k.name: v for k, v in controller.receiver.verdicts.items() if v},
        "golden_inferences": health.golden,
        "rss_mib": {
            "after_warm_up": samples.rss_mib[warm], "end": samples.rss_mib[-1], "largest": max(samples.rss_mib),
            "each_minute": samples.rss_mib[warm::60],
        },
        "threads": {"fewest": min(samples.threads[1:]), "most": max(samples.threads)},
        "load_average": {"mean": round(sum(samples.load) / len(samples.load), 1), "max": round(max(samples.load), 1)},
        "restarts": {name: stage.restarts for name, stage in health.stages.items()},
        "killed": [asdict(one) for one in executioner.killed],
        "grants": health.grants,
    }  # fmt: skip


def text(r: dict[str, Any]) -> str:
    """The result for people."""

    def spread(values: dict[str, float | None] | None) -> str:
        return "-" if not values else ", ".join(f"{k} {v:.1f}" if v is not None else f"{k} -" for k, v in values.items()) + " ms"

    rss = r["rss_mib"]
    lines = [
        f"{r['seconds']:.0f} s, {r['pictures_judged']} pictures judged ({r['judged_fps']} a second), {r['overwritten']} "
        f"overwritten, {r['refused']} refused; {r['cpu_share_of_one_core']} cores; load average {r['load_average']['mean']}",
        f"capture to judged {spread(r['capture_to_judged_ms'])}",
        f"capture to bus    {spread(r['capture_to_bus_ms'])} (the bus period of 50 ms is part of it)",
        f"publisher         {r['cycles']} cycles, {r['missed_cycles']} missed, period error {spread(r['period_error_ms'])}; "
        f"longest gap heard {r['longest_gap_on_the_bus_ms']} ms",
        f"memory            {rss['after_warm_up']} MiB after warm-up, {rss['end']} at the end, {rss['largest']} at most",
        f"threads           {r['threads']['fewest']} to {r['threads']['most']}; {r['golden_inferences']} golden inferences",
    ]
    for one in r["killed"]:
        gone, back = one["not_ready_ms"], one["ready_again_ms"]
        seen = "the receiver never doubted" if gone is None else f"not ready after {gone} ms, ready again after {back} ms"
        lines.append(f"killed {one['stage']:<11}{seen}; longest gap {one['longest_gap_ms']} ms")
    lines += [f"{name}: {grant}" for name, grant in sorted(r["grants"].items())]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--load", type=int, default=0, help="processes that never rest, on core 0")
    parser.add_argument("--kill", nargs="?", const=",".join(STAGES), default="", help="stages to kill (default: all four)")
    parser.add_argument("--ordinary", action="store_true", help="without SCHED_FIFO and locked memory")
    parser.add_argument("--publisher", choices=("thread", "process"), default="thread", help="where it lives (default: thread)")
    parser.add_argument("--out", type=Path, help="JSON file for the result")
    parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    args = parser.parse_args()
    stages = tuple(name for name in args.kill.split(",") if name)
    unknown = set(stages) - set(STAGES)
    if unknown or args.seconds < 10 or args.load < 0:
        parser.error(f"no stage {unknown.pop()}" if unknown else "seconds from 10, load from 0")
    try:
        with foreign_load(args.load):
            config = configuration(not args.ordinary, args.publisher == "process")
            result = soak(config, args.seconds, stages, lambda line: print(f"soak: {line}", file=sys.stderr))
    except DmsError as error:
        print(f"soak: {error}", file=sys.stderr)
        return error.exit_code
    result |= {"foreign_load": args.load, "publisher": args.publisher}
    if args.out is not None:
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result) if args.json else text(result))
    return 0 if len(result["killed"]) == len(stages) and result["missed_cycles"] <= len(stages) else 1


if __name__ == "__main__":
    sys.exit(main())
