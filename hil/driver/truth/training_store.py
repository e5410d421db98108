"""Training sets on disk: a folder of uncompressed ``.npz`` shards and ``manifest.json``.

A shard holds ``picture`` (n x height x width, uint8) and the columns of ``hil.driver.truth.columns``. Shard k is made from runs
of the scenario with seeds drawn from (seed, k): whoever makes it, it comes out the same, and a broken-off job is taken up again.
"""

import hashlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.errors import DmsError, InputError, UsageError
from dms.records import Frame
from hil.driver.truth.atomic import finished_file
from hil.driver.truth.columns import WORDS, row, stack
from hil.driver.truth.crops import Kind, cuts
from hil.driver.truth.labels import Truth

SCHEMA = "dms.training/1"
MANIFEST = "manifest.json"
EMPTY_RUNS = 3
"""So many runs of the scenario in a row without one cut-out, and it is given up."""

Arrays = dict[str, NDArray[Any]]
Shown = tuple[Frame, Truth] | tuple[Frame, Truth, Arrays]
"""A picture, its label, and columns of the run's own for each cut-out of it."""

Run = Callable[[int], Generator[Shown, None, None]]
"""Pictures and labels of one run of the scenario with this seed."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made. Two plans that are equal give the same bytes."""

    scenario: str
    scenario_sha256: str
    seed: int
    crop: Kind
    width: int
    height: int
    count: int
    per_shard: int = 512
    fps: float | None = None
    picture: tuple[int, int] | None = None
    asset_sha256: str = ""

    def rows_of(self, shard: int) -> int:
        """Cut-outs of one shard."""
        return min(self.per_shard, self.count - shard * self.per_shard)

    @property
    def shards(self) -> int:
        """How many there will be."""
        return -(-self.count // self.per_shard)


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the set; ``splits``: rows of each split."""

    number: int
    file: str
    rows: int
    sha256: str
    seeds: list[int]
    splits: dict[str, int]
    landmarks: list[str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """``manifest.json``. ``complete`` once all shards of the plan are there."""

    plan: Plan
    schema: str = SCHEMA
    software: str = ""
    shards: list[Shard] = []
    words: dict[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: dict(WORDS))
    complete: bool = False

    @property
    def rows(self) -> int:
        """Cut-outs so far."""
        return sum(shard.rows for shard in self.shards)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a set.

    Raises:
        InputError: missing, damaged or of another version.
    """
    path = folder / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror} (python -m tools.training.render makes sets)") from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{path}: is no training set: {error}") from None
    if manifest.schema != SCHEMA:
        raise InputError(f"{path}: version {manifest.schema!r} is not readable here; wanted {SCHEMA}")
    return manifest


def make_shard(folder: Path, plan: Plan, number: int, run: Run) -> Shard:
    """Render one shard and put it into the folder.

    Raises:
        UsageError: the scenario shows nothing of what is to be cut out.
        InputError: the folder cannot be written.
    """
    rows: list[dict[str, Any]] = []
    pictures: list[NDArray[np.uint8]] = []
    names: list[str] = []
    seeds: list[int] = []
    empty = 0
    while len(rows) < plan.rows_of(number):
        seeds.append(run_seed(plan.seed, number, len(seeds)))
        before = len(rows)
        with closing(run(seeds[-1])) as pairs:
            for frame, truth, *more in pairs:
                names = names or [mark.name for mark in truth.landmarks]
                for cut in cuts(truth, plan.crop, plan.width, plan.height, (frame.width, frame.height)):
                    rows.append(row(truth, cut, names) | {"run": np.array(seeds[-1], np.int64)} | (more[0] if more else {}))
                    pictures.append(cut.take(frame.grey, plan.width, plan.height))
                if len(rows) >= plan.rows_of(number):
                    break
        empty = 0 if len(rows) > before else empty + 1
        if empty == EMPTY_RUNS:
            raise UsageError(f"{plan.scenario}: no picture shows what --crop {plan.crop} cuts out; choose another one")
    return _write(folder, plan, number, rows[: plan.rows_of(number)], pictures, seeds, names)


def _write(
    folder: Path, plan: Plan, number: int, rows: list[Any], pictures: list[NDArray[np.uint8]], seeds: list[int], names: list[str]
) -> Shard:
    if not rows[0]["landmarks"].size and names:  # the first cut-outs came before anybody sat down
        rows = [r if r["landmarks"].size else r | {"landmarks": np.full((len(names), 3), np.nan, np.float32)} for r in rows]
    columns = {"picture": np.stack(pictures[: len(rows)]), **stack(rows)}
    path = folder / f"shard_{number:05d}.npz"
    with finished_file(path) as part, open(part, "wb") as file:
        np.savez(file, **columns)  # type: ignore[arg-type]
    counts = np.bincount(columns["split"], minlength=len(WORDS["split"]))
    return Shard(
        number=number,
        file=path.name,
        rows=len(rows),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        seeds=seeds,
        splits={name: int(counts[i]) for i, name in enumerate(WORDS["split"])},
        landmarks=names,
    )


def run_seed(seed: int, shard: int, attempt: int) -> int:
    """Seed of one run of the scenario; never the same twice in a set."""
    return int(np.random.SeedSequence([seed, shard, attempt]).generate_state(1, np.uint32)[0])


def fill(
    folder: Path, plan: Plan, run: Run, workers: int = 1, software: str = "", progress: Callable[[Manifest], None] | None = None
) -> Manifest:
    """Make the set, or what is missing of it. With more than one worker ``run`` must be picklable.

    Raises:
        UsageError: the folder holds another set, or see ``make_shard``.
        InputError: the folder cannot be written.
    """
    manifest = _begin(folder, plan, software)
    missing = [k for k in range(plan.shards) if k not in {shard.number for shard in manifest.shards}]
    for shard in _serial(folder, plan, run, missing) if workers <= 1 else _parallel(folder, plan, run, missing, workers):
        done = sorted([*manifest.shards, shard], key=lambda s: s.number)
        manifest = msgspec.structs.replace(manifest, shards=done, complete=len(done) == plan.shards)
        _save(folder, manifest)
        if progress is not None:
            progress(manifest)
    return manifest


def _begin(folder: Path, plan: Plan, software: str) -> Manifest:
    """The manifest to go on with: the folder's own as far as its files are there, or a new one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MANIFEST).exists():
            if any(folder.iterdir()):
                raise UsageError(f"{folder} is there and not empty; give a new folder")
            manifest = Manifest(plan=plan, software=software)
            _save(folder, manifest)
            return manifest
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror}") from None
    manifest = read_manifest(folder)
    if manifest.plan != plan:
        fields = [f for f in plan.__struct_fields__ if getattr(plan, f) != getattr(manifest.plan, f)]
        raise UsageError(f"{folder} holds another training set ({', '.join(fields)} differ); give a new folder")
    if manifest.words != WORDS:
        raise UsageError(f"{folder} holds a training set of another version of dms; give a new folder")
    there = [shard for shard in manifest.shards if (folder / shard.file).is_file()]
    return msgspec.structs.replace(manifest, shards=there, complete=len(there) == plan.shards)


def _save(folder: Path, manifest: Manifest) -> None:
    with finished_file(folder / MANIFEST) as part:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def _serial(folder: Path, plan: Plan, run: Run, missing: list[int]) -> Iterator[Shard]:
    for number in missing:
        yield make_shard(folder, plan, number, run)


def _parallel(folder: Path, plan: Plan, run: Run, missing: list[int], workers: int) -> Iterator[Shard]:
    """Own processes, started afresh: a renderer's context doesn't survive a fork."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        waiting: set[Future[Shard]] = {pool.submit(make_shard, folder, plan, number, run) for number in missing}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    except BrokenProcessPool:
        raise DmsError("a worker of the renderer ended without a word (memory?); the same command goes on where it was") from None
    finally:
        pool.shutdown(cancel_futures=True)
