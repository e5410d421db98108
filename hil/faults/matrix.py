"""Each fault in each state of the drive, measured: how soon the receiver on the bus knows, and how long it believed "ready"."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal

from dms.errors import DmsError, UsageError
from hil.bench.bench import Bench
from hil.bench.expectation import parse
from hil.bench.timeline import Timeline
from hil.bench.verdict import judge
from hil.faults.catalogue import Fault, faults, states
from hil.faults.effects import put_in

if TYPE_CHECKING:
    from dms.inference.engine_set import EngineSet
    from dms.records.cabin import DriverBaseline

BEGINS_S, ENDS_S, OVER_S = 5.0, 7.0, 9.0
"""Time of the fault within a state, and the end of the run."""
READY_BACK = "ready yes"
PICTURED = {"no": (), "some": ("attentive", "asleep"), "all": tuple(states())}
"""States in which faults of the pixels are measured; each costs some 15 s of CPU."""
Pictures = Literal["no", "some", "all"]
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


@dataclass(frozen=True, slots=True)
class Job:
    """A cell to measure."""

    fault: str
    state: str
    plant: str | None = None


def jobs(
    names: Sequence[str] = (), in_states: Sequence[str] = (), pictures: Pictures = "some", plant: str | None = None
) -> list[Job]:
    """Cells asked for; a state named in ``in_states`` is measured with pictures too, unless there are to be none.

    Raises:
        UsageError: no such fault or state.
    """
    known, places = {fault.name: fault for fault in faults()}, states()
    for name, all_names, what in [(n, list(known), "fault") for n in names] + [(s, list(places), "state") for s in in_states]:
        if name not in all_names:
            raise UsageError(f"there is no {what} {name}; one of: {', '.join(all_names)}")
    return [
        Job(fault.name, state, plant)
        for fault in known.values()
        for state in places
        if (not names or fault.name in names) and (not in_states or state in in_states)
        and (fault.level == "signal" or state in PICTURED[pictures] or (pictures != "no" and state in in_states))
    ]  # fmt: skip


def measure(job: Job, engines: "EngineSet | None" = None, driver: "DriverBaseline | None" = None) -> Cell:
    """Play the state, put the fault in, take it out, and look at what the receiver believed."""
    fault = next(one for one in faults() if one.name == job.fault)
    rendered = fault.level == "rendered"
    bench = Bench(
        states()[job.state], level="rendered" if rendered else "signal", engines=engines if rendered else None,
        driver_file=driver if rendered else None, plant=job.plant,
    )  # fmt: skip
    try:
        with bench:
            bench.advance(BEGINS_S)
            out = put_in(bench, fault.target, fault.failure, **fault.how)
            bench.advance(ENDS_S)
            out()
            bench.advance(OVER_S)
    except DmsError as error:
        return Cell(fault=fault.name, state=job.state, outcome="error", limit_s=fault.within_s, why=str(error))
    return _judged(fault, job.state, bench.timeline)


def _judged(fault: Fault, state: str, timeline: Timeline) -> Cell:
    before = str(timeline.at("readiness", BEGINS_S - 1e-6))
    unmet = [one.text for one in states()[state].expectations if not judge(one, timeline).passed]
    if unmet:
        return Cell(fault=fault.name, state=state, outcome="error", before=before, why=f"the state was not reached: {unmet[0]}")
    reaction = None
    if fault.hears is not None:
        verdict = judge(parse(f"{fault.hears} after {BEGINS_S} s by {ENDS_S} s"), timeline)
        reaction = verdict.measured_s if verdict.passed else None
    late = 0.0
    if fault.lasting or fault.blind is not None:
        since = BEGINS_S + (fault.within_s or 0.0 if fault.blind is None else 0.0)
        late = sum(
            min(b, ENDS_S) - max(a, since) for a, b in timeline.spans("ready", lambda v: v == "yes") if b > since and a < ENDS_S
        )
    back = judge(parse(f"readiness {before} after {ENDS_S} s"), timeline)
    why = _why(fault, reaction, late)
    return Cell(
        fault=fault.name, state=state, outcome="blind" if fault.blind else "failed" if why else "passed", before=before,
        reaction_s=reaction, limit_s=fault.within_s, ready_late_s=round(max(0.0, late), 3),
        back_s=back.measured_s if back.passed else None, why=fault.blind or why,
    )  # fmt: skip


def _why(fault: Fault, reaction: float | None, late: float) -> str:
    assert fault.within_s is not None or fault.blind is not None
    if reaction is None:
        return f"never heard: {fault.hears}"
    if fault.within_s is not None and reaction > fault.within_s + 1e-6:
        return f"heard after {reaction:.2f} s, limit {fault.within_s:g} s"
    return f"ready for {late:.2f} s after the limit" if fault.lasting and late > 1e-6 else ""


def run(
    work: Sequence[Job], processes: int = 1, engines: "Callable[[], EngineSet] | None" = None,
    progress: Callable[[Cell], None] = lambda cell: None,
) -> list[Cell]:  # fmt: skip
    """All cells, in order; those with pictures in this process, with ``engines``.

    Raises:
        UsageError: pictures are asked for and there are no engines.
    """
    cells = []
    for cell in _cells(work, processes, engines):
        cells.append(cell)
        progress(cell)
    return cells


def _cells(work: Sequence[Job], processes: int, engines: "Callable[[], EngineSet] | None") -> Iterator[Cell]:
    levels = {fault.name: fault.level for fault in faults()}
    plain = [job for job in work if levels[job.fault] == "signal"]
    if processes > 1 and len(plain) > 1:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            yield from pool.map(measure, plain, chunksize=4)
    else:
        yield from map(measure, plain)
    pictures = [job for job in work if levels[job.fault] == "rendered"]
    if pictures:
        yield from _with_pictures(pictures, engines)


def _with_pictures(work: Sequence[Job], engines: "Callable[[], EngineSet] | None") -> Iterator[Cell]:
    if engines is None:
        raise UsageError("faults in the pixels need engines")
    from hil.bench.bench import prepared
    from hil.driver.closed_loop import calibrated

    opened = engines()
    try:
        files = {
            state: calibrated(prepared(states()[state].scenario, "rendered", None), opened)
            for state in {job.state for job in work}
        }
        for job in work:
            yield measure(job, opened, files[job.state])
    finally:
        opened.close()
