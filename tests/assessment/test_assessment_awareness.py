"""P-21: openpilot's eleven scenarios with their golden timelines, its lock-out, and its limits; through the whole assessment."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import pytest
from drives import AHEAD, CABIN, OPEN, SHUT, observation

from dms.assessment import Assessor
from dms.assessment.geometry import vehicle_direction
from dms.errors import InputError
from dms.profiles import FOLDER, decode_profile, load_profile
from dms.records import DriverState, Face, Gaze, Head, Observation, VehicleState

PROFILE = load_profile("openpilot_ref")
FRAME_S = 0.05
"""One picture of the golden timelines (20 a second)."""

When = Callable[[float], bool]


def during(*spans: tuple[float, float]) -> When:
    """True inside the half-open spans, on a grid finer than any frame rate here."""
    return lambda t: any(start - 1e-6 <= t < end - 1e-6 for start, end in spans)


never = during()
always = during((0.0, 1e9))


class Scenario(NamedTuple):
    """Stimulus as functions of time, its length, and what is expected: (time, level) of every change, in order."""

    seconds: float
    shut: When
    golden: list[tuple[float, int]]
    hidden: When = never
    touch: When = never
    off: When = never
    standing: When = never
    std_deg: float = 3.0


SCENARIOS = {
    "1 fully aware": Scenario(120, never, []),
    "2 fully distracted": Scenario(120, always, [(3.25, 1), (5.25, 2), (11.25, 3)]),
    "3 fully invisible": Scenario(120, never, [(14.95, 1), (23.95, 2), (29.95, 3)], hidden=always),
    "4 normal driver": Scenario(
        120, during((0, 6), (12, 20)), [(3.25, 1), (5.25, 2), (6.45, 0), (15.25, 1), (17.25, 2), (20.25, 0)],
        touch=during((18, 120)),
    ),
    "5 camera dodger": Scenario(
        20, always, [(3.25, 1), (5.25, 2), (13.80, 3), (18.50, 0)],
        hidden=during((6, 8), (14, 16)), touch=during((16.5, 17.5)), off=during((18.5, 19)),
    ),
    "6 sometimes visible, 0.5 s": Scenario(
        52, never, [(14.95, 1), (23.95, 2), (25.0, 0), (40.95, 1), (49.95, 2), (51.2, 0), (51.5, 1)],
        hidden=during((0, 51), (51.5, 240)), touch=during((25, 26)),
    ),
    "6 sometimes visible, 10 s": Scenario(
        65, never, [(14.95, 1), (23.95, 2), (25.0, 0), (40.95, 1), (49.95, 2), (51.2, 0)],
        hidden=during((0, 51), (61, 240)), touch=during((25, 26)),
    ),
    "7 last-second responder": Scenario(
        60, never, [(14.95, 1), (23.95, 2), (29.95, 3), (34.0, 0)],
        hidden=during((0, 31), (33, 120)), touch=during((33, 34)), off=during((34, 120)),
    ),
    "8 pure dashcam": Scenario(120, always, [], off=always),
    "9 long red light": Scenario(120, always, [(60.0, 1), (62.0, 2), (68.0, 3)], standing=during((0, 60))),
    "10 distracted then stops": Scenario(60, always, [(3.25, 1), (5.25, 2), (7.5, 0)], standing=during((7, 120))),
    "11 indecisive model": Scenario(120, always, [(24.95, 1), (33.95, 2), (39.95, 3)], std_deg=25.8),
}  # fmt: skip
"""Times as measured with another independent implementation, 20 pictures a second."""


def vehicle(t: float, one: Scenario) -> VehicleState:
    return VehicleState(
        t=t, l3_state="available" if one.off(t) else "active", speed_kmh=0.0 if one.standing(t) else 90.0,
        steering_torque_nm=3.0 if one.touch(t) else 0.1, hands_on=False, seat=True, belt=True,
    )  # fmt: skip


def picture(t: float, one: Scenario) -> Observation:
    if one.hidden(t):
        return Observation(t=t, face=Face(present=False))
    gaze = Gaze(direction_camera=AHEAD, origin_camera_mm=(0.0, 0.0, 650.0), std_deg=one.std_deg)
    return observation(t, shut=one.shut(t), gaze=gaze)


def states(one: Scenario, fps: float = 20.0) -> list[DriverState]:
    assessor, found = Assessor(PROFILE, CABIN), []
    for number in range(round(one.seconds * fps)):
        t = number / fps
        assessor.take_inputs(vehicle(t, one))
        state = assessor.step(picture(t, one))
        assert state is not None
        found.append(state)
    return found


def changes(found: list[DriverState]) -> list[tuple[float, int]]:
    """Time and level of every change of level; the camera's own warning is none of these."""
    levels = [(s.t, s.warning_stage if s.warning in ("long_distraction", "hands_off") else 0) for s in found]
    return [now for before, now in zip([(0.0, 0), *levels], levels, strict=False) if before[1] != now[1]]


@cache
def at_20(name: str) -> list[DriverState]:
    return states(SCENARIOS[name])


@pytest.mark.requirement("P-21")
@pytest.mark.parametrize("name", SCENARIOS)
def test_P21_golden_timeline(name: str) -> None:
    assert_timeline(changes(at_20(name)), SCENARIOS[name].golden, FRAME_S)


@pytest.mark.requirement("P-21")
@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
@pytest.mark.parametrize("name", SCENARIOS)
def test_P21_same_timeline_at_every_frame_rate(name: str, fps: float) -> None:
    one = SCENARIOS[name]
    last = one.golden[-1][0] if one.golden else 15.0
    short = one._replace(seconds=min(one.seconds, last + 1.0))
    expected = [change for change in one.golden if change[0] < short.seconds]
    assert_timeline(changes(states(short, fps)), expected, 1.0 / fps)


def assert_timeline(found: list[tuple[float, int]], expected: list[tuple[float, int]], frame_s: float) -> None:
    assert [level for _, level in found] == [level for _, level in expected], found
    assert [t for t, _ in found] == pytest.approx([t for t, _ in expected], abs=frame_s + 1e-6)


@pytest.mark.requirement("P-21")
@pytest.mark.parametrize(("name", "at"), [
    ("2 fully distracted", {1.5: 0, 4.0: 1, 8.0: 2, 60.0: 3}),
    ("3 fully invisible", {7.5: 0, 19.5: 1, 27.0: 2, 70.0: 3}),
    ("4 normal driver", {3.0: 0, 5.9: 2, 9.0: 0, 17.9: 2, 18.1: 2, 20.5: 0}),
    ("5 camera dodger", {7.0: 2, 15.0: 3, 17.5: 3, 19.5: 0}),
    ("6 sometimes visible, 0.5 s", {12.5: 0, 24.9: 2, 25.1: 0, 50.9: 2, 51.6: 1}),
    ("6 sometimes visible, 10 s", {50.9: 2, 61.1: 0}),
    ("7 last-second responder", {24.9: 2, 30.9: 3, 32.0: 3, 33.5: 3, 34.1: 0}),
    ("9 long red light", {59.9: 0, 60.5: 1, 62.5: 2}),
    ("10 distracted then stops", {7.1: 2, 7.5: 0}),
    ("11 indecisive model", {33.9: 1, 34.1: 2, 40.1: 3}),
])  # fmt: skip
def test_P21_expected_levels(name: str, at: dict[float, int]) -> None:
    found = at_20(name)
    assert {t: found[round(t * 20)].warning_stage for t in at} == at


@pytest.mark.requirement("P-21")
def test_P21_each_path_warns_in_its_own_words() -> None:
    eyes, hands = at_20("2 fully distracted"), at_20("3 fully invisible")
    assert {(s.warning, s.requests.eyes_on, s.requests.hands_on, s.requests.take_control) for s in eyes if s.warning_stage} == {
        ("long_distraction", 1, 0, False), ("long_distraction", 2, 0, False), ("long_distraction", 2, 0, True),
    }  # fmt: skip
    assert {(s.warning, s.requests.eyes_on, s.requests.hands_on, s.requests.take_control) for s in hands if s.warning_stage} == {
        ("hands_off", 0, 1, False), ("hands_off", 0, 2, False), ("hands_off", 0, 2, True),
    }  # fmt: skip
    assert any("openpilot eyes off 11 s" in cause for cause in eyes[-1].because)


@pytest.mark.requirement("P-21")
def test_P21_three_last_levels_lock_out() -> None:
    """Three bouts of 12 s, assistance off for 1 s after each."""
    one = Scenario(40, always, [], off=during((12, 13), (25, 26), (38, 39)))
    found = states(one)
    assert next(s.t for s in found if s.locked_out) == pytest.approx(37.25, abs=FRAME_S)
    assert found[-1].locked_out is not None and found[-1].locked_out.remaining_s is None
    assert [t for t, level in changes(found) if level == 3] == pytest.approx([11.25, 24.25, 37.25], abs=FRAME_S)


@pytest.mark.requirement("P-21")
def test_P21_thirty_seconds_in_the_last_level_lock_out() -> None:
    found = states(Scenario(43, always, []))
    assert next(s.t for s in found if s.locked_out) == pytest.approx(41.2, abs=FRAME_S + 1e-6)


@pytest.mark.requirement("P-21")
def test_P21_time_in_the_last_level_survives_a_restart_of_the_process() -> None:
    """13.75 s before it, 16.25 s after: locked out at 30 s."""
    one, memory, locked = SCENARIOS["2 fully distracted"], None, None
    for seconds in (25.0, 30.0):
        assessor = Assessor(PROFILE, CABIN, memory=memory)
        for number in range(round(seconds * 20)):
            assessor.take_inputs(vehicle(number / 20, one))
            state = assessor.step(picture(number / 20, one))
            locked = number / 20 if locked is None and state is not None and state.locked_out else locked
        memory = assessor.memory()
    assert locked == pytest.approx(27.5, abs=2 * FRAME_S)


def gaze(yaw: float, pitch: float, std: float = 3.0) -> Gaze:
    x, y, z = CABIN.camera.rotation().T @ vehicle_direction(yaw, pitch)
    return Gaze(direction_camera=(float(x), float(y), float(z)), origin_camera_mm=(0.0, 0.0, 650.0), std_deg=std)


def first_warning(
    pictures: Callable[[float], Observation], inputs: Callable[[float], VehicleState] | None = None, seconds: float = 6.0
) -> float | None:
    assessor = Assessor(PROFILE, CABIN)
    for number in range(round(seconds * 20)):
        t = number / 20
        if inputs is not None:
            assessor.take_inputs(inputs(t))
        state = assessor.step(pictures(t))
        if state is not None and state.warning_stage:
            return state.t
    return None


@pytest.mark.requirement("P-21")
@pytest.mark.parametrize(("yaw", "pitch", "steering", "warned"), [
    (22.5, 0, None, False), (23.5, 0, None, True), (-23.5, 0, None, True), (0, -17.5, None, False), (0, -18.5, None, True),
    (0, 30, None, False),  # up never counts
    (25, 0, -60.0, False), (28, 0, -60.0, True), (-25, 0, -60.0, True), (25, 0, 60.0, True),
    (-44, 0, 500.0, False), (-46, 0, 500.0, True), (25, 0, -25.0, True),
])  # fmt: skip
def test_P21_limits_of_the_line_of_sight(yaw: float, pitch: float, steering: float | None, warned: bool) -> None:
    inputs = lambda t: VehicleState(t=t, l3_state="active", speed_kmh=90.0, steering_angle_deg=steering)  # noqa: E731
    t = first_warning(lambda t: observation(t, gaze=gaze(yaw, pitch)), inputs)
    assert t == (pytest.approx(3.25, abs=FRAME_S) if warned else None)


@pytest.mark.requirement("P-21")
def test_P21_head_stands_in_for_hidden_eyes() -> None:
    x, y, z = CABIN.camera.rotation().T @ vehicle_direction(40, 0)
    head = Head(forward_camera=(float(x), float(y), float(z)), up_camera=(0.0, -1.0, 0.0), std_deg=4.0)
    t = first_warning(lambda t: observation(t, gaze=None, eyes=None, head=head))
    assert t == pytest.approx(3.25, abs=FRAME_S)


@pytest.mark.requirement("P-21")
def test_P21_a_lost_vehicle_input_silences_nothing() -> None:
    assert first_warning(lambda t: observation(t, shut=True)) == pytest.approx(3.25, abs=FRAME_S)
    lost = lambda t: VehicleState(t=min(t, 12.0), l3_state="active", speed_kmh=90.0)  # noqa: E731
    assessor = Assessor(PROFILE, CABIN)
    for number in range(16 * 20):
        if number / 20 <= 12.0:
            assessor.take_inputs(lost(number / 20))
        state = assessor.step(observation(number / 20, shut=True))
    assert state is not None and state.warning_stage == 3


@pytest.mark.requirement("P-21")
@pytest.mark.parametrize(("pause", "level"), [(4.0, 0), (20.0, 1), (100.0, 3)])
def test_P21_no_pictures_are_no_face(pause: float, level: int) -> None:
    """While the camera is silent the wheel must be touched; after a pause of hours the level is the last, at once."""
    assessor = Assessor(PROFILE, CABIN)
    for number in range(40):
        assessor.step(observation(number / 20))
    state = assessor.step(Observation(t=2.0 + pause, face=Face(present=False)))
    assert state is not None and state.warning_stage == level


def test_P21_eyes_that_are_open_but_look_nowhere_known_are_not_attentive() -> None:
    """No gaze and no head: after 10 s the wheel must be touched."""
    t = first_warning(lambda t: Observation(t=t, face=Face(present=True), eyes={"left": OPEN}), seconds=30)
    assert t == pytest.approx(24.95, abs=FRAME_S)
    t = first_warning(lambda t: Observation(t=t, face=Face(present=True), eyes={"left": SHUT}), seconds=30)
    assert t == pytest.approx(3.25, abs=FRAME_S)


@pytest.mark.parametrize(("zone", "warned"), [("road", None), ("lap", 3.25), ("rear_mirror", 3.25), ("unknown", 24.95)])
def test_P21_records_that_only_name_a_zone(zone: str, warned: float | None) -> None:
    t = first_warning(lambda t: Observation(t=t, zone=zone), seconds=30)  # type: ignore[arg-type]
    assert t == (None if warned is None else pytest.approx(warned, abs=FRAME_S))


def test_P21_levels_out_of_order_are_refused() -> None:
    text = (FOLDER / "openpilot_ref.yaml").read_bytes().replace(b"[3.0, 5.0, 11.0]", b"[3.0, 11.0, 5.0]")
    with pytest.raises(InputError, match=r"awareness.vision_s must rise from level to level"):
        decode_profile(text, "openpilot_ref")
