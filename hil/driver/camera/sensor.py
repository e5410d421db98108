"""From radiance to numbers: photon noise, read noise, fixed pattern, full well, gain, quantisation.

Noise comes from one long row of standard-normal numbers made once; each picture takes a stretch from a random place with a random
sign, which costs nothing and repeats only displaced. Photon and read noise are drawn together: standard deviation
sqrt(electrons + read noise squared), bell-shaped, which is right from some ten electrons up.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dms.records.frame import Grey
from hil.driver.camera.optics import Picture32

Raw = NDArray[np.uint16]

_PLACES = 1 << 20
"""How many starting places the row of noise has beyond one picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpec:
    """One kind of image sensor.

    Attributes:
        bits: of the analogue-digital converter.
        full_scale_e: electrons that give the largest number at gain 1.
        well_e: electrons a pixel can hold.
        electrons_per_s: from a surface of radiance 1 (a white matt surface 650 mm before the LEDs at full power).
        shot: whether there is photon noise.
        read_e: read noise, electrons.
        prnu: pixel-to-pixel spread of the sensitivity, share.
        column_e: spread of the columns' offsets, electrons.
        hot_share: share of hot pixels.
        black: offset of the converter, share of the full scale.
    """

    bits: Literal[8, 10] = 8
    full_scale_e: float = 9000.0
    well_e: float = 9500.0
    electrons_per_s: float = 7.5e6
    shot: bool = True
    read_e: float = 4.0
    prnu: float = 0.005
    column_e: float = 1.5
    hot_share: float = 0.0
    black: float = 0.01

    @property
    def top(self) -> int:
        """The largest number the converter gives."""
        return (1 << self.bits) - 1

    def grey_per_electron(self, gain: float) -> float:
        """Grey levels (of ``bits``) an electron gives."""
        return gain * self.top / self.full_scale_e


@lru_cache(maxsize=2)
def _noise(count: int) -> Picture32:
    return np.random.default_rng(0x5E45).standard_normal(count, dtype=np.float32)


class Sensor:
    """One sensor with its own fixed pattern.

    Args:
        spec: its kind.
        width, height: picture size.
        seed: its fixed pattern and its noise.
    """

    def __init__(self, spec: SensorSpec, width: int, height: int, seed: int) -> None:
        self.spec = spec
        self._shape = (height, width)
        rng = np.random.default_rng([seed, 0x5E4])
        self.response: Picture32 = np.ones(self._shape, np.float32)
        if spec.prnu > 0:
            self.response += np.float32(spec.prnu) * rng.standard_normal(self._shape, dtype=np.float32)
        self.shade = self.response
        self._floor_e = max(spec.read_e**2, 1.0)
        self._noisy = spec.shot or spec.read_e > 0
        self._pattern = self._fixed_pattern(rng)
        self._rng = rng
        self._electrons, self._spread = (np.empty(self._shape, np.float32) for _ in range(2))
        self._noise = _noise(width * height + _PLACES) if self._noisy else None

    def _fixed_pattern(self, rng: np.random.Generator) -> Picture32 | None:
        """Offsets of columns and hot pixels in electrons, on top of the floor that the noise's variance needs anyway."""
        spec = self.spec
        if not self._noisy and spec.column_e <= 0 and spec.hot_share <= 0:
            return None
        pattern = np.zeros(self._shape, np.float32)
        pattern += np.float32(spec.column_e) * rng.standard_normal(self._shape[1], dtype=np.float32)
        hot = rng.random(self._shape) < spec.hot_share
        pattern[hot] += rng.exponential(0.15 * spec.full_scale_e, int(hot.sum())).astype(np.float32)
        # The floor keeps the number under the root positive; a column darker than that cannot be told from black.
        return np.asarray(np.maximum(pattern + np.float32(self._floor_e), 0), dtype=np.float32)

    def set_shade(self, light: Picture32) -> None:
        """What share of the light reaches each pixel (vignetting, dirt), height x width."""
        self.shade = np.ascontiguousarray(self.response * light)

    def expose(
        self, radiance: Picture32, exposure_s: float, gain: float, veil: Picture32 | None = None
    ) -> tuple[Grey, Raw | None]:
        """One picture: (8 bit, raw); raw only where the converter has more than 8 bits.

        Args:
            radiance: height x width, not negative.
            exposure_s: exposure time.
            gain: analogue gain, 1 or more.
            veil: stray light that comes on top, in the same unit, not weakened by ``shade``.
        """
        import cv2

        spec, e = self.spec, self._electrons
        scale = spec.electrons_per_s * exposure_s
        cv2.multiply(radiance, self.shade, dst=e, scale=scale)
        if veil is not None:
            cv2.scaleAdd(veil, scale, e, dst=e)
        cv2.threshold(e, spec.well_e, 0, cv2.THRESH_TRUNC, dst=e)
        return self._convert(self._add_noise(), gain)

    def _add_noise(self) -> Picture32 | None:
        """Adds the pattern to the electrons; gives the noise to add later, in electrons."""
        import cv2

        e = self._electrons
        if self._pattern is not None:
            cv2.add(e, self._pattern, dst=e)
        if self._noise is None:
            return None
        start, sign = (int(v) for v in self._rng.integers((_PLACES, 2)))
        stretch = self._noise[start : start + e.size].reshape(self._shape)
        if self.spec.shot:
            cv2.sqrt(e, dst=self._spread)
            cv2.multiply(self._spread, stretch, dst=self._spread, scale=1.0 - 2.0 * sign)
        else:
            cv2.multiply(stretch, self.spec.read_e * (1.0 - 2.0 * sign), dst=self._spread)
        return self._spread

    def _convert(self, spread: Picture32 | None, gain: float) -> tuple[Grey, Raw | None]:
        """Electrons to numbers: one pass that scales, adds, rounds and clips."""
        import cv2

        spec, slope = self.spec, self.spec.grey_per_electron(gain)
        offset = 0.0 if self._pattern is None else self._floor_e
        constant = spec.black * spec.top - offset * slope
        depth = cv2.CV_8U if spec.bits == 8 else cv2.CV_16U
        other, weight = (spread, slope) if spread is not None else (self._electrons, 0.0)
        numbers = cv2.addWeighted(self._electrons, slope, other, weight, constant, dtype=depth)
        if spec.bits == 8:
            return numbers, None
        raw = cv2.min(numbers, float(spec.top))
        return (raw >> (spec.bits - 8)).astype(np.uint8), raw
