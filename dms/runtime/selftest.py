"""The start-up self-test (FS-01): engines unchanged and answering right, CAN frames leaving, the camera delivering.

Nothing is called ready before all of it has passed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dms.camera.live import LiveSource
from dms.errors import DmsError, HardwareError, InputError
from dms.inference import cache
from dms.inference.engine_set import EngineSet
from dms.records import Frame
from dms.records.cabin import Camera
from dms.runtime import clock
from dms.runtime.golden import Golden
from dms.runtime.picture_check import PictureCheck
from dms.runtime.publishing import Publishing

PICTURES = 5
"""So many pictures tell size, order and rate of the camera."""

ASPECT = 0.02
"""The picture may be larger or smaller than the calibration's; by how much the factors of width and height may differ."""


@dataclass(frozen=True, slots=True)
class Item:
    """One check and how long it took."""

    name: str
    ok: bool
    detail: str
    seconds: float


class SelfTest:
    """Runs checks one after the other and keeps what they say; the first failure does not hide the next."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._begin = clock.now()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return clock.now() - self._begin

    def check(self, name: str, work: Callable[[], str]) -> bool:
        """Run one check, which tells what it found or raises."""
        start = clock.now()
        try:
            ok, detail = True, work()
        except DmsError as error:
            ok, detail = False, str(error)
        self.items.append(Item(name, ok, detail, round(clock.now() - start, 3)))
        return ok

    def require(self) -> None:
        """Go no further with a failed check.

        Raises:
            HardwareError: naming every check that failed.
        """
        failed = [f"{item.name}: {item.detail}" for item in self.items if not item.ok]
        if failed:
            raise HardwareError(f"self-test failed: {'; '.join(failed)}")


def engine_files(engines: EngineSet) -> str:
    """Every engine's file is still the one it was loaded from.

    Raises:
        InputError: changed or gone.
    """
    checked = 0
    for slot, engine in engines.items():
        path = engine.spec.path
        if path is None:
            continue
        if not path.is_file() or cache.sha256(path) != engine.spec.sha256:
            raise InputError(f"{slot}: {path} was changed or is gone; run: dms engines build")
        checked += 1
    return f"{checked} files unchanged, bundle {engines.bundle_hash[:8]}"


def golden_answers(golden: Golden) -> str:
    """Every engine answers its golden question.

    Raises:
        EngineFailed: one does not.
    """
    golden.ask_all()
    own = golden.without_reference
    return "all engines answer right" + (f"; no stored answers for {', '.join(own)}" if own else "")


def can_frames(publisher: Publishing, wait_s: float) -> str:
    """Frames of the running publisher leave.

    Raises:
        HardwareError: none left, or some were refused.
    """
    end = clock.now() + wait_s
    while clock.now() < end and publisher.counts.sent < 3:
        clock.sleep(0.01)
    counts = publisher.counts
    if counts.failed or not counts.sent:
        raise HardwareError(f"CAN: {counts.sent} frames sent, {counts.failed} failed: {counts.last_error or 'nothing left'}")
    return f"{counts.sent} frames sent"


def camera_pictures(source: LiveSource, check: PictureCheck, calibration: Camera | None, fps_min: float) -> str:
    """The first pictures have one size that fits the calibration, times in order, and come fast enough.

    Raises:
        HardwareError: they have not, or none come.
    """
    frames: list[Frame] = []
    end = clock.now() + source.timeout_s
    while len(frames) < PICTURES:
        frame = source.newest()
        if frame is None:
            raise HardwareError(f"camera {source.name}: ended after {len(frames)} pictures")
        fault = check.fault(frame, clock.now(), None)
        if fault is None:
            frames.append(frame)
        elif clock.now() < end:  # the first pictures of a starting camera may have waited
            frames.clear()
        else:
            raise HardwareError(f"camera {source.name}: {fault}")
    first, last = frames[0], frames[-1]
    counted = (last.counter - first.counter) % 2**16 or len(frames) - 1
    fps = counted / (last.t - first.t)
    if fps < fps_min:
        raise HardwareError(f"camera {source.name}: {fps:.1f} pictures/s, at least {fps_min:g} are needed")
    if calibration is not None:
        _fits(first, calibration)
    return f"{first.width}x{first.height}, {fps:.0f} pictures/s"


def _fits(frame: Frame, calibration: Camera) -> None:
    if not calibration.width or not calibration.height:
        return
    x, y = frame.width / calibration.width, frame.height / calibration.height
    if abs(x / y - 1.0) > ASPECT:
        size = f"{calibration.width}x{calibration.height}"
        raise HardwareError(f"pictures of {frame.width}x{frame.height} do not fit the calibration, which is for {size}")
