"""When each row of the picture sees the scene, and how the camera shakes on its mounting."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hil.driver.camera.optics import Picture32, Points

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutter:
    """``global``: all rows at once. ``rolling``: row after row from the top, ``readout_s`` from the first to the last."""

    kind: Literal["global", "rolling"] = "global"
    readout_s: float = 0.0

    def row_offsets(self, height: int) -> NDArray[np.float64]:
        """Seconds from the middle of the picture's exposure to that of each row; the middle row's is 0."""
        if self.kind == "global" or height < 2:
            return np.zeros(height)
        return np.asarray((np.arange(height) / (height - 1) - 0.5) * self.readout_s, dtype=np.float64)

    def shift_points(self, px: ArrayLike, height: int, velocity_px_s: Pair) -> Points:
        """Where points (n x 2, px) of a picture frozen at the middle row's time are when the picture moves evenly."""
        points = np.array(px, dtype=np.float64).reshape(-1, 2)
        rate = self._rate(height)
        y = points[:, 1]
        later = rate * (y - (height - 1) / 2) / self._stretch(velocity_px_s[1], rate)
        return np.asarray(points + later[:, None] * np.asarray(velocity_px_s), dtype=np.float64)

    def skew(self, picture: Picture32, velocity_px_s: Pair) -> Picture32:
        """The picture as a rolling shutter sees it while everything moves evenly; the same array where nothing changes."""
        height, width = picture.shape
        rate = self._rate(height)
        if rate * height * max(abs(velocity_px_s[0]), abs(velocity_px_s[1])) < 0.1:
            return picture
        import cv2

        vx, vy = velocity_px_s
        middle = (height - 1) / 2
        # What row y shows at its own time was at y - vy * dt(y) in the frozen picture: linear in y, so one affine map does it.
        inverse = np.array([[1, -vx * rate, vx * rate * middle], [0, 1 - vy * rate, vy * rate * middle]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        skewed: Picture32 = cv2.warpAffine(picture, inverse, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return skewed

    def _rate(self, height: int) -> float:
        """Seconds a row."""
        return self.readout_s / (height - 1) if self.kind == "rolling" and height > 1 else 0.0

    @staticmethod
    def _stretch(vy: float, rate: float) -> float:
        """Rows that run with the motion see it longer; a picture as fast as the read-out has no solution."""
        return max(1 - vy * rate, 0.1)


class Vibration:
    """The picture's shake on a rough road: a fixed sum of swings, so it depends on seed and time alone.

    Swings lie between 0.8 and 60 Hz and weaken with frequency, with bumps where cars have theirs: body (1.5 Hz), wheel hop
    (12 Hz), dashboard and bracket (30 Hz). Up and down is twice as strong as sideways.

    Args:
        seed: which shake.
        rms_px: its root mean square over both axes.
    """

    def __init__(self, seed: int, rms_px: float, swings: int = 24) -> None:
        rng = np.random.default_rng([seed, 0x51B])
        self.rms_px = rms_px
        hz = np.exp(rng.uniform(math.log(0.8), math.log(60.0), (2, swings)))
        bumps = sum(
            height * np.exp(-0.5 * (np.log(hz / at) / 0.25) ** 2) for at, height in ((1.5, 1.5), (12.0, 3.0), (30.0, 2.0))
        )
        strength = (1 + bumps) * hz**-0.7 * np.array([[0.5], [1.0]])
        self._amplitude = rms_px * strength / np.sqrt(0.5 * (strength**2).sum())
        self._omega = 2 * math.pi * hz
        self._phase = rng.uniform(0, 2 * math.pi, (2, swings))

    def offset_px(self, t: float) -> Pair:
        """Shift (x, y) of the picture at time t, px."""
        x, y = (self._amplitude * np.sin(self._omega * t + self._phase)).sum(axis=1)
        return float(x), float(y)

    def velocity_px_s(self, t: float) -> Pair:
        """How fast that shift changes, px/s."""
        x, y = (self._amplitude * self._omega * np.cos(self._omega * t + self._phase)).sum(axis=1)
        return float(x), float(y)
