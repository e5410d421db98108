"""Builds the engine cache: wheel, conversion, parity, and only then the rename that makes an engine visible."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from dms.errors import BackendUnavailable, DmsError, HardwareError, InputError
from dms.inference import cache, wheel
from dms.inference.base import EngineSpec
from dms.inference.definition import Definition, definitions
from dms.inference.lock import TEMPORARY, locked

Tell = Callable[[float, str], None]
"""Told how much is done, 0..1, and what is going on."""

_FETCHED = 0.6  # share of the fetch in the whole work, for the progress bar


@dataclass(frozen=True, slots=True)
class Report:
    """What a build did, by engine name; ``worst`` is the largest parity distance of each newly built one."""

    built: tuple[str, ...]
    current: tuple[str, ...]
    folder: Path
    worst: Mapping[str, float] = field(default_factory=dict)


def build(local_wheel: Path | None = None, force: bool = False, tell: Tell = lambda done, text: None) -> Report:
    """Build what is missing or damaged; with nothing missing it neither fetches nor loads anything heavy.

    Two builders at once are safe: the second waits, then finds the work done.

    Raises:
        InputError: the wheel or a network in it is not the expected one.
        HardwareError: no network, no pip, disk full or not writable, a converter package missing.
        DmsError: a converted network does not reproduce the reference.
    """
    wanted = [item for item in definitions() if item.source]
    folder = cache.engines_dir()
    missing = wanted if force else _missing(wanted)
    if not missing:
        return Report((), tuple(item.name for item in wanted), folder)
    _need_packages()
    try:
        with locked(folder, lambda: tell(0.0, "waiting for another build")):
            if not force:  # another builder may have been faster
                missing = _missing(missing)
            worst = _build(missing, local_wheel, folder, tell)
    except OSError as error:
        raise HardwareError(_disk_failure(folder, error)) from error
    names = tuple(item.name for item in missing)
    return Report(names, tuple(item.name for item in wanted if item.name not in names), folder, worst)


def _missing(wanted: list[Definition]) -> list[Definition]:
    """Those that are not built, or damaged."""
    missing = []
    for item in wanted:
        try:
            if cache.lookup(item) is None:
                missing.append(item)
        except InputError:
            missing.append(item)
    return missing


def _build(missing: list[Definition], local_wheel: Path | None, folder: Path, tell: Tell) -> dict[str, float]:
    if not missing:
        return {}
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as name:
        scratch = Path(name)
        if local_wheel is None:
            tell(0.0, "fetching the networks (36 MB)")
            path = wheel.download(scratch, lambda done: tell(done * _FETCHED, "fetching the networks (36 MB)"))
        else:
            path = local_wheel
        members = wheel.read_members(path, missing)
        worst: dict[str, float] = {}
        for number, item in enumerate(missing):
            tell(_FETCHED + (1 - _FETCHED) * number / len(missing), f"converting {item.name}")
            worst[item.name] = _build_one(item, members[item.name], scratch, folder)
    tell(1.0, "done")
    return worst


def _build_one(item: Definition, source: bytes, scratch: Path, folder: Path) -> float:
    from dms.inference.convert import convert

    work = scratch / item.name
    work.mkdir()
    cache.write_synced(work / cache.source_file(item), source)
    cache.write_synced(work / cache.plain_file(item), convert(source, item.recipe()))
    cache.write_synced(work / cache.cpu_file(item), convert(source, item.recipe(), split_prelu=True))
    distances = _check(item, work)
    cache.write_manifest(work, item, distances, {name: metadata.version(name) for name in ("onnx", "onnxruntime", "tflite")})
    _publish(work, folder / cache.key(item), scratch)
    return max(distances.values())


def _check(item: Definition, work: Path) -> dict[str, float]:
    """Parity of both files; the worst distance per output."""
    from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
    from dms.inference.parity import compare

    plain, cpu = work / cache.plain_file(item), work / cache.cpu_file(item)
    spec = EngineSpec(item.name, item.slot, item.inputs, item.outputs, plain, cpu_path=cpu)
    found = compare(item, spec, OnnxRuntimeBackend())
    for row in found:
        if not row.ok:
            raise DmsError(f"{item.name}: output {row.output} is {row.worst:.2g} off the reference, allowed {row.limit:.2g}")
    return {row.output: row.worst for row in found}


def _publish(work: Path, target: Path, scratch: Path) -> None:
    """Make the finished folder visible by a rename; an old one is moved aside first and goes with the scratch folder."""
    if target.exists():
        os.rename(target, scratch / f"old-{target.name}")
    os.rename(work, target)


def _need_packages() -> None:
    for name in ("onnx", "onnxruntime", "tflite"):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            reason = f"building the engines needs the package {name}"
            raise BackendUnavailable(reason, "run: pip install 'dms[cpu]'") from None


def _disk_failure(folder: Path, error: OSError) -> str:
    what = error.strerror or str(error)
    return f"cannot write the engine cache {folder} ({what}); free about 100 MB there or set DMS_CACHE to another folder"
