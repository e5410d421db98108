"""Where hair grows: scalp and beard as fields over the mean head, in mm inside (positive) or outside the hairline."""

import numpy as np

from hil.driver.look.canvas import mean_person
from hil.driver.look.geometry import Floats, smooth

_AZIMUTH = np.array([0, 14, 28, 40, 50, 58, 66, 72, 78, 84, 92, 110, 118, 126, 140, 180], np.float32)
_HEIGHT = np.array([29, 29, 31, 30, 24, 17, 8, -8, -20, -6, -4, -5, -16, -36, -48, -52], np.float32)
_MM_A_DEGREE = 1.65


def scalp(place: Floats, hairline_deg: float = 0.0, temples_deg: float = 0.0, crown: float = 0.0) -> Floats:
    """How far inside the hairline points of the mean head are, mm.

    Args:
        place: ... x 3, mean head.
        hairline_deg: forehead line moved up by; ``temples_deg``: only the recess at the temples.
        crown: 0..1, bald patch growing from the crown forwards; 1 leaves a wreath.
    """
    away = place - mean_person().centre
    far = np.linalg.norm(away, axis=-1)
    azimuth = np.degrees(np.abs(np.arctan2(away[..., 1], away[..., 0])))
    height = np.degrees(np.arcsin(np.clip(away[..., 2] / np.maximum(far, 1e-3), -1, 1)))
    front = smooth(azimuth, 70, 45)
    line = np.interp(azimuth, _AZIMUTH, _HEIGHT) + hairline_deg * front
    line = line + temples_deg * front * smooth(azimuth, 8, 30)
    inside = (height - line) * _MM_A_DEGREE
    if crown > 0:
        top = np.array([0.15 * crown, 0, 1], np.float32)
        angle = np.degrees(np.arccos(np.clip((away @ (top / np.linalg.norm(top))) / np.maximum(far, 1e-3), -1, 1)))
        rim = 84 * crown - 8 * smooth(azimuth, 60, 140)
        inside = np.minimum(inside, (angle - rim) * _MM_A_DEGREE)
    return np.asarray(inside, np.float32)


def beard(place: Floats, kind: str) -> Floats:
    """Share 0..1 of a beard of this kind at points of the mean head (... x 3)."""
    x, y, z = place[..., 0], np.abs(place[..., 1]), place[..., 2]
    top = np.where(y < 27, -57.0, -66 + 0.78 * np.clip(12 - x, 0, 62)) + 4 * smooth(y, 30, 22)
    low = -134 + 0.95 * np.clip(-18 - x, 0, 60)
    full = smooth(top - z, -5, 10) * smooth(z - low, 0, 12) * smooth(x, -64, -48)
    lips = smooth(((y / 27.5) ** 2 + ((z + 73.0) / 9.2) ** 2), 0.85, 1.25)
    hollow = 1 - 0.85 * smooth(y, 15, 9) * smooth(z, -90, -86) * smooth(z, -80, -83) * smooth(y, 3.5, 6)
    full = full * np.where(x > 0, lips, 1.0) * hollow
    moustache = full * smooth(z, -74, -70) * smooth(y, 33, 29) * smooth(x, 0, 8)
    chin = full * smooth(y, 27, 21) * smooth(x, -14, -4)
    if kind == "moustache":
        return np.asarray(moustache, np.float32)
    if kind == "goatee":
        return np.asarray(np.maximum(chin, moustache), np.float32)
    return np.asarray(full, np.float32)
