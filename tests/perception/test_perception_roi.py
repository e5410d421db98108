import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.perception.roi import Roi, around, letterbox

angles = st.floats(-math.pi, math.pi)


@given(
    cx=st.floats(-50, 700), cy=st.floats(-50, 500), size=st.floats(20, 600), angle=angles, pixels=st.sampled_from([64, 192, 224])
)
@settings(max_examples=60, deadline=None)
def test_crop_points_come_back(cx: float, cy: float, size: float, angle: float, pixels: int) -> None:
    """Frame to crop by the inverse of the matrix, back by ``to_frame``."""
    roi = Roi(cx, cy, size, angle)
    points = np.random.default_rng(1).uniform(0, 500, (9, 3))
    matrix = roi.matrix(pixels)
    crop = np.linalg.solve(matrix[:, :2], (points[:, :2] - matrix[:, 2]).T).T
    depth = points[:, 2:] * pixels / size
    assert np.allclose(roi.to_frame(np.hstack([crop, depth]), pixels), points, atol=1e-6)


def test_the_middle_of_the_crop_is_the_centre() -> None:
    roi = Roi(321.0, 123.0, 150.0, 0.7)
    assert np.allclose(roi.to_frame(np.array([[96.0, 96.0]]), 192), [[321.0, 123.0]])


def test_angle_is_clockwise_in_the_picture() -> None:
    """With a quarter turn the crop's right edge lies below the centre."""
    edge = Roi(100.0, 100.0, 80.0, math.pi / 2).to_frame(np.array([[192.0, 96.0]]), 192)
    assert np.allclose(edge, [[100.0, 140.0]])


@pytest.mark.parametrize("angle", [0.0, 0.3, -1.2, 3.0])
def test_pixels_follow_the_points(angle: float) -> None:
    """A bright spot of the frame is found in the crop where the matrix says."""
    frame = np.zeros((240, 320), np.uint8)
    frame[100:105, 200:205] = 255
    roi = Roi(190.0, 110.0, 80.0, angle)
    crop = roi.cut(frame, 160).astype(float)
    ys, xs = np.mgrid[0:160, 0:160]
    found = np.array([[(crop * xs).sum(), (crop * ys).sum()]]) / crop.sum()
    assert np.allclose(roi.to_frame(found, 160), [[202.0, 102.0]], atol=0.2)


def test_outside_the_picture_is_black() -> None:
    assert not Roi(-500.0, -500.0, 100.0).cut(np.full((50, 60), 200, np.uint8), 32).any()


@pytest.mark.parametrize("zoom", [1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize(("width", "height"), [(640, 480), (480, 640), (512, 512), (1280, 720), (100, 37)])
def test_letterbox_keeps_places(width: int, height: int, zoom: float) -> None:
    frame = np.zeros((height, width), np.uint8)
    x, y, r = round(width * 0.7), round(height * 0.3), max(2, max(width, height) // 24)
    frame[y - r : y + r + 1, x - r : x + r + 1] = 255
    canvas, area = letterbox(frame, 192, zoom)
    assert canvas.shape == (192, 192)
    ys, xs = np.mgrid[0:192, 0:192]
    weight = canvas.astype(float)
    spot = np.array([[((xs + 0.5) * weight).sum(), ((ys + 0.5) * weight).sum()]]) / weight.sum()
    assert np.allclose(area.to_frame(spot, 192), [[x + 0.5, y + 0.5]], atol=0.02 * max(width, height))
    assert area.size == pytest.approx(max(width, height) * zoom, rel=0.01)


def test_letterbox_keeps_colour() -> None:
    canvas, _ = letterbox(np.full((48, 64, 3), (10, 20, 30), np.uint8), 192)
    assert canvas[96, 96].tolist() == [10, 20, 30] and canvas[0, 0].tolist() == [0, 0, 0]


@given(angle=angles, factor=st.floats(1.0, 3.0))
@settings(max_examples=40, deadline=None)
def test_around_holds_all_points(angle: float, factor: float) -> None:
    points = np.random.default_rng(2).uniform(100, 300, (30, 2))
    roi = around(points, angle, factor)
    matrix = roi.matrix(100)
    crop = np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T
    assert crop.min() > -1e-6 and crop.max() < 100 + 1e-6
    assert np.ptp(crop, axis=0).max() == pytest.approx(100 / factor)
    assert (crop.min(axis=0) + crop.max(axis=0)) / 2 == pytest.approx([50, 50])
