"""Blinks, slow closures, sleep, and PERCLOS of what the lids did."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.driver.behaviour.blinks import Blinks, Course
from hil.driver.behaviour.drowsiness import BLINK_CUT_S, SHUT_SHARE, Drowsiness, Perclos
from hil.driver.behaviour.gaze import Lean

RATE = 240.0


def blinks_of(kss: float, seconds: float = 600.0, seed: int = 1) -> list[Course]:
    blinks, found = Blinks(np.random.default_rng(seed)), []
    for i in range(int(seconds * RATE)):
        before = blinks.total
        blinks.step(i / RATE, kss)
        if blinks.total > before and blinks.last is not None:
            found.append(blinks.last)
    return found


def half_duration(course: Course) -> float:
    """Time above half amplitude."""
    times = np.arange(course.start, course.end, 1 / 2000)
    return float(sum(course.at(t)[0] > course.depth / 2 for t in times) / 2000)


def test_a_blink_closes_fast_and_opens_slowly() -> None:
    course = Course(1.0, 0.075, 0.03, 0.165, 1.0)
    times = np.arange(1.0, course.end, 1 / 2000)
    shut = np.array([course.at(t)[0] for t in times])
    speed = np.diff(shut) * 2000
    assert shut.max() == 1.0 and course.at(0.99) == (0.0, "open") and course.at(course.end) == (0.0, "open")
    assert speed.max() > 1.3 * -speed.min()
    opening = shut[times > 1.105]
    assert np.argmax(opening < 0.5) / 2000 < 0.4 * 0.165  # most of the way in the first part
    assert [course.at(1.0 + x)[1] for x in (0.03, 0.09, 0.2)] == ["closing", "shut", "opening"]


@pytest.mark.parametrize(("kss", "low", "high"), [(1.0, 0.085, 0.125), (9.0, 0.13, 0.20)])
def test_blink_durations_follow_sleepiness(kss: float, low: float, high: float) -> None:
    whole = [half_duration(b) for b in blinks_of(kss) if b.depth == 1.0]
    assert low < np.median(whole) < high


def test_phases_have_their_times_in_the_alert() -> None:
    found = [b for b in blinks_of(2.0) if b.depth == 1.0]
    assert 0.06 < np.median([b.closing for b in found]) < 0.09
    assert 0.02 < np.median([b.shut for b in found]) < 0.05
    assert 0.14 < np.median([b.opening for b in found]) < 0.20


@pytest.mark.parametrize("kss", [1.0, 5.0, 9.0])
def test_rate_and_incomplete_blinks(kss: float) -> None:
    found = blinks_of(kss, 1200.0)
    assert 12.0 < len(found) / 20.0 < 22.0
    assert 0.05 < sum(b.depth < 1.0 for b in found) / len(found) < 0.3


def test_large_gaze_shifts_take_a_blink_along() -> None:
    def answered(degrees: float) -> int:
        count = 0
        for seed in range(60):
            blinks = Blinks(np.random.default_rng(seed))
            blinks._next = 50.0
            blinks.shifted(1.0, degrees)
            count += any(blinks.step(1.0 + i / RATE, 2.0)[1] != "open" for i in range(20))
        return count

    assert answered(10.0) == 0
    assert answered(60.0) > 30


def brute(lids: list[float], window: int) -> float:
    """Counts samples of closures that last at least ``BLINK_CUT_S``, over the whole record, then those in the window."""
    shut = [v <= SHUT_SHARE for v in lids]
    counted = [False] * len(lids)
    i = 0
    while i < len(lids):
        j = i
        while j < len(lids) and shut[j]:
            j += 1
        if (j - i) / RATE >= BLINK_CUT_S - 1e-9:
            counted[i:j] = [True] * (j - i)
        i = max(j, i + 1)
    last = counted[-window:]
    return sum(last) / len(last)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.floats(0.05, 6.0), st.floats(0.02, 2.0)), min_size=8, max_size=30))
def test_perclos_equals_a_brute_force_count(spans: list[tuple[float, float]]) -> None:
    lids: list[float] = []
    for open_s, shut_s in spans * 3:
        lids += [0.9] * int(open_s * RATE) + [0.1] * int(shut_s * RATE)
    perclos = Perclos()
    for i, v in enumerate(lids):
        perclos.step((i + 1) / RATE, 1 / RATE, (v, v))
    share = perclos.share(len(lids) / RATE)
    if len(lids) / RATE < 30.0:
        assert share is None
    else:
        assert share == pytest.approx(brute(lids, int(60 * RATE)), abs=1e-3)


def test_perclos_leaves_out_blinks_and_absence() -> None:
    perclos, t = Perclos(), 0.0
    for second in range(40):
        for i in range(240):
            t += 1 / RATE
            perclos.step(t, 1 / RATE, (0.0, 0.0) if i < 40 else (1.0, 1.0))  # 0.17 s each second
        if second == 28:
            assert perclos.share(t) is None
    assert perclos.share(t) == 0.0
    for _ in range(240):
        t += 1 / RATE
        perclos.step(t, 1 / RATE, None)
    assert perclos.closed_s == 0.0 and perclos.share(t) == 0.0


def sleepy_perclos(kss: float) -> float:
    rng = np.random.default_rng(4)
    blinks, drowsy, perclos = Blinks(rng), Drowsiness(rng, Lean()), Perclos(300.0)
    for i in range(int(300 * RATE)):
        t = i / RATE
        shut = drowsy.step(t, 1 / RATE, kss)
        blink, _ = blinks.step(t, kss, able=drowsy.kind is None)
        share = (1 - shut) * (1 - blink)
        perclos.step(t, 1 / RATE, (share, share))
    found = perclos.share(300.0)
    assert found is not None
    return found


@pytest.mark.slow
def test_perclos_rises_with_sleepiness() -> None:
    found = [sleepy_perclos(kss) for kss in (2.0, 6.0, 7.5, 8.6, 9.0)]
    assert found[0] < 0.01 and found[1] < 0.08
    assert found[3] > 0.1 and found[4] > 0.15
    assert found == sorted(found)


def test_microsleep_lasts_as_asked_and_waking_is_quick() -> None:
    drowsy = Drowsiness(np.random.default_rng(1), Lean())
    shut = []
    for i in range(int(12 * RATE)):
        t = i / RATE
        if i == 240:
            drowsy.fall(t, "microsleep", 2.0)
        if i == 1440:
            drowsy.fall(t, "sleep", 60.0)
        if i == 2400:
            assert drowsy.asleep(t)
            drowsy.wake(t)
        shut.append(drowsy.step(t, 1 / RATE, 3.0))
    closed = np.array(shut) >= 0.8
    assert 1.9 < closed[:1440].sum() / RATE < 2.6
    assert closed[2300] and not closed[2400 + int(0.25 * RATE) :].any()
    assert drowsy.felt(10.5, 7.0) < 5.2 and drowsy.felt(400.0, 7.0) > 6.9
