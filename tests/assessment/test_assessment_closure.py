"""The closure ladder, blinks and PERCLOS."""

import pytest
from drives import HIDDEN, assess, between, blink, drive, first, observation

RATES = [15.0, 20.0, 30.0, 60.0]
START = 5.0


def closure(seconds: float) -> object:
    return lambda t: START <= t < START + seconds


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize(
    ("seconds", "worst"), [(0.8, None), (1.2, "microsleep"), (2.7, "microsleep"), (3.1, "sleep"), (6.1, "unresponsive")]
)
@pytest.mark.requirement("P-04", "NCAP-05", "NCAP-06", "NCAP-04")
def test_P04_NCAP05_NCAP06_NCAP04_closure_ladder(fps: float, seconds: float, worst: str | None) -> None:
    states = assess(drive(START + seconds + 4, fps, shut=closure(seconds)))
    reached = [name for name in ("microsleep", "sleep", "unresponsive") if first(states, name) is not None]
    ladder = ["microsleep", "sleep", "unresponsive"]
    assert reached == (ladder[: ladder.index(worst) + 1] if worst else [])
    for name, limit in zip(reached, (1.0, 3.0, 6.0), strict=False):
        assert first(states, name) == pytest.approx(START + limit, abs=0.2)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.requirement("P-04")
def test_P04_blink_is_not_impaired_but_longer_is(fps: float) -> None:
    states = assess(drive(12, fps, shut=lambda t: blink(t) or 6 <= t < 6.8))
    assert all(state.readiness != "impaired" for state in between(states, 0, 6.4))
    assert any(state.readiness == "impaired" for state in between(states, 6.5, 6.9))
    assert states[-1].readiness == "ready"


@pytest.mark.requirement("NCAP-04", "NCAP-16")
def test_NCAP04_unresponsive_is_a_word_and_a_request() -> None:
    state = between(assess(drive(12, shut=closure(7.0))), START + 6.1, START + 6.9)[0]
    assert (state.readiness, state.level, state.warning.stage) == ("unresponsive", 2, 3)
    assert state.requests.safe_stop and state.requests.wake_up == 3
    assert any("eyes shut 6.1 s" in cause for cause in state.because)


@pytest.mark.requirement("NCAP-09", "P-08")
def test_NCAP09_warning_lasts_until_one_second_of_forward_gaze() -> None:
    states = assess(drive(14, shut=closure(2.0)))
    assert all(s.warning.class_ == "microsleep" and s.readiness == "impaired" for s in between(states, START + 1.1, START + 2.9))
    assert all(s.warning.class_ is None for s in between(states, START + 3.2, 14))


@pytest.mark.requirement("MET-05")
def test_MET05_unseen_eyes_are_neither_shut_nor_open() -> None:
    """Shut for 0.9 s, unseen for 1 s, then open: no microsleep, and nothing known in between."""
    hidden = {"left": HIDDEN, "right": HIDDEN}
    records = drive(10, shut=closure(0.9))
    records = [
        observation(r.t, eyes=hidden, gaze=None) if START + 0.9 <= r.t < START + 1.9 and hasattr(r, "eyes") else r
        for r in records
    ]
    states = assess(records)
    assert first(states, "microsleep") is None
    for state in between(states, START + 0.95, START + 1.85):
        assert state.readiness == "unknown" and state.drowsiness.event is None
        assert any(cause.startswith("eyes not seen for") for cause in state.because)


@pytest.mark.requirement("MET-11", "MET-06")
def test_MET11_blinks_are_counted_with_their_times() -> None:
    state = assess(drive(21, 60.0))[-1]
    assert state.drowsiness.blinks_total == 5  # the one that was under way at the start has no beginning
    last = state.drowsiness.last_blink
    assert last is not None and last.start == pytest.approx(20.0, abs=0.02) and last.end == pytest.approx(20.15, abs=0.02)
    assert last.amplitude == pytest.approx(0.92, abs=0.01)
    assert state.drowsiness.mean_closure_s == pytest.approx(0.15, abs=0.02)
    assert state.availability.criteria["blink"] == pytest.approx(0.83, abs=0.05)


@pytest.mark.requirement("MET-11", "P-10")
def test_MET11_P10_no_blink_statistics_under_15_pictures_a_second() -> None:
    state = assess(drive(21, 10.0, shut=lambda t: t % 4.0 < 0.25))[-1]
    assert state.drowsiness.blinks_total == 0 and state.drowsiness.mean_closure_s is None
    assert state.health.state == "degraded"


@pytest.mark.requirement("MET-01", "MET-05")
def test_MET01_MET03_perclos_over_seen_time_only() -> None:
    """1 s shut of every 5 s is 20 %; half of the time unseen must not change the share."""
    shut = lambda t: t % 5.0 < 1.0  # noqa: E731
    hidden = {"left": HIDDEN, "right": HIDDEN}
    whole = assess(drive(65, 20.0, shut=shut))
    halved = assess(drive(65, 20.0, shut=shut, picture=lambda o: o if o.t % 10 < 5 else observation(o.t, eyes=hidden)))
    assert whole[-1].drowsiness.perclos_60s == pytest.approx(0.20, abs=0.01)
    assert halved[-1].drowsiness.perclos_60s == pytest.approx(0.20, abs=0.02)
    assert all(state.drowsiness.perclos_60s is None for state in between(whole, 0, 29))
    assert all(state.drowsiness.kss is None for state in whole)


@pytest.mark.requirement("P-05", "MET-01")
def test_P05_quick_blinks_do_not_count_for_perclos() -> None:
    state = assess(drive(65, 30.0, shut=lambda t: t % 1.0 < 0.2))[-1]
    assert state.drowsiness.perclos_60s == 0.0 and state.warning.class_ is None


@pytest.mark.requirement("MET-03")
def test_MET03_drowsy_is_impaired() -> None:
    state = assess(drive(65, 20.0, shut=lambda t: t % 3.0 < 0.6))[-1]
    assert (state.readiness, state.warning.class_) == ("impaired", "drowsy")
    assert any(cause.startswith("eyes shut 20% of the last minute") for cause in state.because)
