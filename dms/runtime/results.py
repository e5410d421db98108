"""What a replay leaves behind: files for machines, a summary for people."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import msgspec

from dms.bus.trace import candump
from dms.errors import InputError
from dms.inference.engine_set import EngineSet
from dms.records import TakeoverReadiness, VehicleState
from dms.records.jsonl import encode
from dms.runtime.chain import Judged
from dms.runtime.config import Loaded
from dms.runtime.figures import percentiles
from dms.runtime.replay import Step

FILES = ("states.jsonl", "observations.jsonl", "can.log", "events.jsonl")


@dataclass(slots=True)
class Event:
    """A change of the published statement."""

    t: float
    readiness: str
    level: int
    warning: str | None
    zone: str
    because: list[str]


@dataclass(slots=True)
class Tally:
    """Counts while replaying."""

    frames: int = 0
    silent_states: int = 0
    can_frames: int = 0
    receiver_ready: int = 0
    receiver_heard: int = 0
    first_t: float | None = None
    last_t: float = 0.0
    seconds_in: dict[str, float] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)


def given(inputs: VehicleState, judged: Judged | None) -> bytes:
    """What the rules were given, as ``dms assess`` reads it: an observation with its vehicle inputs, or these alone."""
    if judged is None:
        return encode(inputs)
    return encode(judged.sight.observation)[:-1] + b',"vehicle":' + encode(inputs) + b"}"


class ReplayResults:
    """Collects the steps of a replay and writes the files of ``--out``; a context manager.

    Args:
        folder: made if missing; ``None`` writes nothing.
        cpu: CPU clock of this process, s.
    """

    def __init__(self, folder: str | None, cpu: Callable[[], float] = time.process_time) -> None:
        self.tally = Tally()
        self._folder = Path(folder) if folder else None
        self._files: dict[str, IO[bytes]] = {}
        self._stages: dict[str, list[float]] = {}
        self._cpu, self._cpu_start = cpu, cpu()
        self._wall_start = time.perf_counter()
        self._previous: TakeoverReadiness | None = None

    def __enter__(self) -> "ReplayResults":
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._files = {name: open(self._folder / name, "wb") for name in FILES}  # noqa: SIM115  closed in __exit__
            except OSError as error:
                raise InputError(f"{self._folder}: {error.strerror}; give --out a folder that can be written") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        for file in self._files.values():
            file.close()

    def take(self, step: Step) -> None:
        """Count one step and write it down."""
        if step.sent is not None:
            self.tally.can_frames += 1
            self.tally.receiver_heard += 1
            self.tally.receiver_ready += bool(step.statement and step.statement.ready)
            self._write("can.log", candump(step.sent, step.t))
        if step.inputs is not None:
            self._write("observations.jsonl", given(step.inputs, step.judged))
        if step.state is not None:
            self._state(step.state, step)

    def _state(self, state: TakeoverReadiness, step: Step) -> None:
        tally = self.tally
        tally.first_t = state.t if tally.first_t is None else tally.first_t
        if self._previous is not None:
            name: str = self._previous.readiness
            tally.seconds_in[name] = tally.seconds_in.get(name, 0.0) + state.t - self._previous.t
        tally.last_t = state.t
        self._write("states.jsonl", encode(state))
        if step.judged is None:
            tally.silent_states += 1
        else:
            tally.frames += 1
            for name, milliseconds in step.judged.sight.stages_ms.items():
                self._stages.setdefault(name, []).append(milliseconds)
        if self._changed(state):
            event = Event(
                state.t, state.readiness, state.level, state.warning.class_, state.attention.zone, list(state.because[:2])
            )
            tally.events.append(event)
            self._write("events.jsonl", msgspec.json.encode(event))
        self._previous = state

    def _changed(self, state: TakeoverReadiness) -> bool:
        before = self._previous
        return before is None or (before.level, before.readiness, before.warning) != (state.level, state.readiness, state.warning)

    def _write(self, name: str, line: bytes) -> None:
        if name in self._files:
            self._files[name].write(line + b"\n")

    def finish(self, parts: Loaded, engines: EngineSet) -> dict[str, Any]:
        """The summary with timing; written to summary.json and timing.json."""
        tally = self.tally
        duration = tally.last_t - (tally.first_t or 0.0)
        summary = {
            "duration_s": round(duration, 3),
            "frames": tally.frames,
            "fps": round(tally.frames / duration, 2) if duration > 0 else None,
            "states_without_frame": tally.silent_states,
            "can_frames": tally.can_frames,
            "readiness_share": {k: round(v / duration, 4) for k, v in sorted(tally.seconds_in.items())} if duration > 0 else {},
            "receiver_ready_share": round(tally.receiver_ready / tally.receiver_heard, 4) if tally.receiver_heard else None,
            "events": [asdict(event) for event in tally.events],
            "profile": parts.profile.name,
            "profile_hash": f"{parts.profile.hash16:04x}",
            "engines": engines.bundle_hash[:16],
            "backend": engines.backend.name,
        }
        timing = {
            "cpu_ms_per_frame": self._per_frame(self._cpu() - self._cpu_start),
            "wall_ms_per_frame": self._per_frame(time.perf_counter() - self._wall_start),
            "stages_ms": {name: percentiles(values) for name, values in self._stages.items()},
        }
        # Apart from the timing, which is this machine's, the same log gives the same bytes.
        self._write_json("summary.json", summary)
        self._write_json("timing.json", timing)
        return {**summary, **timing}

    def _write_json(self, name: str, value: dict[str, Any]) -> None:
        if self._folder is not None:
            (self._folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")

    def _per_frame(self, seconds: float) -> float | None:
        return round(seconds * 1e3 / self.tally.frames, 3) if self.tally.frames else None

    def text(self, summary: dict[str, Any]) -> str:
        """The summary for people."""
        shares = "   ".join(f"{name} {100 * share:.1f} %" for name, share in summary["readiness_share"].items())
        lines = [
            f"drive    {summary['duration_s']:.1f} s, {summary['frames']} frames, {summary['fps']} fps; profile "
            f"{summary['profile']} ({summary['profile_hash']}), engines {summary['engines']} on {summary['backend']}",
            f"state    {shares}",
            f"bus      {summary['can_frames']} CAN frames; the reference receiver believed 'ready' after "
            f"{100 * (summary['receiver_ready_share'] or 0):.1f} % of them",
            f"cost     {summary['cpu_ms_per_frame']} ms CPU a frame (this machine)",
            f"events   {len(summary['events'])}",
        ]
        lines += [f"  {_event_line(event)}" for event in summary["events"]]
        return "\n".join(lines)


def _event_line(event: dict[str, Any]) -> str:
    warning = f"  warning {event['warning']}" if event["warning"] else ""
    return f"{event['t']:9.3f} s  {event['readiness']:<13} level {event['level']}{warning}  {'; '.join(event['because'])}"
