"""Lashes, lid line, crease, shadow and make-up drawn onto the patch of a rendered eye.

The rendered driver's shut lids are smooth; on real ones a dark fan of lashes hangs from the lid's margin, and a network that has
never seen it takes it for a slit. All chance; everything is in pixels of the plain patch (``dms.perception.eye_patch``) and
brought to the size of the patch at hand, which is as wide and may be less high.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception.eye_patch import HEIGHT, PIXELS_A_MM, WIDTH

FINE = 4
"""Lashes are drawn this many times finer than the patch."""

Grey = NDArray[np.uint8]
Points = NDArray[np.float64]
Rng = np.random.Generator


def lids_of(marks: NDArray[np.float32], side: str) -> tuple[Points, Points]:
    """Upper and lower margin of one eye in picture pixels, from a row of the label column ``landmarks`` (left eye first)."""
    first = 0 if side == "left" else 38
    return marks[first : first + 24, :2].astype(float) + 0.5, marks[first + 24 : first + 36, :2].astype(float) + 0.5


def draw_lashes(rng: Rng, patch: Grey, upper: Points, lower: Points, openness: float) -> Grey:
    """``upper``, ``lower``: n x 2 points of the lids' margins in pixels of the plain patch; ``openness`` 0 shut, 1 relaxed."""
    upper, lower = _ordered(upper), _ordered(lower)
    if np.ptp(upper[:, 0]) < 8:
        return patch
    level = patch.astype(np.float32)
    dark = float(np.median(patch)) * float(rng.uniform(0.0, 0.45))
    if rng.random() < 0.5:
        level = _shade(rng, level, upper)
    if rng.random() < 0.3:
        level = _made_up(rng, level, upper, lower)
    if rng.random() < 0.5:
        level = _mix(level, _crease(rng, upper), dark, float(rng.uniform(0.1, 0.6)))
    if rng.random() < 0.8:
        level = _mix(level, _fan(rng, upper, openness, hanging=1.0), dark, float(rng.uniform(0.3, 1.0)))
    if rng.random() < 0.3:
        level = _mix(level, _fan(rng, lower, 0.0, hanging=0.5), dark, float(rng.uniform(0.1, 0.6)))
    return np.asarray(np.clip(level, 0, 255), np.uint8)


def _ordered(points: Points) -> Points:
    """From side to side; the margin's two rows of points are averaged."""
    line = points[np.argsort(points[:, 0])]
    return np.stack([np.convolve(np.pad(line[:, k], 2, "edge"), np.full(5, 0.2), "valid") for k in (0, 1)], axis=1)


def _mix(level: NDArray[np.float32], fine: Grey, dark: float, strength: float) -> NDArray[np.float32]:
    """``dark`` where the fine drawing is."""
    alpha = _fitted(fine, level).astype(np.float32) * np.float32(strength / 255)
    return np.asarray(level * (1 - alpha) + dark * alpha, np.float32)


def _fitted(drawn: NDArray[Any], level: NDArray[np.float32]) -> NDArray[Any]:
    """The middle rows of a drawing over the plain patch, in pixels of the patch at hand."""
    height, width = level.shape
    rows = round(drawn.shape[1] * height / width)
    top = (drawn.shape[0] - rows) // 2
    how = cv2.INTER_AREA if drawn.shape[1] > width else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(drawn[top : top + rows], (width, height), interpolation=how))


def _fan(rng: Rng, margin: Points, openness: float, hanging: float) -> Grey:
    """The margin as a line, and lashes from it: down when shut, up and shorter when open."""
    canvas = np.zeros((HEIGHT * FINE, WIDTH * FINE), np.uint8)
    line = np.round(margin * FINE).astype(np.int32)
    if rng.random() < 0.85:
        cv2.polylines(canvas, [line], False, 255, int(rng.integers(1, 8)), cv2.LINE_AA)
    if rng.random() < 0.8:
        middle, half = margin[:, 0].mean(), max(4.0, float(np.ptp(margin[:, 0])) / 2)
        shut = float(np.clip(1 - openness / 0.7, 0, 1))
        down = hanging * (shut * rng.uniform(0.5, 1.0) - (1 - shut) * rng.uniform(0.1, 0.9))
        length = rng.uniform(2.0, 8.0) * PIXELS_A_MM * (0.45 + 0.55 * shut) * hanging
        fan = rng.uniform(0.1, 0.8)
        for _ in range(int(rng.integers(8, 60))):
            root = margin[int(rng.integers(len(margin)))] + rng.normal(0, 0.4, 2)
            way = np.array([fan * (root[0] - middle) / half + rng.normal(0, 0.12), down + rng.normal(0, 0.08)])
            tip = root + way * length * rng.uniform(0.5, 1.1)
            ends = [(round(float(x) * FINE), round(float(y) * FINE)) for x, y in (root, tip)]
            cv2.line(canvas, ends[0], ends[1], 255, int(rng.integers(1, 3)), cv2.LINE_AA)
    return canvas


def _crease(rng: Rng, upper: Points) -> Grey:
    """One or two folds above the lid."""
    canvas = np.zeros((HEIGHT * FINE, WIDTH * FINE), np.uint8)
    for _ in range(int(rng.integers(1, 3))):
        lift = rng.uniform(2.0, 8.0) * PIXELS_A_MM
        arch = lift * (0.6 + 0.4 * np.sin(np.linspace(0, np.pi, len(upper))))
        line = np.round((upper - np.stack([np.zeros(len(upper)), arch], axis=1)) * FINE).astype(np.int32)
        cv2.polylines(canvas, [line], False, 255, int(rng.integers(1, 6)), cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.5, 4))), np.uint8)


def _shade(rng: Rng, level: NDArray[np.float32], upper: Points) -> NDArray[np.float32]:
    """Darker (make-up, a deep socket) or lighter (a bulging lid in lamp light) over the lid."""
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    lift = rng.uniform(3.0, 10.0)
    area = np.concatenate([upper, (upper - (0, lift))[::-1]])
    cv2.fillPoly(canvas, [np.round(area).astype(np.int32)], 1.0)
    soft = _fitted(cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(1.0, 4.0))), level)
    return np.asarray(level * (1 + np.float32(rng.uniform(-0.5, 0.35)) * soft), np.float32)


def _made_up(rng: Rng, level: NDArray[np.float32], upper: Points, lower: Points) -> NDArray[np.float32]:
    """A dark socket or dark make-up all round: an eye that is dark in the whole is not a dark lens."""
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    above, below, aside = rng.uniform(4.0, 15.0), rng.uniform(0.0, 6.0), rng.uniform(-1.0, 5.0)
    out = np.sign(upper[:, :1] - upper[:, 0].mean()) * (aside, 0.0)
    area = np.concatenate([upper + out - np.array([0, above]), (lower + np.array([0, below]))[::-1]])
    cv2.fillPoly(canvas, [np.round(cv2.convexHull(area.astype(np.float32))).astype(np.int32)], 1.0)
    soft = _fitted(cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(1.0, 4.0))), level)
    return np.asarray(level * (1 - np.float32(rng.uniform(0.2, 0.85)) * soft), np.float32)
