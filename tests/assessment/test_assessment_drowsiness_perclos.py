"""PERCLOS: P80 and P70 against known shares, both windows, what decides, unseen eyes."""

import pytest
from drives import PROFILE
from hypothesis import given, settings
from hypothesis import strategies as st
from lid_traces import Course, closures
from msgspec.structs import replace

from dms.assessment.perclos import Perclos, _passed
from dms.assessment.windows import Tick
from dms.profiles.rules import PerclosRules

RULES = PROFILE.rules.perclos
TOLERANCE = 0.005


def ticks(seconds: float, fps: float) -> list[Tick]:
    return [Tick(n / fps, 1.0 / fps if n else 0.0, False) for n in range(round(seconds * fps) + 1)]


def follow(course: Course, seconds: float, fps: float, told: bool = False) -> Perclos:
    """``told``: the record also calls the lids shut, at a fifth."""
    perclos = Perclos(RULES)
    for tick in ticks(seconds, fps):
        opening = course(tick.t)
        perclos.step(tick, None if opening is None or not told else opening <= 0.2, opening)
    return perclos


def spans_of(parts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """(pause before, length) to (start, length)."""
    spans, t = [], 0.5
    for pause, length in parts:
        spans.append((t + pause, length))
        t += pause + length
    return spans


def known_share(spans: list[tuple[float, float]], end: float, width: float) -> float:
    """Time at or under a fifth in closures of at least 250 ms, over the window."""
    inside = [max(0.0, min(end, start + s) - max(end - width, start)) for start, s in spans if s >= RULES.blink_cut_s]
    return sum(inside) / min(end, width)


lengths = st.one_of(st.floats(0.05, 0.21), st.floats(0.29, 3.0))
"""Not so near the cut of 250 ms that one picture decides on which side a closure lies."""
parts = st.lists(st.tuples(st.floats(0.6, 6.0), lengths), min_size=1, max_size=40)


@pytest.mark.requirement("MET-01", "P-05")
@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0])
@settings(max_examples=25, deadline=None)
@given(parts)
def test_MET01_P05_p80_is_within_half_a_point_of_the_known_share(fps: float, drawn: list[tuple[float, float]]) -> None:
    spans = [span for span in spans_of(drawn) if sum(span) < 199.0]
    found = follow(closures(spans), 200.0, fps)
    assert found.own_level.p80.short == pytest.approx(known_share(spans, 200.0, 60.0), abs=TOLERANCE)
    assert found.own_level.p80.long == pytest.approx(known_share(spans, 200.0, 180.0), abs=TOLERANCE)
    assert found.own_level.p70.short is not None and found.own_level.p70.short >= found.own_level.p80.short


@pytest.mark.requirement("MET-01")
@settings(max_examples=20, deadline=None)
@given(parts)
def test_MET01_the_frame_rate_does_not_matter(drawn: list[tuple[float, float]]) -> None:
    spans = [span for span in spans_of(drawn) if sum(span) < 69.0]
    one, two, three = (follow(closures(spans), 70.0, fps, told=True) for fps in (15.0, 30.0, 60.0))
    assert one.own_level.p80.short == pytest.approx(three.own_level.p80.short, abs=TOLERANCE)
    assert two.own_level.p80.short == pytest.approx(three.own_level.p80.short, abs=TOLERANCE)
    assert one.long_count == pytest.approx(three.long_count, abs=1)


@pytest.mark.requirement("MET-01")
def test_MET01_p70_counts_lids_at_a_quarter_and_p80_does_not() -> None:
    found = follow(lambda t: 0.25 if t % 10.0 < 1.0 else 1.0, 100.0, 30.0)
    assert (found.own_level.p80.short, found.own_level.p70.short) == (0.0, pytest.approx(0.1, abs=TOLERANCE))
    assert found.share == 0.0


@pytest.mark.requirement("MET-02")
def test_MET02_both_windows_run_side_by_side() -> None:
    """A bad minute after good ones: drowsy by one minute, not yet by three."""
    found = follow(lambda t: 0.05 if t >= 200.0 and t % 5.0 < 1.0 else 1.0, 260.0, 20.0)
    assert found.own_level.p80.short == pytest.approx(0.20, abs=0.005) and found.drowsy
    assert found.own_level.p80.long == pytest.approx(0.20 / 3, abs=0.005)


@pytest.mark.requirement("MET-03")
@pytest.mark.parametrize(("shut_s", "drowsy"), [(0.86, False), (0.94, True)])
def test_MET03_the_limit_is_fifteen_percent(shut_s: float, drowsy: bool) -> None:
    """After a minute of open eyes shut for 0.86 or 0.94 s of every 6 s: 14.3 or 15.7 %."""
    assert follow(lambda t: 0.05 if t >= 60.0 and t % 6.0 < shut_s else 1.0, 126.0, 50.0).drowsy is drowsy


@pytest.mark.requirement("MET-03")
def test_MET03_recovered_under_twelve_percent() -> None:
    perclos, drowsy = Perclos(RULES), []
    for tick in ticks(180.0, 20.0):
        shut = tick.t % 5.0 < 1.0 and tick.t < 60.0
        perclos.step(tick, shut, 0.05 if shut else 1.0)
        drowsy.append((tick.t, perclos.share or 0.0, perclos.drowsy))
    back = next((t, share) for t, share, now in drowsy if t > 60.0 and not now)
    assert back[1] < RULES.recovered and back[0] == pytest.approx(60.0 + 60.0 * (1 - 0.12 / 0.20), abs=5.0)


@pytest.mark.requirement("MET-05")
def test_MET05_the_own_level_adds_to_what_the_records_call_shut() -> None:
    """Told open although 90 % closed, told shut although half open: both are shut, known as such or not."""
    perclos = Perclos(RULES)
    for tick in ticks(60.0, 30.0):
        n = int(tick.t) % 10
        perclos.step(tick, n == 0, 0.1 if n == 5 else 0.5 if n == 0 else 1.0)
    assert perclos.share == pytest.approx(0.2, abs=0.005) and perclos.own_level.p80.short == pytest.approx(0.1, abs=0.005)


openings = st.one_of(st.none(), st.floats(0.0, 1.5))
samples = st.lists(st.tuples(st.sampled_from([True, False, None]), openings, st.sampled_from([1, 1, 2, 9])), max_size=400)


@pytest.mark.requirement("MET-01")
@settings(max_examples=60, deadline=None)
@given(samples, st.sampled_from([0.02, 0.066, 0.19]))
def test_MET01_shares_are_shares(rows: list[tuple[bool | None, float | None, int]], dt: float) -> None:
    perclos, t = Perclos(RULES), 0.0
    for shut, opening, steps in rows * 4:
        t += steps * dt
        perclos.step(Tick(t, steps * dt, steps * dt > 0.2), shut, opening)
        own = perclos.own_level
        for share in (perclos.share, perclos.long_share, own.p80.short, own.p80.long, own.p70.short, own.p70.long):
            assert share is None or 0.0 <= share <= 1.0
        assert perclos.long_share is None or (perclos.share is not None and perclos.long_share <= perclos.share + 1e-4)
        assert (own.p80.short or 0.0) <= (own.p70.short or 0.0) + 1e-9


def shares_of(shut: list[bool | None], fps: float = 20.0) -> Perclos:
    perclos = Perclos(RULES)
    for n, now in enumerate(shut):
        perclos.step(Tick(n / fps, 1 / fps if n else 0.0, False), now, None if now is None else 0.05 if now else 1.0)
    return perclos


@pytest.mark.requirement("MET-05")
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 30)), min_size=30, max_size=60),
    st.lists(st.tuples(st.floats(0.0, 1.0), st.integers(1, 40)), max_size=8),
)
def test_MET05_unseen_stretches_anywhere_never_raise_it(runs: list[tuple[bool, int]], holes: list[tuple[float, int]]) -> None:
    """The same seen lids with unseen stretches put in: fewer closures outlast a blink, the seen time is the same."""
    seen: list[bool | None] = [now for now, length in runs for _ in range(length)][:800]
    seen += [False] * (800 - len(seen))  # 40 s; with all holes still inside the window
    holed = list(seen)
    for place, length in holes:
        at = round(place * len(holed))
        holed[at:at] = [None] * length
    whole, parted = shares_of([*seen, False]), shares_of([*holed, False])
    assert whole.share is not None and parted.share is not None
    assert parted.share <= whole.share + 1e-9
    own, one_picture_each = parted.own_level.p80.short, (len(holes) + 2) * 0.05 / 40.0  # and two: told every 0.1 s
    assert (
        own is not None and whole.own_level.p80.short is not None and own <= whole.own_level.p80.short + one_picture_each + 1e-4
    )


@pytest.mark.requirement("MET-05")
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 1.2)), min_size=100, max_size=400))
def test_MET05_never_less_than_the_share_of_shut_eyes(rows: list[tuple[bool, float]]) -> None:
    by_record, both = Perclos(RULES), Perclos(RULES)
    for n, (shut, opening) in enumerate(rows * 4):
        tick = Tick(n / 10, 0.1 if n else 0.0, False)
        by_record.step(tick, shut)
        both.step(tick, shut, opening)
    assert by_record.own_level.p80.short is None
    assert by_record.share is None or (both.share is not None and both.share >= by_record.share - 1e-9)


@pytest.mark.requirement("MET-07")
def test_MET07_long_closures_are_counted_with_their_share() -> None:
    found = follow(closures([(10.0, 0.4), (20.0, 0.6), (30.0, 1.0), (59.7, 0.2)]), 60.0, 30.0)
    assert found.long_count == 2 and found.long_share == pytest.approx(1.6 / 60.0, abs=0.002)
    found = follow(closures([(10.0, 0.6), (30.0, 1.0)]), 71.0, 30.0)
    assert found.long_count == 1  # the first has left the window


def told(perclos: Perclos, seconds: float, shut: object, start: float) -> float:
    """Ten pictures a second of ``shut(t)``; returns when they end."""
    for n in range(round(seconds * 10)):
        t = start + n / 10
        perclos.step(Tick(t, 0.1 if t else 0.0, False), shut(t))  # type: ignore[operator]
    return start + seconds


@pytest.mark.requirement("MET-05", "MET-03")
def test_eyes_that_go_out_of_sight_wake_no_drowsy_driver() -> None:
    perclos = Perclos(RULES)
    t = told(perclos, 60.0, lambda t: t % 2.0 < 0.5, 0.0)
    assert perclos.drowsy
    t = told(perclos, 50.0, lambda t: None if t % 10.0 < 9.0 else False, t)  # hardly seen, but open
    assert perclos.drowsy and perclos.share is None
    t = told(perclos, 60.0, lambda t: False, t)
    assert not perclos.drowsy and perclos.share == 0.0


@pytest.mark.requirement("MET-05")
def test_of_a_minute_in_which_nothing_was_seen_nothing_is_said() -> None:
    perclos = Perclos(RULES)
    t = told(perclos, 60.0, lambda t: t % 2.0 < 0.5, 0.0)
    told(perclos, 61.0, lambda t: None, t)
    assert not perclos.drowsy and not perclos.doubtful


@pytest.mark.requirement("MET-05", "MET-03")
@pytest.mark.parametrize(("shut_s", "drowsy"), [(4.0, False), (5.0, True)])  # 15 % of the 30 s that a share needs: 4.5 s
def test_eyes_seen_shut_for_long_enough_need_no_share(shut_s: float, drowsy: bool) -> None:
    perclos = Perclos(RULES)
    told(perclos, 60.0, lambda t: t % 10.0 < shut_s / 5 if t >= 10.0 and t % 10.0 < 3.0 else None, 0.0)
    assert perclos.share is None
    assert perclos.drowsy == drowsy


def half_seen(closures_s: list[float], unseen_s: float, fps: float = 8.0) -> Perclos:
    """A minute that begins with unseen eyes, then such closures two seconds apart; all lengths in eighths of a second."""
    shut: list[bool | None] = [None] * round(unseen_s * fps)
    for length in closures_s:
        shut += [True] * round(length * fps) + [False] * round(2.0 * fps)
    return shares_of(shut + [False] * (round(60.0 * fps) + 1 - len(shut)), fps)


@pytest.mark.requirement("MET-05", "P-21")
@pytest.mark.parametrize(
    ("closures_s", "unseen_s", "possible"),
    [
        ([], 55.0, False),  # nothing was seen that speaks for it
        ([0.125] * 12, 40.0, False),  # nor do blinks
        ([1.0] * 8, 0.0, False),  # 13 %, and all of it seen
        ([1.0] * 9, 0.0, True),
        ([1.0] * 4, 15.0, False),  # 4 s seen, 1.3 s likely and 2.7 s by chance: 8 of 9
        ([1.0] * 5, 15.0, True),
        ([0.5] * 10, 15.0, False),  # so much in shorter ones is surer
        ([0.5] * 12, 15.0, True),
        ([1.0] * 2, 30.0, False),
        ([1.0] * 3, 30.0, True),
    ],
)
def test_what_was_not_seen_rules_no_drowsiness_out(closures_s: list[float], unseen_s: float, possible: bool) -> None:
    found = half_seen(closures_s, unseen_s)
    assert found.possible is possible


@pytest.mark.requirement("MET-05")
def test_the_bound_is_two_deviations_of_a_poisson_rate_over_what_is_likely() -> None:
    found = half_seen([1.0] * 5, 15.0)
    likely, chance = 5 / 3, (5 / 3 * 4 / 3) ** 0.5
    assert found._at_most(60.0, 45.0, 5.0) == pytest.approx((5.0 + likely + RULES.bound_std * chance) / 60.0)
    assert found._at_most(60.0, 60.0, 5.0) == found._at_most(60.0, 70.0, 5.0) == pytest.approx(5.0 / 60.0)


@pytest.mark.requirement("DDAW-09", "MET-05")
def test_of_the_time_before_the_driver_was_followed_nothing_is_asked() -> None:
    """A long closure soon after the start: half of the time seen is another matter."""
    assert not shares_of([False] * 80 + [True] * 24 + [False] * 80, 8.0).possible
    assert shares_of([None] * 80 + [False] * 40 + [True] * 24 + [False] * 40, 8.0).possible


@pytest.mark.requirement("MET-05")
def test_drowsiness_in_doubt_ends_as_the_closures_grow_old() -> None:
    found = half_seen([1.0] * 3, 30.0)
    assert found.possible
    for n in range(1, 500):
        found.step(Tick(60.0 + n / 8, 1 / 8, False), False, 1.0)
    assert not found.possible and found.share == 0.0


EXACT = replace(RULES, doubtful=0.0625, drowsy=0.125, recovered=0.09375, window_s=64.0, seen_min_s=32.0)
"""Limits that shares of binary steps meet exactly."""


def minute(shut_s: float, step_s: float = 0.0625, seconds: float = 64.0, rules: PerclosRules = EXACT) -> Perclos:
    """Eyes seen all the time, and shut at its end for so long."""
    perclos = Perclos(rules)
    for n in range(round(seconds / step_s) + 1):
        t = n * step_s
        perclos.step(Tick(t, step_s if n else 0.0, False), t >= seconds - shut_s)
    return perclos


@pytest.mark.requirement("MET-03")
@pytest.mark.parametrize(
    ("shut_s", "doubtful", "drowsy"),
    [
        (0.0, False, False),
        (3.9375, False, False),
        (4.0, True, False),
        (7.9375, True, False),
        (8.0, True, True),
        (30.0, True, True),
    ],
)
def test_MET03_doubtful_and_drowsy_from_exactly_their_limits(shut_s: float, doubtful: bool, drowsy: bool) -> None:
    found = minute(shut_s)
    assert found.share == shut_s / 64.0
    assert (found.doubtful, found.drowsy) == (doubtful, drowsy)


@pytest.mark.parametrize(("seconds", "share"), [(31.9375, None), (32.0, 4.0 / 32.0)])
def test_a_share_is_told_from_exactly_so_much_seen(seconds: float, share: float | None) -> None:
    assert minute(4.0, seconds=seconds).share == share


def test_without_a_long_closure_their_share_is_nothing() -> None:
    assert (minute(0.375).long_share, minute(0.375).long_count) == (0.0, 0)


@pytest.mark.parametrize(("opening", "share"), [(RULES.p80_opening, 0.1), (RULES.p80_opening + 0.001, 0.0)])
def test_lids_at_exactly_a_fifth_are_shut(opening: float, share: float) -> None:
    found = follow(lambda t: opening if t % 10.0 < 1.0 else 1.0, 100.0, 30.0)
    assert (found.share, found.own_level.p80.short) == (pytest.approx(share, abs=TOLERANCE), pytest.approx(share, abs=TOLERANCE))


@pytest.mark.parametrize(
    ("before", "now", "mark", "at"),
    [
        (0.5, 0.25, 0.375, 0.5), (0.25, 0.5, 0.3125, 0.25),  # moved little: in a straight line
        (0.75, 0.25, 0.3125, 0.875), (1.0, 0.125, 0.25, 2.0 / 3.0), (0.125, 1.0, 0.25, 0.5),  # half of the level, and more
    ],
)  # fmt: skip
def test_where_between_two_pictures_the_lids_pass_a_mark(before: float, now: float, mark: float, at: float) -> None:
    assert _passed(before, now, mark) == pytest.approx(at)
