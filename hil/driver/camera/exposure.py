"""Automatic exposure and gain, as cameras with strobed LEDs do it.

The LEDs shine only while the shutter is open, and at most ``strobe_s``: time beyond that collects sun and ambient light alone. So
the controller lengthens the exposure up to the strobe, then raises the gain, and only then exposes longer than the LEDs shine.
What it decides from one picture takes effect ``delay_frames`` later. It works on the logarithm of exposure times gain: the wanted
value follows from a picture and the setting that picture was taken with, so the delay cannot make it swing.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from dms.errors import InputError
from dms.records.frame import Grey

Box = tuple[float, float, float, float]
"""x, y, width, height, px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposureLimits:
    """What the controller may do and wants.

    Attributes:
        min_s, max_s: exposure time.
        max_gain: largest analogue gain; the smallest is 1.
        strobe_s: the longest time the LEDs shine in one picture.
        target: wanted mean, share of the full scale above black.
        face_weight: share of the face in the mean where a face box is known.
        delay_frames: pictures from one decision to the picture it changes.
        speed: share of the way to the wanted value that is gone with each picture, 0..1.
        dead_band: relative deviation that is left alone.
        step_s: exposure times are multiples of this.
    """

    min_s: float = 30e-6
    max_s: float = 5e-3
    max_gain: float = 16.0
    strobe_s: float = 2e-3
    target: float = 0.3
    face_weight: float = 0.6
    delay_frames: int = 2
    speed: float = 0.5
    dead_band: float = 0.05
    step_s: float = 5e-6

    def __post_init__(self) -> None:
        """Refuse limits no controller could keep.

        Raises:
            InputError: naming the value.
        """
        if not 0 < self.step_s <= self.min_s <= self.max_s or self.max_gain < 1 or self.strobe_s <= 0:
            raise InputError(f"exposure {self.min_s}..{self.max_s} s, step {self.step_s}, gain {self.max_gain}: cannot be")
        if not 0 < self.target < 1 or not 0 < self.speed <= 1 or self.delay_frames < 1:
            raise InputError(f"exposure target {self.target}, speed {self.speed}, delay {self.delay_frames}: cannot be")

    def led_share(self, exposure_s: float) -> float:
        """Share of the exposure in which the LEDs shine."""
        return min(1.0, self.strobe_s / exposure_s)

    def split(self, total_s: float) -> "Setting":
        """Exposure time and gain for a product of both, inside the limits."""
        longest = min(max(self.strobe_s, self.min_s), self.max_s)
        exposure = min(max(total_s, self.min_s), longest)
        if total_s > longest * self.max_gain:
            exposure = min(total_s / self.max_gain, self.max_s)
        exposure = max(math.floor(exposure / self.step_s + 1e-6) * self.step_s, self.min_s)
        return Setting(exposure_s=exposure, gain=min(max(total_s / exposure, 1.0), self.max_gain))


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What one picture is taken with."""

    exposure_s: float
    gain: float

    @property
    def total_s(self) -> float:
        """Exposure time times gain."""
        return self.exposure_s * self.gain


def measure(grey: Grey, face: Box | None, face_weight: float) -> tuple[float, float]:
    """(mean, share of saturated pixels) of every fourth pixel, the face's own mean weighted in."""
    sample = grey[::4, ::4]
    mean, saturated = float(sample.mean()), float((sample >= 255).mean())
    if face is None:
        return mean, saturated
    left, top = (max(int(v) // 4, 0) for v in face[:2])
    right, bottom = (math.ceil((face[i] + face[i + 2]) / 4) for i in (0, 1))
    part = sample[top : max(bottom, 0), left : max(right, 0)]
    if part.size == 0:
        return mean, saturated
    mean += face_weight * (float(part.mean()) - mean)
    return mean, saturated + face_weight * (float((part >= 255).mean()) - saturated)


class AutoExposure:
    """The controller: read ``setting``, take the picture, hand it to ``update``.

    Args:
        limits: what it may do.
        black: mean of a dark picture, 8-bit grey levels.
        start: the first setting; by default a fifth of the strobe at gain 1.
    """

    def __init__(self, limits: ExposureLimits, black: float = 0.0, start: Setting | None = None) -> None:
        self.limits = limits
        self._black = black
        self._low, self._high = math.log(limits.min_s), math.log(limits.max_s * limits.max_gain)
        first = start or limits.split(limits.strobe_s / 5)
        self._wanted = math.log(first.total_s)
        self._queue = deque([first] * limits.delay_frames)

    @property
    def setting(self) -> Setting:
        """For the next picture."""
        return self._queue[0]

    def update(self, grey: Grey, face: Box | None = None) -> None:
        """Judge the picture taken with ``setting`` and move on; ``face`` is where the driver's face is, if known."""
        limits, used = self.limits, self._queue.popleft()
        mean, saturated = measure(grey, face, limits.face_weight)
        bright = max(mean - self._black, 0.5) / (255.0 - self._black)
        wanted = math.log(used.total_s) + math.log(limits.target / bright)
        wanted -= 1.5 * max(saturated - 0.3, 0.0)  # a clipped mean hides how far off it is
        miss = wanted - self._wanted
        if abs(miss) > limits.dead_band:
            self._wanted = float(np.clip(self._wanted + limits.speed * miss, self._low, self._high))
        self._queue.append(limits.split(math.exp(self._wanted)))
