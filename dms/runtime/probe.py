"""What a camera really delivers: size, rate, regularity, time stamps, picture quality, measured for a few seconds."""

import msgspec
import numpy as np

from dms.camera.live import LiveSource
from dms.errors import HardwareError
from dms.perception.quality import QualityMeter
from dms.perception.settings import Settings
from dms.records import Frame, Image
from dms.runtime import clock
from dms.runtime.figures import percentiles

QUALITY_EVERY = 10
"""Of so many pictures one is measured."""


class Probed(msgspec.Struct, frozen=True):
    """Result of a probe.

    Attributes:
        source: name.
        pictures: looked at.
        lost: pictures that the camera counted but that did not come, or came faster than they could be looked at.
        size: ``width x height``.
        colour: does it deliver colour.
        fps: pictures a second by the camera's own times.
        stamps: whose times they are: of the ``device`` or of ``arrival``.
        period_ms: between two pictures, by their times: p50, p99, max.
        age_ms: of a picture when it arrives; the camera's own part of the latency, where the device stamps.
        repeated: pictures equal to the one before, pixel by pixel.
        mean: grey level; with ``sharpness``, ``saturated``, ``blocked`` the medians of the picture quality.
        trouble: what would keep the loop from using it, in words.
    """

    source: str
    pictures: int
    lost: int
    size: str
    colour: bool
    fps: float | None
    stamps: str
    period_ms: dict[str, float]
    age_ms: dict[str, float]
    repeated: int
    mean: float
    sharpness: float
    saturated: float
    blocked: float
    trouble: list[str]


class _Look:
    """What is kept of the pictures: their times and a few measurements, never the pictures."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.ages_ms: list[float] = []
        self.sizes: set[tuple[int, int]] = set()
        self.repeated = 0
        self.quality: list[Image] = []
        self.first: Frame | None = None
        self.last: Frame | None = None
        self._meter = QualityMeter(Settings())

    def take(self, frame: Frame, now: float) -> None:
        """Count one picture, which came at ``now``, s."""
        if self.last is not None:
            self.repeated += np.array_equal(frame.grey, self.last.grey)
        self.first, self.last = self.first or frame, frame
        self.times.append(frame.t)
        self.ages_ms.append((now - frame.t) * 1e3)
        self.sizes.add((frame.width, frame.height))
        if len(self.times) % QUALITY_EVERY == 1:
            self.quality.append(self._meter.measure(frame.grey))

    def median(self, name: str) -> float:
        return round(float(np.median([getattr(image, name) or 0.0 for image in self.quality])), 3)


def probe(source: LiveSource, seconds: float, fps_min: float, late_s: float) -> Probed:
    """Look at a camera for so long.

    Args:
        source: not yet started.
        seconds: of looking, from the first picture on.
        fps_min: fewer pictures a second are of no use.
        late_s: a picture older than this on arrival is of no use.

    Raises:
        HardwareError: it delivers fewer than two pictures.
    """
    look = _collect(source, seconds)
    first, last = look.first, look.last
    if first is None or last is None or first is last:
        raise HardwareError(f"camera {source.name}: {len(look.times)} pictures in {seconds:g} s")
    periods = np.diff(look.times) * 1e3
    steps = len(look.times) - 1
    counted = max(steps, (last.counter - first.counter) % 2**16)
    found = Probed(
        source=source.name,
        pictures=len(look.times),
        lost=counted - steps,
        size=f"{last.width}x{last.height}",
        colour=last.colour is not None,
        fps=round(counted / (last.t - first.t), 2) if last.t > first.t else None,
        stamps="device" if source.stamped_by_device else "arrival",
        period_ms={**percentiles(list(periods), (50, 99)), "max": round(float(periods.max()), 3)},
        age_ms={**percentiles(look.ages_ms, (50, 99)), "max": round(max(look.ages_ms), 3)},
        repeated=look.repeated,
        mean=look.median("mean"),
        sharpness=look.median("sharpness"),
        saturated=look.median("saturated"),
        blocked=look.median("blocked"),
        trouble=[],
    )
    return msgspec.structs.replace(found, trouble=_trouble(found, look, fps_min, late_s))


def _collect(source: LiveSource, seconds: float) -> _Look:
    look, end = _Look(), float("inf")
    while clock.now() < end:
        frame = source.newest()
        if frame is None:
            break
        if look.first is None:
            end = clock.now() + seconds
        look.take(frame, clock.now())
    return look


def _trouble(found: Probed, look: _Look, fps_min: float, late_s: float) -> list[str]:
    checks = {
        "pictures of several sizes": len(look.sizes) > 1,
        "times do not advance": bool((np.diff(look.times) <= 0).any()),
        f"fewer than {fps_min:g} pictures a second": found.fps is None or found.fps < fps_min,
        f"pictures more than {late_s * 1e3:.0f} ms old on arrival": found.age_ms["p50"] > late_s * 1e3,
        "most pictures are the one before again": found.repeated > found.pictures // 2,
    }
    return [text for text, wrong in checks.items() if wrong]
