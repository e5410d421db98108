"""What supports a finding of drowsiness or is only shown: blink rate, nods, yawns, time on task."""

import math
from collections.abc import Callable

import pytest
from drives import PROFILE, observation
from hypothesis import given, settings
from hypothesis import strategies as st
from lid_traces import closing, closures, pictures, states

from dms.assessment.nods import Nods
from dms.assessment.time_on_task import TimeOnTask
from dms.assessment.windows import Tick
from dms.assessment.yawns import Yawns
from dms.records import Face, Hand, Head, Mouth, Observation, VehicleState

RULES = PROFILE.rules
FPS = 20.0


# ---------------------------------------------------------------- blinks


@pytest.mark.requirement("MET-09")
@pytest.mark.parametrize("per_minute", [3, 15, 40])
def test_MET09_the_blink_rate_changes_no_decision(per_minute: int) -> None:
    blink, every_s = closing(0.5, 0.1), 60.0 / per_minute
    last = states(pictures(lambda t: blink(t % every_s), 9.7, 75.0, FPS))[-1]
    assert last.drowsiness.blinks_60s == pytest.approx(per_minute, abs=1)
    assert (last.drowsy, last.warning, last.drowsiness.perclos_60s, last.drowsiness.event) == (False, None, 0.0, None)


@pytest.mark.requirement("MET-11")
def test_MET11_no_blink_statistics_under_fifteen_pictures_a_second_but_perclos() -> None:
    last = states(pictures(closures([(70.0 + 6 * n, 0.9) for n in range(10)]), 9.7, 129.0, 8.0))[-1].drowsiness
    assert (last.blinks_60s, last.blinks_total, last.mean_closure_s, last.kss) == (None, 0, None, None)
    assert last.p80_60s == pytest.approx(0.15, abs=0.02) and last.perclos_60s is not None


# ---------------------------------------------------------------- nods


def nodding(depth_deg: float, seconds: float, lids_shut: bool, every_s: float = 20.0) -> list[Observation]:
    """The head sinks for most of ``seconds`` and jerks up in 0.3 s."""
    found = []
    for n in range(round(65.0 * FPS)):
        t = n / FPS
        x = t % every_s - 5.0
        sunk = max(0.0, min(x / (seconds - 0.3), (seconds - x) / 0.3))
        found.append(tilted(t, -depth_deg * sunk, lids_shut and sunk > 0.5))
    return found


def tilted(t: float, pitch_deg: float, shut: bool) -> Observation:
    """Head at this pitch against straight ahead; the camera looks up by 12 degrees."""
    angle = math.radians(12.0 + pitch_deg)
    forward, up = (0.0, -math.sin(angle), -math.cos(angle)), (0.0, -math.cos(angle), math.sin(angle))
    head = Head(forward_camera=forward, up_camera=up, position_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0)
    return observation(t, shut, head=head)


def test_nods_with_low_lids_are_counted_and_looks_down_are_not() -> None:
    assert states(nodding(14.0, 1.6, True))[-1].drowsiness.nods_total == 3
    assert states(nodding(14.0, 1.6, False))[-1].drowsiness.nods_total == 0
    assert states(nodding(5.0, 1.6, True))[-1].drowsiness.nods_total == 0


def test_a_new_way_of_sitting_is_no_nod() -> None:
    nods = Nods(RULES.nod)
    for n in range(600):
        t = n / FPS
        pitch = -12.0 if t > 20.0 else -12.0 * max(0.0, t - 10.0) / 10.0
        nods.step(Tick(t, 1 / FPS, False), tilted(t, pitch, False), True, None)
    assert nods.count == 0


def test_a_head_that_sinks_and_stays_down_is_the_new_usual() -> None:
    """Found by the never-false-ready machine: it ended the assessment with an exception."""
    nods = Nods(RULES.nod)
    for n in range(200):
        t = n / 10
        nods.step(Tick(t, 0.1, False), tilted(t, -20.0 if t > 5.0 else 0.0, True), True, None)
    assert nods.count == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(-60.0, 60.0)), st.booleans()), max_size=200))
def test_nods_need_a_head_that_is_seen(rows: list[tuple[float | None, bool]]) -> None:
    nods = Nods(RULES.nod)
    for n, (pitch, shut) in enumerate(rows):
        picture = observation(n / 10) if pitch is None else tilted(n / 10, pitch, shut)
        nods.step(Tick(n / 10, 0.1, False), None if pitch is None else picture, shut, None)
    assert nods.count <= sum(pitch is not None for pitch, _ in rows) // 2


# ---------------------------------------------------------------- yawns

WIDE, CALM = Mouth(opening_mm=42.0, yawn=0.97), Mouth(opening_mm=3.0, yawn=0.02)
BOX = (100.0, 100.0, 200.0, 240.0)
OVER_MOUTH = Hand(landmarks_px=[(200.0, 290.0)] * 21)
ON_WHEEL = Hand(landmarks_px=[(200.0, 600.0)] * 21)


def yawns(mouth: Callable[[float], tuple[Mouth | None, Hand]], seconds: float = 30.0) -> int:
    found = Yawns(RULES.yawn)
    for n in range(round(seconds * FPS)):
        t = n / FPS
        lips, hand = mouth(t)
        found.step(Tick(t, 1 / FPS, False), Observation(t=t, face=Face(present=True, box_px=BOX), mouth=lips, hands=[hand]))
    return found.count


@pytest.mark.requirement("MET-12")
@pytest.mark.parametrize(("seconds", "count"), [(1.0, 0), (3.0, 1), (6.0, 1), (11.0, 1), (15.0, 0)])
def test_MET12_a_yawn_lasts_seconds(seconds: float, count: int) -> None:
    """Speech and bites are shorter, a mouth that stays open is no yawn."""
    assert yawns(lambda t: (WIDE if 5.0 <= t < 5.0 + seconds else CALM, ON_WHEEL)) == count


@pytest.mark.requirement("MET-12")
def test_MET12_a_hand_before_the_mouth_carries_a_yawn_on() -> None:
    opened = lambda t, hand: (WIDE if 5.0 <= t < 5.8 else CALM, hand if 5.8 <= t < 10.0 else ON_WHEEL)  # noqa: E731
    assert yawns(lambda t: opened(t, OVER_MOUTH)) == 1
    assert yawns(lambda t: opened(t, ON_WHEEL)) == 0
    assert yawns(lambda t: (CALM, OVER_MOUTH if 5.0 <= t < 10.0 else ON_WHEEL)) == 0
    assert yawns(lambda t: (WIDE if 5.0 <= t < 5.8 else None if 5.8 <= t < 10.0 else CALM, ON_WHEEL)) == 1


@pytest.mark.requirement("MET-12")
def test_MET12_nods_and_yawns_alone_decide_nothing() -> None:
    """A yawn of 6 s every 20 s and a sinking head, lids shut for a moment only."""

    def picture(t: float) -> Observation:
        x = t % 20.0 - 12.0
        sunk = max(0.0, min(x / 1.2, (1.5 - x) / 0.3))
        seen = tilted(t, -14.0 * sunk, shut=sunk > 0.8)
        eyes = seen.eyes
        return observation(t, eyes=eyes, head=seen.head, mouth=WIDE if t % 20.0 < 6.0 else CALM)

    told = states([picture(n / FPS) for n in range(round(125 * FPS))])
    last = told[-1].drowsiness
    assert last.yawns_total >= 5 and last.nods_total >= 5
    assert not any(state.drowsy or state.warning is not None for state in told)


# ---------------------------------------------------------------- time on task


def task(told: list[tuple[float, VehicleState]]) -> TimeOnTask:
    found = TimeOnTask(RULES.task)
    for t, inputs in told:
        found.step(t, inputs)
    return found


def journey(*parts: tuple[float, float | None], every_s: float = 1.0, **inputs: object) -> list[tuple[float, VehicleState]]:
    """(seconds, speed) one after the other."""
    told, t = [], 0.0
    for seconds, speed in parts:
        for _ in range(round(seconds / every_s)):
            told.append((t, VehicleState(t=t, speed_kmh=speed, **inputs)))  # type: ignore[arg-type]
            t += every_s
    return told


def test_time_on_task_counts_driving_and_forgets_it_after_a_break() -> None:
    driven = task(journey((3600, 100.0)))
    assert driven.driven_s == pytest.approx(3600, abs=2) and driven.since_break_s == pytest.approx(3600, abs=2)
    stopped = task(journey((3600, 100.0), (300, 0.0), (600, 60.0)))
    assert stopped.driven_s == pytest.approx(4200, abs=2) and stopped.since_break_s == pytest.approx(4500, abs=2)
    rested = task(journey((3600, 100.0), (1000, 0.0), (600, 60.0)))
    assert rested.driven_s == pytest.approx(4200, abs=3) and rested.since_break_s == pytest.approx(600, abs=2)


def test_time_on_task_ends_with_the_ignition() -> None:
    told = [*journey((600, 50.0)), (600.0, VehicleState(t=600.0, ignition="off", speed_kmh=0.0))]
    assert task(told).driven_s == 0.0
    again = [*told, *((t + 700.0, inputs) for t, inputs in journey((60, 50.0), ignition="on"))]
    assert task(again).driven_s == pytest.approx(60, abs=2) and task(again).since_break_s == pytest.approx(760, abs=3)


def test_time_on_task_is_unknown_where_no_speed_is_told() -> None:
    assert task(journey((600, None))).driven_s is None
    lost = task(journey((600, 50.0), (60, None)))
    assert lost.driven_s is None and lost.since_break_s is None
    assert task(journey((600, 50.0), (60, None), (10, 50.0))).driven_s == pytest.approx(670, abs=2)  # not knowing is no break


def test_time_on_task_stands_in_the_state_records_even_without_a_camera() -> None:
    told = states(pictures(lambda t: 1.0, 9.7, 5.0, 10.0))
    assert told[-1].drowsiness.driven_s == 4.0  # whole seconds
    blind = states(pictures(lambda t: 1.0, 9.7, 5.0, 10.0), speed=lambda t: None)
    assert blind[-1].drowsiness.driven_s is None and blind[-1].drowsiness.since_break_s is None
