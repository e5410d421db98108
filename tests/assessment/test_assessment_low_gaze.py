"""ADDW: gaze in the area below, its limits by speed."""

import pytest
from drives import CABIN, observation, vehicle

from dms.assessment import Assessor
from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import TakeoverReadiness

PROFILE = load_profile("eu_addw")


def states(
    seconds: float, zone: str, speed: float | None, fps: float = 30.0, hole: tuple[float, float] = (0.0, 0.0)
) -> list[TakeoverReadiness]:
    """Attentive for 60 s (ADDW-07), then the gaze rests on ``zone`` but for the ``hole``; times count from there."""
    assessor, found = Assessor(PROFILE, CABIN), []
    for i in range(round((60.0 + seconds) * fps)):
        t = i / fps
        low = t >= 60.0 - 1e-9 and not hole[0] <= t - 60.0 < hole[1]
        assessor.take_inputs(vehicle(t, speed_kmh=speed))
        state = assessor.step(observation(t, zone=zone if low else "road"))
        assert state is not None
        found.append(ready_for_takeover(state, PROFILE))
    return found


def warned(found: list[TakeoverReadiness]) -> float | None:
    return next((s.t - 60.0 for s in found if s.warning.class_ == "long_distraction"), None)


@pytest.mark.requirement("ADDW-02", "ADDW-03", "ADDW-07")
@pytest.mark.parametrize(
    ("speed", "after"), [(19.0, None), (20.0, 6.0), (49.0, 6.0), (50.0, 3.5), (51.0, 3.5), (130.0, 3.5), (None, 3.5)]
)
def test_ADDW_02_03_limit_by_speed(speed: float | None, after: float | None) -> None:
    found = warned(states(7.0, "lap", speed))
    assert found == (None if after is None else pytest.approx(after, abs=0.04))


@pytest.mark.requirement("ADDW-01")
@pytest.mark.parametrize(
    ("zone", "warns"), [("lap", True), ("knee", True), ("footwell", True), ("cluster", False), ("driver_window", False)]
)
def test_ADDW_01_only_the_low_area_has_a_clock(zone: str, warns: bool) -> None:
    assert (warned(states(7.0, zone, 90.0)) is not None) == warns


@pytest.mark.requirement("ADDW-05")
@pytest.mark.parametrize("fps", [20.0, 30.0, 60.0])
def test_ADDW_05_warning_time_within_50_ms(fps: float) -> None:
    assert warned(states(4.0, "lap", 90.0, fps)) == pytest.approx(3.5, abs=0.05)


@pytest.mark.requirement("ADDW-04")
@pytest.mark.parametrize(("gap", "after"), [(0.2, 3.5), (0.5, 1.5 + 0.5 + 3.5)])
def test_ADDW_04_a_flicker_keeps_the_clock_and_a_real_look_up_resets_it(gap: float, after: float) -> None:
    found = warned(states(7.0, "lap", 90.0, hole=(1.5, 1.5 + gap)))
    assert found == pytest.approx(after, abs=0.25 if gap < 0.3 else 0.05)
