"""Video4Linux cameras with a fake driver, and what is said of cameras that are not there."""

import time

import cv2
import numpy as np
import pytest

from dms.camera.device import V4L2Camera
from dms.camera.open import open_source
from dms.errors import HardwareError, UsageError


class FakeDriver:
    """What ``cv2.VideoCapture`` does, with pictures of our own."""

    def __init__(self, pictures, stamps=(), accepts=True):
        self.pictures, self.stamps, self.accepts = list(pictures), list(stamps), accepts
        self.settings = {}
        self.taken = 0
        self.released = False

    def isOpened(self):
        return self.accepts is not None

    def set(self, key, value):
        if key != cv2.CAP_PROP_FOURCC or self.accepts:
            self.settings[key] = value
        return True

    def get(self, key):
        if key == cv2.CAP_PROP_POS_MSEC:
            return self.stamps[self.taken - 1] * 1e3 if self.stamps else -1.0
        return self.settings.get(key, 0.0)

    def read(self):
        if self.taken == len(self.pictures):
            return False, None
        self.taken += 1
        return True, self.pictures[self.taken - 1]

    def release(self):
        self.released = True


def test_v4l2_uses_the_drivers_time_and_knows_when_the_device_is_gone():
    driver = FakeDriver([np.full((8, 8, 3), (0, 0, 255), np.uint8)], stamps=[99.98])
    with V4L2Camera(0, lambda: 100.0, opener=lambda path: driver) as camera:
        picture = camera.newest()
        assert picture.t == pytest.approx(99.98)
        assert tuple(picture.colour[0, 0]) == (255, 0, 0)
        assert picture.source == "/dev/video0"
        with pytest.raises(HardwareError, match="is gone"):
            camera.newest()
    assert driver.released


@pytest.mark.parametrize(("stamps", "want"), [([], 100.0), ([5.0], 100.0), ([100.5], 100.0)])
def test_a_stamp_of_another_clock_is_not_used(stamps, want):
    driver = FakeDriver([np.zeros((8, 8), np.uint8)], stamps=stamps)
    with V4L2Camera("/dev/video3", lambda: 100.0, opener=lambda path: driver) as camera:
        assert camera.newest().t == want


@pytest.mark.parametrize("as_bytes", [False, True])
def test_v4l2_10_bit_grey(as_bytes):
    deep = np.array([[0, 4, 512, 1023]] * 4, np.uint16)
    driver = FakeDriver([deep.view(np.uint8) if as_bytes else deep])
    with V4L2Camera(0, lambda: 1.0, fourcc="Y10", opener=lambda path: driver) as camera:
        assert camera.newest().grey[0].tolist() == [0, 1, 128, 255]


def test_v4l2_refusals():
    with pytest.raises(HardwareError, match="cannot be opened"):
        V4L2Camera(0, time.monotonic, opener=lambda path: FakeDriver([], accepts=None))
    driver = FakeDriver([], accepts=False)
    with pytest.raises(HardwareError, match="refuses the format Y16"):
        V4L2Camera(0, time.monotonic, fourcc="Y16", opener=lambda path: driver)
    assert driver.released
    with pytest.raises(UsageError, match="not known"):
        V4L2Camera(0, time.monotonic, fourcc="XYZ9", opener=lambda path: driver)


@pytest.mark.parametrize("spec", ["/dev/video97", "v4l2:97", "v4l2:97,format=GREY,size=640x480,fps=30"])
def test_a_missing_camera_is_one_line(spec, capfd):
    with pytest.raises(HardwareError, match="cannot be opened") as caught:
        open_source(spec, clock=time.monotonic)
    assert caught.value.exit_code == 4 and "/dev/video97" in str(caught.value)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("spec", ["v4l2:", "v4l2:0,colour=1", "v4l2:0,fps=fast", "v4l2:0,size=640"])
def test_wrong_camera_words_are_usage_errors(spec):
    with pytest.raises(UsageError):
        open_source(spec, clock=time.monotonic)


def test_a_camera_needs_a_clock():
    with pytest.raises(UsageError, match="live camera"):
        open_source("/dev/video0")


def test_a_v4l2_device_that_went_away_is_opened_again():
    drivers = [FakeDriver([np.zeros((8, 8), np.uint8)]), FakeDriver([np.ones((8, 8), np.uint8)] * 3)]
    opened = iter(drivers)
    with V4L2Camera(0, time.monotonic, size=(640, 480), opener=lambda path: next(opened)) as camera:
        assert camera.newest().index == 0
        with pytest.raises(HardwareError, match="is gone"):
            camera.newest()
        camera.reopen()
        again = camera.newest()
        assert again.index > 0 and int(again.grey[0, 0]) == 1 and camera.stamped_by_device is False
    assert drivers[0].released and drivers[1].settings[cv2.CAP_PROP_FRAME_WIDTH] == 640
