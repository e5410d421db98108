"""UN R171: eyes-on and hands-on requests, and what a whole ignition cycle remembers."""

from collections.abc import Callable

import msgspec
import pytest
from drives import CABIN, never, observation, vehicle

from dms.assessment import Assessor
from dms.assessment.cycle import CycleMemory
from dms.profiles import Profile, load_profile
from dms.readiness import ready_for_takeover
from dms.records import TakeoverReadiness, VehicleState

EU, CN = load_profile("un_r171_eu"), load_profile("un_r171_cn")
FPS = 30.0
Text = Callable[[float], str]


def states(
    profile: Profile,
    seconds: float,
    zone: Text,
    speed: float | None = 60.0,
    hands: Callable[[float], bool | None] = lambda t: True,
    fps: float = FPS,
    assessor: Assessor | None = None,
    start: float = 0.0,
    **inputs: object,
) -> list[TakeoverReadiness]:
    """States of a drive whose records name their zones; vehicle inputs come with every picture."""
    judge = Assessor(profile, CABIN) if assessor is None else assessor
    found = []
    for i in range(round(seconds * fps)):
        t = start + i / fps
        judge.take_inputs(vehicle(t, speed_kmh=speed, hands_on=hands(i / fps), **inputs))
        state = judge.step(observation(t, shut=never(t), zone=zone(i / fps)))
        assert state is not None
        found.append(ready_for_takeover(state, profile))
    return found


def since(found: list[TakeoverReadiness], warning: str, stage: int) -> float | None:
    return next((s.t for s in found if s.warning.class_ == warning and s.warning.stage >= stage), None)


def away(t: float) -> str:
    return "infotainment"


def ahead(t: float) -> str:
    return "road"


@pytest.mark.requirement("R171-01", "R171-02", "R171-03", "R171-04")
@pytest.mark.parametrize("fps", [15.0, 20.0, 30.0, 60.0])
@pytest.mark.parametrize("speed", [11.0, 60.0, 130.0, None])
def test_R171_01_to_04_eyes_off_timeline(speed: float | None, fps: float) -> None:
    found = states(EU, 20.0, away, speed, fps=fps)
    times = [since(found, "long_distraction", stage) for stage in (1, 2, 3)] + [since(found, "unresponsive", 3)]
    assert times == pytest.approx([5.0, 8.0, 13.0, 18.0], abs=1.01 / fps)
    asked = [next(s.requests for s in found if s.t >= t - 1e-6) for t in (4.5, 5.5, 8.5, 13.5, 18.5)]
    assert [(r.eyes_on, r.take_control, r.safe_stop) for r in asked] == [
        (0, False, False), (1, False, False), (2, False, False), (2, True, False), (2, True, True)
    ]  # fmt: skip
    assert found[-1].readiness == "unresponsive"


@pytest.mark.requirement("R171-01")
def test_R171_01_no_clock_below_the_speed() -> None:
    found = states(EU, 20.0, away, 9.0)
    assert {s.warning.class_ for s in found} == {None}


@pytest.mark.requirement("R171-01")
@pytest.mark.parametrize(
    ("zone", "warned"), [("cluster", True), ("rear_mirror", False), ("driver_mirror", False), ("road", False)]
)
def test_R171_01_which_areas_are_relevant(zone: str, warned: bool) -> None:
    found = states(EU, 6.0, lambda t: zone)
    assert (since(found, "long_distraction", 1) is not None) == warned


@pytest.mark.requirement("R171-07")
@pytest.mark.parametrize(("frames", "engaged"), [(5, False), (8, True)])
def test_R171_07_engaged_again_only_after_200_ms_without_a_break(frames: int, engaged: bool) -> None:
    def zone(t: float) -> str:
        return "road" if 6.0 <= t < 6.0 + frames / FPS - 1e-6 else "infotainment"

    found = states(EU, 8.0, zone)
    asked = {s.warning.class_ for s in found if 6.0 + (frames + 1) / FPS <= s.t < 7.0}
    assert asked == ({None} if engaged else {"long_distraction"})


@pytest.mark.requirement("R171-08")
def test_R171_08_many_short_looks_away_are_asked_about_and_a_short_look_back_does_not_end_it() -> None:
    found = states(EU, 60.0, lambda t: "road" if t % 1.2 >= 1.0 else "infotainment")
    first = since(found, "long_distraction", 1)
    assert first is not None and first < 15.0
    assert all(s.warning.class_ in ("long_distraction", "unresponsive") for s in found if s.t > first)


@pytest.mark.requirement("R171-09")
def test_R171_09_unseen_gaze_is_told_in_the_next_state_and_neither_escalates_nor_ends_a_request() -> None:
    found = states(EU, 20.0, lambda t: "infotainment" if t < 6.0 else "unknown")
    assert next(s for s in found if s.t >= 6.0).attention.zone == "unknown"
    assert {s.warning.stage for s in found if s.t > 6.0} == {1}
    assert not any(s.readiness == "ready" for s in found)


@pytest.mark.requirement("R171-05", "R171-06")
@pytest.mark.parametrize(
    ("profile", "zone", "hor", "escalated"), [(EU, "road", 10.0, 20.0), (EU, "infotainment", 5.0, 15.0), (CN, "road", 10.0, 13.0)]
)
def test_R171_05_06_hands_off(profile: Profile, zone: str, hor: float, escalated: float) -> None:
    found = states(profile, 25.0, lambda t: zone, hands=lambda t: False)
    asked = [next((s.t for s in found if s.requests.hands_on >= level), None) for level in (1, 2)]
    assert asked == pytest.approx([hor, escalated], abs=0.04)


@pytest.mark.requirement("R171-05")
def test_R171_05_hands_on_again_ends_it_and_unknown_hands_start_nothing() -> None:
    found = states(EU, 14.0, ahead, hands=lambda t: t > 12.0)
    assert since(found, "hands_off", 1) == pytest.approx(10.0, abs=0.04)
    assert {s.warning.class_ for s in found if s.t > 12.1} == {None}
    assert {s.warning.class_ for s in states(EU, 14.0, ahead, hands=lambda t: None)} == {None}


@pytest.mark.requirement("R171-01")
@pytest.mark.parametrize("window", ["driver_window", "passenger_window"])
def test_R171_01_side_windows_matter_for_driving(window: str) -> None:
    assert {s.warning.class_ for s in states(EU, 8.0, lambda t: window)} == {None}


@pytest.mark.requirement("R171-10")
@pytest.mark.parametrize("profile", [EU, CN])
def test_R171_10_a_request_stands_for_as_long_as_any_warning_does(profile: Profile) -> None:
    """The interlock: the controller starts no manoeuvre while a request stands."""
    for zone, hands in ((away, True), (ahead, False), (away, False)):
        found = states(profile, 30.0, zone, hands=lambda t, hands=hands: hands)  # type: ignore[misc]
        warned = [s for s in found if s.warning.class_ is not None]
        assert {s.warning.stage for s in warned} >= {1, 2} and all(asked(s) for s in warned)
        assert not any(asked(s) for s in found if s.warning.class_ is None)


def asked(state: TakeoverReadiness) -> bool:
    requests = state.requests
    return requests.eyes_on > 0 or requests.hands_on > 0 or requests.take_control or requests.safe_stop


@pytest.mark.requirement("R171-11")
def test_R171_11_second_unavailability_response_locks_for_the_cycle_also_across_a_restart() -> None:
    def zone(t: float) -> str:
        return "infotainment" if t % 25.0 < 20.0 else "road"

    assessor = Assessor(EU, CABIN)
    first = states(EU, 25.0, zone, assessor=assessor)
    assert first[-1].locked_out is None
    kept = msgspec.json.decode(msgspec.json.encode(assessor.memory()), type=CycleMemory)
    again = Assessor(EU, CABIN, memory=kept)
    second = states(EU, 25.0, zone, assessor=again, start=1000.0)
    locked = second[-1].locked_out
    assert locked is not None and "2 unavailability" in locked.reason and locked.remaining_s is None
    off = states(EU, 1.0, ahead, assessor=again, start=1100.0, ignition="off")
    assert off[-1].locked_out is not None
    on = states(EU, 1.0, ahead, assessor=again, start=1102.0, ignition="on")
    assert on[-1].locked_out is None


@pytest.mark.requirement("R171-11")
def test_R171_11_china_locks_for_half_an_hour_after_one_response() -> None:
    assessor = Assessor(CN, CABIN)
    found = states(CN, 22.0, away, assessor=assessor)
    locked = next(s for s in found if s.locked_out is not None)
    assert locked.t == pytest.approx(18.0, abs=0.1)
    later = states(CN, 1.0, ahead, assessor=assessor, start=1000.0)[-1].locked_out
    assert later is not None and later.remaining_s == pytest.approx(1800.0 - 983.0, abs=2.0)
    assert states(CN, 1.0, ahead, assessor=assessor, start=1820.0)[-1].locked_out is None


def test_inputs_alone_lock_nothing() -> None:
    assessor = Assessor(EU, CABIN)
    for i in range(100):
        assessor.step(VehicleState(t=i / 10, speed_kmh=60.0))
    assert assessor.memory() == CycleMemory()
