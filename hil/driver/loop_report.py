"""What came of a closed-loop run, told against what was true: readiness by condition, warnings, requests to take over."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hil.driver.closed_loop import Cost, Round
from hil.driver.truth.watch import CONDITIONS, Fitness, TruthWatch


@dataclass(slots=True)
class RaisedWarning:
    """A warning as the driver heard it; ``seen_at``: when he took notice, ``None`` if he did not before it was over."""

    at: float
    warning: str
    stage: int
    condition: str
    until: float | None = None
    seen_at: float | None = None


@dataclass(slots=True)
class Takeover:
    """A request and its answer; times of the run, s. ``ready_at_request``: what the controller believed when it asked."""

    at: float
    activity: str
    ready_at_request: bool
    acknowledged_at: float | None = None
    looked_at: float | None = None
    hands_on_at: float | None = None
    taken_at: float | None = None
    missed_at: float | None = None


@dataclass(slots=True)
class LoopReport:
    """Give it every round with ``take``."""

    frames: int = 0
    levels: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in CONDITIONS})
    """Condition to readiness to number of pictures."""
    believed: Counter[str] = field(default_factory=Counter)
    """Pictures at which the controller believed "ready", by condition."""
    longest_wrong_s: float = 0.0
    """Longest time in one piece in which it did although the eyes were shut or away, or nobody there."""
    warnings: list[RaisedWarning] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    _watch: TruthWatch = field(default_factory=TruthWatch)
    _wrong_since: float | None = None

    def take(self, one: Round) -> Fitness:
        """Count one picture; returns what was true."""
        truth = one.shot.truth
        fitness = self._watch.step(truth)
        condition = fitness.condition
        self.frames += 1
        self.levels[condition][one.judged.state.readiness] += 1
        self.believed[condition] += one.statement.ready
        self._wrong(truth.t, one.statement.ready and condition in ("absent", "eyes_shut", "looking_away"))
        self._warned(one, condition)
        self._asked(one)
        return fitness

    def _wrong(self, t: float, wrong: bool) -> None:
        if not wrong:
            self._wrong_since = None
            return
        self._wrong_since = t if self._wrong_since is None else self._wrong_since
        self.longest_wrong_s = max(self.longest_wrong_s, t - self._wrong_since)

    def _warned(self, one: Round, condition: str) -> None:
        t, heard = one.shot.truth.t, one.heard
        last = self.warnings[-1] if self.warnings else None
        running = last is not None and last.until is None
        if running and last is not None and heard.warning != last.warning:
            last.until, running = t, False
        if heard.warning is not None and (not running or (last is not None and heard.stage > last.stage)):
            if running and last is not None:
                last.until = t
            self.warnings.append(RaisedWarning(t, heard.warning, heard.stage, condition))
        seen = one.shot.truth.story.warning_seen
        if self.warnings and self.warnings[-1].seen_at is None and seen == heard.warning is not None:
            self.warnings[-1].seen_at = t

    def _asked(self, one: Round) -> None:
        truth, count = one.shot.truth, one.shot.truth.vehicle.takeover_request_count or 0
        asking, t = truth.vehicle.l3_state == "takeover_request", truth.t
        open_ = bool(self.takeovers) and self.takeovers[-1].taken_at is None and self.takeovers[-1].missed_at is None
        if asking and not open_:
            self.takeovers.append(Takeover(t, truth.story.activity, one.statement.ready))
            return
        if not open_:
            return
        now = self.takeovers[-1]
        if one.statement.acknowledged == count and now.acknowledged_at is None:
            now.acknowledged_at = t
        if truth.story.taking_over and now.looked_at is None:
            now.looked_at = t
        if truth.story.hands_on and now.hands_on_at is None:
            now.hands_on_at = t
        if not asking:
            now.missed_at, now.taken_at = (t, None) if truth.vehicle.l3_state == "minimum_risk" else (None, t)

    def summary(self, cost: Cost) -> dict[str, Any]:
        """Everything as plain values; ``cost`` in CPU milliseconds a picture."""
        frames = max(1, self.frames)
        return {
            "frames": self.frames,
            "readiness_by_truth": {name: dict(sorted(c.items())) for name, c in self.levels.items() if c},
            "believed_ready": {name: self.believed[name] for name in CONDITIONS if self.levels[name]},
            "longest_wrongly_ready_s": round(self.longest_wrong_s, 3),
            "warnings": [_rounded(w) for w in self.warnings],
            "takeovers": [_rounded(r) for r in self.takeovers],
            "cpu_ms_per_frame": {
                "driver": round(1e3 * cost.driver / frames, 2),
                "monitor": round(1e3 * cost.monitor / frames, 2),
            },
        }


def _rounded(entry: RaisedWarning | Takeover) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in entry.__slots__}
    return {name: round(v, 3) if isinstance(v, float) else v for name, v in values.items()}


def text(summary: Mapping[str, Any]) -> str:
    """The summary for people."""
    lines = ["truth          pictures  judged as (and the controller believed 'ready')"]
    for name, counts in summary["readiness_by_truth"].items():
        total = sum(counts.values())
        shares = ", ".join(f"{word} {100 * n / total:.1f} %" for word, n in sorted(counts.items(), key=lambda kv: -kv[1]))
        lines.append(f"{name:<13} {total:9d}  {shares} ({100 * summary['believed_ready'][name] / total:.1f} %)")
    lines.append(f"wrongly believed 'ready' for at most {summary['longest_wrongly_ready_s']:.2f} s in one piece")
    for w in summary["warnings"]:
        seen = "not noticed" if w["seen_at"] is None else f"noticed after {w['seen_at'] - w['at']:.1f} s"
        lines.append(f"warning  {w['at']:7.1f} s  {w['warning']} stage {w['stage']}, truth {w['condition']}, {seen}")
    for r in summary["takeovers"]:
        lines.append(f"request  {r['at']:7.1f} s  {r['activity']}, {_answer(r)}")
    cost = summary["cpu_ms_per_frame"]
    lines.append(f"cost     {cost['driver']} ms CPU a picture to make, {cost['monitor']} ms to judge")
    return "\n".join(lines)


def _answer(r: Mapping[str, Any]) -> str:
    words = (
        ("heard", "acknowledged_at"), ("eyes up", "looked_at"), ("hands on", "hands_on_at"), ("taken over", "taken_at"),
        ("MISSED", "missed_at"),
    )  # fmt: skip
    return ", ".join(f"{word} +{r[key] - r['at']:.2f} s" for word, key in words if r[key] is not None) or "open"
