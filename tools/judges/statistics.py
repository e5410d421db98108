"""Statistics of near-infrared pictures: grey levels, gradients, noise, contrast, highlights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from hil.driver.truth.geometry import Array

Grey = np.ndarray
WIDTH = 640
"""Pictures are brought to one width first; noise is measured before that."""

EYE_WIDTH = 160
"""Pixels an eye strip is brought to."""

NOISE_MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


@dataclass(frozen=True, slots=True)
class Box:
    """Face or eye region in the picture: x, y, width, height."""

    x: float
    y: float
    width: float
    height: float

    def cut(self, grey: Grey) -> Grey:
        """The part inside the picture; may be empty."""
        top, left = max(round(self.y), 0), max(round(self.x), 0)
        return grey[top : max(round(self.y + self.height), 0), left : max(round(self.x + self.width), 0)]


def face_and_eyes(points: Array) -> tuple[Box, Box]:
    """Regions from 468 mesh points in pixels: the face, and both eyes with brows' lower edge and lids."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    corners = points[[33, 133, 362, 263], :2]
    left, right = corners[:, 0].min(), corners[:, 0].max()
    width, middle = right - left, corners[:, 1].mean()
    return Box(*low, *(high - low)), Box(left - 0.05 * width, middle - 0.16 * width, 1.1 * width, 0.3 * width)


def measure(grey: Grey, points: Array) -> dict[str, float]:
    """All figures of one picture (height x width, 8 bit) with a face mesh in it (468 x 2 or 3 px)."""
    face_box, eye_box = face_and_eyes(points)
    face, eyes = face_box.cut(grey), eye_box.cut(grey)
    return {**_levels(grey, face), **_face(face), **_eyes(eyes), **_noise(grey)}


def _levels(grey: Grey, face: Grey) -> dict[str, float]:
    p5, p50, p95 = (float(v) for v in np.percentile(grey, (5, 50, 95)))
    f5, f50, f95 = (float(v) for v in np.percentile(face, (5, 50, 95)))
    return {
        "picture p5": p5, "picture p50": p50, "picture p95": p95, "face p5": f5, "face p50": f50, "face p95": f95,
        "face over picture": (f50 + 1) / (p50 + 1), "picture saturated, %": 100 * float((grey >= 250).mean()),
    }  # fmt: skip


def _face(face: Grey) -> dict[str, float]:
    """Gradients and contrast relative to the face's own level, at one size."""
    same = _at_width(face, 160).astype(np.float32)
    level = float(np.median(same)) + 5.0
    soft = cv2.GaussianBlur(same, (0, 0), 1.0)
    dx, dy = cv2.Sobel(soft, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(soft, cv2.CV_32F, 0, 1) / 8
    steep = np.hypot(dx, dy) / level
    local = same - cv2.GaussianBlur(same, (0, 0), 6.0)
    inner = local[30:-30, 30:-30]
    wide = cv2.GaussianBlur(same, (0, 0), 3.0)
    glint = float((wide > 1.45 * level).mean())
    return {
        "face gradient p50": 100 * float(np.percentile(steep, 50)), "face gradient p90": 100 * float(np.percentile(steep, 90)),
        "face gradient p99": 100 * float(np.percentile(steep, 99)), "face local contrast, %": 100 * float(inner.std()) / level,
        "face shine, %": 100 * glint,
    }  # fmt: skip


def _eyes(eyes: Grey) -> dict[str, float]:
    """The strip with both eyes."""
    if min(eyes.shape) < 4:
        return {}
    same = _at_width(eyes, EYE_WIDTH).astype(np.float32)
    level = float(np.percentile(same, 80)) + 5.0
    sharp = cv2.Laplacian(cv2.GaussianBlur(same, (0, 0), 0.8), cv2.CV_32F)
    return {
        "eye contrast, %": 100 * float(same.std()) / level, "eye darkest over skin": float(np.percentile(same, 2)) / level,
        "eye sharpness, %": 100 * float(sharp.std()) / level, "eye glint over skin": float(same.max()) / level,
    }  # fmt: skip


def _noise(grey: Grey) -> dict[str, float]:
    """In flat tiles: standard deviation (Immerkaer), its growth with brightness, and likeness of neighbouring pixels."""
    tiles, size = [], 24
    high = grey.astype(np.float32)
    fine = high - cv2.GaussianBlur(high, (0, 0), 2.0)
    for y in range(0, grey.shape[0] - size, size):
        for x in range(0, grey.shape[1] - size, size):
            part = high[y : y + size, x : x + size]
            mean = float(part.mean())
            smooth = cv2.GaussianBlur(part, (0, 0), 3.0)
            if 12 < mean < 220 and float(np.ptp(smooth[4:-4, 4:-4])) < 0.12 * mean + 2:
                response = np.abs(cv2.filter2D(part, cv2.CV_32F, NOISE_MASK)[1:-1, 1:-1])
                sigma = float(np.mean(response)) * np.sqrt(np.pi / 2) / 6
                patch = fine[y + 2 : y + size - 2, x + 2 : x + size - 2]
                tiles.append((mean, sigma, _likeness(patch)))
    if len(tiles) < 5:
        return {}
    values = np.array(tiles)
    return {
        "noise, grey levels": float(np.median(values[:, 1])),
        "noise over signal, %": 100 * float(np.median(values[:, 1] / values[:, 0])),
        "noise neighbour likeness": float(np.nanmedian(values[:, 2])),
    }  # fmt: skip


def _likeness(patch: Grey) -> float:
    """Correlation of horizontally neighbouring pixels of the fine structure."""
    a, b = patch[:, :-1].ravel(), patch[:, 1:].ravel()
    return float(np.corrcoef(a, b)[0, 1]) if a.std() > 1e-6 and b.std() > 1e-6 else float("nan")


def _at_width(picture: Grey, width: int) -> Grey:
    scale = width / picture.shape[1]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, (width, max(round(picture.shape[0] * scale), 2)), interpolation=way)


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Two-sample distance of Kolmogorov and Smirnov, 0..1."""
    a, b = np.sort(np.asarray(one)), np.sort(np.asarray(other))
    every = np.concatenate([a, b])
    steps = [np.searchsorted(v, every, side="right") / len(v) for v in (a, b)]
    return float(np.abs(steps[0] - steps[1]).max())


def columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Values by figure."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row[name] for row in rows if name in row and np.isfinite(row[name])] for name in names}
