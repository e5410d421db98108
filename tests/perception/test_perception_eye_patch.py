"""The eye patch: level, to scale, a right eye mirrored; what is cut is what points are turned into."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.perception.eye_patch import HEIGHT, PIXELS_A_MM, WIDTH, cut_eye, eye_roi, to_patch
from dms.perception.roi import Roi

ROI = Roi(200.0, 150.0, 120.0, 0.2)


def dot_at(x: float, y: float) -> np.ndarray:
    picture = np.zeros((300, 400), np.float32)
    cv2.circle(picture, (round(x), round(y)), 4, 255, -1)
    return cv2.GaussianBlur(picture, (0, 0), 2).astype(np.uint8)


@pytest.mark.parametrize("side", ["left", "right"])
@given(dx=st.floats(-40, 40), dy=st.floats(-22, 22))
def test_points_land_where_pixels_land(side: str, dx: float, dy: float) -> None:
    x, y = round(200 + dx), round(150 + dy)
    expected = to_patch(np.array([[x, y]], float), ROI, side)[0]
    if not (4 < expected[0] < WIDTH - 4 and 4 < expected[1] < HEIGHT - 4):
        return
    patch = cut_eye(dot_at(x, y), ROI, side).astype(float)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    found = np.array([(xs * patch).sum(), (ys * patch).sum()]) / patch.sum()
    assert np.abs(found + 0.5 - expected).max() < 1.0


def test_scale_and_level() -> None:
    outer, inner = np.array([130.0, 110.0]), np.array([101.0, 95.0])
    roi = eye_roi(np.stack([outer, inner]), scale=1.2)
    patch = to_patch(np.stack([outer, inner]), roi, "left")
    assert patch[0, 1] == pytest.approx(patch[1, 1])  # level
    assert patch[0, 0] > patch[1, 0]  # the temple is on the right
    assert np.linalg.norm(patch[0] - patch[1]) == pytest.approx(np.linalg.norm(outer - inner) / 1.2 * PIXELS_A_MM)


def test_a_right_eye_is_the_mirror_image_of_a_left_one(rng: np.random.Generator) -> None:
    picture = cv2.GaussianBlur(rng.integers(0, 255, (200, 300)).astype(np.uint8), (0, 0), 3)
    corners = np.array([[90.0, 101.0], [119.0, 98.0]])
    left = cut_eye(picture, eye_roi(corners, 1.5), "right")
    flipped = np.ascontiguousarray(picture[:, ::-1])
    mirrored = corners * (-1, 1) + (299, 0)
    right = cut_eye(flipped, eye_roi(mirrored, 1.5), "left")
    assert np.abs(left.astype(int) - right).mean() < 2.0  # half a pixel of the crop's own bias is in it
