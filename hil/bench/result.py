"""What came of a run: verdicts, the timeline, the controller's log, and how to repeat it."""

import shlex
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from hil.bench.scenario import Level
from hil.bench.timeline import Timeline
from hil.bench.verdict import Verdict
from hil.controller.handover import Event

Outcome = Literal["passed", "failed", "waiting", "error"]


@dataclass(slots=True, kw_only=True)
class Result:
    """One scenario, played once.

    Attributes:
        name: of the scenario, or its path.
        seed: of driver and chance.
        seconds: simulated.
        wall_s: what it took.
        verdicts: one for each expectation, in their order.
        timeline: what happened.
        events: what the controller did.
        disagreements: where the controller and the product's reference receiver believed different things.
        causes: the product's own chain of causes when its readiness changed: time and text.
        error: why the run ended early.
        waits_for: what the product lacks yet.
        late_s: on a wall clock, the latest that anything came.
        bench: file of the real bench it was played on.
        files: written for this run, by kind.
        note: what else should be known of the run.
    """

    name: str
    level: Level
    seed: int
    clock: Literal["virtual", "wall"] = "virtual"
    plant: str | None = None
    seconds: float = 0.0
    wall_s: float = 0.0
    verdicts: list[Verdict] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    events: list[Event] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    causes: list[tuple[float, str]] = field(default_factory=list)
    error: str | None = None
    waits_for: str | None = None
    late_s: float = 0.0
    bench: str | None = None
    files: dict[str, str] = field(default_factory=dict)
    note: str | None = None

    @property
    def failed(self) -> list[Verdict]:
        """Expectations that were not met."""
        return [verdict for verdict in self.verdicts if not verdict.passed]

    @property
    def outcome(self) -> Outcome:
        """``waiting``: it fails, and is known to until the product can do what it waits for. Passing is then a failure."""
        if self.error is not None:
            return "error"
        met = not self.failed and not self.disagreements
        if self.waits_for is not None:
            return "failed" if met else "waiting"
        return "passed" if met else "failed"

    @property
    def repeat(self) -> str:
        """The command that plays this run again."""
        words = ["dms", "hil", "run", self.name, "--seed", str(self.seed)]
        words += ["--rendered"] if self.level == "rendered" else []
        words += ["--bench", self.bench] if self.bench is not None else ["--wall"] if self.clock == "wall" else []
        words += ["--plant", self.plant] if self.plant is not None else []
        return shlex.join(words)

    def why(self) -> list[str]:
        """Lines that tell why it is not passed."""
        if self.error is not None:
            return [self.error]
        lines = []
        for verdict in self.failed:
            line = "" if verdict.expectation.line is None else f"line {verdict.expectation.line}: "
            lines.append(f"{line}expected: {verdict.expectation.text}")
            lines.append(f"measured: {verdict.measured}")
            if verdict.at is not None and (cause := self.cause_at(verdict.at)):
                lines.append(f"the product said: {cause}")
        lines += [f"receivers disagree at {text}" for text in self.disagreements[:3]]
        if self.outcome == "failed" and not lines:
            lines.append(f"it passes, but says that it waits for {self.waits_for}; take waits_for out")
        return lines

    def cause_at(self, t: float) -> str:
        """What the product gave as its reason at ``t``."""
        return next((text for at, text in reversed(self.causes) if at <= t + 1e-9), "")

    def plain(self, timeline: bool = False) -> dict[str, Any]:
        """For JSON, schema ``dms.bench/1``."""
        found: dict[str, Any] = {
            "schema": "dms.bench/1", "scenario": self.name, "level": self.level, "seed": self.seed, "clock": self.clock,
            "plant": self.plant, "outcome": self.outcome, "seconds": round(self.seconds, 3), "wall_s": round(self.wall_s, 3),
            "late_s": round(self.late_s, 4), "waits_for": self.waits_for, "error": self.error, "repeat": self.repeat,
            "expectations": [
                {"text": v.expectation.text, "line": v.expectation.line, "passed": v.passed, "measured": v.measured, "at": v.at,
                 "measured_s": v.measured_s}
                for v in self.verdicts
            ],
            "controller": [msgspec.to_builtins(event) for event in self.events], "disagreements": self.disagreements,
            "files": self.files, "note": self.note,
        }  # fmt: skip
        if timeline:
            found["timeline"] = self.timeline.plain()
            found["causes"] = [[round(t, 4), text] for t, text in self.causes]
        return found
