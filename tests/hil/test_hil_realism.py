"""Rendered pictures have the statistics of real near-infrared ones, as far as those say anything about the face and the eyes.

Ranges are rounded and widened from a few real driver-camera and eye-tracker pictures (``tools/compare_realism.py`` measures your
own). Noise is not among them: the real pictures had gone through video coding, which takes it away.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("gl", "engines_built")]
RANGES = {
    "face p50": (90, 195),
    "face p95": (140, 255),
    "face gradient p50": (1.6, 4.5),
    "face gradient p90": (5.2, 13.5),
    "face gradient p99": (11, 29),
    "face local contrast, %": (8.5, 24),
    "face shine, %": (0, 9),
    "eye contrast, %": (13, 24),
    "eye darkest over skin": (0.2, 0.5),
    "eye sharpness, %": (1.9, 8),
    "eye glint over skin": (0.95, 1.9),
    "face over picture": (1.1, 12),
}
"""The median over ten drivers lies in here."""


@pytest.fixture(scope="module")
def pictures(gl: None) -> list[np.ndarray]:
    from judges.varied import renders

    return list(renders(10, "good"))


def outside(pictures: Sequence[np.ndarray]) -> dict[str, float]:
    """Medians that are out of range."""
    from compare_realism import measured
    from judges.statistics import columns

    rows = list(measured(pictures))
    assert len(rows) >= 0.8 * len(pictures)
    medians = {name: float(np.median(values)) for name, values in columns(rows).items()}
    return {name: medians[name] for name, (low, high) in RANGES.items() if not low <= medians[name] <= high}


def test_medians_are_those_of_real_pictures(pictures: list[np.ndarray], engines_built: None) -> None:
    assert outside(pictures) == {}


@pytest.mark.parametrize(
    ("spoil", "noticed"),
    [
        (lambda grey: cv2.GaussianBlur(grey, (0, 0), 3.0), "eye sharpness, %"),
        (lambda grey: np.asarray(110 + 0.35 * (grey.astype(np.float32) - 110)).astype(np.uint8), "face local contrast, %"),
        (lambda grey: np.clip(grey.astype(np.float32) * 2.6, 0, 255).astype(np.uint8), "face p50"),
    ],
    ids=["blurred", "flat", "overexposed"],
)
def test_spoilt_pictures_leave_the_ranges(pictures: list[np.ndarray], engines_built: None, spoil: Any, noticed: str) -> None:
    assert noticed in outside([spoil(grey) for grey in pictures[:6]])


def test_distance_of_two_samples() -> None:
    from judges.statistics import distance

    assert distance([1, 2, 3], [1, 2, 3]) == 0.0
    assert distance([1, 2, 3], [7, 8]) == 1.0
    assert distance([1, 2, 3, 4], [3, 4, 5, 6]) == pytest.approx(0.5)
