"""The decision table: one change of a ready state at a time."""

import msgspec
import pytest

from dms.profiles import load_profile
from dms.readiness import ready_for_takeover
from dms.records import Attention, Availability, DriverState, Drowsiness, Health, Requests

PROFILE = load_profile("l3_default")
READY = DriverState(
    t=1.0, present=True, eyes_closed_s=0.0,
    attention=Attention(zone="road", eyes_off_road_s=0.0, attentive=True, criterion="gaze_road"),
    availability=Availability(available=True, valid=2, monitorable=4), hands_on=False, seat=True, belt=True, confidence=0.9,
    health=Health(state="ready"), because=["gaze on road 5.0 s"],
)  # fmt: skip
OFF = Attention(zone="lap", eyes_off_road_s=2.0, attentive=False)


def decided(**changes: object) -> tuple[str, int]:
    found = ready_for_takeover(msgspec.structs.replace(READY, **changes), PROFILE)
    return found.readiness, found.level


@pytest.mark.requirement("R157-12")
def test_R157_12_ready_needs_everything() -> None:
    assert decided() == ("ready", 4) and decided(hands_on=True) == ("ready", 5) and decided(hands_on=None) == ("ready", 4)


@pytest.mark.parametrize(("changes", "expected"), [
    ({"present": None}, ("unknown", 0)),
    ({"present": False}, ("not_ready", 1)),
    ({"eyes_closed_s": None}, ("unknown", 0)),
    ({"eyes_closed_s": 0.49}, ("ready", 4)),
    ({"eyes_closed_s": 0.5}, ("impaired", 2)),
    ({"seat": None}, ("unknown", 0)),
    ({"seat": False}, ("unknown", 0)),
    ({"belt": None}, ("unknown", 0)),
    ({"belt": False}, ("not_ready", 2)),
    ({"availability": Availability(available=False)}, ("not_ready", 2)),
    ({"availability": Availability(available=None)}, ("unknown", 0)),
    ({"attention": Attention()}, ("unknown", 0)),
    ({"attention": Attention(zone="road")}, ("unknown", 0)),
    ({"attention": OFF}, ("ready_delayed", 3)),
    ({"attention": Attention(zone="road", attentive=True, criterion="head_movement")}, ("unknown", 0)),
    ({"drowsiness": Drowsiness(perclos_60s=0.2)}, ("impaired", 2)),
    ({"drowsiness": Drowsiness(perclos_60s=0.15)}, ("impaired", 2)),
    ({"drowsiness": Drowsiness(perclos_60s=0.13)}, ("ready", 4)),
    ({"drowsy": True}, ("impaired", 2)),
    ({"drowsy": None}, ("unknown", 0)),
    ({"drowsiness": Drowsiness(perclos_60s=0.13), "warning": "drowsy"}, ("impaired", 2)),
    ({"warning": "microsleep"}, ("impaired", 2)),
    ({"warning": "sleep"}, ("impaired", 2)),
    ({"warning": "unresponsive"}, ("unresponsive", 2)),
    ({"warning": "long_distraction"}, ("ready_delayed", 3)),
    ({"warning": "phone"}, ("ready_delayed", 3)),
    ({"confidence": 0.4}, ("unknown", 0)),
    ({"health": Health(state="blocked")}, ("unknown", 0)),
    ({"health": Health(state="fault")}, ("unknown", 0)),
    ({"health": Health(state="init")}, ("unknown", 0)),
    ({"health": Health(state="calibrating")}, ("unknown", 0)),
    ({"health": Health(state="off")}, ("unknown", 0)),
    ({"health": Health(state="degraded")}, ("ready", 4)),
])  # fmt: skip
@pytest.mark.requirement("R157-12", "R171-12", "P-09")
def test_P09_one_thing_amiss(changes: dict, expected: tuple[str, int]) -> None:
    assert decided(**changes) == expected


@pytest.mark.parametrize("worse", [{"belt": None}, {"seat": None}, {"availability": Availability()}])
@pytest.mark.requirement("P-17")
def test_P17_known_harm_is_said_even_when_other_things_are_unknown(worse: dict) -> None:
    assert decided(eyes_closed_s=2.0, warning="microsleep", **worse) == ("impaired", 2)
    assert decided(attention=OFF, **worse)[0] == "unknown"


def test_the_default_state_is_unknown() -> None:
    found = ready_for_takeover(DriverState(t=0.0), PROFILE)
    assert (found.readiness, found.level, found.readiness_score, found.takeover_time_s) == ("unknown", 0, None, None)


def test_first_cause_is_the_one_that_decided_and_all_others_follow() -> None:
    found = ready_for_takeover(msgspec.structs.replace(READY, belt=None), PROFILE)
    assert found.because == ["unknown: belt input missing or too old", "gaze on road 5.0 s"]


@pytest.mark.parametrize(
    ("off_s", "zone", "seconds"), [(0.0, "lap", 2.7), (5.0, "lap", 3.7), (5.0, "phone", 4.7), (600.0, "lap", 15.0)]
)
@pytest.mark.requirement("TOT-01", "TOT-02", "TOT-03")
def test_TOT03_advisory_time_grows_and_is_clipped(off_s: float, zone: str, seconds: float) -> None:
    state = msgspec.structs.replace(READY, attention=Attention(zone=zone, eyes_off_road_s=off_s, attentive=False))  # type: ignore[arg-type]
    assert ready_for_takeover(state, PROFILE).takeover_time_s == pytest.approx(seconds)


def test_TOT02_no_estimate_where_nothing_supports_one() -> None:
    for changes in ({"present": False}, {"eyes_closed_s": 2.0}, {"belt": None}, {"warning": "unresponsive"}):
        assert ready_for_takeover(msgspec.structs.replace(READY, **changes), PROFILE).takeover_time_s is None


@pytest.mark.requirement("P-09")
def test_P09_score_falls_with_readiness() -> None:
    states = [READY, msgspec.structs.replace(READY, attention=OFF), msgspec.structs.replace(READY, belt=False)]
    states.append(msgspec.structs.replace(READY, warning="unresponsive"))
    scores = [ready_for_takeover(state, PROFILE).readiness_score for state in states]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == 4  # type: ignore[type-var]


@pytest.mark.requirement("NCAP-16")
def test_requests_and_warning_are_passed_on() -> None:
    state = msgspec.structs.replace(READY, warning="sleep", warning_stage=2, requests=Requests(eyes_on=2, wake_up=2))
    found = ready_for_takeover(state, PROFILE)
    assert (found.requests, found.warning.class_, found.warning.stage) == (state.requests, "sleep", 2)


@pytest.mark.requirement("TOT-01", "TOT-02", "TOT-03")
def test_TOT01_interval_is_wider_where_the_mean_is_longer_and_stays_within_what_was_measured() -> None:
    hands_on = ready_for_takeover(msgspec.structs.replace(READY, hands_on=True), PROFILE)
    away = ready_for_takeover(msgspec.structs.replace(READY, attention=OFF), PROFILE)
    for found in (hands_on, away):
        low, high = found.takeover_interval_s or (99.0, 0.0)
        assert found.takeover_time_s is not None and 0.7 <= low <= found.takeover_time_s <= high <= 15.0
    assert hands_on.takeover_interval_s is not None and away.takeover_interval_s is not None
    assert (
        away.takeover_interval_s[1] - away.takeover_interval_s[0]
        > hands_on.takeover_interval_s[1] - hands_on.takeover_interval_s[0]
    )
