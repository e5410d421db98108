"""Score and advisory take-over time: bands of the words, and what moves an estimate inside its band."""

import msgspec
import pytest
from test_readiness_decide import PROFILE, READY

from dms.readiness import ready_for_takeover
from dms.readiness.estimate import score, takeover_interval_s, takeover_time_s
from dms.records import Attention, DriverState, TakeoverReadiness
from dms.records.words import Readiness

BANDS = msgspec.structs.replace(PROFILE.rules.readiness, score_ready=0.8, score_delayed=0.5, score_not_ready=0.1)
TIMES = msgspec.structs.replace(
    PROFILE.rules.takeover, hands_on_s=1.5, hands_off_s=2.0, eyes_off_s=2.7, eyes_off_growth=0.2, phone_extra_s=1.0, max_s=15.0
)


def away(off_s: float | None, zone: str = "lap", **changes: object) -> DriverState:
    attention = Attention(zone=zone, eyes_off_road_s=off_s, attentive=False)  # type: ignore[arg-type]
    return msgspec.structs.replace(READY, attention=attention, **changes)


def confident(confidence: float) -> DriverState:
    return msgspec.structs.replace(READY, confidence=confidence)


@pytest.mark.requirement("P-09")
@pytest.mark.parametrize(
    ("state", "readiness", "points"),
    [
        (confident(1.0), "ready", 1.0),
        (confident(0.5), "ready", 0.9),
        (confident(0.0), "ready", 0.8),
        (confident(0.1234), "ready", 0.825),  # three places
        (away(0.0), "ready_delayed", 0.5),
        (away(None), "ready_delayed", 0.5),
        (away(1.0), "ready_delayed", 0.3),
        (away(3.0), "ready_delayed", 0.2),
        (away(6.0), "ready_delayed", 0.157),
        (READY, "not_ready", 0.1),
        (READY, "impaired", 0.1),
        (READY, "unresponsive", 0.0),
        (READY, "unknown", None),
    ],
)
def test_score(state: DriverState, readiness: Readiness, points: float | None) -> None:
    assert score(state, readiness, BANDS) == points


def test_no_word_s_score_reaches_the_better_one_s() -> None:
    eyes_off = [score(away(seconds), "ready_delayed", BANDS) for seconds in (0.0, 0.5, 2.0, 10.0, 600.0)]
    known = [points for points in eyes_off if points is not None]
    assert known == sorted(known, reverse=True) and BANDS.score_not_ready < known[-1] and known[0] <= BANDS.score_delayed


@pytest.mark.requirement("TOT-01", "TOT-02", "TOT-03")
@pytest.mark.parametrize(
    ("state", "readiness", "seconds"),
    [
        (msgspec.structs.replace(READY, hands_on=True), "ready", 1.5),
        (msgspec.structs.replace(READY, hands_on=False), "ready", 2.0),
        (msgspec.structs.replace(READY, hands_on=None), "ready", 2.0),
        (away(0.0), "ready_delayed", 2.7),
        (away(None), "ready_delayed", 2.7),
        (away(1.234), "ready_delayed", 2.95),  # two places
        (away(5.0), "ready_delayed", 3.7),
        (away(5.0, "phone"), "ready_delayed", 4.7),
        (away(5.0, "roof"), "ready_delayed", 3.7),
        (away(5.0, warning="phone"), "ready_delayed", 4.7),
        (away(5.0, warning="long_distraction"), "ready_delayed", 3.7),
        (away(61.0), "ready_delayed", 14.9),
        (away(100.0), "ready_delayed", 15.0),
        (READY, "impaired", None),
        (READY, "not_ready", None),
        (READY, "unknown", None),
    ],
)
def test_time(state: DriverState, readiness: Readiness, seconds: float | None) -> None:
    assert takeover_time_s(state, readiness, TIMES) == seconds


def said(**changes: object) -> TakeoverReadiness:
    return ready_for_takeover(msgspec.structs.replace(READY, **changes), PROFILE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "ready: attentive (gaze_road), available, seated, belted; hands off or unknown"),
        ({"hands_on": True}, "ready: attentive (gaze_road), available, seated, belted; hands on"),
        ({"seat": False}, "unknown: seat input empty"),
        ({"seat": None}, "unknown: seat input missing or too old"),
        ({"eyes_closed_s": 0.75}, "impaired: eyes shut 0.8 s, longer than a blink"),
        ({"warning": "microsleep"}, "impaired: microsleep, eyes not yet back on the road"),
        ({"drowsy": None}, "unknown: eyes shut and unseen too often to rule out drowsiness"),
        ({"warning": "phone"}, "ready delayed: phone not over yet"),
        ({"confidence": 0.4}, "unknown: confidence 0.40 under 0.50"),
    ],
)
def test_the_reason_in_words(changes: dict[str, object], reason: str) -> None:
    assert said(**changes).because[0] == reason


def test_confidence_at_its_limit_is_enough() -> None:
    assert said(confidence=PROFILE.rules.readiness.confidence_min).readiness == "ready"


def test_the_record_carries_what_it_rests_on() -> None:
    state = msgspec.structs.replace(READY, warning="drowsy", warning_stage=2)
    found = ready_for_takeover(state, PROFILE)
    assert (found.t, found.confidence, found.attention, found.availability) == (1.0, 0.9, READY.attention, READY.availability)
    assert (found.drowsiness, found.health, found.warning.stage) == (READY.drowsiness, READY.health, 2)


@pytest.mark.requirement("TOT-01", "TOT-02")
@pytest.mark.parametrize(
    ("seconds", "interval"),
    [
        (2.0, (0.8, 3.2)),
        (2.71, (1.08, 4.34)),  # two places: 1.084 and 4.336
        (1.0, (0.7, 1.6)),
        (12.0, (4.8, 15.0)),
        (None, None),
    ],
)
def test_interval(seconds: float | None, interval: tuple[float, float] | None) -> None:
    """Two deviations of 0.3 of the time to each side, between 0.7 and 15 s."""
    assert takeover_interval_s(seconds, msgspec.structs.replace(TIMES, spread_share=0.3, min_s=0.7)) == interval
