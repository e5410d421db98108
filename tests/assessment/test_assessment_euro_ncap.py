"""Euro NCAP Driver Engagement: distraction, closures, unresponsive driver, speed gates, release, journey."""

from collections.abc import Callable

import pytest
from drives import CABIN, observation, vehicle

from dms.assessment import Assessor
from dms.assessment.cycle import CycleMemory
from dms.profiles import Profile, load_profile
from dms.readiness import ready_for_takeover
from dms.records import TakeoverReadiness

PROFILE = load_profile("euro_ncap_2026")
NON_DRIVING = [
    "driver_window", "passenger_window", "footwell", "passenger", "infotainment", "glovebox", "rear_seat", "knee", "lap", "phone",
]  # fmt: skip
DRIVING = ["rear_mirror", "passenger_mirror", "driver_mirror", "cluster"]


def states(
    seconds: float,
    zone: Callable[[float], str] = lambda t: "road",
    shut: Callable[[float], bool] = lambda t: False,
    speed: Callable[[float], float | None] = lambda t: 60.0,
    acknowledged: Callable[[float], bool] = lambda t: False,
    profile: Profile = PROFILE,
    fps: float = 30.0,
    memory: CycleMemory | None = None,
) -> list[TakeoverReadiness]:
    assessor, found = Assessor(profile, CABIN, memory=memory), []
    for i in range(round(seconds * fps)):
        t = i / fps
        assessor.take_inputs(vehicle(t, speed_kmh=speed(t), acknowledged=acknowledged(t)))
        state = assessor.step(observation(t, shut=shut(t), zone=zone(t)))
        assert state is not None
        found.append(ready_for_takeover(state, profile))
    return found


def first(found: list[TakeoverReadiness], warning: str) -> float | None:
    return next((s.t for s in found if s.warning.class_ == warning), None)


@pytest.mark.requirement("NCAP-01")
@pytest.mark.parametrize("zone", NON_DRIVING + DRIVING)
@pytest.mark.parametrize(("away", "warns"), [(2.8, False), (3.2, True)])
def test_NCAP01_long_distraction_at_every_gaze_location(zone: str, away: float, warns: bool) -> None:
    found = states(6.0, lambda t: zone if 1.0 <= t < 1.0 + away else "road")
    assert first(found, "long_distraction") == (pytest.approx(4.0, abs=0.04) if warns else None)


@pytest.mark.requirement("NCAP-02")
@pytest.mark.parametrize(("back", "warns"), [(1.9, True), (2.1, False)])
def test_NCAP02_short_glances_add_up_unless_the_eyes_stay_on_the_road(back: float, warns: bool) -> None:
    found = states(40.0, lambda t: "infotainment" if t % (2.0 + back) < 2.0 else "road")
    assert (first(found, "short_distraction") is not None) == warns


@pytest.mark.requirement("NCAP-03")
def test_NCAP03_glances_at_a_phone_are_told_as_phone() -> None:
    found = states(30.0, lambda t: "phone" if t % 3.0 < 2.0 else "road")
    assert first(found, "phone") is not None and first(found, "short_distraction") is None


@pytest.mark.requirement("NCAP-04")
def test_NCAP04_no_look_back_is_unresponsive_six_seconds_after_the_eyes_left() -> None:
    found = states(10.0, lambda t: "infotainment" if t >= 1.0 else "road")
    assert first(found, "unresponsive") == pytest.approx(7.0, abs=0.04)
    assert found[-1].requests.safe_stop and found[-1].readiness == "unresponsive"


@pytest.mark.requirement("NCAP-04")
def test_NCAP04_a_look_back_within_three_seconds_of_the_warning_is_an_answer() -> None:
    found = states(12.0, lambda t: "road" if t < 1.0 or 6.0 <= t < 6.5 else "infotainment" if t < 9.0 else "road")
    assert first(found, "long_distraction") is not None and first(found, "unresponsive") is None


@pytest.mark.requirement("NCAP-04", "NCAP-05", "NCAP-06", "P-04")
@pytest.mark.parametrize("fps", [20.0, 30.0, 60.0])
@pytest.mark.parametrize(
    ("shut_s", "event"),
    [(0.8, None), (1.2, "microsleep"), (1.9, "microsleep"), (2.7, "microsleep"), (3.1, "sleep"), (6.2, "unresponsive")],
)
def test_NCAP05_06_closure_ladder(shut_s: float, event: str | None, fps: float) -> None:
    found = states(9.0, shut=lambda t: 1.0 <= t < 1.0 + shut_s, fps=fps)
    worst = None
    for name in ("microsleep", "sleep", "unresponsive"):
        worst = name if first(found, name) is not None else worst
    assert worst == event
    if event is not None:
        limit = {"microsleep": 1.0, "sleep": 3.0, "unresponsive": 6.0}[event]
        assert first(found, event) == pytest.approx(1.0 + limit, abs=0.2)


@pytest.mark.requirement("NCAP-08")
@pytest.mark.parametrize(("speed", "warns"), [(19.0, False), (20.0, True), (60.0, True), (None, True)])
def test_NCAP08_distraction_and_closures_from_20_kmh(speed: float | None, warns: bool) -> None:
    distracted = states(5.0, lambda t: "infotainment", speed=lambda t: speed)
    asleep = states(5.0, shut=lambda t: t > 0.5, speed=lambda t: speed)
    assert (first(distracted, "long_distraction") is not None) == warns
    assert (first(asleep, "sleep") is not None) == warns
    assert asleep[-1].readiness == "impaired"  # readiness knows no speed


@pytest.mark.requirement("NCAP-08")
def test_NCAP08_speed_ramp_starts_the_clock_where_the_rule_begins() -> None:
    found = states(10.0, lambda t: "infotainment", speed=lambda t: 10.0 + 2.0 * t)
    assert first(found, "long_distraction") == pytest.approx(5.0 + 3.0, abs=0.1)


@pytest.mark.requirement("NCAP-09")
@pytest.mark.parametrize(("back", "kept"), [(0.8, True), (1.2, False)])
def test_NCAP09_release_after_one_second_of_forward_gaze(back: float, kept: bool) -> None:
    found = states(6.0 + back, lambda t: "infotainment" if 1.0 <= t < 4.5 or t >= 4.5 + back else "road")
    at_the_end_of_the_look = [s for s in found if s.t < 4.5 + back][-1]
    assert (at_the_end_of_the_look.warning.class_ == "long_distraction") == kept


@pytest.mark.requirement("NCAP-10")
def test_NCAP10_acknowledged_transient_warnings_stay_silent_for_the_journey_where_the_profile_says_so() -> None:
    journey = PROFILE.rules.journey
    assert journey is not None and not journey.suppress_transient
    import msgspec

    silencing = msgspec.structs.replace(journey, suppress_transient=True)
    profile = msgspec.structs.replace(PROFILE, rules=msgspec.structs.replace(PROFILE.rules, journey=silencing))

    def zone(t: float) -> str:
        return "infotainment" if t % 10.0 >= 6.0 else "road"

    loud = states(20.0, zone, acknowledged=lambda t: 9.4 < t < 9.6)
    quiet = states(20.0, zone, acknowledged=lambda t: 9.4 < t < 9.6, profile=profile)
    assert [any(s.warning.class_ for s in found if s.t > 10.0) for found in (loud, quiet)] == [True, False]
    assert first(states(30.0, shut=lambda t: t > 20.0, acknowledged=lambda t: t < 5.0, profile=profile), "microsleep") is not None


@pytest.mark.requirement("NCAP-11")
def test_NCAP11_every_journey_starts_with_all_warnings() -> None:
    found = states(5.0, lambda t: "infotainment", memory=CycleMemory())
    assert first(found, "long_distraction") == pytest.approx(3.0, abs=0.04)
