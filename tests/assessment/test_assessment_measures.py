"""Each running measure alone, fed sample by sample: what it tells at, just before and just after its limits."""

import math
from collections.abc import Callable, Iterable

import msgspec
import pytest

from dms.assessment.attention import Attentiveness
from dms.assessment.availability import AvailabilityCriteria, Movement
from dms.assessment.closure import Closure, LatelyShut
from dms.assessment.eyes import UNSEEN, judge_lids
from dms.assessment.glance import Glances
from dms.assessment.health import CameraWatch, picture_fault
from dms.assessment.perclos import Perclos
from dms.assessment.presence import Presence, face_seen
from dms.assessment.vehicle import VehicleInputs, driver_input
from dms.assessment.windows import Tick
from dms.profiles import load_profile
from dms.records import Eye, Face, Image, Observation, VehicleState
from dms.records.words import Zone

RULES = load_profile("l3_default").rules
STEP = 0.125
"""Seconds a sample; exact in binary, so limits can be met exactly."""


def ticks(samples: Iterable[object], step: float = STEP) -> Iterable[tuple[Tick, object]]:
    for n, sample in enumerate(samples):
        yield Tick(n * step, step if n else 0.0, False), sample


def times(count: int, sample: object) -> list[object]:
    return [sample] * count


# ---------------------------------------------------------------- lids


def closure(*lids: object, **rules: float) -> Closure:
    one = Closure(msgspec.structs.replace(RULES.closure, **{"blink_max_s": 0.5, "reopen_s": 0.125, "freeze_max_s": 2.0, **rules}))
    for tick, shut in ticks(lids):
        one.step(tick, shut)  # type: ignore[arg-type]
    return one


@pytest.mark.requirement("P-04", "NCAP-05", "NCAP-06")
@pytest.mark.parametrize(
    ("shut_s", "blinking", "event", "unresponsive"),
    [
        (0.0, True, None, False), (0.375, True, None, False), (0.5, False, None, False), (0.875, False, None, False),
        (1.0, False, "microsleep", False), (2.875, False, "microsleep", False), (3.0, False, "sleep", False),
        (5.875, False, "sleep", False), (6.0, False, "sleep", True), (30.0, False, "sleep", True),
    ],
)  # fmt: skip
def test_ladder_at_its_limits(shut_s: float, blinking: bool, event: str | None, unresponsive: bool) -> None:
    one = closure(*times(round(shut_s / STEP) + 1, True))
    assert (one.seconds, one.blinking, one.event, one.unresponsive) == (shut_s, blinking, event, unresponsive)
    assert one.open_s == 0.0


def test_open_eyes_end_the_ladder_and_unseen_ones_tell_nothing() -> None:
    opened = closure(*times(40, True), False, False, False)
    assert (opened.seconds, opened.open_s, opened.event, opened.blinking, opened.unresponsive) == (0.0, 0.25, None, False, False)
    hidden = closure(*times(40, True), None, None)
    assert (hidden.seconds, hidden.open_s, hidden.event, hidden.blinking, hidden.unresponsive) == (None, 0.0, None, False, False)
    assert hidden.unseen_s == 0.125


def test_a_closure_goes_on_behind_a_short_unseen_stretch() -> None:
    assert closure(*times(8, True), *times(8, None), *times(8, True)).seconds == 1.875
    assert closure(*times(8, True), *times(24, None), *times(8, True)).seconds == 0.875


Shut = Callable[[float], bool | None]


def perclos(shut: Shut, seconds: float, **rules: float) -> Perclos:
    one = Perclos(
        msgspec.structs.replace(
            RULES.perclos,
            **{"window_s": 60.0, "seen_min_s": 30.0, "blink_cut_s": 0.25, "drowsy": 0.15, "recovered": 0.12, **rules},
        )
    )
    for tick, value in ticks(shut(n * STEP) for n in range(round(seconds / STEP) + 1)):
        one.step(tick, value)  # type: ignore[arg-type]
    return one


@pytest.mark.requirement("MET-01", "MET-05")
def test_perclos_of_hand_made_minutes() -> None:
    assert perclos(lambda t: False, 29.875).share is None
    assert perclos(lambda t: False, 30.0).share == 0.0
    assert perclos(lambda t: 10.0 <= t < 16.0, 60.0).share == pytest.approx(0.1)
    assert perclos(lambda t: 10.0 <= t < 16.0, 73.0).share == pytest.approx(3 / 60)
    assert perclos(lambda t: 10.0 <= t < 16.0, 76.0).share == pytest.approx(0.0)
    assert perclos(lambda t: t % 2.0 < 0.125, 60.0).share == 0.0  # a quick blink
    assert perclos(lambda t: t % 2.0 < 0.25, 59.0).share == pytest.approx(0.125, abs=0.005)  # as long as the cut: all of it
    unseen: Shut = lambda t: None if t < 20.0 else t < 30.0  # noqa: E731
    assert perclos(unseen, 60.0).share == pytest.approx(10 / 40)
    assert perclos(lambda t: True, 60.0).share == 1.0


@pytest.mark.requirement("MET-03")
def test_drowsy_from_fifteen_percent_until_under_twelve() -> None:
    nine: Shut = lambda t: 50.0 <= t < 59.0  # noqa: E731
    assert not perclos(nine, 58.75).drowsy and perclos(nine, 58.875).share == pytest.approx(8.875 / 58.875)
    assert perclos(nine, 58.875).drowsy and perclos(lambda t: 50.0 <= t < 58.75, 60.0).drowsy is False


def test_drowsy_is_said_without_a_break_from_the_one_limit_to_the_other() -> None:
    """9 s shut, then open: 15 % is passed on the way up, 12 % on the way down, and nothing flickers between."""
    one, told = Perclos(RULES.perclos), []
    for tick, _ in ticks(times(round(100 / STEP), None)):
        one.step(tick, 30.0 <= tick.t < 39.0)
        told.append((one.share, one.drowsy))
    turns = [n for n in range(1, len(told)) if told[n][1] != told[n - 1][1]]
    rising, falling = (told[n][0] for n in turns)
    assert rising is not None and rising == pytest.approx(0.15, abs=0.004)
    assert falling is None or falling < 0.12
    assert told[turns[1] - 1][0] == pytest.approx(0.12, abs=0.004)


def test_before_the_first_sample_nothing_is_claimed() -> None:
    assert not Perclos(RULES.perclos).drowsy and Perclos(RULES.perclos).share is None
    assert not LatelyShut(RULES.perclos).mostly and Glances(RULES.glance).cumulative_s == 0.0
    assert Closure(RULES.closure).seconds is None and Glances(RULES.glance).judged is False


def test_perclos_knows_nothing_of_a_gap() -> None:
    one = Perclos(RULES.perclos)
    for n in range(400):
        one.step(Tick(n * STEP, STEP, False), False)
    before = one.share
    one.step(Tick(55.0, 5.125, True), True)
    assert before == one.share == 0.0


def lately(shut: Shut, seconds: float) -> bool:
    rules = msgspec.structs.replace(RULES.perclos, short_window_s=5.0, short_seen_min_s=2.0, short_share=0.5)
    one = LatelyShut(rules)
    for tick, value in ticks(shut(n * STEP) for n in range(round(seconds / STEP) + 1)):
        one.step(tick, value)  # type: ignore[arg-type]
    return one.mostly


def test_mostly_shut_is_half_of_what_was_seen_lately() -> None:
    assert not lately(lambda t: True, 1.875) and lately(lambda t: True, 2.0)
    assert lately(lambda t: t >= 7.5, 10.0) and not lately(lambda t: t >= 7.625, 10.0)
    assert not lately(lambda t: t < 7.375, 10.0) and lately(lambda t: t < 7.5, 10.0)
    assert lately(lambda t: None if t < 7.0 else t < 8.5, 10.0)  # half of the three seconds seen
    assert not lately(lambda t: None if t < 8.5 else True, 10.0)  # too little seen
    assert not lately(lambda t: False, 10.0)


# ---------------------------------------------------------------- one observation


EYE = Eye(visible=0.9, openness=0.9, closed=0.1, opening_mm=9.0)


def test_lids_are_the_mean_of_the_eyes_that_can_be_judged() -> None:
    both = judge_lids(
        Observation(
            t=0.0, eyes={"left": EYE, "right": Eye(visible=0.6, openness=0.5, closed=0.3, opening_mm=5.0)}
        ), RULES.eyes
    )  # fmt: skip
    assert (both.shut, both.openness, both.visible, both.opening, both.scale) == (False, 0.7, 0.6, 7.0, "mm")
    one = judge_lids(Observation(t=0.0, eyes={"left": EYE, "right": Eye(visible=0.49, openness=0.0, closed=1.0)}), RULES.eyes)
    assert (one.shut, one.openness, one.visible, one.opening) == (False, 0.9, 0.9, 9.0)


@pytest.mark.parametrize(
    ("closed", "other", "shut"), [(0.5, None, True), (0.49, None, False), (0.9, 0.1, True), (0.8, 0.1, False), (0.9, 0.9, True)]
)
def test_shut_from_a_mean_probability_of_a_half(closed: float, other: float | None, shut: bool) -> None:
    eyes = {"left": Eye(visible=1.0, closed=closed)}
    if other is not None:
        eyes["right"] = Eye(visible=1.0, closed=other)
    assert judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes).shut is shut


@pytest.mark.parametrize(("openness", "shut"), [(0.0, True), (0.19, True), (0.2, False), (0.5, False)])
def test_shut_from_openness_where_nothing_else_is_told(openness: float, shut: bool) -> None:
    found = judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.5, openness=openness)}), RULES.eyes)
    assert (found.shut, found.openness, found.opening, found.scale) == (shut, openness, openness, "share")


@pytest.mark.requirement("MET-05")
@pytest.mark.parametrize(
    "eyes",
    [
        None, {}, {"left": Eye()}, {"left": Eye(visible=0.49, closed=0.0)}, {"left": Eye(closed=0.0)},
        {"third": EYE}, {"left": Eye(visible=0.9, openness=0.1, closed=0.4)},
    ],
)  # fmt: skip
def test_lids_that_nobody_sees_are_unseen(eyes: dict[str, Eye] | None) -> None:
    assert judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes) == UNSEEN


def test_lids_told_in_less_detail() -> None:
    word = judge_lids(Observation(t=0.0, eyes={"unknown": Eye(visible=0.8, closed=0.9)}), RULES.eyes)
    assert (word.shut, word.openness, word.opening, word.scale, word.visible) == (True, None, 0.0, "shut", 0.8)
    assert judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, closed=0.1)}), RULES.eyes).opening == 1.0
    bare = judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, opening_mm=4.0)}), RULES.eyes)
    assert (bare.shut, bare.visible, bare.opening, bare.scale) == (None, None, 4.0, "mm")
    for closed in (0.5, 0.9):  # openness and probability agree
        assert (
            judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, openness=0.1, closed=closed)}), RULES.eyes).shut is True
        )
    edge = judge_lids(Observation(t=0.0, eyes={"left": Eye(visible=0.8, openness=0.2, closed=0.1)}), RULES.eyes)
    assert edge.shut is False


@pytest.mark.parametrize(("openness", "shut"), [((0.1, 0.9), True), ((0.1, 0.9, 0.9), False), ((0.1, 0.1, 0.9), True)])
def test_each_eye_has_one_voice(openness: tuple[float, ...], shut: bool) -> None:
    eyes = {name: Eye(visible=0.9, openness=value) for name, value in zip(("left", "right", "unknown"), openness, strict=False)}
    assert judge_lids(Observation(t=0.0, eyes=eyes), RULES.eyes).shut is shut


@pytest.mark.parametrize(
    ("face", "seen"),
    [
        (None, None), (Face(present=False, confidence=0.9), False), (Face(present=True), True),
        (Face(present=True, confidence=0.5), True), (Face(present=True, confidence=0.9), True),
        (Face(present=True, confidence=0.49), False),
    ],
)  # fmt: skip
def test_a_face_counts_from_half_confidence(face: Face | None, seen: bool | None) -> None:
    assert face_seen(Observation(t=0.0, face=face), RULES.presence) is seen


# ---------------------------------------------------------------- presence, vehicle, camera


def presence(samples: list[tuple[bool | None, bool | None]]) -> Presence:
    """After samples of (face, seat)."""
    one = Presence(RULES.presence)
    for tick, sample in ticks(samples):
        one.step(tick, *sample)  # type: ignore[misc]
    return one


@pytest.mark.requirement("R157-01")
@pytest.mark.parametrize(
    ("samples", "present"),
    [
        ([(True, None)], True),
        ([(True, True)], True),
        ([(None, True)], None),
        ([(True, False)] * 8, True),  # 0.875 s of an empty seat under a face
        ([(True, False)] * 9, False),  # 1 s
        ([(True, False)] * 8 + [(True, True)] + [(True, False)] * 8, True),  # the count begins anew
        ([(False, None)] * 8, None),
        ([(False, None)] * 9, False),
        ([(False, True)] * 30, None),  # a seat that says "taken" stands against a missing face
        ([(False, None)] * 9 + [(True, None)], True),
        ([(False, None)] * 9 + [(None, None)], None),
    ],
)
def test_absent_after_one_second(samples: list[tuple[bool | None, bool | None]], present: bool | None) -> None:
    assert presence(samples).present is present


@pytest.mark.parametrize(("unseen_s", "present"), [(4.5, False), (5.5, None)])
def test_a_face_that_was_gone_is_remembered_behind_bad_pictures_for_ten_times_the_limit(
    unseen_s: float, present: bool | None
) -> None:
    """Gone for 0.375 s, then no usable picture, then gone again for 0.125 s; the limit is half a second."""
    one = Presence(msgspec.structs.replace(RULES.presence, absent_after_s=0.5))
    faces = [*times(3, False), *times(round(unseen_s / STEP), None), *times(2, False)]
    for tick, face in ticks(faces):
        one.step(tick, face, None)  # type: ignore[arg-type]
    assert one.present is present


def test_how_long_the_face_has_been_gone() -> None:
    assert presence([(True, None), *[(False, None)] * 5]).face_gone_s == 0.5
    assert presence([*[(False, None)] * 5, (True, None), (True, None)]).face_gone_s == 0.0
    assert Presence(RULES.presence).empty(5.0, False) is False


@pytest.mark.requirement("FS-08")
@pytest.mark.parametrize(("age", "fresh"), [(0.0, True), (0.5, True), (0.5001, False), (60.0, False)])
def test_inputs_are_unknown_after_half_a_second(age: float, fresh: bool) -> None:
    inputs = VehicleInputs(RULES.vehicle)
    assert inputs.at(3.0) == VehicleState(t=3.0) and inputs.age(3.0) is None
    inputs.step(VehicleState(t=3.0, belt=True, speed_kmh=50.0))
    assert inputs.at(3.0 + age).belt is (True if fresh else None)
    assert inputs.age(3.0 + age) == pytest.approx(age)
    inputs.step(VehicleState(t=3.25, speed_kmh=51.0))
    assert inputs.at(3.25).belt is None


@pytest.mark.requirement("R157-03")
@pytest.mark.parametrize(
    ("inputs", "worked"),
    [
        ({}, None), ({"steering_torque_nm": 0.99}, False), ({"steering_torque_nm": 1.0}, True),
        ({"steering_torque_nm": -1.0}, True), ({"brake": True}, True), ({"brake": False}, False), ({"hands_on": True}, True),
        ({"hands_on": False}, False), ({"brake": False, "steering_torque_nm": 2.0}, True),
        ({"speed_kmh": 50.0, "belt": True}, None),
    ],
)  # fmt: skip
def test_what_only_the_driver_can_do(inputs: dict[str, object], worked: bool | None) -> None:
    assert driver_input(VehicleState(t=0.0, **inputs), RULES.availability) is worked  # type: ignore[arg-type]
    if "hands_on" in inputs:
        quiet = msgspec.structs.replace(RULES.availability, hands_on_counts=False)
        assert driver_input(VehicleState(t=0.0, **inputs), quiet) is None  # type: ignore[arg-type]


@pytest.mark.requirement("FS-03")
@pytest.mark.parametrize(
    ("image", "said"),
    [
        (None, None), (Image(), None), (Image(mean=4.1, blocked=0.79, saturated=0.49, frozen=False), None),
        (Image(frozen=True), "picture frozen"), (Image(blocked=0.8), "camera blocked, 80% of the picture shows nothing"),
        (Image(mean=4.0), "picture dark, mean 4 of 255"), (Image(saturated=0.5), "picture over-exposed, 50% saturated"),
    ],
)  # fmt: skip
def test_why_a_picture_cannot_be_used(image: Image | None, said: str | None) -> None:
    assert picture_fault(image, RULES.camera) == said


def watch(pictures: Iterable[tuple[str | None, bool | None]], fps: float) -> CameraWatch:
    """After pictures of (fault, face without eyes)."""
    one = CameraWatch(RULES.camera)
    for n, (fault, unseen) in enumerate(pictures):
        one.step(Tick(n / fps, 1 / fps if n else 0.0, False), fault, unseen)
    return one


@pytest.mark.requirement("P-10")
@pytest.mark.parametrize(
    ("fps", "state", "countable"),
    [(4.9, "fault", False), (5.0, "degraded", False), (14.0, "degraded", False), (15.0, "degraded", True),
     (19.0, "degraded", True), (20.0, "ready", True), (60.0, "ready", True)],
)  # fmt: skip
def test_picture_rates_at_their_limits(fps: float, state: str, countable: bool) -> None:
    one = watch([(None, False)] * 80, fps)
    assert one.fps == pytest.approx(fps, rel=0.02)
    assert (one.health.state, one.blinks_countable, one.inform) == (state, countable, False)
    assert bool(one.health.reasons) == (state != "ready")


def test_no_rate_is_known_from_the_first_pictures_or_after_a_gap() -> None:
    assert watch([(None, False)] * 6, 20.0).health.state == "init" and watch([(None, False)] * 7, 20.0).health.state == "ready"
    one = watch([(None, False)] * 40, 20.0)
    one.step(Tick(3.0, 1.05, True), None, False)
    assert one.fps is None and one.health.state == "init" and not one.blinks_countable


@pytest.mark.requirement("P-10")
def test_the_rate_is_that_of_the_last_second_and_a_picture_told_twice_is_one() -> None:
    one = CameraWatch(RULES.camera)
    times_s = [n / 30 for n in range(90)] + [3.0 + n / 10 for n in range(12)]
    for before, t in zip([times_s[0], *times_s], times_s, strict=False):
        one.step(Tick(t, t - before, False), None, False)
        one.step(Tick(t, 0.0, False), None, False)
    assert one.fps == pytest.approx(10.0, abs=0.5) and not one.blinks_countable


def test_where_a_profile_informs_at_once_a_good_view_informs_of_nothing() -> None:
    at_once = msgspec.structs.replace(RULES.camera, inform_after_s=0.0)
    one = CameraWatch(at_once)
    assert not one.inform and not CameraWatch(RULES.camera).inform
    one.step(Tick(0.0, 0.0, False), None, False)
    assert not one.inform
    one.step(Tick(0.05, 0.05, False), "dark", None)
    one.step(Tick(0.1, 0.05, False), "dark", None)
    assert one.inform


@pytest.mark.requirement("FS-03", "P-11")
def test_the_driver_is_told_of_a_bad_view_after_a_second() -> None:
    assert not watch([("dark", None)] * 20, 20.0).inform and watch([("dark", None)] * 21, 20.0).inform
    assert not watch([("dark", None)] * 19 + [(None, False)] + [("dark", None)] * 5, 20.0).inform
    assert watch([("dark", None)] * 2, 20.0).health.reasons == ["dark"]
    one = watch([(None, False)] * 40, 20.0)
    one.silent(0.99)
    assert one.health.state == "fault" and not one.inform
    one.silent(1.0)
    assert one.inform
    one.step(Tick(3.1, 1.1, True), None, False)
    assert not one.inform


@pytest.mark.requirement("NV-08")
def test_eyes_that_stay_unseen_degrade_and_are_told() -> None:
    assert watch([(None, True)] * 100, 20.0).health.state == "ready"
    late = watch([(None, True)] * 101, 20.0)
    assert (late.health.state, late.inform) == ("degraded", True) and "eyes not visible for 5.0 s" in late.health.reasons
    assert watch([(None, True)] * 101 + [(None, False)] * 6, 20.0).health.state == "ready"


# ---------------------------------------------------------------- gaze


def glances(*off: object, **rules: float) -> Glances:
    given = {"flicker_s": 0.25, "freeze_max_s": 2.0, "cumulative_window_s": 30.0, "reset_s": 2.0, **rules}
    one = Glances(msgspec.structs.replace(RULES.glance, **given))
    for tick, sample in ticks(off):
        one.step(tick, sample)  # type: ignore[arg-type]
    return one


def test_glances_by_hand() -> None:
    one = glances(*times(9, True))
    assert (one.off_s, one.road_s, one.cumulative_s, one.off_road, one.judged) == (1.0, 0.0, 1.0, True, True)
    one = glances(*times(9, True), False, False)  # the sample before stands for the time up to the next
    assert (one.off_s, one.road_s, one.cumulative_s, one.off_road) == (1.125, 0.125, 1.125, False)
    one = glances(*times(9, True), *times(3, False))
    assert (one.off_s, one.road_s, one.cumulative_s) == (0.0, 0.25, 1.125)
    one = glances(*times(9, True), None, None)
    assert (one.judged, one.off_road, one.unseen_s, one.off_s) == (False, False, 0.125, 1.125)


@pytest.mark.requirement("NCAP-02")
def test_the_sum_is_cleared_by_a_look_of_two_seconds() -> None:
    assert glances(*times(8, True), *times(16, False)).cumulative_s == 1.0
    assert glances(*times(8, True), *times(17, False)).cumulative_s == 0.0
    assert glances(*times(8, True), *times(15, False), True).cumulative_s == 1.0
    assert glances(*times(8, True), *times(16, False), True).cumulative_s == 0.0  # also when the look ends with this sample


def test_the_sum_forgets_what_is_older_than_its_window() -> None:
    pattern = [*times(8, True), *times(8, False)] * 40
    assert glances(*pattern).cumulative_s == pytest.approx(15.0, abs=0.2)


def test_a_gap_is_neither_on_nor_off_the_road() -> None:
    one = glances(*times(9, True))
    one.step(Tick(2.0, 1.0, True), True)
    assert (one.off_s, one.cumulative_s) == (1.0, 1.0)


def test_a_change_told_late_is_counted_from_its_beginning() -> None:
    one = glances(*times(9, False))
    one.step(Tick(1.125, 0.125, False), True, late_s=0.125)
    assert (one.off_s, one.cumulative_s) == (0.125, 0.125)
    one.step(Tick(2.125, 1.0, False), False, late_s=0.5)
    assert (one.cumulative_s, one.road_s) == (0.625, 0.5)


def attention(*samples: tuple[Zone, bool, float]) -> Attentiveness:
    """After samples of (zone, by head, seconds off the road)."""
    rules = msgspec.structs.replace(RULES.attention, confirm_s=0.25, mirror_max_s=3.0)
    one = Attentiveness(rules, msgspec.structs.replace(RULES.glance, flicker_s=0.25))
    for tick, sample in ticks(samples):
        one.step(tick, *sample)  # type: ignore[misc]
    return one


ROAD, LAP, MIRROR, LOST = ("road", False, 0.0), ("lap", False, 1.0), ("rear_mirror", False, 1.0), ("unknown", False, 0.0)
HEAD = ("road", True, 0.0)


@pytest.mark.requirement("R157-10", "P-07")
@pytest.mark.parametrize(
    ("samples", "attentive", "criterion"),
    [
        ([ROAD], None, None),
        ([ROAD] * 2, None, None),
        ([ROAD] * 3, True, "gaze_road"),
        ([LAP], False, None),
        ([LAP] + [ROAD] * 2, False, None),  # not yet confirmed: what it was
        ([LAP] + [ROAD] * 3, True, "gaze_road"),
        ([ROAD] * 3 + [LAP], False, None),  # at once
        ([ROAD] * 3 + [LOST], None, None),
        ([ROAD] * 3 + [LOST] * 2 + [ROAD], True, "gaze_road"),  # a moment unseen forgets nothing
        ([ROAD] * 3 + [LOST] * 4 + [ROAD], None, None),
        ([LAP] * 3 + [LOST] * 4 + [ROAD], None, None),
        ([MIRROR] * 3, True, "gaze_mirror"),
        ([MIRROR] * 3 + [("rear_mirror", False, 2.9)], True, "gaze_mirror"),
        ([MIRROR] * 3 + [("rear_mirror", False, 3.0)], False, None),  # a stare is no look
        ([HEAD] * 3, True, "head_movement"),
        ([("driver_mirror", True, 0.0)] * 3, True, "head_movement"),
        ([HEAD] * 3 + [ROAD], None, None),  # the head confirms no gaze
        ([HEAD] * 3 + [ROAD] * 3, True, "gaze_road"),
        ([LAP] + [HEAD] * 2, None, None),
        ([ROAD] * 3 + [LAP] + [ROAD], False, None),  # after each look away it must be confirmed again
        ([HEAD] * 3 + [("lap", True, 1.0)] + [HEAD] * 2, None, None),
    ],
)
def test_attentive(samples: list[tuple[Zone, bool, float]], attentive: bool | None, criterion: str | None) -> None:
    one = attention(*samples)
    assert (one.attentive, one.criterion) == (attentive, criterion)


# ---------------------------------------------------------------- availability


@pytest.mark.requirement("R157-03", "R157-04", "P-06")
def test_two_criteria_within_the_window() -> None:
    one = AvailabilityCriteria(RULES.availability)
    assert one.state(0.0, 2).available is None
    one.evidence(1.0, "blink")
    assert (one.state(5.0, 2).available, one.state(5.0, 2).valid) == (None, 1)
    one.evidence(6.0, "head_movement")
    found = one.state(31.0, 2)
    assert (found.available, found.valid, found.monitorable) == (True, 2, 2)
    assert found.criteria["blink"] == 30.0 and found.criteria["head_movement"] == 25.0 and found.criteria["eye_closure"] is None
    assert one.state(31.00149, 2).criteria == {**found.criteria, "blink": 30.001, "head_movement": 25.001}
    assert (one.state(31.001, 2).available, one.state(31.001, 2).valid) == (False, 1)
    assert one.state(31.1, 1).available is False


def test_what_could_not_be_watched_for_long_enough_is_unknown_not_missing() -> None:
    one = AvailabilityCriteria(RULES.availability)
    assert one.state(10.0, 2).available is None
    assert one.state(39.9, 2).available is None and one.state(40.0, 2).available is False
    assert one.state(41.0, 1).available is False and one.state(42.0, 2).available is None
    assert one.state(72.0, 2).available is False


def test_a_new_driver_begins_with_nothing() -> None:
    one = AvailabilityCriteria(RULES.availability)
    one.state(0.0, 2)
    one.evidence(1.0, "blink")
    one.evidence(1.0, "eye_closure")
    assert one.state(35.0, 2).available is False
    one.evidence(35.0, "blink")
    one.clear()
    found = one.state(36.0, 2)
    assert (found.available, found.valid) == (None, 0) and set(found.criteria.values()) == {None}


@pytest.mark.requirement("R157-03")
@pytest.mark.parametrize(
    ("places", "moved"),
    [
        ([0.0, 29.0], False), ([0.0, 30.0], True), ([0.0, 29.0, 31.0], True), ([0.0, 20.0, 10.0, 25.0], False),
        ([0.0, None, 40.0], False), ([None, 40.0], False),
    ],
)  # fmt: skip
def test_a_movement_is_far_enough_from_where_it_was(places: list[float | None], moved: bool) -> None:
    one = Movement(30.0, 2.0, directions=False)
    told = [one.step(n * 0.5, None if x is None else (x, 0.0, 0.0)) for n, x in enumerate(places)]
    assert told[-1] is moved and not any(told[:-1])


def test_a_slow_drift_is_no_movement_and_each_movement_is_told_once() -> None:
    slow = Movement(30.0, 2.0, directions=False)
    assert not any(slow.step(n * 0.5, (n * 7.0, 0.0, 0.0)) for n in range(40))
    edge = Movement(30.0, 2.0, directions=False)
    assert [edge.step(t, (x, 0.0, 0.0)) for t, x in ((0.0, 0.0), (2.0, 31.0), (2.5, 31.0), (3.0, 0.0))] == [
        False,
        True,
        False,
        True,
    ]
    late = Movement(30.0, 2.0, directions=False)
    assert [late.step(t, (x, 0.0, 0.0)) for t, x in ((0.0, 0.0), (2.01, 31.0))] == [False, False]


def test_a_turn_of_the_head_is_measured_in_degrees() -> None:
    def turned(deg: float) -> tuple[float, float, float]:
        return math.sin(math.radians(deg)), 0.0, -math.cos(math.radians(deg))

    opposite = Movement(120.0, 2.0, directions=True)
    assert [opposite.step(0.0, (0.0, 0.0, 1.0004)), opposite.step(0.1, (0.0, 0.0, -1.0004))] == [
        False,
        True,
    ]  # unit but for rounding
    for deg, moved in ((5.9, False), (6.1, True), (-6.1, True), (180.0, True)):
        one = Movement(6.0, 2.0, directions=True)
        assert [one.step(0.0, turned(0.0)), one.step(0.1, turned(deg))] == [False, moved]
