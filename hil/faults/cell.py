"""A cell of the matrix: what was measured, and whether it is good enough."""

from dataclasses import dataclass
from typing import Literal

from hil.bench.timeline import Timeline
from hil.bench.verdict import Verdict
from hil.faults.catalogue import Fault

Outcome = Literal["passed", "failed", "blind", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One fault in one state.

    Attributes:
        before: readiness as heard just before the fault.
        reaction_s: from the fault to the condition; ``None``: it never came, or none is asked.
        ready_late_s: for how long "ready" was believed during the fault, after its limit (``blind``: from its beginning on).
        back_s: from the end of the fault until readiness is what it was before; ``None``: not within the run.
        why: what went wrong.
    """

    fault: str
    state: str
    outcome: Outcome
    before: str = ""
    reaction_s: float | None = None
    limit_s: float | None = None
    ready_late_s: float = 0.0
    back_s: float | None = None
    why: str = ""


def judged(
    fault: Fault, state: str, before: str, timeline: Timeline, span: tuple[float, float], heard: Verdict | None, back: Verdict
) -> Cell:  # fmt: skip
    """The cell of a fault that was in from ``span[0]`` to ``span[1]``.

    Args:
        before: readiness as heard just before.
        heard: of the condition that is asked for, ``None`` where none is.
        back: of readiness being what it was.
    """
    begin, end = span
    reaction = heard.measured_s if heard is not None and heard.passed else None
    late = 0.0
    if fault.lasting or fault.blind is not None:
        since = begin + (fault.within_s or 0.0 if fault.blind is None else 0.0)
        believed = timeline.spans("ready", lambda value: value == "yes")
        late = sum(max(0.0, min(b, end) - max(a, since)) for a, b in believed)
    why = shortfall(fault, reaction, late)
    return Cell(
        fault=fault.name, state=state, outcome="blind" if fault.blind else "failed" if why else "passed", before=before,
        reaction_s=reaction, limit_s=fault.within_s, ready_late_s=round(late, 3),
        back_s=back.measured_s if back.passed else None, why=fault.blind or why,
    )  # fmt: skip


def shortfall(fault: Fault, reaction: float | None, late: float) -> str:
    """What is not good enough, or nothing."""
    assert fault.within_s is not None or fault.blind is not None
    if reaction is None:
        return f"never heard: {fault.hears}"
    if fault.within_s is not None and reaction > fault.within_s + 1e-6:
        return f"heard after {reaction:.2f} s, limit {fault.within_s:g} s"
    return f"ready for {late:.2f} s after the limit" if fault.lasting and late > 1e-6 else ""
