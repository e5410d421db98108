"""Presence, availability, vehicle inputs, camera health: what is not known is never ready."""

import pytest
from drives import assess, between, drive, observation, vehicle

from dms.records import Face, Image, Observation

GONE = {"face": Face(present=False, confidence=0.0), "head": None, "gaze": None, "eyes": None}


def test_an_attentive_driver_is_ready_hands_off_4_hands_on_5() -> None:
    assert [(s.readiness, s.level) for s in assess(drive(8))[-1:]] == [("ready", 4)]
    assert [(s.readiness, s.level) for s in assess(drive(8, inputs=lambda t: vehicle(t, hands_on=True)))[-1:]] == [("ready", 5)]


@pytest.mark.parametrize(("empty", "absent"), [(0.9, False), (1.1, True)])
@pytest.mark.requirement("R157-01")
def test_R157_01_empty_seat_is_absent_after_one_second(empty: float, absent: bool) -> None:
    states = assess(drive(9, inputs=lambda t: vehicle(t, seat=not 6 <= t < 6 + empty)))
    assert ("not_ready", 1) in {(s.readiness, s.level) for s in states} or not absent
    assert all(s.level != 1 for s in states) or absent
    assert all(s.readiness != "ready" for s in between(states, 6.05, 6 + empty - 0.05))


@pytest.mark.requirement("R157-02")
def test_R157_02_open_belt_is_not_ready_with_the_next_state() -> None:
    states = assess(drive(8, inputs=lambda t: vehicle(t, belt=t < 6)))
    assert between(states, 5.9, 5.95)[-1].readiness == "ready"
    assert between(states, 6.0, 6.1)[0].readiness == "not_ready"


@pytest.mark.parametrize("name", ["belt", "seat"])
@pytest.mark.requirement("FS-08")
def test_FS08_unknown_belt_or_seat_is_never_ready(name: str) -> None:
    states = assess(drive(12, inputs=lambda t: vehicle(t, **{name: None})))
    assert {s.readiness for s in states} <= {"unknown"}
    assert any(f"{name} input" in cause for cause in states[-1].because)


@pytest.mark.requirement("FS-08")
def test_FS08_inputs_time_out_after_half_a_second() -> None:
    states = assess(drive(12, inputs=lambda t: vehicle(t) if t <= 8 else None))
    assert between(states, 8.0, 8.45)[-1].readiness == "ready"
    assert {s.readiness for s in between(states, 8.55, 12)} == {"unknown"}


@pytest.mark.requirement("R157-01")
def test_R157_01_face_lost_unknown_at_once_absent_after_one_second_without_seat_input() -> None:
    gone = lambda o: observation(o.t, **GONE) if o.t >= 6 else o  # noqa: E731
    states = assess(drive(9, picture=gone, inputs=lambda t: vehicle(t, seat=None if t >= 6 else True)))
    assert {s.readiness for s in between(states, 6.0, 6.95)} == {"unknown"}
    assert {(s.readiness, s.level) for s in between(states, 7.05, 9)} == {("not_ready", 1)}
    occupied = assess(drive(9, picture=gone))
    assert {s.readiness for s in between(occupied, 6.0, 9)} == {"unknown"}
    lost = between(occupied, 6.5, 6.5)[0]
    assert lost.attention.zone == "unknown" and lost.attention.eyes_off_road_s is None
    assert any(cause.startswith("no face in the picture for 0.5 s") for cause in lost.because)


def test_P21_vanishing_does_not_reset_the_clock() -> None:
    zone = lambda t: "lap" if t >= 5 else "road"  # noqa: E731
    states = assess(
        drive(11, shut=lambda t: t < 0.2, zone=zone, picture=lambda o: observation(o.t, **GONE) if 7 <= o.t < 8 else o)
    )
    assert all(s.warning.class_ is None for s in between(states, 0, 8.95))
    assert between(states, 9.1, 9.2)[0].warning.class_ == "long_distraction"


@pytest.mark.requirement("FS-04", "FS-05")
def test_FS04_silence_of_the_camera_shows_at_once() -> None:
    states = assess(drive(10, picture=lambda o: o if o.t < 6 or o.t > 8 else None))
    silent = [s for s in between(states, 6.01, 8.0) if s.t > 6.1]
    assert len(silent) >= 18 and {(s.readiness, s.health.state) for s in silent} == {("unknown", "fault")}
    assert all(s.attention.zone == "unknown" and s.attention.attentive is None and s.takeover_time_s is None for s in silent)
    assert between(states, 8.0, 8.2)[-1].readiness != "ready" and states[-1].readiness == "ready"


def test_silence_from_the_start_shows_too() -> None:
    states = assess(drive(2, picture=lambda o: None))
    assert len(states) >= 18 and {s.readiness for s in states} == {"unknown"}


@pytest.mark.parametrize("image", [Image(blocked=0.95), Image(mean=1.0), Image(frozen=True), Image(mean=250.0, saturated=0.9)])
@pytest.mark.requirement("FS-03", "NCAP-12", "P-11")
def test_FS03_NCAP12_unusable_pictures_are_unknown_and_the_driver_is_told(image: Image) -> None:
    states = assess(drive(10, picture=lambda o: observation(o.t, image=image) if o.t >= 6 else o))
    bad = between(states, 6.0, 10)
    assert {(s.readiness, s.level, s.health.state) for s in bad} == {("unknown", 0, "blocked")} and bad[0].health.reasons
    assert between(states, 7.1, 7.2)[0].warning.class_ == "camera"


@pytest.mark.requirement("R157-03", "P-06")
def test_R157_03_one_criterion_for_31_s_is_unavailable() -> None:
    states = assess(drive(40, 20.0, shut=lambda t: False))  # eyes open only: no blink, no movement, hands off
    assert {s.availability.available for s in between(states, 1, 29)} == {None}
    assert {s.readiness for s in between(states, 1, 29)} == {"unknown"}
    late = between(states, 31, 40)
    assert {(s.availability.available, s.readiness, s.level) for s in late} == {(False, "not_ready", 2)}


@pytest.mark.requirement("R157-03", "P-06")
def test_R157_03_two_criteria_within_30_s_keep_available() -> None:
    """A blink every 29 s and open eyes."""
    states = assess(drive(65, 20.0, shut=lambda t: 2 <= t % 29 < 2.15))
    assert all(s.availability.available for s in between(states, 2.3, 65))


@pytest.mark.requirement("R157-04", "P-06")
def test_R157_04_fewer_than_two_monitorable_is_unavailable_at_once() -> None:
    blocked = lambda o: observation(o.t, image=Image(blocked=1.0)) if o.t >= 6 else o  # noqa: E731
    states = assess(drive(8, picture=blocked, inputs=lambda t: vehicle(t, hands_on=True)))
    assert all(s.availability.available for s in between(states, 5, 5.99))
    assert {(s.availability.available, s.availability.monitorable) for s in between(states, 6.0, 8)} == {(False, 1)}


@pytest.mark.requirement("P-06")
def test_R157_03_ages_of_criteria() -> None:
    inputs = lambda t: vehicle(t, steering_torque_nm=3.0 if t < 2 else 0.1)  # noqa: E731
    criteria = assess(drive(6, inputs=inputs))[-1].availability.criteria
    assert criteria["vehicle_input"] == pytest.approx(4.07, abs=0.02)
    assert criteria["eye_closure"] == 0.0 and criteria["head_movement"] is None


@pytest.mark.requirement("R157-03")
def test_R157_03_head_and_body_movement_are_seen() -> None:
    def moved(o: Observation) -> Observation:
        head = o.head
        assert head is not None
        side = 0.2 if o.t >= 6 else 0.0
        turned = (side, head.forward_camera[1], -((1 - side**2 - head.forward_camera[1] ** 2) ** 0.5))
        import msgspec

        return observation(
            o.t, head=msgspec.structs.replace(head, forward_camera=turned, position_camera_mm=(side * 300, 0.0, 650.0))
        )

    criteria = assess(drive(7, picture=moved))[-1].availability.criteria
    assert criteria["head_movement"] == criteria["body_movement"] == pytest.approx(0.97, abs=0.02)


@pytest.mark.requirement("P-10")
def test_P10_under_20_pictures_a_second_is_said() -> None:
    assert assess(drive(6, 15.0))[-1].health.state == "degraded"
    assert assess(drive(6, 20.0))[-1].health.state == "ready"


@pytest.mark.requirement("P-10")
def test_P10_under_5_pictures_a_second_is_never_ready() -> None:
    assert "ready" not in {s.readiness for s in assess(drive(20, 4.0))}


def test_zone_only_records_run_the_clocks_but_are_never_ready() -> None:
    states = assess([Observation(t=i / 20, zone="lap") for i in range(100)])
    assert states[-1].warning.class_ == "long_distraction" and {s.readiness for s in states} == {"unknown"}
