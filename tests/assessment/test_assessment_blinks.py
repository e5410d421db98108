"""Blinks from the lids' opening: at any frame rate, in any unit, with gaps, and never out of what was not seen."""

import math
from collections.abc import Callable

import pytest
from drives import CABIN, PROFILE
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment import Assessor
from dms.assessment.blinks import Blinks
from dms.assessment.eyes import Lids
from dms.assessment.windows import Tick
from dms.records import Eye, Face, Observation

RULES = PROFILE.rules
Opening = Callable[[float], float | None]
CLOSING_S, SHUT_S, OPENING_S = 0.075, 0.04, 0.17


def lid(x: float) -> float:
    """Share shut, ``x`` seconds into a blink (Evinger: fast down, slower up)."""
    if not 0.0 <= x <= CLOSING_S + SHUT_S + OPENING_S:
        return 0.0
    if x < CLOSING_S:
        return x / CLOSING_S
    return 1.0 - max(0.0, x - CLOSING_S - SHUT_S) / OPENING_S


def blinking(starts: list[float], stretch: float = 1.0, depth: float = 0.95) -> Opening:
    return lambda t: 9.0 * (1.0 - depth * max([lid((t - start) / stretch) for start in starts], default=0.0))


def count(opening: Opening, seconds: float, fps: float, scale: float = 1.0, gaps: tuple[float, ...] = ()) -> Blinks:
    """The detector after ``seconds``; pictures within 0.5 s from each of ``gaps`` are missing."""
    blinks = Blinks(RULES.blink, RULES.closure.blink_max_s, RULES.eyes.shut_openness)
    before = None
    for n in range(round(seconds * fps)):
        t = n / fps
        if any(gap <= t < gap + 0.5 for gap in gaps):
            continue
        dt = 0.0 if before is None else t - before
        value = opening(t)
        lids = Lids(opening=None if value is None else value * scale, scale=None if value is None else "mm")
        blinks.step(Tick(t, dt, dt > RULES.camera.max_gap_s), lids, countable=True)
        before = t
    return blinks


def starts_of(intervals: list[float]) -> list[float]:
    starts, t = [], 0.5
    for interval in intervals:
        t += interval
        starts.append(t)
    return starts


intervals = st.lists(st.floats(0.8, 6.0), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(intervals, st.floats(24.0, 60.0), st.floats(0.8, 1.6))
@pytest.mark.requirement("MET-11")
def test_MET11_every_blink_once_at_any_frame_rate(waits: list[float], fps: float, stretch: float) -> None:
    starts = starts_of(waits)
    blinks = count(blinking(starts, stretch), starts[-1] + 1.0, fps)
    assert blinks.count == len(starts)
    assert blinks.last is not None
    assert blinks.last.start == pytest.approx(starts[-1], abs=0.08)
    assert blinks.last.end - blinks.last.start == pytest.approx(0.19 * stretch, abs=0.07)


@settings(max_examples=40, deadline=None)
@given(intervals, st.floats(15.0, 24.0))
@pytest.mark.requirement("MET-11")
def test_MET11_few_pictures_a_second_see_long_blinks(waits: list[float], fps: float) -> None:
    starts = starts_of(waits)
    assert count(blinking(starts, 1.5), starts[-1] + 1.5, fps).count == len(starts)


@settings(max_examples=40, deadline=None)
@given(intervals, st.floats(0.01, 100.0))
@pytest.mark.requirement("MET-15")
def test_MET15_the_unit_does_not_matter(waits: list[float], scale: float) -> None:
    starts = starts_of(waits)
    one, other = (count(blinking(starts), starts[-1] + 1.0, 30.0, s) for s in (1.0, scale))
    assert one.count == other.count
    assert one.last is not None and other.last is not None
    assert (one.last.start, one.last.end) == pytest.approx((other.last.start, other.last.end), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.4, 1.0), st.floats(1.0, 4.0), st.floats(15.0, 60.0))
@pytest.mark.requirement("MET-13")
def test_MET13_a_slow_turn_of_the_head_is_no_blink(low: float, over_s: float, fps: float) -> None:
    """The opening is seen foreshortened: down to 40 %, for a while, and back."""

    def opening(t: float) -> float:
        turned = min(max((t - 1.0) / over_s, 0.0), 1.0) - min(max((t - 4.0 - over_s) / over_s, 0.0), 1.0)
        return 9.0 * (1.0 - (1.0 - low) * turned)

    assert count(opening, 8.0 + 2 * over_s, fps).count == 0


@settings(max_examples=40, deadline=None)
@given(st.floats(0.68, 1.0), st.floats(0.3, 8.0), st.floats(15.0, 60.0))
@pytest.mark.requirement("MET-13")
def test_MET13_a_look_down_is_no_blink(low: float, dwell_s: float, fps: float) -> None:
    """9.7 to 6.4 mm at 40 degrees, as fast as the eyes move."""
    assert count(lambda t: 9.7 * (low if 2.0 <= t < 2.0 + dwell_s else 1.0), 12.0, fps).count == 0


@pytest.mark.requirement("MET-13")
def test_MET13_blinks_are_counted_again_while_looking_down_for_long() -> None:
    starts = [25.0, 28.0, 31.0]
    opened = blinking(starts)
    assert count(lambda t: (opened(t) or 0.0) * (0.55 if t > 2.0 else 1.0), 33.0, 30.0).count == 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 2.0), st.floats(0.05, 2.0)), min_size=1, max_size=10), st.floats(15.0, 60.0))
@pytest.mark.requirement("MET-05")
def test_MET05_unseen_eyes_never_make_a_blink(steps: list[tuple[float, float]], fps: float) -> None:
    """Open and unseen stretches in turn."""
    edges, t = [], 0.0
    for seen, unseen in steps:
        edges.append((t + seen, t + seen + unseen))
        t += seen + unseen
    assert count(lambda t: None if any(a <= t < b for a, b in edges) else 9.0, t + 0.5, fps).count == 0


@pytest.mark.requirement("MET-05")
def test_MET05_a_closure_with_an_unseen_part_counts_as_neither() -> None:
    opened = blinking([2.0], 2.0)
    assert count(lambda t: None if 2.1 <= t < 2.2 else opened(t), 4.0, 30.0).count == 0
    assert count(opened, 4.0, 30.0, gaps=(2.1,)).count == 0
    assert count(blinking([2.0, 6.0]), 8.0, 30.0, gaps=(3.5,)).count == 2


@pytest.mark.requirement("MET-06")
def test_NCAP05_a_microsleep_is_no_blink_but_a_closure() -> None:
    blinks = count(lambda t: 0.2 if 2.0 <= t < 3.5 else 9.0, 6.0, 30.0)
    assert blinks.count == 0 and blinks.mean_closure_s == pytest.approx(1.5, abs=0.05)


@pytest.mark.requirement("MET-14")
def test_MET14_a_sleeper_s_lids_do_not_become_the_open_level() -> None:
    opened = blinking([40.0])
    assert count(lambda t: 0.5 if 2.0 <= t < 35.0 else opened(t), 42.0, 30.0).count == 1


def test_the_eyelids_may_flicker_on_the_way_up() -> None:
    course = {2.0: 1.0, 2.033: 1.0, 2.067: 8.0, 2.1: 2.0, 2.133: 8.5}
    blinks = count(lambda t: course.get(round(t, 3), 9.0), 3.0, 30.0)
    assert blinks.count == 1
    assert blinks.last is not None and blinks.last.end > 2.1


def test_a_change_of_unit_is_a_new_beginning() -> None:
    blinks = Blinks(RULES.blink, RULES.closure.blink_max_s, RULES.eyes.shut_openness)
    for n in range(120):
        lids = Lids(opening=9.0, scale="mm") if n % 20 < 10 else Lids(opening=0.9, scale="share")
        blinks.step(Tick(n / 30, 1 / 30, False), lids, countable=True)
    assert blinks.count == 0


@pytest.mark.parametrize("told", ["mm", "openness", "all"])
def test_the_state_records_tell_blinks_of_whatever_the_record_holds(told: str) -> None:
    assessor, opened = Assessor(PROFILE, CABIN), blinking([2.0, 4.0, 6.5])
    state = None
    for n in range(240):
        value = opened(n / 30) or 0.0
        share = value / 9.0
        eye = {
            "mm": Eye(visible=1.0, opening_mm=value),
            "openness": Eye(visible=1.0, openness=share),
            "all": Eye(visible=1.0, opening_mm=value, openness=share, closed=float(share < 0.2)),
        }[told]
        state = assessor.step(Observation(t=n / 30, face=Face(present=True), eyes={"left": eye, "right": Eye(visible=0.1)}))
    assert state is not None and state.drowsiness.blinks_total == 3
    last = state.drowsiness.last_blink
    assert last is not None and last.amplitude == pytest.approx(0.95, abs=0.1) and math.isclose(last.start, 6.52, abs_tol=0.03)
