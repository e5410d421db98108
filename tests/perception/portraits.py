"""Pictures for the tests, all made from one portrait: scikit-image's astronaut (NASA, public domain).

The places of the eyes come from MediaPipe's frozen points, not from the code under test.
"""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

Picture = np.ndarray
REFERENCE = Path(__file__).parent / "reference" / "mediapipe.npz"

# Lids in mesh points: outer corner, lower lid, inner corner, then the upper lid from outside to inside.
LIDS = {
    "left": (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
    "right": (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
}
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415)
IRIS = {"right": slice(468, 473), "left": slice(473, 478)}
"""MediaPipe appends the two irises to its 468 points."""


@lru_cache(maxsize=1)
def _points() -> np.ndarray:
    with np.load(REFERENCE) as data:
        return data["as_is_grey"][:, :2].astype(np.float64)


def portrait(scale: float = 1.0) -> Picture:
    """The grey portrait, 512 pixels a side times ``scale``; the outer eye corners lie 61 pixels apart at scale 1."""
    return _portrait(scale).copy()


@lru_cache(maxsize=8)
def _portrait(scale: float) -> Picture:
    from skimage import data

    grey = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return grey if scale == 1 else cv2.resize(grey, None, fx=scale, fy=scale, interpolation=flags)


def lids(side: str, scale: float = 1.0) -> np.ndarray:
    """16 lid points of the portrait in pixels, in the order of ``LIDS``."""
    return (_points()[list(LIDS[side])] + 0.5) * scale - 0.5


def eye_middles(scale: float = 1.0) -> np.ndarray:
    """Middle of the driver's right and left eye, 2 x 2."""
    return np.array([lids(side, scale)[[0, 8]].mean(axis=0) for side in ("right", "left")])


def warped(picture: Picture, matrix: np.ndarray, size: tuple[int, int]) -> Picture:
    """Moved by a 2 x 3 matrix into a picture of (width, height); the border is repeated outwards."""
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def noisy(picture: Picture, sigma: float, seed: int = 3) -> Picture:
    """With sensor noise of ``sigma`` grey levels."""
    noise = np.random.default_rng(seed).normal(0.0, sigma, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def gamma(picture: Picture, exponent: float) -> Picture:
    return np.round(255.0 * (picture / 255.0) ** exponent).astype(np.uint8)


def with_bar(scale: float, low: float, high: float | None = None, noise: float = 0.0) -> Picture:
    """An opaque bar over both eyes: one grey level, or running from ``low`` at one end to ``high`` at the other."""
    picture = portrait(scale).astype(np.float64)
    corners = np.array([lids("right", scale)[0], lids("left", scale)[0]])
    length = float(np.linalg.norm(corners[1] - corners[0]))
    x0, x1 = (round(v) for v in (corners[0, 0] - 0.2 * length, corners[1, 0] + 0.2 * length))
    y = float(corners[:, 1].mean())
    y0, y1 = round(y - 0.24 * length), round(y + 0.24 * length)
    picture[y0:y1, x0:x1] = np.linspace(low, low if high is None else high, x1 - x0)[None]
    return noisy(picture, noise)


def with_lenses(scale: float, level: float, streak: float, noise: float = 1.5) -> Picture:
    """Dark glasses: two round lenses with a slanted reflection in each, a rim and a bridge, slightly soft edges."""
    fine = 2.0
    picture = portrait(scale * fine).astype(np.float64)
    middles = eye_middles(scale * fine)
    apart = float(np.linalg.norm(middles[1] - middles[0]))
    cover, light = np.zeros(picture.shape), np.zeros(picture.shape)
    for middle in middles:
        centre = round(middle[0]), round(middle[1] + 0.05 * apart)
        cv2.ellipse(cover, centre, (round(0.40 * apart), round(0.34 * apart)), 0, 0, 360, 1.0, -1)
        start = round(centre[0] - 0.2 * apart), round(centre[1] - 0.22 * apart)
        end = round(centre[0] + 0.02 * apart), round(centre[1] + 0.2 * apart)
        cv2.line(light, start, end, 1.0, max(1, round(0.07 * apart)))
    cv2.line(cover, middles[0].round().astype(int).tolist(), middles[1].round().astype(int).tolist(), 1.0, round(0.06 * apart))
    cover, light = (cv2.GaussianBlur(layer, (0, 0), 0.012 * apart) for layer in (cover, light))
    lens = level + (streak - level) * light
    return noisy(_reduced(picture * (1 - cover) + lens * cover, fine), noise)


def with_closed_lids(scale: float, line: float = 0.45, noise: float = 1.0) -> Picture:
    """Both lids down: the opening is painted over from the skin round it, with the dark line of the lashes at the lower lid.

    ``line``: how dark the lash line is, as a share of the skin's brightness that it takes away.
    """
    fine = 4.0
    picture = portrait(scale * fine)
    shade = np.zeros(picture.shape)
    for side in ("right", "left"):
        points = lids(side, scale * fine)
        width = float(np.linalg.norm(points[0] - points[8]))
        picture = _skin_over(picture, points, width)
        lash = points[:9] + np.array([0.0, 0.02 * width])
        cv2.polylines(shade, [lash.round().astype(np.int32)], False, line, max(1, round(0.06 * width)), cv2.LINE_AA)
    shade = cv2.GaussianBlur(shade, (0, 0), 0.35 * fine * scale)
    return noisy(_reduced(picture * (1.0 - shade), fine), noise)


def _skin_over(picture: Picture, points: np.ndarray, width: float) -> Picture:
    """The eye with its lashes and crease filled in from the skin round it."""
    hole = np.zeros(picture.shape, np.uint8)
    centre = (points[[0, 8]].mean(axis=0) - (0.0, 0.08 * width)).round().astype(int)
    cv2.ellipse(hole, centre.tolist(), (round(0.70 * width), round(0.36 * width)), 3, 0, 360, 255, -1)
    x, y, half = *centre.tolist(), round(1.2 * width)
    area = slice(y - half, y + half), slice(x - half, x + half)
    filled = picture.copy()
    filled[area] = cv2.inpaint(picture[area], hole[area], 3, cv2.INPAINT_NS)
    soft = cv2.GaussianBlur(filled, (0, 0), 0.06 * width).astype(np.float64)
    blend = cv2.GaussianBlur(hole / 255.0, (0, 0), 0.04 * width)
    return np.clip(soft * blend + filled * (1 - blend), 0, 255).astype(np.uint8)


def _reduced(picture: Picture, factor: float) -> Picture:
    return cv2.resize(np.clip(picture, 0, 255), None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
