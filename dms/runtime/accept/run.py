"""Runs the parts one after the other and makes the record."""

import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from dms import __version__
from dms.errors import DmsError, HardwareError
from dms.inference.registry import load_backend
from dms.runtime import clock
from dms.runtime.accept import devices, driving, identity, networks
from dms.runtime.accept.date import utc_now
from dms.runtime.accept.fakes import WHAT, FakeGpu, fake_parts, fake_root
from dms.runtime.accept.part import Measured, NotRun, Result, judge
from dms.runtime.accept.record import PARTS, Content, Record, seal
from dms.runtime.accept.rig import RealGpu, Rig
from dms.runtime.config import Loaded
from dms.runtime.machine import Machine

MEASURE: dict[int, Callable[[Rig], Measured]] = {
    1: identity.identity, 3: identity.gpu, 4: networks.speed, 5: networks.parity, 6: networks.plan_cache, 7: driving.soak,
    8: devices.camera, 9: devices.can, 10: driving.drills, 2: identity.power,
}  # fmt: skip
"""In the order in which they are run: power last, it looks back on all others. Part 11 is the record itself."""

RECORD_PART = 11
NOT_ASKED = "not asked for"

Tell = Callable[[str], None]


def require_device() -> None:
    """Is this a Jetson with TensorRT.

    Raises:
        HardwareError: no; what is missing, and what to do here instead.
    """
    if Machine().release is None:
        raise HardwareError("this is no Jetson (no /etc/nv_tegra_release); --dry-run tries the program itself on fakes")
    state = load_backend("tensorrt").probe()
    if not state.ok:
        raise HardwareError(f"TensorRT cannot be used: {state.reason}; {state.hint or 'see dms doctor'}")


def real_rig(parts: Loaded, folder: Path, minutes: float) -> Rig:
    """For a device. Its plans go to a new folder each time: a plan of an earlier run would be found instead of built."""
    machine = Machine()
    gpu = RealGpu(Path(tempfile.mkdtemp(prefix="plans-", dir=folder)))
    return Rig(parts, gpu, machine, folder, False, 1000, 60.0 * minutes, 10.0, 10.0, machine.read())


def dry_rig(folder: Path, minutes: float) -> Rig:
    """On fakes; little of everything."""
    machine = Machine(fake_root(folder / "machine"))
    gpu = FakeGpu(folder / "plans")
    return Rig(fake_parts(), gpu, machine, folder, True, 3, 60.0 * minutes, 1.0, 1.0, machine.read())


def accept(rig: Rig, config: str, chosen: Collection[int], tell: Tell = lambda line: None) -> Record:
    """Run the chosen parts; the others are in the record as "not run".

    Raises:
        DmsError: the engines or their files cannot be found: nothing could be told about what was accepted.
    """
    engines = {slot: rig.spec(slot).sha256 for slot in rig.slots}
    results: dict[int, Result] = {}
    for number, measure in MEASURE.items():
        tell(f"part {number}, {PARTS[number - 1]}")
        results[number] = run_part(rig, number, measure) if number in chosen else _left_out(number, NOT_ASKED)
    profile = f"{rig.parts.profile.name} {rig.parts.profile.hash16:04x} ({rig.parts.profile.identity.trust})"
    told = [results[number] for number in sorted(results)]
    content = Content(utc_now(), rig.dry, __version__, config, engines, profile, told)
    last = run_part(rig, RECORD_PART, lambda _: _reads_back(content)) if RECORD_PART in chosen else None
    return seal(msgspec.structs.replace(content, parts=[*told, last or _left_out(RECORD_PART, NOT_ASKED)]))


def run_part(rig: Rig, number: int, measure: Callable[[Rig], Measured]) -> Result:
    """One part: pass, fail, or not run with the reason. Its failure does not hide the next."""
    fakes = WHAT[number] if rig.dry else ""
    begin, name = clock.now(), PARTS[number - 1]
    try:
        found = measure(rig)
    except NotRun as why:
        return _left_out(number, str(why))
    except Exception as error:  # whatever it is, what the other parts found must not be lost
        reason = str(error) if isinstance(error, DmsError) else f"{type(error).__name__}: {' '.join(str(error).split())}"
        return Result(number, name, "fail", reason, fakes, round(clock.now() - begin, 3))
    checks = judge(number, found.values, rig.dry)
    ok = all(check.ok is not False for check in checks)
    seconds = round(clock.now() - begin, 3)
    return Result(number, name, "pass" if ok else "fail", "", fakes, seconds, found.values, found.not_measured, checks)


def _left_out(number: int, reason: str) -> Result:
    return Result(number, PARTS[number - 1], "not run", reason)


def _reads_back(content: Content) -> Measured:
    """Part 11: the content as it will lie on the disk says what was measured."""
    data = msgspec.json.encode(seal(content), order="sorted")
    again = msgspec.json.decode(data, type=Record)
    return Measured({"parts_told": len(content.parts), "reads_back": seal(again.content).sha256 == again.sha256})


@contextmanager
def own_folder(path: Path) -> Iterator[Path]:
    """Where the run leaves its files.

    Raises:
        HardwareError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HardwareError(f"--out {path}: cannot be made ({error.strerror}); choose another folder") from error
    yield path
