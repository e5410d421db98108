"""What single pictures for training are drawn from."""

import numpy as np
import pytest

from dms.assessment.cabins import load_cabin
from hil.driver.behaviour.scenario import ShotsSetup
from hil.driver.draws import Draw


def nods(share: float) -> np.ndarray:
    draw = Draw(ShotsSetup(nods=share), load_cabin("example_lhd"), np.random.default_rng(1))
    return np.array([draw.moment(0.0).pose.pitch_deg for _ in range(400)])


def test_a_share_of_the_nods_is_drawn_from_the_whole_range() -> None:
    ahead, wide = nods(0.0), nods(1.0)
    assert np.mean(ahead) == pytest.approx(-4, abs=2) and np.std(ahead) == pytest.approx(11, abs=1.5)
    assert np.std(wide) == pytest.approx(100 / np.sqrt(12), abs=3) and np.abs(wide).max() <= 50
