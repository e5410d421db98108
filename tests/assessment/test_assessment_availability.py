"""Availability and movements, at their limits."""

import math

import pytest
from steps import RULES

from dms.assessment.availability import AvailabilityCriteria, Movement


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
