"""Shut eyes over time, sample by sample: the ladder and PERCLOS at, just before and just after their limits."""

from collections.abc import Callable

import msgspec
import pytest
from steps import RULES, STEP, ticks, times

from dms.assessment.closure import Closure, LatelyShut
from dms.assessment.perclos import Perclos
from dms.assessment.windows import Tick


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
    assert not LatelyShut(RULES.perclos).mostly
    assert Closure(RULES.closure).seconds is None


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
    assert not lately(lambda t: True, 1.875) and lately(lambda t: True, 2.0) and lately(lambda t: t < 1.0, 2.0)
    assert lately(lambda t: t >= 7.5, 10.0) and not lately(lambda t: t >= 7.625, 10.0)
    assert not lately(lambda t: t < 7.375, 10.0) and lately(lambda t: t < 7.5, 10.0)
    assert lately(lambda t: None if t < 7.0 else t < 8.5, 10.0)  # half of the three seconds seen
    assert not lately(lambda t: None if t < 8.5 else True, 10.0)  # too little seen
    assert not lately(lambda t: False, 10.0)


@pytest.mark.parametrize(
    ("lids", "blinking"),
    [
        ("ossso", True),  # as they rise they still disturb the gaze
        ("osssooo", False),
        ("o" + "sso" * 2 + "s", True),
        ("o" + "sso" * 4 + "s", False),  # one long closure with pictures misread, or as good as one
        ("o" + "sso" * 4 + "ooooooooooooos", True),
        ("osssssssss", False),
        ("sss?", False),
    ],
)
@pytest.mark.requirement("P-04")
def test_what_counts_as_a_blink(lids: str, blinking: bool) -> None:
    """Sixteen pictures a second; shut, open, not seen."""
    one = Closure(msgspec.structs.replace(RULES.closure, blink_max_s=0.5, reopen_s=0.1))
    for tick, lid in ticks(lids, 0.0625):
        one.step(tick, {"s": True, "o": False}.get(str(lid)))
    assert one.blinking is blinking
