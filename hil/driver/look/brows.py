"""Eyebrows: some thousand hair strokes a side, drawn into the skin's textures."""

from functools import cache

import numpy as np

from hil.driver.look.canvas import Canvas
from hil.driver.look.geometry import Floats, smooth
from hil.driver.look.look import Brows

_FINE = 3
"""Strokes are drawn this much finer than the canvas and averaged down."""
_ORDER = 5
_BOX = ((0.0, 2.0, 4.0), (60.0, 68.0, 46.0))


@cache
def _front_map(canvas: Canvas, left: bool) -> Floats:
    """Polynomial from (|y|, z) over one brow to (column, row): coefficients, terms x 2."""
    sign = 1 if left else -1
    y, z = (a.ravel() for a in np.meshgrid(np.linspace(1, 66, 22), np.linspace(4, 44, 14)))
    texel = canvas.texels(np.stack([y * sign, z], axis=1).astype(np.float32))
    return np.asarray(np.linalg.lstsq(_terms(y, z), texel, rcond=None)[0], np.float32)


def _terms(y: Floats, z: Floats) -> Floats:
    a, b = (y - 34) / 32, (z - 24) / 20
    powers = [a**i * b**j for i in range(_ORDER + 1) for j in range(_ORDER + 1 - i)]
    return np.asarray(np.stack(powers, axis=-1), np.float32)


def _middle(brows: Brows, s: Floats) -> tuple[Floats, Floats]:
    """Middle line at shares 0 (inner end) .. 1 of the length: |y| and z, mm on the mean head."""
    y = brows.gap_mm / 2 + s * brows.length_mm
    peak = np.sin(np.pi * np.clip(s, 0, 1) ** 1.5)
    z = 15.2 + brows.height_mm + brows.arch_mm * peak + np.tan(np.radians(brows.tilt_deg)) * (y - 30) - 2.2 * smooth(s, 0.7, 1.05)
    return np.asarray(y, np.float32), np.asarray(z, np.float32)


def _strokes(brows: Brows, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Hairs of one brow: k x 5 x 2 points (|y|, z) and how strong each is."""
    count = int(480 * brows.density * (0.5 + brows.thickness_mm / 12))
    s = rng.beta(1.15, 1.25, count).astype(np.float32)
    t = np.clip(rng.normal(0, 0.42, count), -1, 1).astype(np.float32)
    half = brows.thickness_mm / 2 * np.interp(s, [0, 0.12, 0.45, 0.75, 1], [0.75, 1, 1, 0.66, 0.18])
    y, z = _middle(brows, s)
    z = z + t * half
    # Inner hairs stand up, the upper margin leans down and outwards, the tail lies along.
    rise = np.interp(s, [0, 0.15, 0.5, 1], [80, 52, 22, -18]) - 28 * t + rng.normal(0, 7 + 18 * brows.bushy, count)
    length = rng.uniform(4, 8.5, count) * (0.8 + 0.7 * brows.bushy) * np.interp(s, [0, 0.2, 1], [0.75, 1, 0.75])
    bend = np.linspace(0, 1, 5)[None] * rng.normal(14, 10, count)[:, None]
    angle = np.radians(rise[:, None] - bend)
    step = (length / 4)[:, None]
    path_y = y[:, None] - 0.3 * length[:, None] + np.cumsum(np.cos(angle) * step, axis=1)
    path_z = z[:, None] - 0.25 * length[:, None] * np.sin(angle[:, :1]) + np.cumsum(np.sin(angle) * step, axis=1)
    fade = smooth(s, -0.05, 0.12) * rng.uniform(0.45, 1, count)
    return np.asarray(np.stack([path_y, path_z], axis=-1), np.float32), np.asarray(fade, np.float32)


def brow_cover(canvas: Canvas, brows: Brows, rng: np.random.Generator) -> list[tuple[tuple[slice, slice], Floats]]:
    """For each side where on the canvas, and the share 0..1 of each texel that brow hairs cover."""
    import cv2

    out = []
    for left in (True, False):
        low, high = _BOX
        if not left:
            low, high = (low[0], -high[1], low[2]), (high[0], -low[1], high[2])
        rows, columns = canvas.patch(low, high)
        size = (rows.stop - rows.start, columns.stop - columns.start)
        paths, strength = _strokes(brows, rng)
        texel = _terms(paths[..., 0], paths[..., 1]) @ _front_map(canvas, left)
        corner = np.array([columns.start, rows.start], np.float32)
        points = np.round(((texel - corner + 0.5) * _FINE - 0.5) * 16).astype(np.int32)
        drawn = np.zeros((size[0] * _FINE, size[1] * _FINE), np.uint8)
        for path, value in zip(points[np.argsort(strength)], np.sort(strength), strict=True):
            cv2.polylines(drawn, [path], False, int(255 * value), 1, cv2.LINE_AA, 4)
        fine = cv2.resize(drawn, size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        # Light that went through the skin between the hairs comes out beside them: strokes are seen through a soft veil.
        soft = 0.75 * cv2.GaussianBlur(fine, (0, 0), 0.6) + 0.4 * cv2.GaussianBlur(fine, (0, 0), 1.7)
        cover = 0.94 * (1 - np.exp(-2.3 * soft))
        out.append(((rows, columns), np.asarray(cover, np.float32)))
    return out
