"""How the loop is doing: the health message on the bus, and the health record for files, logs and people."""

import contextlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from dms import __version__
from dms.bus.samples import BusHealth, CameraWord, LedWord
from dms.camera.live import LiveSource
from dms.errors import HardwareError
from dms.inference.engine_set import EngineSet
from dms.records import Health, ProfileId
from dms.records.words import HealthPart, HealthState
from dms.runtime import clock
from dms.runtime.config import Loaded
from dms.runtime.golden import Golden
from dms.runtime.judging import Judging
from dms.runtime.machine import Machine, MachineState
from dms.runtime.notify import Notifier
from dms.runtime.publishing import Publishing
from dms.runtime.realtime import RealTime
from dms.runtime.stages import Watch

EVERY_S = 0.5
"""Between two health messages without a change."""

SLOW_EVERY_S = 2.0
"""Between two readings of what changes slowly: temperatures, memory, status line."""

RECENT = 600
"""Frames that the latencies on the bus are taken over: 20 s at 30 pictures a second."""

CAMERA_WORDS: dict[HealthState, CameraWord] = {
    "ready": "ok", "degraded": "degraded", "blocked": "blocked", "fault": "no_signal",
}  # fmt: skip


def camera_word(health: Health) -> CameraWord:
    """The camera's own state: a chain that is degraded for other reasons has a camera that is well."""
    if health.state == "degraded" and health.parts and "camera" not in health.parts:
        return "ok"
    return CAMERA_WORDS.get(health.state, "unknown")


class StageRecord(msgspec.Struct, frozen=True):
    """One stage: what is wrong with it (``None``: nothing), age of its last sign of life, restarts so far."""

    complaint: str | None
    silent_s: float
    restarts: int


class HealthRecord(msgspec.Struct, frozen=True, tag_field="schema", tag="dms.health/1"):
    """The loop's health at one time; what is not known is ``None``.

    Attributes:
        t: s, monotonic.
        state: of the chain, as in the state record; ``parts``: what is not well, camera or system.
        stages: by name.
        fps: pictures judged a second.
        latency_ms: capture to judged, last 600 pictures.
        bus_ms: capture to the first CAN frame that carries it, last 600.
        dropped: pictures overwritten by newer ones.
        refused: pictures of wrong size, time or order.
        left_out: pictures without an optional part, for want of time, by part.
        cycles: publisher's cycles; ``missed``: those it could not keep.
        golden: golden inferences passed.
        rss_mib: resident memory.
        machine: temperatures, throttling, power.
        lamp: state of the infrared lamp.
        trouble_codes: number of confirmed ones; ``None`` without diagnostics.
        grants: what the system gave for real time.
        recording: are pictures kept.
        profile: the rules in use; ``trust`` says whether anybody vouches for them.
    """

    t: float
    state: HealthState
    parts: list[HealthPart]
    stages: dict[str, StageRecord]
    fps: float | None
    latency_ms: dict[str, float] | None
    bus_ms: dict[str, float] | None
    dropped: int
    refused: int
    left_out: dict[str, int]
    cycles: int
    missed: int
    golden: int | None
    rss_mib: float | None
    machine: MachineState
    lamp: LedWord
    trouble_codes: int | None
    grants: dict[str, str]
    recording: bool
    profile: ProfileId


class Reporter:
    """Composes and hands out health; called by the supervisor each tick and by inference at a change.

    Args:
        parts: loaded configuration.
        engines: in use.
        source: the camera.
        judging: its counts.
        publisher: takes the health message.
        watch: the stages.
        realtime: what was granted.
        golden: golden inference, if there is any.
        machine: the computer.
        notifier: the service manager.
        lamp: reads the infrared lamp.
    """

    def __init__(
        self,
        parts: Loaded,
        engines: EngineSet,
        source: LiveSource,
        judging: Judging,
        publisher: Publishing,
        watch: Watch,
        realtime: RealTime,
        golden: Golden | None,
        machine: Machine,
        notifier: Notifier,
        lamp: Callable[[], LedWord],
    ) -> None:
        self._identity, self._profile = identity(parts, engines), parts.profile.identity
        self._source, self._judging, self._publisher, self._watch = source, judging, publisher, watch
        self._realtime, self._golden, self._machine, self._notifier, self._lamp = realtime, golden, machine, notifier, lamp
        self._file = Path(parts.config.health_file) if parts.config.health_file else None
        self._health = Health()
        self._led: LedWord = "unknown"
        self.trouble_codes: int | None = None
        """Number of confirmed trouble codes; kept up to date by diagnostics."""
        self._read = MachineState()
        self._mark: tuple[float, int] | None = None
        self._fps: float | None = None
        self._next = self._next_slow = float("-inf")

    def note(self, health: Health) -> None:
        """The chain's health; a change goes out at once."""
        before, self._health = self._health, health
        if (health.state, health.parts) != (before.state, before.parts):
            self.post()

    def tick(self) -> None:
        """What is due now."""
        now = clock.now()
        self._notifier.feed(self._judging.counts.frames, now)
        if now >= self._next_slow:
            self._next_slow = now + SLOW_EVERY_S
            self._slow(now)
        if now >= self._next:
            self._next = now + EVERY_S
            self._count(now)
            self.post()

    def post(self) -> None:
        """The health message for the bus."""
        counts = self._judging.counts
        latency = counts.percentiles(counts.judged_ms, RECENT)
        self._publisher.post_health(
            replace(
                self._identity,
                latency_p50_ms=latency["p50"] if latency else None,
                latency_p99_ms=latency["p99"] if latency else None,
                dropped_frames=self._source.overwritten,
                fps=self._fps,
                camera=camera_word(self._health),
                ir_led=self._led,
                temperature_degc=self._read.temperature_degc,
                throttle_level=self._read.throttle_level,
                trouble_codes=self.trouble_codes,
            )
        )

    def record(self) -> HealthRecord:
        """Everything, now."""
        now, counts, stats = clock.now(), self._judging.counts, self._publisher.stats()
        pulses = (self._watch.publisher, *self._watch.pulses)
        return HealthRecord(
            t=round(now, 3),
            state=self._health.state,
            parts=self._health.parts,
            stages={p.name: StageRecord(p.complaint(now), round(p.silent_s(now), 3), p.restarts) for p in pulses},
            fps=self._fps,
            latency_ms=counts.percentiles(counts.judged_ms, RECENT),
            bus_ms=counts.percentiles(counts.bus_ms, RECENT),
            dropped=self._source.overwritten,
            refused=counts.late,
            left_out=dict(counts.left_out),
            cycles=stats.cycles,
            missed=stats.missed,
            golden=None if self._golden is None else self._golden.asked,
            rss_mib=resident_mib(),
            machine=self._read,
            lamp=self._led,
            trouble_codes=self.trouble_codes,
            grants=dict(self._realtime.grants),
            recording=bool(self._identity.recording),
            profile=self._profile,
        )

    def _slow(self, now: float) -> None:
        self._realtime.sweep()
        self._read, self._led = self._machine.read(), self._lamp()
        complaints = self._watch.complaints(now)
        what = "; ".join(complaints) if complaints else f"{self._health.state}, {self._fps or 0:.0f} pictures/s"
        self._notifier.status(what)
        if self._file is not None:
            _replace(self._file, msgspec.json.encode(self.record()) + b"\n")

    def _count(self, now: float) -> None:
        """Pictures judged a second since the last time."""
        frames = self._judging.counts.frames
        before, self._mark = self._mark, (now, frames)
        if before is not None and now > before[0]:
            self._fps = round((frames - before[1]) / (now - before[0]), 1)


def identity(parts: Loaded, engines: EngineSet) -> BusHealth:
    """What does not change while running: versions, hashes, back end."""
    return BusHealth(
        backend=engines.backend.name,
        model_hash=engines.bundle_hash,
        profile_hash=f"{parts.profile.hash16:04x}",
        software_version=__version__,
        recording=parts.config.record is not None,
        calibration="not_calibrated",
    )


def resident_mib() -> float | None:
    """Resident memory of this process."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def check_writable(path: str) -> None:
    """Can a health file lie there.

    Raises:
        HardwareError: no.
    """
    folder = Path(path).parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise HardwareError(f"health_file {path}: the folder {folder} is missing or cannot be written")


def _replace(path: Path, data: bytes) -> None:
    """Readers see the old record or the new one, never half of one. A full disk does not stop the loop."""
    beside = path.with_name(f".{path.name}.new")
    with contextlib.suppress(OSError):
        beside.write_bytes(data)
        beside.replace(path)
