"""The closed loop: answers to warnings and to requests to take over, alone and in whole runs."""

import numpy as np
import pytest

from dms.assessment.cabins import load_cabin
from hil.driver.behaviour.director import Director
from hil.driver.behaviour.scenario import Scenario, decode_scenario, load_scenario
from hil.driver.behaviour.takeover import SILENCE, Condition, Heard, draw_times
from hil.driver.pose import Moment

CABIN = load_cabin("example_lhd")
FPS = 30.0


def scenario(extra: str = "", seconds: int = 60, seed: int = 1) -> Scenario:
    return decode_scenario(f"name: loop\nabout: a test\nduration_s: {seconds}\nseed: {seed}\n{extra}".encode(), "loop")


def run(one: Scenario, heard: object = None) -> list[Moment]:
    """All moments; ``heard`` is a function of time and the moment before."""
    director, found = Director(one, CABIN), []
    last: Moment | None = None
    for i in range(int(one.duration_s * FPS)):
        last = director.step(i / FPS, heard(i / FPS, last) if callable(heard) else None)
        found.append(last)
    return found


def at(moments: list[Moment], t: float) -> Moment:
    return moments[round(t * FPS)]


def first(moments: list[Moment], what: object, since: float = 0.0) -> float | None:
    assert callable(what)
    return next((m.t for m in moments if m.t >= since and what(m)), None)


def drawn(condition: Condition, budget: float = 10.0) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.array([draw_times(rng, condition, budget).control for _ in range(400)])


def test_takeover_times_follow_the_published_picture() -> None:
    free, phone = drawn(Condition(), 7.0), drawn(Condition(handheld=True, eyes_off=True), 7.0)
    assert 1.8 < free.mean() < 3.2
    assert phone.mean() > free.mean() + 1.0
    assert phone.std() > free.std()
    assert drawn(Condition(), 20.0).mean() > free.mean() + 2.0
    assert drawn(Condition(kss=9.0)).mean() > drawn(Condition()).mean() + 0.4
    assert free.min() > 0.5 and phone.max() <= 25.0


def test_order_of_eyes_hands_and_control() -> None:
    rng = np.random.default_rng(2)
    for _ in range(300):
        times = draw_times(
            rng, Condition(handheld=bool(rng.integers(2)), kss=float(rng.uniform(1, 9))), float(rng.uniform(4, 30))
        )
        assert 0.0 < times.eyes < times.hands <= times.control


def test_the_sample_is_taken_over_in_time() -> None:
    moments = run(load_scenario("sample"))
    assert at(moments, 49.5).vehicle.l3_state == "active" and not at(moments, 49.5).story.hands_on
    assert at(moments, 50.1).vehicle.l3_state == "takeover_request"
    assert at(moments, 51).vehicle.takeover_request_count == 1
    hands = first(moments, lambda m: m.story.hands_on)
    taken = first(moments, lambda m: m.vehicle.l3_state == "inactive")
    assert hands == pytest.approx(52.5, abs=0.15)
    assert taken == pytest.approx(56.5, abs=0.05)
    assert first(moments, lambda m: m.story.taking_over) == pytest.approx(51.1, abs=0.1)
    control = [m for m in moments if 56.5 <= m.t < 57.5]
    assert any(m.vehicle.brake or abs(m.vehicle.steering_torque_nm or 0.0) > 1.5 for m in control)
    assert at(moments, 59).story.hands_on and not at(moments, 59).story.taking_over


@pytest.mark.parametrize("seed", range(4))
def test_phone_is_put_down_before_the_wheel_is_held(seed: int) -> None:
    text = "parts:\n - {at: 2, for: 30, do: phone, place: hand}\n - {at: 12, do: takeover_request, budget_s: 15}"
    moments = run(scenario(text, 35, seed))
    assert at(moments, 11).story.activity == "phone_hand" and at(moments, 11).pose.right_hand.prop == "phone"
    taken = first(moments, lambda m: m.vehicle.l3_state == "inactive")
    assert taken is not None and 12.8 < taken < 27.0
    assert at(moments, taken).pose.right_hand.prop is None
    assert not any(m.story.activity == "phone_hand" for m in moments if m.t > taken)
    looked = first(moments, lambda m: m.story.taking_over)
    assert looked is not None and looked < taken
    assert at(moments, min(taken + 2.0, 34.0)).story.hands_on


def test_nobody_answers_a_slumped_driver_and_the_car_stops() -> None:
    moments = run(load_scenario("slump"))
    last = moments[-1]
    assert last.vehicle.l3_state == "minimum_risk" and (last.vehicle.speed_kmh or 0) < 65
    assert not any(m.story.taking_over for m in moments)
    assert last.story.activity == "slumped" and last.pose.pitch_deg < -25
    assert last.story.event == "sleep" and last.pose.eyes_offset_mm[2] < -80


@pytest.mark.slow
def test_sleepers_wake_late_or_never() -> None:
    text = "mood: {kss: [{at: 0, value: 8}]}\ntakeover: {sleeps_through: %s}\nparts:\n - {at: 3, for: 50, do: sleep}\n"
    text += " - {at: 15, do: takeover_request, budget_s: 30}"
    times = []
    for seed in range(5):
        moments = run(scenario(text % 0.3, 55, seed))
        assert at(moments, 14).story.event == "sleep"
        times.append(first(moments, lambda m: m.vehicle.l3_state == "inactive"))
        if times[-1] is not None:
            assert max(at(moments, times[-1]).pose.lids) > 0.5
    woken = [t - 15.0 for t in times if t is not None]
    assert len(woken) >= 4 and np.median(woken) > 5.0
    never = run(scenario(text % 1.0, 55, 1))
    assert first(never, lambda m: m.vehicle.l3_state == "inactive") is None
    assert first(never, lambda m: m.vehicle.l3_state == "minimum_risk") == pytest.approx(45.0, abs=0.05)


def test_a_demand_from_outside_is_answered() -> None:
    """The controller on the bus asks; the scenario knows nothing of it."""
    moments = run(scenario("", 30), lambda t, last: Heard(demand=10.0 <= t < 25.0, budget_s=10.0))
    assert at(moments, 9.9).vehicle.l3_state == "active"
    assert at(moments, 10.1).vehicle.l3_state == "takeover_request"
    taken = first(moments, lambda m: m.vehicle.l3_state == "inactive", 10.0)
    assert taken is not None and 10.8 < taken < 25.0
    assert at(moments, taken + 1.5).story.hands_on
    assert at(moments, 29).vehicle.l3_state == "inactive"


def test_the_outside_may_rule_the_level_3_state() -> None:
    moments = run(scenario("", 10), lambda t, last: Heard(l3_state="available" if t > 5 else "active"))
    assert at(moments, 4).vehicle.l3_state == "active" and at(moments, 6).vehicle.l3_state == "available"


def eyes_on(t: float, last: Moment | None) -> Heard:
    off = last is not None and last.t > 8.0 and last.story.zone != "road" and last.story.part == "stare"
    return Heard(warning="long_distraction", stage=1, eyes_on=1) if off else SILENCE


@pytest.mark.parametrize("resumes", [False, True])
def test_a_warning_brings_the_eyes_back(resumes: bool) -> None:
    text = (
        f"takeover: {{resumes: {str(resumes).lower()}}}\nparts: [{{at: 4, for: 30, do: look, zone: infotainment, name: stare}}]"
    )
    moments = run(scenario(text, 40, 3), eyes_on)
    assert at(moments, 7).story.zone == "infotainment"
    back = first(moments, lambda m: m.story.zone == "road", 8.0)
    assert back is not None and 8.3 < back < 11.5
    assert any(m.story.warning_seen == "long_distraction" for m in moments)
    later = [m.story.part == "stare" for m in moments if 20 < m.t < 33]
    assert any(later) is resumes
    deaf = run(scenario("takeover: {ignores: 1.0}\n" + text.split("\n")[1], 20 + 20, 3), eyes_on)
    assert at(deaf, 12).story.zone == "infotainment"


def test_hands_come_to_the_wheel_when_asked() -> None:
    moments = run(scenario("", 20), lambda t, last: Heard(warning="hands_off", stage=1, hands_on=1) if 5 < t < 9 else SILENCE)
    assert not at(moments, 4.9).story.hands_on
    on = first(moments, lambda m: m.story.hands_on)
    assert on is not None and 5.5 < on < 9.5


def test_an_alarm_wakes_a_sleeper() -> None:
    def alarm(t: float, last: Moment | None) -> Heard:
        return Heard(warning="sleep", stage=2, wake_up=2) if t > 20 and last and last.story.closed_s > 1 else SILENCE

    text = "mood: {kss: [{at: 0, value: 8}]}\ntakeover: {sleeps_through: 0.0}\nparts: [{at: 3, for: 50, do: sleep}]"
    moments = run(scenario(text, 55), alarm)
    awake = first(moments, lambda m: max(m.pose.lids) > 0.6, 20.0)
    assert awake is not None and 20.5 < awake < 25.0
    assert at(moments, awake + 1).story.kss < 7.0
    assert at(moments, awake + 2).story.activity != "sleeping"
