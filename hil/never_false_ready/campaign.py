"""Many drives on several processes, added up by family. The result depends on seed, hours and profile, never on the processes."""

import gc
import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context

from dms.errors import UsageError
from dms.profiles import load_profile
from hil.never_false_ready.families import FAMILIES
from hil.never_false_ready.judge import Episode, Verdict, judge
from hil.never_false_ready.plants import PLANTS
from hil.never_false_ready.script import head, write

AIM_WARNINGS_PER_HOUR = 0.1
"""P-12."""
CALIBRATION = ("driver_file", "no_driver_file")
"""Readings corrected beforehand, or left to the running self-calibration."""
WORST = 20
CHUNK = 8
"""Drives that a process takes at a time."""
_ADDED_UP = (
    "seconds", "pictures", "ready_s", "truly_ready_s", "rightly_ready_s", "attentive_s", "long_looks", "long_looks_warned",
)  # fmt: skip


@dataclass(slots=True)
class Figures:
    """Sums over drives; times in s."""

    drives: int = 0
    seconds: float = 0.0
    pictures: int = 0
    ready_s: float = 0.0
    truly_ready_s: float = 0.0
    rightly_ready_s: float = 0.0
    attentive_s: float = 0.0
    false_ready_s: float = 0.0
    false_ready_count: int = 0
    false_warnings: int = 0
    long_looks: int = 0
    long_looks_warned: int = 0
    failed: int = 0

    def add(self, verdict: Verdict) -> None:
        """One more drive."""
        self.drives += 1
        for name in _ADDED_UP:
            setattr(self, name, getattr(self, name) + getattr(verdict, name))
        self.false_ready_s += sum(episode.seconds for episode in verdict.false_ready)
        self.false_ready_count += len(verdict.false_ready)
        self.false_warnings += len(verdict.false_warnings)
        self.failed += verdict.failed is not None

    @property
    def warnings_per_hour(self) -> float | None:
        """False warnings per attentive hour."""
        return 3600.0 * self.false_warnings / self.attentive_s if self.attentive_s > 0.0 else None

    @property
    def warnings_per_hour_bound(self) -> float | None:
        """What the rate is below with 95 % confidence: 3/T without any (P-12)."""
        return 3600.0 * poisson_bound(self.false_warnings) / self.attentive_s if self.attentive_s > 0.0 else None

    @property
    def found(self) -> float | None:
        """Share of the truly ready time that was called ready."""
        return self.rightly_ready_s / self.truly_ready_s if self.truly_ready_s > 0.0 else None

    @property
    def warned(self) -> float | None:
        """Share of the long looks away, in plain view, that were warned of."""
        return self.long_looks_warned / self.long_looks if self.long_looks else None


@dataclass(slots=True)
class Result:
    """Everything a campaign found."""

    profile: str
    seed: int
    plant: str | None
    total: Figures = field(default_factory=Figures)
    families: dict[str, Figures] = field(default_factory=lambda: {name: Figures() for name in FAMILIES})
    by_calibration: dict[str, Figures] = field(default_factory=lambda: {name: Figures() for name in CALIBRATION})
    causes: dict[str, list[float]] = field(default_factory=dict)
    """By cause: seconds of false ready, and in how many stretches."""
    warnings: Counter[str] = field(default_factory=Counter)
    worst: list[Episode] = field(default_factory=list)
    warned: list[Episode] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """One more drive; in order of their numbers."""
        self.total.add(verdict)
        self.families[verdict.family].add(verdict)
        self.by_calibration[CALIBRATION[not verdict.calibrated]].add(verdict)
        for episode in verdict.false_ready:
            sums = self.causes.setdefault(episode.cause, [0.0, 0])
            sums[0] += episode.seconds
            sums[1] += 1
        self.warnings.update(episode.cause for episode in verdict.false_warnings)
        self.worst = heapq.nlargest(WORST, [*self.worst, *verdict.false_ready], key=lambda e: (e.seconds, -e.number))
        self.warned = [*self.warned, *verdict.false_warnings][:WORST]
        if verdict.failed is not None and len(self.failures) < WORST:
            self.failures.append(verdict.failed)

    @property
    def aim_met(self) -> bool:
        """No false ready, no exception, few enough false warnings."""
        rate = self.total.warnings_per_hour
        return self.total.false_ready_s == 0.0 and self.total.failed == 0 and (rate is None or rate <= AIM_WARNINGS_PER_HOUR)


def poisson_bound(events: int) -> float:
    """One-sided 95 % upper bound of a Poisson mean after so many events (3.0 after none)."""
    low, high = 0.0, 10.0 + 3.0 * events
    for _ in range(60):
        middle = (low + high) / 2
        logs = (n * math.log(middle) - middle - math.lgamma(n + 1) for n in range(events + 1))
        if sum(map(math.exp, logs)) > 0.05:
            low = middle
        else:
            high = middle
    return high


def numbers(seed: int, hours: float, family: str | None = None) -> Iterator[int]:
    """Drives from 0 on, of one family only if one is named, until so many hours are full."""
    left = 3600.0 * hours
    for top in (head(seed, number) for number in count()):
        if left <= 0.0:
            return
        if family in (None, top.family):
            left -= top.seconds
            yield top.number


@dataclass(frozen=True, slots=True)
class Job:
    """One process's share."""

    seed: int
    numbers: tuple[int, ...]
    profile: str
    plant: str | None = None


def run_job(job: Job) -> list[Verdict]:
    """Judge some drives."""
    profile = load_profile(job.profile)
    verdicts = []
    with _no_collector():
        for number in job.numbers:
            alter = PLANTS[job.plant]() if job.plant is not None else None
            verdicts.append(judge(write(job.seed, number), profile, alter))
    return verdicts


@contextmanager
def _no_collector() -> Iterator[None]:
    """A drive's thousands of states are kept to its end, and all of them would be looked through again and again for nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def run(
    seed: int, hours: float, jobs: int = 1, profile: str = "l3_default", plant: str | None = None, family: str | None = None,
    progress: Callable[[float], None] = lambda hours: None,
) -> Result:  # fmt: skip
    """A whole campaign; ``progress`` hears of the hours done.

    Raises:
        UsageError: unknown profile or family.
    """
    load_profile(profile)  # says what is wrong before any process is started
    if family is not None and family not in FAMILIES:
        raise UsageError(f"there is no family {family}; one of: {', '.join(FAMILIES)}")
    result = Result(profile, seed, plant)
    drives = numbers(seed, hours, family)
    for verdicts in _verdicts(_jobs(drives, seed, profile, plant), jobs):
        for verdict in verdicts:
            result.add(verdict)
        progress(result.total.seconds / 3600.0)
    return result


def run_one(seed: int, number: int, profile: str = "l3_default", plant: str | None = None) -> Result:
    """The result of a single drive.

    Raises:
        UsageError: unknown profile.
    """
    result = Result(profile, seed, plant)
    result.add(run_job(Job(seed, (number,), profile, plant))[0])
    return result


def _jobs(drives: Iterator[int], seed: int, profile: str, plant: str | None) -> Iterator[Job]:
    while chunk := tuple(islice(drives, CHUNK)):
        yield Job(seed, chunk, profile, plant)


def _verdicts(work: Iterator[Job], jobs: int) -> Iterator[list[Verdict]]:
    """In the order of the work, whoever does it; never more than a few chunks ahead."""
    if jobs == 1:
        yield from map(run_job, work)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(run_job, job) for job in islice(work, 3 * jobs)]
        while waiting:
            yield waiting.pop(0).result()
            waiting += [pool.submit(run_job, job) for job in islice(work, 1)]
