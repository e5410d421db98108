"""Parts 7 and 10: the whole loop as ``dms run`` would start it, for minutes, and with each of its stages killed."""

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dms.records import TakeoverReadiness
from dms.runtime import clock
from dms.runtime.accept.part import Measured
from dms.runtime.accept.rig import Rig
from dms.runtime.chain import Judged
from dms.runtime.loop import Loop
from dms.runtime.reporting import HealthRecord, resident_mib
from dms.runtime.service import Service
from dms.runtime.stages import Pulse
from dms.runtime.worker import Worker

STAGES = ("camera", "inference", "can", "publisher")
DRILL_S = 8.0
"""Longest time for one drill; after it the stage counts as lost."""

SETTLE_S = 0.5
"""Between two drills."""

WARM_SHARE = 0.1
"""Memory is compared with what was resident after this share of the run."""


class _Intervals:
    """When pictures were judged, and memory after warm-up; called by the loop on this thread."""

    def __init__(self, warm_at: float) -> None:
        self.times: list[float] = []
        self.warm_mib: float | None = None
        self._warm_at = warm_at

    def state(self, state: TakeoverReadiness, judged: Judged | None) -> None:
        now = clock.now()
        if judged is not None:
            self.times.append(judged.frame.t)
        if self.warm_mib is None and now >= self._warm_at:
            self.warm_mib = resident_mib()

    @property
    def spread(self) -> float | None:
        """Standard deviation of the interval, as a share of its mean."""
        steps = np.diff(self.times)
        return round(float(steps.std() / steps.mean()), 4) if len(steps) > 1 else None


def soak(rig: Rig) -> Measured:
    """Part 7: source to CAN for minutes."""
    intervals = _Intervals(clock.now() + WARM_SHARE * rig.soak_s)
    with Service(rig.parts, "jetson-accept", intervals.state) as service:
        service.self_test()
        service.require()
        usage, cpu, begin = resource.getrusage(resource.RUSAGE_SELF), time.process_time(), clock.now()
        service.run(rig.soak_s)
        seconds, cpu = clock.now() - begin, time.process_time() - cpu
        after, end_mib = resource.getrusage(resource.RUSAGE_SELF), resident_mib()
        loop, health, degraded = service.loop, service.loop.health(), service.degraded
    warm = intervals.warm_mib
    values = {
        "source": rig.parts.config.source,
        "backend": rig.parts.config.engines.backend,
        "degraded": degraded,
        "seconds": round(seconds, 2),
        **_counts(loop, health, seconds),
        "interval_spread": intervals.spread,
        "rss_mib": end_mib,
        "rss_growth_mib": None if warm is None or end_mib is None else round(end_mib - warm, 1),
        "cpu_share_of_one_core": round(cpu / seconds, 3),
        "page_faults": {"major": after.ru_majflt - usage.ru_majflt, "minor": after.ru_minflt - usage.ru_minflt},
        "grants": health.grants,
    }
    missing = {
        "photon to CAN": "needs a lamp on a clock; capture times are the driver's where dms camera probe says 'device'",
        "GPU load": "no common interface; watch tegrastats beside it",
    }
    return Measured(values, missing)


def _counts(loop: Loop, health: HealthRecord, seconds: float) -> dict[str, Any]:
    counts, stats = loop.counts, loop.publisher.stats()
    bus, judged = counts.percentiles(counts.bus_ms), counts.percentiles(counts.judged_ms)
    return {
        "pictures_judged": counts.frames,
        "judged_fps": round(counts.frames / seconds, 2),
        "overwritten": health.dropped,
        "refused": health.refused,
        "capture_to_judged_ms": judged,
        "capture_to_bus_ms": bus,
        "capture_to_bus_p99_ms": bus["p99"] if bus else None,
        "cycles": stats.cycles,
        "missed_cycles": stats.missed,
        "period_error_ms": {
            "p50": stats.period_error_p50_ms, "p99": stats.period_error_p99_ms, "max": stats.period_error_max_ms,
        },
        "golden_inferences": health.golden,
        "restarts": {name: stage.restarts for name, stage in health.stages.items()},
    }  # fmt: skip


class _Drills(Worker):
    """Kills one stage after the other; ends the loop when it is through."""

    def __init__(self, loop: Loop) -> None:
        super().__init__("dms-accept-drills")
        self.told: dict[str, dict[str, float | None]] = {}
        self._loop = loop
        self._pulses = {pulse.name: pulse for pulse in (loop.watch.publisher, *loop.watch.pulses)}

    def work(self) -> None:
        try:
            self._until(lambda: self._loop.counts.frames > 0)
            for stage in STAGES:
                self.told[stage] = self._drill(stage, self._pulses[stage])
                self._stop.wait(SETTLE_S)
        finally:
            self._loop.stop()

    def _drill(self, stage: str, pulse: Pulse) -> dict[str, float | None]:
        before, begin = pulse.restarts, clock.now()
        self._loop.kill(stage)
        seen = self._until(lambda: pulse.trouble is not None or pulse.restarts > before)
        back = self._until(
            lambda: pulse.restarts > before and pulse.complaint(clock.now()) is None and pulse.silent_s(clock.now()) > 0.0
        )
        return {"seen_ms": _ms(seen, begin), "back_ms": _ms(back, begin)}

    def _until(self, true: Callable[[], bool]) -> float | None:
        """When it became true; ``None``: not in time."""
        end = clock.now() + DRILL_S
        while clock.now() < end and not self._stop.wait(0.001):
            if true():
                return clock.now()
        return None


def _ms(at: float | None, begin: float) -> float | None:
    return None if at is None else round((at - begin) * 1e3, 1)


def drills(rig: Rig) -> Measured:
    """Part 10: each stage dies once; how long until that shows, and until it is back."""
    with Service(rig.parts, "jetson-accept") as service:
        service.self_test()
        service.require()
        with _Drills(service.loop) as watcher:
            service.run(len(STAGES) * (2 * DRILL_S + SETTLE_S) + DRILL_S)
    told = watcher.told
    seen, back = [one["seen_ms"] for one in told.values()], [one["back_ms"] for name, one in told.items() if name != "camera"]
    values = {
        "drills": len(told),
        "slowest_seen_ms": _slowest(seen),
        "slowest_back_ms": _slowest(back),
        "camera_back_ms": told.get("camera", {}).get("back_ms"),
        "stages": told,
    }
    missing = {
        "camera unplugged": "needs a hand at the plug; here the camera's thread is killed and the device opened again",
        "watchdog restart time": "needs the installed service: systemctl kill --signal=STOP dms, then journalctl",
    }
    return Measured(values, missing)


def _slowest(times: list[float | None]) -> float | None:
    """``None`` as soon as one is not known."""
    known = [t for t in times if t is not None]
    return max(known) if known and len(known) == len(times) else None
