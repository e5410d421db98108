"""Sensor: photon transfer, saturation, fixed pattern, bits."""

from dataclasses import replace

import numpy as np
import pytest

from hil.driver.camera.sensor import Sensor, SensorSpec

SPEC = SensorSpec(bits=10, full_scale_e=5000, well_e=5200, electrons_per_s=1e6, read_e=6, prnu=0.01, column_e=3, black=0.02)
SIZE = (320, 240)


def numbers(sensor: Sensor, electrons: float, gain: float = 1.0) -> np.ndarray:
    """The converter's numbers of an even picture of so many electrons."""
    flat = np.full((SIZE[1], SIZE[0]), electrons / 1e6, np.float32)
    grey, raw = sensor.expose(flat, 1.0, gain)
    return (grey if raw is None else raw).astype(np.float64)


@pytest.mark.parametrize("gain", [1.0, 4.0])
@pytest.mark.parametrize("bits", [8, 10])
def test_photon_transfer_curve(gain: float, bits: int) -> None:
    """Variance against mean is a line: its slope is the grey levels an electron gives, its start the read noise."""
    spec = replace(SPEC, bits=bits)
    sensor = Sensor(spec, *SIZE, seed=1)
    levels = np.array([100, 300, 600, 900, 1100]) * (4 if gain == 1 else 1)
    means, variances = [], []
    for electrons in levels:
        first, second = numbers(sensor, electrons, gain), numbers(sensor, electrons, gain)
        means.append((first.mean() + second.mean()) / 2)
        variances.append((first - second).var() / 2 - 1 / 12)  # the difference of two pictures has no fixed pattern
    slope, start = np.polyfit(means, variances, 1)
    expected = spec.grey_per_electron(gain)
    assert slope == pytest.approx(expected, rel=0.05)
    black = spec.black * spec.top
    assert start + slope * black == pytest.approx((spec.read_e * expected) ** 2, abs=0.03 * max(variances))
    assert np.allclose(np.array(means) - black, levels * expected, rtol=0.01, atol=0.6)


def test_dark_picture_is_black_level_and_read_noise() -> None:
    sensor = Sensor(replace(SPEC, column_e=0.0), *SIZE, seed=2)
    dark = numbers(sensor, 0.0, gain=4.0)
    slope = SPEC.grey_per_electron(4.0)
    assert dark.mean() == pytest.approx(SPEC.black * 1023, abs=0.3)
    assert dark.std() == pytest.approx(SPEC.read_e * slope, rel=0.05)


def test_saturation_by_converter_and_by_full_well() -> None:
    quiet = replace(SPEC, shot=False, read_e=0.0, prnu=0.0, column_e=0.0, black=0.0)
    assert numbers(Sensor(quiet, *SIZE, seed=1), 6000).min() == 1023
    shallow = Sensor(replace(quiet, well_e=2500), *SIZE, seed=1)
    assert numbers(shallow, 1e6).max() == pytest.approx(0.5 * 1023, abs=1), "a full pixel takes no more"
    assert numbers(shallow, 1e6, gain=4.0).min() == 1023
    grey, raw = shallow.expose(np.full((240, 320), 1.0, np.float32), 1.0, 1.0)
    assert raw is not None and raw.dtype == np.uint16 and grey.dtype == np.uint8
    assert np.array_equal(grey, raw >> 2)


def test_fixed_pattern_stays_and_noise_does_not() -> None:
    sensor = Sensor(replace(SPEC, prnu=0.05, column_e=40, hot_share=1e-3), *SIZE, seed=5)
    stack = np.stack([numbers(sensor, 1500) for _ in range(24)])
    still = stack.mean(axis=0)
    assert still.std() > 0.035 * still.mean(), "the pattern does not average out"
    assert still.mean(axis=0).std() > 5, "columns differ"
    assert not np.array_equal(stack[0], stack[1])
    residue = (stack - still).reshape(24, -1)
    assert np.abs(np.corrcoef(residue)[0, 1:]).max() < 0.08, "pictures share no noise"
    assert (numbers(sensor, 0.0) > 150).mean() == pytest.approx(5e-4, abs=4e-4), "hot pixels"
    again = Sensor(sensor.spec, *SIZE, seed=5)
    assert np.array_equal(again.response, sensor.response)
    assert not np.array_equal(Sensor(sensor.spec, *SIZE, seed=6).response, sensor.response)


def test_noise_is_white() -> None:
    sensor = Sensor(replace(SPEC, prnu=0.0, column_e=0.0), *SIZE, seed=9)
    picture = numbers(sensor, 2000)
    noise = picture - picture.mean()
    for shifted in (noise[:, 1:] * noise[:, :-1], noise[1:] * noise[:-1]):
        assert abs(shifted.mean()) < 0.02 * noise.var()


def test_clean_sensor_has_no_noise() -> None:
    spec = SensorSpec(shot=False, read_e=0.0, prnu=0.0, column_e=0.0, black=0.0, electrons_per_s=9000)
    ramp = np.linspace(0, 1.2, 320, dtype=np.float32)[None].repeat(240, axis=0)
    grey, raw = Sensor(spec, *SIZE, seed=1).expose(ramp, 1.0, 1.0)
    assert raw is None
    assert np.abs(grey.astype(float) - np.minimum(ramp * 255, 255)).max() <= 0.51


def test_shade_and_veil() -> None:
    spec = SensorSpec(shot=False, read_e=0.0, prnu=0.0, column_e=0.0, black=0.0, electrons_per_s=9000)
    sensor = Sensor(spec, *SIZE, seed=1)
    sensor.set_shade(np.full((240, 320), 0.5, np.float32))
    half = np.full((240, 320), 0.4, np.float32)
    assert sensor.expose(half, 1.0, 1.0)[0].mean() == pytest.approx(51, abs=0.5)
    assert sensor.expose(half, 1.0, 1.0, veil=half)[0].mean() == pytest.approx(153, abs=0.5)
