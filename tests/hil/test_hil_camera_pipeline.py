"""The whole camera: repeatable bytes, light, grime, glare, labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dms.errors import InputError
from dms.records.cabin import decode_cabin
from dms.records.frame import Frame
from hil.driver.camera.grime import Grime, glass, sun_glare, widely_blurred
from hil.driver.camera.pipeline import CameraModel, Picture
from hil.driver.camera.presets import Preset
from hil.driver.camera.rig import Rig, rig
from hil.driver.pose import Light

VEHICLE = Path(__file__).parents[2] / "calibration" / "vehicles" / "example_lhd.yaml"
PRESETS: list[Preset] = ["clean", "good", "cheap", "old"]


def made(preset: Preset = "good", size: tuple[int, int] = (640, 480), seed: int | None = None) -> Rig:
    rng = None if seed is None else np.random.default_rng(seed)
    return rig(decode_cabin(VEHICLE.read_bytes(), VEHICLE.name), "column", size, preset, rng)


def scene(camera: CameraModel, light: float = 1.0) -> np.ndarray:
    """A bright oval with stripes before a dark ground, about what a face at 650 mm gives."""
    p = camera.lens.pinhole
    y, x = np.mgrid[-1 : 1 : p.height * 1j, -1 : 1 : p.width * 1j]
    oval = (x / 0.4) ** 2 + (y / 0.7) ** 2 < 1
    return (light * np.where(oval, 0.45 + 0.15 * np.sin(40 * x), 0.12)).astype(np.float32)


def settle(camera: CameraModel, picture: np.ndarray, frames: int = 30) -> Picture:
    return [camera.shoot(picture, i / 30) for i in range(frames)][-1]


def contrast(grey: np.ndarray) -> float:
    return float(grey.std() / grey.mean())


@pytest.mark.parametrize("preset", PRESETS)
def test_same_rig_seed_and_calls_give_the_same_bytes(preset: Preset) -> None:
    shots = []
    for seed in (3, 3, 4):
        camera = CameraModel(made(preset), seed)
        picture = scene(camera)
        shots.append([camera.shoot(picture, i / 30, (i, 0.5)).grey.tobytes() for i in range(5)])
    assert shots[0] == shots[1]
    if preset != "clean":
        assert shots[0] != shots[2]
        assert len(set(shots[0])) == 5


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("light", [0.35, 1.0, 4.0])
def test_pictures_look_like_near_infrared_ones(preset: Preset, light: float) -> None:
    camera = CameraModel(made(preset), 1)
    picture = settle(camera, scene(camera, light))
    assert 45 <= picture.mean <= 110
    assert picture.saturated_share < 0.02
    electrons = picture.mean / 255 * camera.rig.sensor.full_scale_e / picture.gain
    if preset != "clean":
        assert 100 <= electrons <= 4000
    frame = Frame(grey=picture.grey, t=picture.t)
    assert (frame.width, frame.height) == (640, 480) and picture.grey.flags.c_contiguous
    assert (picture.raw is not None) == (camera.rig.sensor.bits == 10)


@pytest.mark.parametrize("seed", range(12))
def test_random_cameras_work(seed: int) -> None:
    camera = CameraModel(made("random", (320, 240), seed), seed)
    picture = settle(camera, scene(camera))
    assert 30 <= picture.mean <= 130 and picture.grey.std() > 8


def test_pictures_belong_to_the_caller() -> None:
    camera = CameraModel(made(), 1)
    first = camera.shoot(scene(camera), 0.0)
    kept = first.grey.copy()
    camera.shoot(scene(camera, 3.0), 0.1)
    assert np.array_equal(first.grey, kept)


def test_tunnel_exit() -> None:
    """Saturated at once, settled within 14 pictures, mean on target."""
    camera = CameraModel(made("cheap"), 1)
    settle(camera, scene(camera, 0.4))
    shots = [camera.shoot(scene(camera, 12.0), i / 30) for i in range(30)]
    assert shots[0].saturated_share > 0.4 and shots[1].saturated_share > 0.4
    target = 255 * (camera.rig.exposure.target + camera.rig.sensor.black)
    assert all(abs(s.mean - target) < 0.12 * target for s in shots[14:])
    assert shots[-1].exposure_s < 0.2 * shots[0].exposure_s


def test_strobe_and_filter_weigh_the_light() -> None:
    camera = CameraModel(made("good"), 1)
    light = Light(led=1.0, sun=2.0, ambient=0.2)
    bright = camera.lit(light)
    assert camera.rig.wavelength_nm == 940 and bright.sun == pytest.approx(1.0) and bright.ambient == pytest.approx(0.1)
    assert bright.led == 1.0 and camera.setting.exposure_s < camera.rig.exposure.strobe_s
    settle(camera, scene(camera, 0.001), 60)
    assert camera.setting.exposure_s > camera.rig.exposure.strobe_s, (
        "in the dark the shutter stays open longer than the LEDs shine"
    )
    assert camera.lit(light).led == pytest.approx(camera.rig.exposure.strobe_s / camera.setting.exposure_s)


def test_motion_blurs_along_the_motion() -> None:
    camera = CameraModel(made("clean"), 1)
    sharp = settle(camera, scene(camera))
    along = camera.shoot(scene(camera), 1.0, (24.0, 0.0))
    across = camera.shoot(scene(camera), 1.0, (0.0, 24.0))
    middle = np.s_[200:280, 250:390]

    def steepness(p: Picture) -> float:
        return float(np.abs(np.diff(p.grey[middle].astype(float), axis=1)).mean())

    assert steepness(along) < 0.85 * steepness(sharp) and steepness(across) > 0.97 * steepness(sharp)
    assert along.motion_px == (24.0, 0.0)


def test_sub_frames_blur_too() -> None:
    camera = CameraModel(made("clean"), 1)
    picture = scene(camera)
    moved = [np.roll(picture, shift, axis=1) for shift in (-4, 0, 4)]
    assert camera.shoot(moved, 0.0).grey[240, 300:340].astype(float).std() < camera.shoot(picture, 0.1).grey[240, 300:340].std()


def test_shake_moves_the_view_and_is_fixed_by_time() -> None:
    camera, same = CameraModel(made("old"), 5), CameraModel(made("old"), 5)
    views = [camera.view(t / 30) for t in range(20)]
    assert views == [same.view(t / 30) for t in range(20)] and len({v.cx for v in views}) == 20
    assert all(abs(v.cx - camera.lens.pinhole.cx) < 4 for v in views)
    steady = CameraModel(made("clean"), 5)
    assert steady.view(0.5) == steady.lens.pinhole == steady.rig.camera


def test_labels_follow_the_picture() -> None:
    """A spot in the rendered picture is found where ``place`` says, through distortion, shake and rolling shutter."""
    bare = replace(made("old"), grime=Grime())
    camera = CameraModel(bare, 2)
    p = camera.lens.pinhole
    y, x = np.mgrid[: p.height, : p.width].astype(np.float32)
    for at in ((120.0, 90.0), (500.0, 400.0)):
        spot = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / 32).astype(np.float32)
        settled = settle(camera, spot + 0.05)
        exposure = camera.setting.exposure_s
        shot = camera.shoot(spot + 0.05, 1.0, (6.0, 4.0))
        velocity = (shot.motion_px[0] / exposure, shot.motion_px[1] / exposure)
        weight = np.clip(shot.grey.astype(float) - 1.5 * np.median(shot.grey), 0, None)
        rows, columns = np.mgrid[:480, :640]
        label = camera.place([at], velocity)[0]
        near = np.hypot(columns - label[0], rows - label[1]) < 25
        found = np.array([(weight * columns * near).sum(), (weight * rows * near).sum()]) / (weight * near).sum()
        assert np.hypot(*(found - label)) < 0.35, (found, label, settled.mean)


@pytest.mark.parametrize("preset", ["good", "old"])
def test_condensation_takes_contrast_and_wiping_brings_it_back(preset: Preset) -> None:
    camera = CameraModel(replace(made(preset), grime=Grime()), 1)
    picture = scene(camera)
    clear = contrast(settle(camera, picture).grey)
    found = []
    for strength in (0.3, 0.6, 1.0):
        camera.soil(Grime(condensation=strength, seed=1))
        found.append(contrast(settle(camera, picture).grey))
    assert clear > found[0] > found[1] > found[2] and found[2] < 0.6 * clear
    camera.soil(Grime())
    assert contrast(settle(camera, picture).grey) == pytest.approx(clear, rel=0.02)


@pytest.mark.parametrize("fault", ["dirt", "dust", "smear", "condensation"])
def test_glass_shares_light_and_never_makes_it(fault: str) -> None:
    for strength in (0.1, 0.5, 1.0):
        clear, scatter = glass(Grime(**{fault: strength}, seed=8), 320, 240)
        total = clear if scatter is None else clear + scatter
        assert clear.min() >= 0 and total.max() <= 1 + 1e-6 and total.dtype == np.float32
        assert clear.min() < 1 - 0.05 * strength, "something is there"
        again, _ = glass(Grime(**{fault: strength}, seed=8), 320, 240)
        assert np.array_equal(clear, again)
    assert (scatter is None) == (fault in ("dirt", "dust"))


def test_haze_spreads_light_and_keeps_it() -> None:
    spot = np.zeros((240, 320), np.float32)
    spot[100:140, 150:190] = 1.0
    hazy = widely_blurred(spot)
    assert hazy.mean() == pytest.approx(spot.mean(), rel=0.03)
    assert hazy.max() < 0.5 and hazy.min() > 0.2 * hazy.mean()


def test_one_fault_does_not_move_another() -> None:
    alone, _ = glass(Grime(dirt=0.5, seed=8), 320, 240)
    both, _ = glass(Grime(dirt=0.5, dust=0.5, seed=8), 320, 240)
    assert (both <= alone + 1e-6).all() and (both < alone - 1e-3).mean() < 0.5


def test_sun_in_the_field_lifts_the_blacks() -> None:
    bare = made("cheap")
    towards = tuple(np.asarray(bare.pose.forward) + 0.15 * bare.pose.rotation()[:, 0])
    sun = Light(sun=4.0, sun_direction=towards)  # type: ignore[arg-type]
    camera = CameraModel(bare, 1)
    picture = scene(camera)
    plain = settle(camera, picture)
    glared = [camera.shoot(picture, i / 30, light=sun) for i in range(30)][-1]
    assert np.percentile(glared.grey, 2) > np.percentile(plain.grey, 2) + 6
    stray = sun_glare(sun, bare.pose, bare.camera, bare.optics.veil)
    assert stray is not None
    row, column = np.unravel_index(stray.argmax(), stray.shape)
    assert column - bare.camera.cx == pytest.approx(0.15 * bare.camera.fx, abs=9) and abs(row - bare.camera.cy) < 9
    behind = tuple(-np.asarray(bare.pose.forward))
    assert sun_glare(replace(sun, sun_direction=behind), bare.pose, bare.camera, 0.01) is None  # type: ignore[arg-type]
    assert sun_glare(replace(sun, sun=0.0), bare.pose, bare.camera, 0.01) is None


def test_wrong_pictures_are_refused() -> None:
    camera = CameraModel(made(), 1)
    good = scene(camera)
    for wrong, words in (
        (good.astype(np.float64), "float32"),
        (good[:-1], "float32"),
        (good - 1, "negative"),
        (np.where(good > 0.3, np.float32(np.nan), good), "not finite"),
        (np.where(good > 0.3, np.float32(np.inf), good), "not finite"),
    ):
        with pytest.raises(InputError, match=words):
            camera.shoot(wrong, 0.0)
