"""Measures the chain on this machine: cost per stage in lock-step, then the real-time loop at full load."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dms.bus.port import BusConfig, open_bus
from dms.camera.base import Source
from dms.camera.live import LiveSource
from dms.inference.engine_set import EngineSet
from dms.records import Frame
from dms.runtime import clock
from dms.runtime.chain import Chain
from dms.runtime.config import Loaded
from dms.runtime.demo import Listener
from dms.runtime.figures import percentiles
from dms.runtime.loop import Loop


class Flood(LiveSource):
    """A camera faster than perception: a new frame always waits, so perception never rests. ``period_s`` between frames."""

    def __init__(self, frames: list[Frame], clock: Callable[[], float], period_s: float) -> None:
        super().__init__("bench")
        self._frames, self._clock, self._period = frames, clock, period_s

    def _run(self) -> None:
        begin, index = self._clock(), 0
        while not self._stopping.wait(max(0.0, begin + index * self._period - self._clock())):
            t = self._clock()
            self.deliver(replace(self._frames[index % len(self._frames)], t=t, index=index, counter=index & 0xFFFF))
            index += 1


def read_frames(source: Source, count: int) -> list[Frame]:
    """The first frames of a source, decoded beforehand so that decoding is not measured."""
    frames: list[Frame] = []
    for frame in source.frames():
        frames.append(frame)
        if len(frames) == count:
            break
    return frames


def stages(parts: Loaded, engines: EngineSet, frames: list[Frame]) -> dict[str, Any]:
    """Wall time per stage and CPU time of the whole chain (perception, assessment, readiness) per frame, ms."""
    chain = Chain(engines, parts.cabin, parts.profile, parts.camera, parts.driver)
    laps: dict[str, list[float]] = {"chain": []}
    warm = min(10, len(frames) // 2)
    for frame in frames[:warm]:
        chain.frame(frame)
    cpu = time.process_time()
    for frame in frames[warm:]:
        start = time.perf_counter()
        judged = chain.frame(frame)
        laps["chain"].append((time.perf_counter() - start) * 1e3)
        for name, milliseconds in judged.sight.stages_ms.items():
            laps.setdefault(name, []).append(milliseconds)
    cpu = time.process_time() - cpu
    return {
        "frames": len(frames) - warm,
        "cpu_ms_per_frame": round(cpu * 1e3 / (len(frames) - warm), 3),
        "stages_ms": {name: percentiles(values) for name, values in laps.items()},
        "engines_ms": {slot: {k: round(v, 3) for k, v in values.items()} for slot, values in engines.stats().items()},
    }


def live(parts: Loaded, engines: EngineSet, frames: list[Frame], seconds: float, fps: float) -> dict[str, Any]:
    """The real-time loop on a virtual bus at ``fps``: latency, publisher jitter, missed cycles."""
    ports = [open_bus(BusConfig(interface="virtual", channel="dms-bench")) for _ in range(2)]
    try:
        source = Flood(frames, clock.now, 1.0 / fps)
        cpu = time.process_time()
        # The loop first: the listener's thread inherits its priority, or it would be put aside while it holds Python's lock.
        with Loop(parts, source, engines, ports[0]) as loop, Listener(parts.layout, ports[1]) as listener:
            loop.run(seconds)
            cpu = time.process_time() - cpu
            stats, counts = loop.publisher.stats(), loop.counts
        return {
            "seconds": seconds,
            "offered_fps": fps,
            "judged_fps": round(counts.frames / seconds, 1),
            "overwritten": source.overwritten,
            "cpu_share_of_one_core": round(cpu / seconds, 3),
            "capture_to_judged_ms": counts.percentiles(counts.judged_ms),
            "capture_to_bus_ms": counts.percentiles(counts.bus_ms),
            "publisher": {
                "cycles": stats.cycles,
                "missed": stats.missed,
                "send_failures": stats.send_failures,
                "scheduler": loop.scheduler,
                "period_error_ms": {
                    "p50": _rounded(stats.period_error_p50_ms),
                    "p99": _rounded(stats.period_error_p99_ms),
                    "max": _rounded(stats.period_error_max_ms),
                },
            },
            "receiver_verdicts": {k.name: v for k, v in listener.receiver.verdicts.items() if v},
        }
    finally:
        for port in ports:
            port.close()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
