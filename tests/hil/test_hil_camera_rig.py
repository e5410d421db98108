"""Rigs and presets: the driver is in the picture, values are plausible, jitter is repeatable."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from dms.errors import UsageError
from dms.records.cabin import Cabin, decode_cabin, default_camera
from hil.driver.camera.presets import Preset, quality, random
from hil.driver.camera.rig import Place, Rig, rig

VEHICLES = Path(__file__).parents[2] / "calibration" / "vehicles"
PLACES = get_args(Place)


def cabin(drive: str) -> Cabin:
    path = VEHICLES / f"example_{drive}.yaml"
    return decode_cabin(path.read_bytes(), path.name)


def seen_at(made: Rig, point: np.ndarray) -> tuple[float, float, float]:
    """Place in the undistorted picture (share of width and height) and distance, mm."""
    x, y, z = made.pose.rotation().T @ (point - np.asarray(made.pose.position_mm))
    c = made.camera
    assert z > 0 and c.width and c.height
    return (c.fx * x / z + c.cx) / c.width, (c.fy * y / z + c.cy) / c.height, float(z)


@pytest.mark.parametrize("size", [(640, 480), (1280, 800), (480, 640)])
@pytest.mark.parametrize("drive", ["lhd", "rhd"])
@pytest.mark.parametrize("place", PLACES)
def test_head_is_in_the_picture(place: Place, drive: str, size: tuple[int, int]) -> None:
    """All of it as drawn; the face from forehead to mouth also with the mounting a little off."""
    car = cabin(drive)
    for rng in [None, *(np.random.default_rng(s) for s in range(20))]:
        made = rig(car, place, size, rng=rng)
        top, bottom = (110, -105) if rng is None else (60, -85)
        for offset in ((0, 0, 0), (-90, 0, top), (-40, 0, bottom), (-90, 75, 0), (-90, -75, 0)):
            x, y, distance = seen_at(made, np.asarray(car.ocular_point_mm) + offset)
            assert 0 < x < 1 and 0 < y < 1, (place, offset, x, y)
            assert 400 < distance < 950


@pytest.mark.parametrize("place", PLACES)
def test_right_hand_drive_mirrors_left_hand_drive(place: Place) -> None:
    left, right = rig(cabin("lhd"), place), rig(cabin("rhd"), place)
    flip = np.array([1, -1, 1])
    assert np.allclose(np.asarray(left.pose.position_mm) * flip, right.pose.position_mm)
    assert np.allclose(np.asarray(left.pose.forward) * flip, right.pose.forward)


def test_places_are_where_their_names_say() -> None:
    car = cabin("lhd")
    eyes = np.asarray(car.ocular_point_mm)
    position = {p: np.asarray(rig(car, p).pose.position_mm) - eyes for p in PLACES}
    assert rig(car, "vehicle").pose == car.camera
    assert position["a_pillar"][1] > 200, "the driver's own door is to the left"
    assert position["mirror"][1] < -150 and position["mirror"][2] > 50
    box = next(z for z in car.zones if z.zone == "rear_mirror")
    assert box.low_mm[1] < position["mirror"][1] + eyes[1] < box.high_mm[1]
    assert position["cluster"][0] > position["column"][0] and position["cluster"][2] < position["column"][2] < 0
    no_mirror = Cabin(
        name="x", drive="lhd", origin="", camera=car.camera, ocular_point_mm=car.ocular_point_mm,
        seat_region=car.seat_region, zones=[z for z in car.zones if z.zone != "rear_mirror"],
    )  # fmt: skip
    assert rig(no_mirror, "mirror").pose.position_mm[1] < eyes[1] - 150


def test_field_of_view() -> None:
    car = cabin("lhd")
    assert rig(car, "column").camera.fx == pytest.approx(default_camera(640, 480).fx)
    wide = rig(car, "mirror").camera
    assert 55 <= 2 * np.degrees(np.arctan(320 / wide.fx)) <= 60


def test_jitter_is_repeatable_and_small() -> None:
    car = cabin("lhd")
    drawn = rig(car, "a_pillar")
    first, again, other = (rig(car, "a_pillar", rng=np.random.default_rng(s)) for s in (1, 1, 2))
    assert first == again != other
    for made in (first, other):
        shift = np.subtract(made.pose.position_mm, drawn.pose.position_mm)
        assert 0 < np.abs(shift).max() <= 24.1
        turn = np.degrees(np.arccos(np.dot(made.pose.forward, drawn.pose.forward)))
        assert 0 < turn < 4.5
        assert made.camera.fx != drawn.camera.fx and made.camera.distortion != drawn.camera.distortion
    many = [rig(car, "column", rng=np.random.default_rng(s)).pose.rotation() for s in range(40)]
    rolls = np.degrees([np.arcsin(axes[2, 0]) for axes in many])
    assert 0.8 < rolls.std() < 2 and np.abs(rolls).max() < 4


@pytest.mark.parametrize("preset", ["clean", "good", "cheap", "old"])
def test_leds_surround_the_lens_and_look_with_it(preset: Preset) -> None:
    made = rig(cabin("rhd"), "column", preset=preset)
    places = np.array([led.position_mm for led in made.leds])
    assert np.allclose(places.mean(axis=0), made.pose.position_mm, atol=1e-6)
    assert np.abs((places - made.pose.position_mm) @ np.asarray(made.pose.forward)).max() < 1e-6
    assert sum(led.power for led in made.leds) == pytest.approx(1)
    assert all(np.dot(led.direction, made.pose.forward) == pytest.approx(1) for led in made.leds)
    apart = max(np.linalg.norm(a - b) for a in places for b in places)
    assert 20 < apart < 130


def test_presets_are_in_range_and_in_order() -> None:
    good, cheap, old = (quality(p) for p in ("good", "cheap", "old"))
    for worse, better in ((cheap, good), (old, cheap)):
        assert worse.sensor.read_e > better.sensor.read_e and worse.sensor.full_scale_e < better.sensor.full_scale_e
        assert worse.optics.blur_px > better.optics.blur_px and worse.optics.vignette > better.optics.vignette
    assert old.shutter.kind == "rolling" and good.shutter.kind == "global"
    clean = quality("clean")
    assert not clean.sensor.shot and clean.sensor.read_e == clean.sensor.prnu == clean.vibration_px == 0 and not clean.distortion


def test_random_presets_are_plausible() -> None:
    drawn = [random(np.random.default_rng(s)) for s in range(300)]
    for q in drawn:
        electrons = q.sensor.full_scale_e * q.exposure.target
        assert 400 < electrons < 4300 and electrons / q.exposure.max_gain > 25
        assert 45 <= 255 * (q.exposure.target + q.sensor.black) <= 120
        assert q.sensor.well_e >= q.sensor.full_scale_e
    assert {q.shutter.kind for q in drawn} == {"global", "rolling"}
    assert {q.wavelength_nm for q in drawn} == {850, 940} and {q.led_layout for q in drawn} == {"ring", "bars"}
    assert 0.05 < np.mean([not (q.grime.smear == q.grime.dirt == q.grime.condensation == 0) for q in drawn]) < 0.25
    assert drawn[7] == random(np.random.default_rng(7))


def test_wrong_words_are_refused() -> None:
    car = cabin("lhd")
    with pytest.raises(UsageError, match="a_pillar"):
        rig(car, "roof")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="there are clean"):
        rig(car, preset="best")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="give rng"):
        rig(car, preset="random")
    with pytest.raises(UsageError, match="too small"):
        rig(car, size=(640, 2))
