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
from hil.faults.cell import Cell, judged
from hil.faults.effects import put_in

if TYPE_CHECKING:
    from dms.inference.engine_set import EngineSet
    from dms.records.cabin import DriverBaseline

BEGINS_S, ENDS_S, OVER_S = 5.0, 7.0, 9.0
"""Time of the fault within a state, and the end of the run."""
PICTURED = {"no": (), "some": ("attentive", "asleep"), "all": tuple(states())}
"""States in which faults of the pixels are measured; each costs some 15 s of CPU."""
Pictures = Literal["no", "some", "all"]


@dataclass(frozen=True, slots=True)
class Job:
    """A cell to measure."""

    fault: str
    state: str
    plant: str | None = None


def jobs(
    names: Sequence[str] = (),
    in_states: Sequence[str] = (),
    pictures: Pictures = "some",
    plant: str | None = None,
    live: bool = False,
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
        and _sensible(fault, state, state in in_states, pictures, live or fault.name in names)
    ]  # fmt: skip


def _sensible(fault: Fault, state: str, named: bool, pictures: Pictures, live: bool) -> bool:
    """What takes long is measured only where it is asked for; a process of its own has only the sample drive to play."""
    if fault.level == "rendered":
        return state in PICTURED[pictures] or (named and pictures != "no")
    return fault.level == "signal" or (live and state == "attentive")


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
    heard = None
    if fault.hears is not None:
        heard = judge(parse(f"{fault.hears} after {BEGINS_S} s by {ENDS_S} s"), timeline)
    back = judge(parse(f"readiness {before} after {ENDS_S} s"), timeline)
    return judged(fault, state, before, timeline, (BEGINS_S, ENDS_S), heard, back)


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
    if any(levels[job.fault] == "live" for job in work):
        from hil.faults import live

        known = {fault.name: fault for fault in faults()}
        yield from (live.measure(known[job.fault]) for job in work if levels[job.fault] == "live")
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
