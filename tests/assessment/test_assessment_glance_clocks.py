"""The two clocks of looks away, sample by sample."""

import msgspec
import pytest
from steps import RULES, ticks, times

from dms.assessment.glance import Glances, LookAway
from dms.assessment.windows import Tick


def glances(*off: object, **rules: float) -> Glances:
    given = {"flicker_s": 0.25, "freeze_max_s": 2.0, "cumulative_window_s": 30.0, "reset_s": 2.0, **rules}
    one = Glances(msgspec.structs.replace(RULES.glance, **given))
    for tick, sample in ticks(off):
        one.step(tick, sample)  # type: ignore[arg-type]
    return one


def test_before_the_first_sample_nothing_is_claimed() -> None:
    one = Glances(RULES.glance)
    assert (one.judged, one.off_road, one.off_s, one.road_s, one.cumulative_s) == (False, False, 0.0, 0.0, 0.0)


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


def test_between_two_places_off_the_road_no_time_is_counted_twice() -> None:
    one = glances(*times(9, True))
    one.step(Tick(1.125, 0.125, False), True, late_s=0.125)
    assert (one.off_s, one.cumulative_s) == (1.125, 1.125)


@pytest.mark.requirement("NCAP-01")
@pytest.mark.parametrize(
    ("between", "likely_road", "off_s"),
    [
        (4, False, 1.25),  # seen for longer than not: one look
        (10, False, 0.125),  # longer unseen than seen: two
        (1, True, 1.25),  # probably back, but for less than the flicker tolerance
        (4, True, 0.125),  # probably back: two
    ],
)
def test_what_was_not_seen_bridges_little(between: int, likely_road: bool, off_s: float) -> None:
    one = glances(*times(9, True))
    for n in range(between):
        one.step(Tick(1.125 + 0.125 * n, 0.125, False), None, likely_road=likely_road)
    one.step(Tick(1.125 + 0.125 * between, 0.125, False), True)
    one.step(Tick(1.25 + 0.125 * between, 0.125, False), True)
    assert one.off_s == off_s


def test_unseen_time_is_weighed_against_the_look_it_breaks() -> None:
    assert glances(*times(9, True), *times(3, None), True).off_s == 1.125
    assert glances(*times(8, None), *times(5, True), None, None).off_s == 0.625  # what was not seen before is no part of it


@pytest.mark.requirement("ADDW-04")
def test_time_that_was_likelier_on_the_road_ends_a_look_as_a_look_at_it_does() -> None:
    def likely(count: int) -> float:
        one = LookAway(0.25, 2.0)
        for n in range(9 + count):
            one.step(Tick(n * 0.125, 0.125 if n else 0.0, False), True if n < 9 else None, likely_road=n >= 9)
        return one.seconds

    assert [likely(count) for count in range(1, 4)] == [1.125, 1.125, 0.0]


def moved(*samples: tuple[bool | None, bool, bool]) -> Glances:
    """After samples of (off, doubtful, elsewhere)."""
    one = glances()
    for n, (off, doubtful, elsewhere) in enumerate(samples):
        one.step(Tick(n * 0.125, 0.125 if n else 0.0, False), off, doubtful=doubtful, elsewhere=elsewhere)
    return one


@pytest.mark.requirement("ADDW-04", "NCAP-01")
def test_where_the_road_cannot_be_ruled_out_no_look_at_another_thing_is_lengthened() -> None:
    doubtful, sure = [(True, True, False)] * 8, [(True, False, False)] * 8
    assert moved(*doubtful, (True, True, False)).off_s == 1.0  # as long as the eyes stay there
    assert moved(*doubtful, (True, False, True)).off_s == 0.0
    assert moved(*doubtful, (True, False, True), *sure).off_s == 1.0
    assert moved(*sure, (True, False, True)).off_s == 1.0
    assert moved(*sure[:4], *doubtful[:4], (True, False, True)).off_s == 0.5
    assert moved(*doubtful, (True, False, True), *sure, (True, False, True)).off_s == 1.125  # taken off once
    assert moved(*sure[:4], *doubtful[:4], (True, False, True), *sure, (True, False, True)).off_s == 1.625
    assert moved(*doubtful[:7], *[(False, False, False)] * 3, *sure, (True, False, True)).off_s == 1.0  # of a look that is over
    assert moved(*doubtful, (True, False, True)).cumulative_s == 1.0
