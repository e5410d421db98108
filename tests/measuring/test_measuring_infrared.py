"""Simulated near-infrared copies: the same every time, in the stated range, under the same names."""

from pathlib import Path

import cv2
import numpy as np
from made_up import picture


def test_the_name_decides_and_nothing_else() -> None:
    from simulated_infrared import infrared

    one, again, other = infrared(picture(), "a.jpg"), infrared(picture(), "a.jpg"), infrared(picture(), "b.jpg")
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert one.dtype == np.uint8 and one.shape == (48, 64)


def test_mean_level_is_in_range_for_dark_and_bright_pictures() -> None:
    from simulated_infrared import MEAN, infrared

    for name, level in (("a", 6), ("b", 128), ("c", 250)):
        grey = infrared(np.full((60, 80, 3), level, np.uint8), name)
        assert MEAN[0] - 3 <= grey.mean() <= MEAN[1] + 3


def test_what_is_too_bright_stays_white() -> None:
    from simulated_infrared import infrared

    lamp = np.full((60, 80, 3), 4, np.uint8)
    lamp[20:40, 30:50] = 255
    grey = infrared(lamp, "lamp")
    assert grey[25:35, 35:45].mean() > 235 and grey.max() == 255


def test_red_is_bright_and_corners_are_darker_than_the_middle() -> None:
    from simulated_infrared import fall_off, infrared

    halves = np.zeros((60, 80, 3), np.uint8)
    halves[:, :40, 0], halves[:, 40:, 2] = 200, 200
    grey = infrared(halves, "x")
    assert grey[:, 40:].mean() > 5 * grey[:, :40].mean()
    light = fall_off(60, 80, np.random.default_rng(1))
    assert light.max() <= 1.0 and light[[0, 0, -1, -1], [0, -1, 0, -1]].mean() < 0.85 * light[20:40, 27:53].mean()


def test_copies_keep_names_and_are_read_by_our_reader(tmp_path: Path) -> None:
    from simulated_infrared import copies

    from dms.camera.pictures import read_picture

    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.jpg"), picture())
    assert copies(tmp_path / "in", tmp_path / "out", ["a.jpg", "missing.png"]) == 1
    copy = read_picture(tmp_path / "out" / "a.jpg")
    assert copy.colour is None and copy.grey.shape == (48, 64)
