"""Held times and rolling windows: against tables made by hand and against brute force."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment.windows import HeldTime, Tick, Window

Step = tuple[float, bool | None]
Y, N, U = True, False, None


def held(steps: list[Step], tolerance_s: float = 0.5, freeze_max_s: float = 2.0) -> HeldTime:
    """After samples of (seconds since the one before, what is seen)."""
    one, t = HeldTime(tolerance_s, freeze_max_s), 0.0
    for dt, now in steps:
        t += dt
        one.step(Tick(t, dt, False), now)
    return one


@pytest.mark.parametrize(
    ("steps", "held_s", "opposite_s", "unseen_s"),
    [
        ([(0, Y)], 0.0, 0.0, 0.0),
        ([(0, U)], 0.0, 0.0, 0.0),
        ([(0, Y), (1, Y), (1, Y)], 2.0, 0.0, 0.0),
        ([(0, Y), (1, N)], 1.0, 0.0, 0.0),
        ([(0, Y), (1, N), (0.25, N)], 1.0, 0.25, 0.0),  # shorter than the tolerance: still held
        ([(0, Y), (1, N), (0.5, N)], 0.0, 0.5, 0.0),  # as long as it: over
        ([(0, Y), (1, N), (0.5, Y)], 0.0, 0.0, 0.0),  # also when it ends with this sample
        ([(0, Y), (1, N), (0.25, Y), (1, Y)], 2.0, 0.0, 0.0),  # the short break itself is not held
        ([(0, Y), (1, U), (1, Y), (1, Y)], 2.0, 0.0, 0.0),  # unseen freezes
        ([(0, Y), (1, U), (2, U)], 1.0, 0.0, 2.0),
        ([(0, Y), (1, U), (2.25, U)], 0.0, 0.0, 2.25),  # frozen for too long forgets
        ([(0, Y), (1, U), (2.25, Y)], 0.0, 0.0, 0.0),
        ([(0, N), (1, U), (0.5, U)], 0.0, 1.0, 0.5),
        ([(0, N), (1, U), (0.75, U)], 0.0, 0.0, 0.75),  # the opposite is forgotten after the tolerance
        ([(0, U), (1, U), (1, N), (1, N)], 0.0, 1.0, 0.0),
        ([(0, Y), (1, N), (0.25, U), (0.25, N), (0.25, N)], 0.0, 0.5, 0.0),
        ([(0, Y), (1, N), (0.25, U), (0.25, N), (0.2, N)], 1.0, 0.45, 0.0),
        ([(0, Y), (1, U), (0.5, N), (0.4, U), (0.4, U), (0.5, U)], 1.0, 0.0, 0.9),
        ([(0, Y), (1, U), (1.5, N), (0.4, U), (0.4, U), (1.5, U)], 0.0, 0.0, 1.9),  # a moment of the opposite bridges nothing
    ],
)
def test_held_time_by_hand(steps: list[Step], held_s: float, opposite_s: float, unseen_s: float) -> None:
    one = held(steps)
    assert (one.held, one.opposite, one.unseen) == pytest.approx((held_s, opposite_s, unseen_s))


def test_time_before_a_gap_counts_for_nothing() -> None:
    """What was seen before too long a pause does not stand for the pause."""
    for seen in (Y, N):
        one = HeldTime(10.0, 10.0)
        one.step(Tick(0.0, 0.0, False), seen)
        one.step(Tick(1.0, 1.0, False), seen)
        one.step(Tick(4.0, 3.0, True), seen)
        assert (one.held, one.opposite) == ((1.0, 0.0) if seen else (0.0, 1.0)) and one.unseen == 0.0


def test_the_length_of_the_opposite_is_told_also_as_it_ends() -> None:
    one = HeldTime(0.5, 2.0)
    told = [one.step(Tick(float(n), float(n > 0), False), now) for n, now in enumerate((Y, N, N, N, Y, Y))]
    assert told == [0.0, 0.0, 1.0, 2.0, 3.0, 0.0]


def test_a_change_told_late_counts_from_when_it_began() -> None:
    """Away since 0.25 s ago, then back since 0.5 s ago; a step of 1 s each."""
    one = HeldTime(0.5, 2.0)
    one.step(Tick(0.0, 0.0, False), N)
    one.step(Tick(1.0, 1.0, False), Y, late_s=0.25)
    assert (one.held, one.opposite) == (0.25, 0.0)
    assert one.step(Tick(2.0, 1.0, False), Y) == 0.0
    assert one.held == 1.25
    assert one.step(Tick(3.0, 1.0, False), N, late_s=0.5) == 0.5
    assert (one.held, one.opposite) == (0.0, 0.5)


def test_a_late_change_takes_no_more_than_there_is() -> None:
    one = HeldTime(5.0, 2.0)
    one.step(Tick(0.0, 0.0, False), Y)
    one.step(Tick(0.25, 0.25, False), N, late_s=1.0)
    assert (one.held, one.opposite) == (0.0, 1.0)
    other = HeldTime(5.0, 2.0)
    other.step(Tick(0.0, 0.0, False), N)
    assert other.step(Tick(0.25, 0.25, False), Y, late_s=1.0) == 0.0
    assert other.held == 1.0


def test_a_late_short_break_does_not_end_it() -> None:
    one = HeldTime(0.5, 2.0)
    one.step(Tick(0.0, 0.0, False), Y)
    one.step(Tick(2.0, 2.0, False), N, late_s=0.25)
    assert (one.held, one.opposite) == (1.75, 0.25)
    one.step(Tick(2.125, 0.125, False), Y)
    assert (one.held, one.opposite) == (1.75, 0.0)


stretches = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12)), max_size=12)


def runs(cells: set[int]) -> int:
    """Number of stretches without a hole."""
    return len([c for c in cells if c - 1 not in cells])


@settings(max_examples=150, deadline=None)
@given(stretches, st.integers(1, 20), st.integers(0, 10), st.integers(0, 30), st.integers(-40, 40))
def test_window_against_brute_force(steps: list[tuple[int, int]], width: int, pause: int, back: int, begin: int) -> None:
    """Stretches (pause before, length) in quarters of a second; the last ``back`` quarters are taken back at the end."""
    window, t, cells = Window(width / 4), begin, set()

    def check() -> None:
        inside = {c for c in cells if c >= t - width}
        assert window.total(t / 4) == pytest.approx(len(inside) / 4)
        assert window.count(t / 4) == runs(inside)

    for before, length in steps:
        t += before
        window.add(t / 4, (t + length) / 4)
        cells |= set(range(t, t + length))
        t += length
        check()
    window.take_back((t - back) / 4)
    cells = {c for c in cells if c < t - back}
    check()
    t += pause
    check()
    window.clear()
    cells = set()
    check()
    for _ in range(2):  # what was cleared leaves nothing behind
        window.add((t + 1) / 4, (t + 2) / 4)
        cells.add(t + 1)
        t += 3
        check()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.001, 0.3), min_size=1, max_size=60), st.floats(0.5, 3.0))
def test_window_of_growing_stretches(steps: list[float], width: float) -> None:
    """Sample by sample, one unbroken stretch: as long as it has lasted, the width at most."""
    window, t = Window(width), 0.0
    for dt in steps:
        window.add(t, t + dt)
        t += dt
        assert window.total(t) == pytest.approx(min(t, width))
    assert window.total(t + width + 1.0) == 0.0


def test_a_stretch_of_no_length_is_none() -> None:
    window = Window(10.0)
    window.add(1.0, 1.0)
    window.add(3.0, 2.0)
    assert window.total(5.0) == 0.0 and math.isfinite(window.total(5.0))


def test_taking_back_all_leaves_nothing() -> None:
    window = Window(10.0)
    window.add(1.0, 2.0)
    window.add(3.0, 4.0)
    window.take_back(0.5)
    assert window.total(4.0) == 0.0
    window.add(5.0, 5.5)
    assert window.total(6.0) == 0.5
