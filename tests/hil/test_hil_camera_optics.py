"""Lens: distortion against OpenCV, blur, vignette, motion, shutter, shake."""

import cv2
import numpy as np
import pytest

from dms.errors import InputError
from dms.records.cabin import Camera, default_camera
from hil.driver.camera import optics
from hil.driver.camera.optics import Lens
from hil.driver.camera.shutter import Shutter, Vibration

MILD = [-0.08, 0.03, 0.0, 0.0, 0.0]
STRONG = [-0.28, 0.12, -0.0012, 0.001, 0.01]
PINCUSHION = [0.15, -0.05, 0.001, -0.001]


def camera(distortion: list[float], width: int = 640, height: int = 480) -> Camera:
    return Camera(fx=850.0, fy=860.0, cx=330.0, cy=230.0, width=width, height=height, distortion=distortion)


def points_in(view: Camera, count: int = 400) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.uniform((0.05 * view.width, 0.05 * view.height), (0.95 * view.width, 0.95 * view.height), (count, 2))


@pytest.mark.parametrize("distortion", [MILD, STRONG, PINCUSHION])
def test_labels_bend_as_opencv_bends_them(distortion: list[float]) -> None:
    lens = Lens(camera(distortion))
    p, c = lens.pinhole, lens.camera
    px = points_in(p)
    rays = np.column_stack([(px - (p.cx, p.cy)) / (p.fx, p.fy), np.ones(len(px))])
    matrix = np.array([[c.fx, 0, c.cx], [0, c.fy, c.cy], [0, 0, 1.0]])
    theirs, _ = cv2.projectPoints(rays, np.zeros(3), np.zeros(3), matrix, np.array([*distortion, 0, 0][:5]))
    assert np.abs(lens.distort_points(px) - theirs[:, 0]).max() < 0.001
    assert np.abs(lens.undistort_points(lens.distort_points(px)) - px).max() < 0.001


@pytest.mark.parametrize("distortion", [MILD, STRONG, PINCUSHION])
def test_pictures_bend_where_labels_say(distortion: list[float]) -> None:
    """A soft spot drawn into the pinhole picture is found where ``distort_points`` puts it."""
    lens = Lens(camera(distortion))
    p = lens.pinhole
    y, x = np.mgrid[: p.height, : p.width].astype(np.float32)
    for at in ((60.0, 50.0), (333.3, 251.7), (p.width - 70.5, p.height - 60.2)):
        spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 3.0**2)).astype(np.float32)
        bent = lens.form(spot)
        rows, columns = np.mgrid[: bent.shape[0], : bent.shape[1]]
        found = np.array([(bent * columns).sum(), (bent * rows).sum()]) / bent.sum()
        assert np.hypot(*(found - lens.distort_points([at])[0])) < 0.1
        assert bent.shape == (480, 640)


@pytest.mark.parametrize("distortion", [MILD, STRONG, PINCUSHION])
def test_every_pixel_is_taken_from_the_right_place(distortion: list[float]) -> None:
    """Pictures that hold their own coordinates come back with ``undistort_points`` of every pixel."""
    lens = Lens(camera(distortion))
    p = lens.pinhole
    y, x = np.mgrid[: p.height, : p.width].astype(np.float32)
    taken = np.stack([lens.form(x), lens.form(y)], axis=-1)
    rows, columns = np.mgrid[:480:7, :640:7]
    exact = lens.undistort_points(np.stack([columns, rows], axis=-1).reshape(-1, 2)).reshape(*rows.shape, 2)
    assert np.abs(taken[::7, ::7] - exact).max() < 1 / 32


@pytest.mark.parametrize("distortion", [MILD, STRONG, PINCUSHION])
def test_pinhole_picture_covers_every_pixel_and_little_more(distortion: list[float]) -> None:
    lens = Lens(camera(distortion), margin=0.0)
    p = lens.pinhole
    border = [(x, y) for x in range(640) for y in (0, 479)] + [(x, y) for x in (0, 639) for y in range(480)]
    needed = lens.undistort_points(border)
    assert needed.min() >= 0 and needed[:, 0].max() <= p.width - 1 and needed[:, 1].max() <= p.height - 1
    assert p.width - np.ptp(needed[:, 0]) < 10 and p.height - np.ptp(needed[:, 1]) < 8
    wide = Lens(camera(distortion), margin=0.1).pinhole
    assert wide.width > p.width + 40


def test_no_distortion_costs_nothing() -> None:
    lens = Lens(default_camera(640, 480), margin=0.2)
    picture = np.random.default_rng(0).random((480, 640), dtype=np.float32)
    assert lens.form(picture) is picture
    assert (lens.pinhole.width, lens.pinhole.height, lens.pinhole.cx) == (640, 480, 320)
    assert lens.distort_points([[3.0, 4.0]]).tolist() == [[3.0, 4.0]]


def test_impossible_lenses_are_refused() -> None:
    with pytest.raises(InputError, match="folds"):
        Lens(camera([-3.0, 0.0, 0.0, 0.0, 0.0]))
    with pytest.raises(InputError, match="width and height"):
        Lens(Camera(fx=1, fy=1, cx=0, cy=0))
    with pytest.raises(InputError, match="at most five"):
        Lens(camera([0.0] * 8))


def test_vignette_takes_the_stated_share() -> None:
    shade = optics.vignette(default_camera(640, 480), 0.4)
    assert shade.min() == pytest.approx(0.6, abs=1e-4)
    assert shade[240, 320] == pytest.approx(1.0, abs=1e-4)
    assert shade[0, 320] > shade[0, 0]


@pytest.mark.parametrize("motion", [(8.0, 0.0), (0.0, -5.0), (6.0, 3.5), (-0.5, 0.3), (1.0, 1.0)])
def test_motion_kernel_has_the_right_length_and_direction(motion: tuple[float, float]) -> None:
    kernel = optics.motion_kernel(motion)
    assert kernel.sum() == pytest.approx(1.0, abs=1e-5)
    assert all(n % 2 for n in kernel.shape)
    y, x = np.mgrid[: kernel.shape[0], : kernel.shape[1]]
    x, y = x - kernel.shape[1] // 2, y - kernel.shape[0] // 2
    assert (kernel * x).sum() == pytest.approx(0, abs=0.02) and (kernel * y).sum() == pytest.approx(0, abs=0.02)
    # An even trace of length d has variance d^2 / 12; the pixel grid adds at most a quarter in each axis.
    for axis, d in ((x, motion[0]), (y, motion[1])):
        assert d**2 / 12 - 0.02 <= (kernel * axis**2).sum() <= d**2 / 12 + 0.26
    if motion[0] * motion[1]:
        assert np.sign((kernel * x * y).sum()) == np.sign(motion[0] * motion[1])


def test_little_motion_is_no_motion() -> None:
    picture = np.ones((20, 20), np.float32)
    assert optics.convolve(picture, optics.motion_kernel((0.1, 0.1))) is picture


def test_disc_kernel_spreads_evenly() -> None:
    kernel = optics.disc_kernel(5.0)
    assert kernel.shape == (5, 5) and kernel.sum() == pytest.approx(1.0, abs=1e-5)
    assert kernel[2, 2] == pytest.approx(1 / (np.pi * 2.5**2), rel=0.03)
    assert kernel[0, 0] < 0.2 * kernel[2, 2]
    assert optics.disc_kernel(1.0).size == 1


def test_soften_has_the_stated_width() -> None:
    dot = np.zeros((41, 41), np.float32)
    dot[20, 20] = 1
    soft = optics.soften(dot, 1.5)
    y, _ = np.mgrid[-20:21, -20:21]
    assert np.sqrt((soft * y**2).sum()) == pytest.approx(1.5, rel=0.03)
    assert optics.soften(dot, 0.0) is dot


def test_sub_frames_are_averaged() -> None:
    frames = [np.full((4, 5), v, np.float32) for v in (0.0, 1.0, 5.0)]
    assert np.allclose(optics.average(frames), 2.0)
    assert [f[0, 0] for f in frames] == [0.0, 1.0, 5.0], "the caller's pictures must stay"
    assert optics.average(frames[:1]) is frames[0]
    with pytest.raises(InputError, match="one size"):
        optics.average([frames[0], np.zeros((2, 2), np.float32)])
    with pytest.raises(InputError, match="at least one"):
        optics.average([])


def test_row_offsets() -> None:
    rolling = Shutter(kind="rolling", readout_s=0.016)
    offsets = rolling.row_offsets(481)
    assert offsets[240] == 0 and offsets[0] == -0.008 and offsets[-1] == 0.008
    assert np.allclose(np.diff(offsets), 0.016 / 480)
    assert not Shutter().row_offsets(480).any()


@pytest.mark.parametrize("velocity", [(900.0, 0.0), (0.0, 700.0), (-600.0, -500.0)])
def test_rolling_shutter_skews_picture_and_labels_alike(velocity: tuple[float, float]) -> None:
    shutter = Shutter(kind="rolling", readout_s=0.02)
    y, x = np.mgrid[:480, :640].astype(np.float32)
    for at in ((150.0, 60.0), (320.0, 239.5), (500.0, 400.0)):
        spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 3.0**2)).astype(np.float32)
        skewed = shutter.skew(spot, velocity)
        found = np.array([(skewed * x).sum(), (skewed * y).sum()]) / skewed.sum()
        label = shutter.shift_points([at], 480, velocity)[0]
        assert np.hypot(*(found - label)) < 0.1
        # The point is read when its own row is: position = at + velocity * offset of the row it is found on.
        row_time = np.interp(label[1], np.arange(480), shutter.row_offsets(480))
        assert np.allclose(label, np.array(at) + np.array(velocity) * row_time, atol=1e-6)
    assert Shutter().skew(spot, velocity) is spot


def test_vibration_is_fixed_by_seed_and_time_and_has_its_strength() -> None:
    shake, same, other = Vibration(3, 0.8), Vibration(3, 0.8), Vibration(4, 0.8)
    assert shake.offset_px(12.34) == same.offset_px(12.34) != other.offset_px(12.34)
    times = np.arange(0, 60, 1 / 400)
    path = np.array([shake.offset_px(t) for t in times])
    assert np.sqrt((path**2).sum(axis=1).mean()) == pytest.approx(0.8, rel=0.05)
    assert path[:, 1].std() > 1.2 * path[:, 0].std(), "up and down is stronger"
    speed = np.array([shake.velocity_px_s(t) for t in times])
    assert np.abs(np.gradient(path, times, axis=0) - speed)[5:-5].max() < 0.05 * np.abs(speed).max()
    power = np.abs(np.fft.rfft(path[:, 1])) ** 2
    hz = np.fft.rfftfreq(len(times), times[1])
    assert power[(hz > 0.7) & (hz < 61)].sum() > 0.99 * power.sum()
    assert Vibration(3, 0.0).offset_px(1.0) == (0.0, 0.0)
