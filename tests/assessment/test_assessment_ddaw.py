"""DDAW: the drowsiness warning by KSS, its speed gate, and the acknowledgement that ends its cascade."""

from collections.abc import Callable

import pytest
from drives import CABIN, blink, observation, vehicle

from dms.assessment import Assessor
from dms.assessment.lid_history import Features
from dms.assessment.sleepiness import Estimate
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import TakeoverReadiness

PROFILE = load_profile("eu_ddaw")


class Tells:
    """An estimator that always tells the same KSS."""

    def __init__(self, kss: float, std: float = 0.8) -> None:
        self.kss, self.std = kss, std

    def __call__(self, features: Features) -> Estimate:
        return Estimate(self.kss, self.std, 0.0, 0.0, 0.0)


def states(
    estimator: Tells,
    speed: float | None = 90.0,
    seconds: float = 100.0,
    acknowledged: Callable[[float], bool] = lambda t: False,
    fps: float = 20.0,
) -> list[TakeoverReadiness]:
    assessor, found = Assessor(PROFILE, CABIN, estimator=estimator), []
    for i in range(round(seconds * fps)):
        t = i / fps
        assessor.take_inputs(vehicle(t, speed_kmh=speed, acknowledged=acknowledged(t)))
        state = assessor.step(observation(t, shut=blink(t), zone="road"))
        assert state is not None
        found.append(ready_for_takeover(state, PROFILE))
    return found


def drowsy(found: list[TakeoverReadiness]) -> list[float]:
    return [s.t for s in found if s.warning.class_ == "drowsy"]


@pytest.mark.requirement("DDAW-02", "NCAP-07")
@pytest.mark.parametrize(("kss", "warns"), [(6.9, False), (7.1, False), (7.9, False), (8.0, True), (9.0, True)])
def test_DDAW02_warns_from_kss_8(kss: float, warns: bool) -> None:
    assert bool(drowsy(states(Tells(kss)))) == warns


@pytest.mark.requirement("DDAW-01")
@pytest.mark.parametrize(("speed", "warns"), [(69.0, False), (71.0, True), (None, True)])
def test_DDAW01_above_70_kmh(speed: float | None, warns: bool) -> None:
    assert bool(drowsy(states(Tells(8.5), speed))) == warns


def test_an_uncertain_kss_warns_of_nothing() -> None:
    assert not drowsy(states(Tells(9.0, std=2.4)))


@pytest.mark.requirement("DDAW-05")
def test_DDAW05_cascade_climbs_until_acknowledged() -> None:
    found = states(Tells(8.5), seconds=110.0)
    start = drowsy(found)[0]
    stages = {stage: next(s.t for s in found if s.warning.stage == stage) - start for stage in (1, 2, 3)}
    assert stages == {1: 0.0, 2: pytest.approx(10.0, abs=0.06), 3: pytest.approx(20.0, abs=0.06)}
    answered = states(Tells(8.5), seconds=110.0, acknowledged=lambda t: start + 12.0 < t < start + 12.2)
    assert max(drowsy(answered)) == pytest.approx(start + 12.0, abs=0.1)


@pytest.mark.requirement("DDAW-03")
def test_DDAW03_silenced_warning_does_not_hide_the_state() -> None:
    found = states(Tells(8.5), seconds=110.0, acknowledged=lambda t: t > 70.0)
    assert found[-1].warning.class_ is None and found[-1].drowsiness.kss == pytest.approx(8.5)
