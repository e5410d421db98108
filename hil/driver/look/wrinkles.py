"""Relief of ageing: furrows along lines on the face, each with the bulges beside it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hil.driver.look.canvas import Canvas
from hil.driver.look.geometry import Floats, curve

Knots = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Furrow:
    """One line on the left half of the face (or across it), (y, z) in mm on the mean head.

    ``young``, ``old``: depth in mm at age 0 and 1; ``wide``: mm; ``both``: has a twin on the other side; ``wobble``: mm.
    """

    knots: Knots
    young: float
    old: float
    wide: float = 1.0
    both: bool = True
    wobble: float = 0.5


FURROWS: tuple[Furrow, ...] = (
    # Forehead, across.
    Furrow(((-36, 31), (-18, 33), (0, 31), (18, 33), (36, 31)), 0.02, 0.42, 1.1, both=False, wobble=1.4),
    Furrow(((-40, 39), (-20, 41), (0, 39), (20, 41), (40, 38)), 0.03, 0.5, 1.2, both=False, wobble=1.6),
    Furrow(((-36, 47), (-16, 50), (0, 48), (16, 50), (36, 47)), 0.02, 0.45, 1.2, both=False, wobble=1.6),
    Furrow(((-26, 56), (0, 57), (26, 56)), 0.0, 0.3, 1.0, both=False, wobble=1.6),
    # Frown and bridge of the nose.
    Furrow(((6.5, 7), (5.6, 14), (7.0, 23)), 0.03, 0.55, 1.0),
    Furrow(((11, 12), (10.5, 18), (11.5, 24)), 0.0, 0.25, 0.8),
    Furrow(((-6, 2), (0, 0.5), (6, 2)), 0.0, 0.3, 0.8, both=False),
    # Outside of the eye.
    Furrow(((48, 0), (54, 3), (60, 7)), 0.0, 0.42, 0.7),
    Furrow(((48.5, -3), (55, -3), (62, -1)), 0.02, 0.45, 0.7),
    Furrow(((48, -6), (54, -9), (60, -12)), 0.0, 0.42, 0.7),
    Furrow(((46, -9), (51, -14), (56, -20)), 0.0, 0.3, 0.7),
    # Fold of the upper lid, fold and bag under the eye.
    Furrow(((19, 1.5), (24, 5.5), (32, 7.2), (40, 5.6), (46, 1.5)), 0.28, 0.4, 0.8, wobble=0.25),
    Furrow(((19, -7), (25, -10.5), (33, -11.5), (41, -9)), 0.05, 0.32, 0.8, wobble=0.4),
    Furrow(((16, -9), (22, -16), (31, -20), (41, -18), (46, -13)), 0.06, 0.6, 1.6, wobble=0.6),
    Furrow(((14, -7), (20, -17), (28, -25)), 0.05, 0.45, 1.5, wobble=0.6),
    # Nose to mouth, mouth to chin, cheek.
    Furrow(((17.5, -45), (22, -52), (28, -62), (32, -73), (32, -80)), 0.12, 1.1, 1.7, wobble=0.7),
    Furrow(((27, -76), (29, -84), (27, -94)), 0.0, 0.6, 1.3, wobble=0.7),
    Furrow(((-13, -91), (0, -88), (13, -91)), 0.1, 0.35, 1.5, both=False),
    Furrow(((42, -45), (46, -60), (44, -75)), 0.0, 0.35, 1.6, wobble=1.2),
    # Lips.
    Furrow(((6, -59), (6.4, -63.5)), 0.0, 0.2, 0.6),
    Furrow(((11, -60), (11.8, -64.5)), 0.0, 0.22, 0.6),
    Furrow(((16, -62), (17, -67)), 0.0, 0.2, 0.6),
    Furrow(((8, -84), (8.5, -89)), 0.0, 0.14, 0.6),
)


@cache
def _anchored(canvas: Canvas) -> tuple[tuple[Floats, Furrow, float], ...]:
    """Each furrow's knots on the canvas, with the right twins."""
    out = []
    for furrow in FURROWS:
        for sign in (1.0, -1.0) if furrow.both else (1.0,):
            knots = np.array(furrow.knots, np.float32) * np.array([sign, 1], np.float32)
            out.append((canvas.texels(curve(knots, 12)), furrow, sign))
    return tuple(out)


def relief(canvas: Canvas, depth: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Height of the furrows (mm, on the canvas) for ``depth`` 0 (young) .. 1 (very old), and how dark they are, 0..1."""
    import cv2

    fine = np.zeros(canvas.shape, np.float32)
    wide = np.zeros(canvas.shape, np.float32)
    for texels, furrow, _ in _anchored(canvas):
        own = float(np.clip(rng.normal(1, 0.35), 0.2, 1.8))
        deep = (furrow.young + (1.5 * furrow.old - furrow.young) * depth**1.3) * own
        sway = np.interp(np.arange(12), np.arange(0, 13, 3), rng.normal(0, furrow.wobble * 2, 5))
        points = texels + sway[:, None].astype(np.float32) * np.array([1.0, 0.35], np.float32)
        _draw(wide if furrow.wide > 1.05 else fine, points, deep, cv2)
    fine, wide = cv2.GaussianBlur(fine, (0, 0), 0.8), wide
    near, far = cv2.GaussianBlur(wide, (0, 0), 1.9), cv2.GaussianBlur(wide, (0, 0), 5.0)
    height = -1.15 * fine + 0.75 * cv2.GaussianBlur(fine, (0, 0), 2.4) - 3.0 * near + 3.4 * far
    return np.asarray(height, np.float32), np.asarray(np.clip(0.5 * fine + 0.55 * near, 0, 0.35), np.float32)


def _draw(target: NDArray[np.float32], points: Floats, deep: float, cv2: object) -> None:
    """A line that swells and fades along its way."""
    smoothed = curve(points, 30)
    swell = np.sin(np.linspace(0.12, np.pi - 0.12, 29)) ** 0.7
    fixed = np.round(smoothed * 16).astype(np.int32)
    for i, share in enumerate(swell):
        cv2.line(target, fixed[i].tolist(), fixed[i + 1].tolist(), float(deep * share), 1, 8, 4)  # type: ignore[attr-defined]
