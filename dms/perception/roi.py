"""Region of interest: a rotated square cut out of a picture, and the way back from its pixels to the frame's."""

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Roi:
    """A square of ``size`` frame pixels round (``cx``, ``cy``), turned by ``angle`` radians (clockwise in the picture)."""

    cx: float
    cy: float
    size: float
    angle: float = 0.0

    def matrix(self, pixels: int) -> NDArray[np.float64]:
        """2 x 3 map from crop pixels (``pixels`` a side) to frame pixels."""
        scale = self.size / pixels
        c, s = math.cos(self.angle) * scale, math.sin(self.angle) * scale
        half = pixels / 2
        return np.array([[c, -s, self.cx - c * half + s * half], [s, c, self.cy - s * half - c * half]])

    def shifted(self, distance: float) -> "Roi":
        """Moved ``distance`` pixels towards its own top."""
        return replace(self, cx=self.cx + math.sin(self.angle) * distance, cy=self.cy - math.cos(self.angle) * distance)

    def cut(self, picture: NDArray[np.uint8], pixels: int) -> NDArray[np.uint8]:
        """The crop, ``pixels`` a side, same channels; black outside the picture."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop: Any = cv2.warpAffine(picture, self.matrix(pixels), (pixels, pixels), flags=flags)
        return np.asarray(crop, dtype=np.uint8)

    def to_frame(self, points: NDArray[Any], pixels: int) -> Points:
        """Crop points (n x 2 or n x 3, third column a depth in crop pixels) in frame pixels."""
        matrix = self.matrix(pixels)
        out: Points = np.array(points, dtype=np.float64)
        out[:, :2] = out[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        if out.shape[1] > 2:
            out[:, 2] *= self.size / pixels
        return out


def letterbox(picture: NDArray[np.uint8], pixels: int, zoom: float = 1.0) -> tuple[NDArray[np.uint8], Roi]:
    """The whole picture centred in a square of ``pixels``, shrunk by ``zoom``; and where that square lies in the frame."""
    height, width = picture.shape[:2]
    side = max(height, width) * zoom
    scale = pixels / side
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    canvas = np.zeros((pixels, pixels, *picture.shape[2:]), np.uint8)
    top, left = (pixels - h) // 2, (pixels - w) // 2
    canvas[top : top + h, left : left + w] = small
    # exact inverse of what was done above, so that rounding of the small size does not shift the points
    sx = width / w
    return canvas, Roi((pixels / 2 - left) * sx, (pixels / 2 - top) * (height / h), pixels * sx)


def turned(picture: NDArray[np.uint8], turn_deg: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The whole grey picture turned about its middle, with its mean level round it, and the 2 x 3 map back to the frame's pixels.

    Black round a face that fills the picture looks like something that is in the way; the mean level doesn't.
    """
    height, width = picture.shape
    side = math.ceil(math.hypot(height, width))
    look = Roi(width / 2, height / 2, side, math.radians(turn_deg))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    level = float(picture.mean())
    out: Any = cv2.warpAffine(picture, look.matrix(side), (side, side), flags=flags, borderValue=level)
    return np.asarray(out, np.uint8), look.matrix(side)


def around(points: NDArray[Any], angle: float, factor: float) -> Roi:
    """Square round ``points`` (n x 2) seen in axes turned by ``angle``: ``factor`` times their larger extent."""
    c, s = math.cos(angle), math.sin(angle)
    turned = points[:, :2] @ np.array([[c, -s], [s, c]])
    low, high = turned.min(axis=0), turned.max(axis=0)
    mx, my = (low + high) / 2
    return Roi(float(mx * c - my * s), float(mx * s + my * c), float((high - low).max()) * factor, angle)
