"""Running self-calibration of the gaze: it finds the driver's offset, and nothing else is taken for one."""

import math
from collections.abc import Callable
from itertools import pairwise

import msgspec
import pytest
from drives import HIDDEN, SHUT
from glancer import (
    CABIN,
    CLUSTER,
    ELSEWHERE,
    LAP,
    PROFILE,
    ROAD,
    RULES,
    WHEEL_TOP,
    Driver,
    Place,
    by_hand,
    camera_frame,
    drive,
    feed,
    learned,
    new,
    scanning,
    teach,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment import Assessor, load_cabin
from dms.errors import RecordError
from dms.records import Calibration, Face, Gaze, Head, VehicleState
from dms.records.cabin import DriverBaseline

NOTHING = Calibration()


def off_by(found: Calibration, offset: Place) -> float:
    return math.dist((found.yaw_deg, found.pitch_deg), offset)


@pytest.mark.parametrize("offset", [(5.0, 0.0), (0.0, -5.0), (-3.0, 4.0), (0.0, 0.0)])
def test_an_offset_of_5_degrees_is_found_within_minutes(offset: Place) -> None:
    records = teach(new(), drive(Driver(offset), 240))
    assert records[-1].progress == 1.0 and off_by(records[-1], offset) < 1.5
    assert records[1500].progress > 0.9 and off_by(records[1500], offset) < 1.5  # after two and a half minutes
    assert records[550] == msgspec.structs.replace(NOTHING, progress=records[550].progress)  # not before one


@pytest.mark.parametrize("cabin", ["example_lhd", "example_rhd"])
def test_scattered_looks_and_a_noisy_reader_are_found_too(cabin: str) -> None:
    """Each look at the road goes somewhere else on it, 4 degrees round its centre."""
    scatter = [(4 * math.cos(n * 2.4), 4 * math.sin(n * 2.4)) for n in range(50)]

    def where(t: float) -> Place:
        yaw, pitch = scatter[int(t // 1.3) % 50]
        return (ROAD[0] + yaw, ROAD[1] + pitch) if t % 4 < 3 else ELSEWHERE[int(t // 4) % 3]

    records = teach(new(cabin=load_cabin(cabin)), drive(Driver((3.0, -4.0), noise=5.0), 300, where))
    assert records[-1].progress == 1.0 and off_by(records[-1], (3.0, -4.0)) < 1.5


def test_progress_is_a_share_that_never_jumps_and_the_offset_never_leaps() -> None:
    records = teach(new(), drive(Driver((5.0, 0.0)), 240))
    steps = list(pairwise(records))
    assert all(0.0 <= b.progress - a.progress < 0.13 for a, b in steps)
    assert all(off_by(a, (b.yaw_deg, b.pitch_deg)) <= RULES.rate_deg_s * 0.1 + 0.02 for a, b in steps)


def looks(*places: tuple[Place, float]) -> Callable[[float], Place]:
    """Places with their seconds, over and over."""
    whole = sum(seconds for _, seconds in places)

    def where(t: float) -> Place:
        left = t % whole
        for place, seconds in places:
            if left < seconds:
                return place
            left -= seconds
        return places[-1][0]

    return where


UNLAWFUL: dict[str, tuple[Place, Callable[[float], Place]]] = {
    "lap only": ((0.0, 0.0), lambda t: LAP),
    "lap, with short looks at the road": ((0.0, 0.0), looks((LAP, 4.0), (ROAD, 1.0))),
    "lap, and a reader that lifts it by 8 degrees": ((0.0, -8.0), looks((LAP, 6.0), (ROAD, 1.5))),
    "cluster": ((0.0, -7.0), looks((CLUSTER, 3.0), (ELSEWHERE[0], 0.8))),
    "phone at the top of the wheel, lifted into reach": ((0.0, -8.0), looks((WHEEL_TOP, 3.0), (ROAD, 1.0))),
    "one long stare": ((5.0, 0.0), lambda t: ROAD),
    "nowhere in particular": ((0.0, 0.0), lambda t: (-60 + 13.7 * int(t) % 120, -40 + 7.3 * int(t) % 60)),
}


@pytest.mark.parametrize("name", UNLAWFUL)
def test_what_is_not_the_road_is_not_learned(name: str) -> None:
    offset, where = UNLAWFUL[name]
    calibration = new()
    records = teach(calibration, drive(Driver(offset), 400, where))
    assert all((r.yaw_deg, r.pitch_deg) == (0.0, 0.0) and r.progress < RULES.use_from for r in records)
    picture = Driver(offset).picture(401.0, LAP)
    assert calibration.corrected(picture.gaze, picture.head) is picture.gaze


def test_the_lap_stays_the_lap_after_a_true_calibration() -> None:
    assessor, driver = Assessor(PROFILE, CABIN), Driver((4.0, -4.0))
    feed(assessor, drive(driver, 180))
    states = feed(assessor, drive(driver, 120, looks((LAP, 8.0), (ROAD, 2.0)), start=180.0))
    late = [s for s in states if s.t > 190 and 2.0 < (s.t - 180) % 10 < 8.0]
    assert {s.attention.zone for s in late} <= {"lap", "knee", "other"}
    assert all(s.readiness != "ready" for s in late)
    assert math.dist(learned(states[-1])[1:], (4.0, -4.0)) < 1.5


WAITS: dict[str, tuple[dict[str, object], str]] = {
    "parked": ({"speed_kmh": 0.0}, "slower than 50 km/h"),
    "slow": ({"speed_kmh": 49.0}, "slower than 50 km/h"),
    "speed unknown": ({"speed_kmh": None}, "vehicle speed unknown"),
    "reverse": ({"gear": "R"}, "gear R"),
    "the car drives itself": ({"l3_state": "active"}, "Level 3 state active"),
    "nobody knows who drives": ({"l3_state": None}, "Level 3 state unknown"),
}


@pytest.mark.parametrize("name", WAITS)
def test_nothing_is_learned_unless_the_driver_drives(name: str) -> None:
    inputs, reason = WAITS[name]
    states = feed(Assessor(PROFILE, CABIN), drive(Driver((5.0, 0.0)), 180, fps=8, inputs=lambda t: by_hand(t, **inputs)))
    assert all(learned(s) == (0.0, 0.0, 0.0) for s in states)
    assert states[-1].because[-1] == f"gaze self-calibration 0 %, used from 50%; waits: {reason}"


PICTURES: dict[str, dict[str, object]] = {
    "eyes shut": {"eyes": {"left": SHUT, "right": SHUT}},
    "eyes hidden": {"eyes": {"left": HIDDEN, "right": HIDDEN}},
    "no eyes told": {"eyes": None},
    "no head": {"head": None},
    "no gaze": {"gaze": None},
    "no face": {"face": Face(present=False)},
    "head turned far": {"head": Head(forward_camera=camera_frame((40.0, 0.0)), up_camera=(0.0, -1.0, 0.0))},
    "head that makes no sense": {"head": Head(forward_camera=(0.0, -1.0, 0.0), up_camera=(0.0, -1.0, 0.0))},
    "one eye, guessed": {"gaze": Gaze(direction_camera=camera_frame(ROAD), std_deg=18.0)},
}


@pytest.mark.parametrize("name", PICTURES)
def test_only_open_visible_eyes_of_a_head_to_the_front_teach(name: str) -> None:
    driver = Driver((5.0, 0.0))
    stream = ((by_hand(n / 8), driver.picture(n / 8, scanning(n / 8), **PICTURES[name])) for n in range(8 * 200))
    assert teach(new(), stream)[-1] == NOTHING


def test_a_driver_who_is_warned_or_drowsy_teaches_nothing() -> None:
    assert teach(new(), drive(Driver((5.0, 0.0)), 200), alert=False)[-1] == NOTHING


@pytest.mark.parametrize("fps", [1.0, 3.0])
def test_gaps_teach_nothing(fps: float) -> None:
    assert teach(new(), drive(Driver((5.0, 0.0)), 600, fps=fps))[-1] == NOTHING


def test_a_stare_in_pieces_is_one_look() -> None:
    """Gaps and blinks in it are no looks away."""
    driver = Driver((5.0, 0.0))
    times = [n / 10 for n in range(4000) if n % 50 > 10]
    found = teach(new(), ((by_hand(t), driver.picture(t, ROAD)) for t in times))[-1]
    assert found.progress <= 1 / RULES.looks_min


def test_one_snapshot_told_for_minutes_teaches_nothing() -> None:
    picture = Driver((5.0, 0.0)).picture(0.0, ROAD)
    stream = ((by_hand(n / 10), msgspec.structs.replace(picture, t=n / 10)) for n in range(3000))
    assert teach(new(), stream)[-1].progress <= 1 / RULES.looks_min


def test_many_looks_in_a_short_time_are_not_minutes() -> None:
    quick = looks((ROAD, 1.0), (ELSEWHERE[0], 0.7))
    assert teach(new(), drive(Driver((5.0, 0.0)), 55, quick))[-1].progress < RULES.use_from


def gone(t: float) -> VehicleState:
    return by_hand(t, seat=False, speed_kmh=0.0)


def unbuckled(t: float) -> VehicleState:
    return by_hand(t, belt=False, speed_kmh=0.0)


@pytest.mark.parametrize("change", ["seat", "belt", "ignition", "no pictures", "no face"])
def test_the_next_driver_starts_anew(change: str) -> None:
    assessor, first, second = Assessor(PROFILE, CABIN), Driver((5.0, 0.0)), Driver((-5.0, 0.0), seed=2)
    assert learned(feed(assessor, drive(first, 180))[-1])[0] == 1.0
    if change in ("seat", "belt", "ignition"):
        said = {"seat": gone, "belt": unbuckled, "ignition": lambda t: by_hand(t, ignition="off")}[change]
        feed(assessor, drive(first, 3, start=180.0, inputs=said))
    elif change == "no face":
        for n in range(120):
            assessor.step(first.picture(180 + n / 10, ROAD, face=Face(present=False), head=None, gaze=None, eyes=None))
    states = feed(assessor, drive(second, 240, start=200.0))
    assert learned(states[0]) == (0.0, 0.0, 0.0)
    assert math.dist(learned(states[-1])[1:], (-5.0, 0.0)) < 1.5


def test_a_seat_left_while_the_camera_is_dark_starts_anew() -> None:
    assessor, driver = Assessor(PROFILE, CABIN), Driver((5.0, 0.0))
    feed(assessor, drive(driver, 180))
    for n in range(50):
        assessor.step(gone(180 + n / 10))
    assert learned(feed(assessor, drive(driver, 1, start=186.0))[0]) == (0.0, 0.0, 0.0)


def test_a_change_of_driver_that_nobody_saw_ends_the_trust() -> None:
    calibration = new()
    assert teach(calibration, drive(Driver((5.0, 0.0)), 180))[-1].progress == 1.0
    records = teach(calibration, drive(Driver((-2.0, 0.0), seed=2), 900, start=180.1))
    assert any(r.progress == 0.0 for r in records) and off_by(records[-1], (-2.0, 0.0)) < 1.5


def test_complete_it_only_drifts() -> None:
    calibration = new()
    before = teach(calibration, drive(Driver((5.0, 0.0)), 240))[-1]
    after = teach(calibration, drive(Driver((3.0, 0.0), seed=3), 60, start=240.1))[-1]
    assert after.progress == 1.0 and off_by(after, (before.yaw_deg, before.pitch_deg)) <= 60 * RULES.drift_deg_s + 0.02


def test_complete_it_outlasts_a_drive_without_evidence() -> None:
    calibration = new()
    before = teach(calibration, drive(Driver((5.0, 0.0)), 240))[-1]
    alone = drive(Driver((5.0, 0.0)), 240, lambda t: ELSEWHERE[2], 240.1, inputs=lambda t: by_hand(t, l3_state="active"))
    assert teach(calibration, alone)[-1] == before


def test_a_driver_file_leaves_only_a_little_to_refine() -> None:
    assert teach(new(known=True), drive(Driver((5.0, 0.0), std=5.3), 300))[-1] == NOTHING
    refined = teach(new(known=True), drive(Driver((2.0, -1.0), std=5.3), 300))[-1]
    assert refined.progress == 1.0 and off_by(refined, (2.0, -1.0)) < 1.0


def test_a_precise_reading_is_not_moved_by_more_than_two_of_its_stds() -> None:
    assert teach(new(), drive(Driver((5.0, 0.0), noise=1.0, std=1.5), 300))[-1] == NOTHING


def zones(assessor: Assessor, place: Place, driver: Driver, t: float) -> set[str]:
    return {s.attention.zone for s in feed(assessor, drive(driver, 2, lambda t: place, start=t))[10:]}


def test_nobody_is_ready_before_the_evidence_is_there_and_the_true_road_is_known_after() -> None:
    """Uncalibrated the road is unknown, as ever; once learned, the same readings give the road."""
    driver, assessor = Driver((5.0, -5.0)), Assessor(PROFILE, CABIN)
    parked = drive(Driver((5.0, -5.0)), 40, inputs=lambda t: by_hand(t, speed_kmh=0.0))
    plain = feed(Assessor(PROFILE, CABIN), parked)
    states = feed(assessor, drive(Driver((5.0, -5.0)), 180))
    assert [s.attention.zone for s in states[: len(plain)]] == [s.attention.zone for s in plain]
    early = [s for s in states if learned(s)[0] < RULES.use_from]
    assert len(early) > 500 and all(s.readiness != "ready" for s in early)
    assert any(s.attention.zone == "unknown" for s in early)
    assert zones(assessor, ROAD, driver, 181.0) == {"road"}
    assert zones(assessor, (0.0, 12.0), driver, 184.0) == {"road"}
    assert zones(assessor, CLUSTER, driver, 187.0) == {"cluster"}
    last = states[-1]
    assert last.confidence is not None and last.confidence >= PROFILE.rules.readiness.confidence_min
    assert last.because[-1].startswith("gaze self-calibration 100 %, yaw +")


def std_after(calibration_known: bool, std: float, offset: Place = (2.0, 0.0)) -> float:
    calibration = new(calibration_known)
    teach(calibration, drive(Driver(offset, std=std), 240))
    picture = Driver(offset, std=std).picture(241.0, ROAD)
    gaze = calibration.corrected(picture.gaze, picture.head)
    assert gaze is not None and gaze.std_deg is not None
    return gaze.std_deg


def test_uncertainty_falls_to_what_is_left_and_never_below_the_floor() -> None:
    assert std_after(False, 10.2) == pytest.approx(math.sqrt(10.2**2 - RULES.bias_std_deg**2), abs=0.1)
    assert std_after(False, 7.0) == pytest.approx(RULES.std_min_deg, abs=0.1)
    assert std_after(False, 3.0) == pytest.approx(3.0, abs=0.1)  # never made worse
    assert std_after(True, 5.3) == pytest.approx(5.3, abs=0.1)  # a driver file has taken it away already


def test_time_reversed_is_refused_and_teaches_nothing() -> None:
    calibration = new()
    backwards = list(drive(Driver((5.0, 0.0)), 200))[::-1]
    assert teach(calibration, iter(backwards))[-1] == NOTHING
    assessor = Assessor(PROFILE, CABIN)
    feed(assessor, drive(Driver((5.0, 0.0)), 2))
    with pytest.raises(RecordError, match="time runs backwards"):
        assessor.step(Driver((5.0, 0.0)).picture(1.0, ROAD))


def test_nan_cannot_enter() -> None:
    with pytest.raises(RecordError):
        Gaze(direction_camera=(math.nan, 0.0, -1.0))
    with pytest.raises(RecordError):
        Gaze(direction_camera=camera_frame(ROAD), std_deg=math.nan)


def test_a_driver_file_and_its_absence_reach_the_assessment() -> None:
    baseline = DriverBaseline(name="anna", gaze_yaw_deg=1.0, gaze_pitch_deg=0.0, gaze_std_deg=5.0)
    states = feed(Assessor(PROFILE, CABIN, baseline), drive(Driver((5.0, 0.0), std=5.3), 150))
    assert all(learned(s) == (0.0, 0.0, 0.0) for s in states)


places = st.sampled_from([ROAD, LAP, CLUSTER, WHEEL_TOP, *ELSEWHERE]) | st.tuples(st.floats(-90, 90), st.floats(-60, 40))
stretch = st.tuples(places, st.floats(0.1, 20.0), st.sampled_from([0.0, 0.05, 3.0, 30.0]), st.sampled_from([0.0, 60.0, 120.0]))


@settings(max_examples=25, deadline=None)
@given(st.lists(stretch, max_size=12), st.tuples(st.floats(-15, 15), st.floats(-15, 15)), st.integers(0, 5))
def test_whatever_the_stream_the_offset_stays_inside_its_clamp_and_moves_slowly(
    stretches: list[tuple[Place, float, float, float]], offset: Place, seed: int
) -> None:
    calibration, driver, t, before = new(), Driver(offset, seed=seed), 0.0, NOTHING
    for place, seconds, wait, speed in stretches:
        t += wait
        for record in teach(
            calibration, drive(driver, seconds, lambda t, p=place: p, t, 7.0, lambda t, v=speed: by_hand(t, speed_kmh=v))
        ):
            assert math.hypot(record.yaw_deg, record.pitch_deg) <= RULES.offset_max_deg + 0.01
            assert off_by(record, (before.yaw_deg, before.pitch_deg)) <= max(0.05, math.hypot(before.yaw_deg, before.pitch_deg))
            before = record
        t += seconds
        picture = driver.picture(t, place)
        corrected = calibration.corrected(picture.gaze, picture.head)
        assert (corrected is picture.gaze) or before.progress >= RULES.use_from
