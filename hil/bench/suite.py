"""Many scenarios, on several processes: which, how, and what came of them in order."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from dms.errors import DmsError, InputError, UsageError
from hil.bench.bench import Bench, prepared
from hil.bench.clock import VirtualClock, WallClock
from hil.bench.result import Result
from hil.bench.scenario import Level, Loaded, load

if TYPE_CHECKING:
    from dms.bus.port import CanFrame
    from dms.inference.engine_set import EngineSet
    from dms.records.cabin import DriverBaseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run. ``out``: folder for CAN trace and timeline; ``trace``: ending of the trace; ``bench``: file of a real bench."""

    name: str
    level: Level = "signal"
    seed: int | None = None
    wall: bool = False
    plant: str | None = None
    out: str | None = None
    trace: str = "log"
    bench: str | None = None


def jobs(names: Sequence[str], levels: Sequence[Level], strict: bool = True, **common: object) -> list[Job]:
    """The runs asked for. ``strict``: a scenario without rendered level is refused, else it is only not rendered.

    Raises:
        InputError: a scenario that cannot be read.
        UsageError: a scenario without rendered level, asked for strictly.
    """
    found = []
    for name in names:
        scenario = load(name).scenario
        for level in levels:
            if level == "rendered" and scenario.rendered is None:
                if strict:
                    raise UsageError(f"{name} is made for signals only; leave --rendered out")
                continue
            found.append(Job(name=name, level=level, **common))  # type: ignore[arg-type]
    return found


def play(job: Job, engines: "EngineSet | None" = None) -> Result:
    """One run, to its result; whatever goes wrong in it is its ``error``."""
    loaded = load(job.name)
    with ExitStack() as files:
        told = None
        if job.out is not None:
            from hil.controller.trace import TraceWriter

            told = files.enter_context(TraceWriter(Path(job.out) / f"{stem(job)}.{job.trace}")).frame
        clock = WallClock() if job.wall else VirtualClock()
        driver, note = _driver_file(loaded, job, engines)
        bench = _real(loaded, job, told) if job.bench is not None else Bench(
            loaded, level=job.level, seed=job.seed, clock=clock, plant=job.plant, engines=engines, driver_file=driver,
            on_frame=told,
        )  # fmt: skip
        try:
            with bench:
                result = bench.run()
        except DmsError as error:
            result = bench.result
            result.error = str(error)
    result.note = note
    if job.out is not None:
        _write(job, result)
    return result


def _real(loaded: Loaded, job: Job, told: "Callable[[CanFrame, float], None] | None") -> Bench:
    from hil.bench.real import RealBench, read_bench

    assert job.bench is not None
    return RealBench(loaded, read_bench(Path(job.bench)), path=job.bench, seed=job.seed, on_frame=told)


def _driver_file(loaded: Loaded, job: Job, engines: "EngineSet | None") -> "tuple[DriverBaseline | None, str | None]":
    """The gaze calibration of a rendered driver, made before the drive; or why there is none."""
    if engines is None or not loaded.scenario.calibrated:
        return None, None
    from hil.driver.closed_loop import calibrated

    try:
        return calibrated(prepared(loaded.scenario, job.level, job.seed), engines), None
    except InputError as error:  # eyes behind dark glasses give none
        return None, f"not calibrated: {error}"


def stem(job: Job) -> str:
    """Name of a run's files."""
    name = Path(job.name).stem
    seed = "" if job.seed is None else f"_{job.seed}"
    return name + seed + ("_rendered" if job.level == "rendered" else "")


def _write(job: Job, result: Result) -> None:
    import msgspec

    folder, name = Path(job.out or "."), stem(job)
    timeline = folder / f"{name}.json"
    result.files = {"trace": f"{name}.{job.trace}", "timeline": timeline.name}
    timeline.write_bytes(msgspec.json.format(msgspec.json.encode(result.plain(timeline=True)), indent=1))


def run(
    work: Sequence[Job], processes: int = 1, engines: "Callable[[], EngineSet] | None" = None,
    progress: Callable[[Result], None] = lambda result: None,
) -> list[Result]:  # fmt: skip
    """All of them, in their order; ``progress`` hears of each. Pictures are judged in this process, with ``engines``.

    Raises:
        UsageError: pictures are asked for and there are no engines.
    """
    results = []
    for result in _results(work, processes, engines):
        results.append(result)
        progress(result)
    return results


def _results(work: Sequence[Job], processes: int, engines: "Callable[[], EngineSet] | None") -> Iterator[Result]:
    rendered = any(job.level == "rendered" for job in work)
    if not rendered and processes > 1 and len(work) > 1:
        with ProcessPoolExecutor(min(processes, len(work)), mp_context=get_context("spawn")) as pool:
            yield from pool.map(play, work)
        return
    opened = None
    if rendered:
        if engines is None:
            raise UsageError("pictures need engines")
        opened = engines()
    try:
        for job in work:
            yield play(job, opened if job.level == "rendered" else None)
    finally:
        if opened is not None:
            opened.close()
