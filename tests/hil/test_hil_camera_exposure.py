"""Exposure control: limits, metering, step response without hunting."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.errors import InputError
from hil.driver.camera.exposure import AutoExposure, ExposureLimits, Setting, measure

LIMITS = ExposureLimits(min_s=30e-6, max_s=5e-3, max_gain=16, strobe_s=2e-3, target=0.3)


class Scene:
    """A flat scene: LED light while the LEDs shine, daylight as long as the shutter is open."""

    def __init__(self, led: float, day: float, noise: float = 1.0) -> None:
        self.led, self.day, self.noise = led, day, noise
        self.rng = np.random.default_rng(4)

    def shoot(self, setting: Setting, limits: ExposureLimits) -> np.ndarray:
        light = self.led * limits.led_share(setting.exposure_s) + self.day
        level = light * setting.total_s / 2e-3 * 255
        return (level + self.noise * self.rng.standard_normal((64, 64)) + 0.5).clip(0, 255).astype(np.uint8)


def drive(control: AutoExposure, scene: Scene, frames: int) -> tuple[list[float], list[float]]:
    """(means, exposure times gain) of so many pictures."""
    means, totals = [], []
    for _ in range(frames):
        setting = control.setting
        grey = scene.shoot(setting, control.limits)
        control.update(grey)
        means.append(float(grey.mean()))
        totals.append(setting.total_s)
    return means, totals


@given(
    total=st.floats(1e-7, 10.0),
    strobe=st.floats(1e-4, 1e-2),
    longest=st.floats(1e-3, 2e-2),
    gain=st.floats(1.0, 32.0),
)
def test_settings_keep_the_limits(total: float, strobe: float, longest: float, gain: float) -> None:
    limits = ExposureLimits(min_s=50e-6, max_s=longest, max_gain=gain, strobe_s=strobe)
    setting = limits.split(total)
    assert limits.min_s <= setting.exposure_s <= limits.max_s * (1 + 1e-9)
    assert 1.0 <= setting.gain <= limits.max_gain
    if limits.min_s <= total <= min(strobe, longest) * gain:
        assert setting.total_s == pytest.approx(total, rel=0.11)


def test_order_is_exposure_then_gain_then_beyond_the_strobe() -> None:
    bright, dusk, dark, night = (LIMITS.split(t) for t in (0.4e-3, 8e-3, 32e-3, 60e-3))
    assert (bright.exposure_s, bright.gain) == (pytest.approx(0.4e-3), pytest.approx(1.0))
    assert (dusk.exposure_s, dusk.gain) == (pytest.approx(2e-3), pytest.approx(4.0))
    assert (dark.exposure_s, dark.gain) == (pytest.approx(2e-3), pytest.approx(16.0))
    assert night.exposure_s > 3e-3 and night.gain == pytest.approx(16.0, rel=0.01)
    assert LIMITS.led_share(1e-3) == 1.0 and LIMITS.led_share(4e-3) == 0.5


def test_tunnel_exit_saturates_then_settles() -> None:
    control = AutoExposure(LIMITS)
    tunnel = Scene(led=0.35, day=0.02)
    means, _ = drive(control, tunnel, 60)
    assert means[-1] == pytest.approx(0.3 * 255, rel=0.07)
    means, totals = drive(control, Scene(led=0.35, day=8.0), 40)
    assert means[:2] == [255.0, 255.0], "the first pictures in the sun are lost: nothing changes before the delay is over"
    settled = next(i for i in range(40) if all(abs(m / (0.3 * 255) - 1) < 0.1 for m in means[i:]))
    assert 2 <= settled <= 14
    assert min(means) > 0.3 * 255 * 0.8, "hardly an undershoot"
    assert len(set(totals[settled + 6 :])) == 1, "no hunting"


def test_tunnel_entry_comes_back_without_overshoot() -> None:
    control = AutoExposure(LIMITS)
    drive(control, Scene(led=0.35, day=8.0), 60)
    means, totals = drive(control, Scene(led=0.35, day=0.02), 60)
    assert means[0] < 20
    settled = next(i for i in range(60) if all(abs(m / (0.3 * 255) - 1) < 0.1 for m in means[i:]))
    assert settled <= 16
    assert max(means) < 0.3 * 255 * 1.15 and len(set(totals[settled + 6 :])) == 1


@pytest.mark.parametrize("delay", [1, 2, 4])
@pytest.mark.parametrize("speed", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("day", [0.0, 0.05, 0.5, 5.0])
def test_no_hunting_whatever_delay_speed_and_light(delay: int, speed: float, day: float) -> None:
    control = AutoExposure(replace(LIMITS, delay_frames=delay, speed=speed))
    drive(control, Scene(led=0.1, day=day, noise=3.0), 80)
    means, totals = drive(control, Scene(led=0.1, day=day, noise=3.0), 60)
    assert max(totals) / min(totals) < 1.12
    assert np.mean(means) == pytest.approx(0.3 * 255, rel=0.12)


def test_decisions_take_effect_after_the_delay() -> None:
    control = AutoExposure(replace(LIMITS, delay_frames=3), start=Setting(exposure_s=1e-3, gain=1.0))
    totals = drive(control, Scene(led=0.02, day=0.0), 6)[1]
    assert totals[:3] == [1e-3] * 3 and totals[3] > 1.2e-3


def test_short_exposure_suppresses_daylight() -> None:
    """The share of LED light in the picture rises as the exposure falls to the strobe's length, and not below."""
    shares = [LIMITS.led_share(s) / (LIMITS.led_share(s) + 1.0) for s in (5e-3, 3e-3, 2e-3, 1e-3)]
    assert shares[0] < shares[1] < shares[2] == shares[3]


def test_face_counts_more_than_background() -> None:
    grey = np.full((480, 640), 200, np.uint8)
    grey[100:300, 200:400] = 50
    plain, _ = measure(grey, None, 0.6)
    weighted, _ = measure(grey, (200, 100, 200, 200), 0.6)
    assert weighted == pytest.approx(plain + 0.6 * (50 - plain), abs=1)
    assert measure(grey, (700, 500, 50, 50), 0.6)[0] == plain, "a box outside counts for nothing"
    assert measure(grey, (-500, -500, 100, 100), 0.6)[0] == plain
    grey[100:300, 200:400] = 255
    assert measure(grey, (200, 100, 200, 200), 1.0)[1] == pytest.approx(1.0, abs=0.03)


def test_fixed_exposure_is_limits_without_room() -> None:
    control = AutoExposure(replace(LIMITS, min_s=1e-3, max_s=1e-3, max_gain=1.0))
    assert set(drive(control, Scene(led=5.0, day=0.0), 20)[1]) == {1e-3}


@pytest.mark.parametrize(
    "wrong",
    [{"min_s": 1.0}, {"min_s": 0.0}, {"max_gain": 0.5}, {"target": 1.0}, {"speed": 0.0}, {"delay_frames": 0}, {"strobe_s": 0.0}],
)
def test_impossible_limits_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="cannot be"):
        replace(LIMITS, **wrong)
