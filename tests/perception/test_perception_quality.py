import cv2
import numpy as np
import portraits
import pytest

from dms.perception.quality import QualityMeter
from dms.perception.settings import Settings
from dms.records.observation import Image


def measure(grey: np.ndarray) -> Image:
    return QualityMeter(Settings()).measure(grey, stream=False)


@pytest.fixture(scope="module")
def plain() -> Image:
    return measure(portraits.portrait())


def test_a_good_picture(plain: Image) -> None:
    assert plain.mean == pytest.approx(portraits.portrait().mean(), abs=1.0)
    assert plain.blocked is not None and plain.blocked < 0.25
    assert plain.saturated is not None and plain.saturated < 0.1
    assert plain.frozen is None  # a single picture cannot tell


@pytest.mark.requirement("FS-03")
def test_dark(plain: Image) -> None:
    dark = measure((portraits.portrait() * 0.03).astype(np.uint8))
    assert dark.mean is not None and dark.mean < 6
    assert dark.blocked is not None and plain.blocked is not None and dark.blocked > plain.blocked + 0.3


@pytest.mark.requirement("FS-03")
def test_saturated() -> None:
    white = measure(np.clip(portraits.portrait() * 6.0, 0, 255).astype(np.uint8))
    assert white.saturated is not None and white.saturated > 0.6


def test_blurred(plain: Image) -> None:
    sharpness = [measure(cv2.GaussianBlur(portraits.portrait(), (0, 0), s)).sharpness for s in (1, 3, 8, 20)]
    assert plain.sharpness is not None
    assert [plain.sharpness, *sharpness] == sorted([plain.sharpness, *sharpness], reverse=True)
    assert sharpness[-1] < 0.02 * plain.sharpness


@pytest.mark.parametrize("level", [0, 3, 90, 255])
@pytest.mark.parametrize("noise", [0.0, 2.0])
@pytest.mark.requirement("FS-03")
def test_covered(level: int, noise: float) -> None:
    assert measure(portraits.noisy(np.full((480, 640), float(level)), noise)).blocked == 1.0


def test_half_covered() -> None:
    grey = portraits.noisy(portraits.portrait(), 1.0)
    whole = measure(grey).blocked
    grey[:, :256] = portraits.noisy(np.full((512, 256), 20.0), 1.0)
    half = measure(grey).blocked
    assert whole is not None and half is not None and whole < 0.1 and 0.35 <= half <= 0.5 + whole


@pytest.mark.requirement("FS-03")
def test_frozen_after_three_repeats_and_free_again() -> None:
    meter, grey = QualityMeter(Settings()), portraits.portrait()
    assert [meter.measure(grey).frozen for _ in range(6)] == [False, False, False, True, True, True]
    moved = np.roll(grey, 1, axis=1)
    assert meter.measure(moved).frozen is False
    meter.measure(moved), meter.measure(moved)
    meter.reset()
    assert meter.measure(moved).frozen is False


@pytest.mark.requirement("FS-03")
def test_sensor_noise_is_not_frozen() -> None:
    meter, grey = QualityMeter(Settings()), portraits.portrait()
    assert not any(meter.measure(portraits.noisy(grey, 1.0, seed)).frozen for seed in range(6))


def test_a_change_of_size_is_no_freeze() -> None:
    meter = QualityMeter(Settings())
    pictures = [np.full(shape, 9, np.uint8) for shape in ((480, 640), (240, 320)) * 4]
    assert not any(meter.measure(p).frozen for p in pictures)
