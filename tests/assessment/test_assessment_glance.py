"""Eyes off the road: long glance, cumulative rule, flicker, release, attention."""

import pytest
from drives import AHEAD, CABIN, HIDDEN, assess, between, drive, first, never, observation

from dms.assessment.geometry import vehicle_direction
from dms.records import Gaze

OFF = ["cluster", "infotainment", "rear_mirror", "driver_mirror", "passenger_mirror", "glovebox", "lap", "knee", "phone",
       "footwell", "passenger", "driver_window", "passenger_window", "rear_seat", "roof", "other"]  # fmt: skip
START = 5.0


@pytest.mark.parametrize("zone", OFF)
@pytest.mark.parametrize(("seconds", "warned"), [(2.8, False), (3.2, True)])
@pytest.mark.requirement("NCAP-01", "GLA-04")
def test_NCAP01_long_glance_in_every_zone(zone: str, seconds: float, warned: bool) -> None:
    states = assess(drive(12, zone=lambda t: zone if START <= t < START + seconds else "road"))
    t = first(states, "long_distraction")
    assert (t == pytest.approx(START + 3.0, abs=0.05)) if warned else t is None
    assert states[-1].warning.class_ is None and states[-1].readiness == "ready"


@pytest.mark.parametrize("fps", [15.0, 20.0, 30.0, 60.0])
@pytest.mark.parametrize(("seconds", "warned"), [(2.8, False), (3.2, True)])
@pytest.mark.requirement("NCAP-01")
def test_NCAP01_ADDW05_long_glance_through_the_geometry(fps: float, seconds: float, warned: bool) -> None:
    lap = CABIN.camera.rotation().T @ vehicle_direction(13, -50)
    gaze = Gaze(direction_camera=(float(lap[0]), float(lap[1]), float(lap[2])), origin_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0)
    away = lambda o: observation(o.t, gaze=gaze) if START <= o.t < START + seconds else o  # noqa: E731
    states = assess(drive(10, fps, picture=away))
    t = first(states, "long_distraction")
    assert (t == pytest.approx(START + 3.0, abs=0.07)) if warned else t is None


@pytest.mark.parametrize(("off", "on", "long_t", "cumulative_t"), [
    (3.5, 4, 3.0, None), (2.9, 1, None, 13.0), (2.5, 2.5, None, None), (2, 2, None, None), (2, 1.9, None, 17.6),
    (2, 1, None, 14.0),
    (1.5, 1, None, 16.0), (1.5, 0.5, None, 13.0), (1, 1, None, 19.0), (1, 0.5, None, 14.5), (1, 0.3, None, 12.7),
    (0.8, 1.2, None, 24.4),
])  # fmt: skip
@pytest.mark.requirement("P-21", "NCAP-02", "P-03")
def test_P21_NCAP02_table_of_glance_patterns(off: float, on: float, long_t: float | None, cumulative_t: float | None) -> None:
    """Requirements 7.4 at 20 pictures/s: first warning of the two rules, one picture of tolerance."""
    zone = lambda t: "infotainment" if round(t * 20) % round((off + on) * 20) < round(off * 20) else "road"  # noqa: E731
    states = assess(drive(40, 20.0, shut=never, zone=zone))
    for name, expected in (("long_distraction", long_t), ("short_distraction", cumulative_t)):
        t = first(states, name)
        assert t == (None if expected is None else pytest.approx(expected, abs=0.051)), name


@pytest.mark.requirement("NCAP-03")
def test_NCAP03_phone_names_itself() -> None:
    states = assess(drive(20, shut=never, zone=lambda t: "phone" if t % 3 < 2 else "road"))
    assert first(states, "phone") == pytest.approx(14.0, abs=0.1) and first(states, "short_distraction") is None


@pytest.mark.parametrize(("gap", "kept"), [(0.2, True), (0.5, False)])
@pytest.mark.requirement("ADDW-04")
def test_ADDW04_flicker_does_not_reset_the_clock(gap: float, kept: bool) -> None:
    states = assess(drive(7, 20.0, shut=never, zone=lambda t: "road" if t < 1 or 3 <= round(t, 6) < 3 + gap else "lap"))
    assert (first(states, "long_distraction") is not None) == kept or not kept
    at = between(states, 4.0, 4.0)[0].attention.eyes_off_road_s
    assert at == pytest.approx(2.8 if kept else 0.5, abs=0.06)


@pytest.mark.parametrize(("look", "over"), [(0.8, False), (1.2, True)])
@pytest.mark.requirement("NCAP-09", "P-08")
def test_NCAP09_release_needs_one_second_on_the_road(look: float, over: bool) -> None:
    states = assess(drive(10, zone=lambda t: "road" if t < 2 or 6 <= t < 6 + look else "lap", shut=never))
    at = between(states, 6 + look, 7.6)[0]
    assert (at.warning.class_ is None) == over


@pytest.mark.requirement("R157-10", "P-07")
def test_R157_10_P07_each_criterion_of_attention() -> None:
    assert assess(drive(6))[-1].attention.criterion == "gaze_road"
    mirror = assess(drive(6, zone=lambda t: "rear_mirror" if t > 5 else "road"))[-1]
    assert (mirror.attention.criterion, mirror.readiness) == ("gaze_mirror", "ready")
    head = assess(drive(6, picture=lambda o: observation(o.t, o.eyes["left"].closed > 0.5, gaze=None)))[-1]
    assert (head.attention.criterion, head.readiness) == ("head_movement", "unknown")
    lap = assess(drive(6, zone=lambda t: "lap"))[-1]
    assert (lap.attention.attentive, lap.attention.criterion, lap.readiness) == (False, None, "ready_delayed")


@pytest.mark.requirement("R157-10", "P-07")
def test_R157_10_attention_is_confirmed_after_0_3_s() -> None:
    states = assess(drive(8, zone=lambda t: "lap" if t < 6 else "road"))
    assert all(s.attention.attentive is False for s in between(states, 6.0, 6.25))
    assert all(s.attention.attentive for s in between(states, 6.31, 8))


@pytest.mark.requirement("NV-08", "NCAP-12", "P-11")
def test_NV08_R157_10_sunglasses_head_stands_in_but_never_ready() -> None:
    hidden = {"left": HIDDEN, "right": HIDDEN}
    for eyes in (hidden, None):
        states = assess(drive(20, inputs=lambda t: None, picture=lambda o, e=eyes: observation(o.t, eyes=e)))
        assert {s.readiness for s in states} == {"unknown"}
    states = assess(drive(20, picture=lambda o: observation(o.t, eyes=hidden)))
    assert "ready" not in {s.readiness for s in states}
    last = states[-1]
    assert last.attention.zone == "road" and any("head (stands in for gaze)" in cause for cause in last.because)
    told = first(states, "camera")
    assert told is not None and told <= 10.0 and last.health.state == "degraded"


@pytest.mark.requirement("P-02")
def test_P02_unsure_gaze_is_unknown_not_road() -> None:
    low = CABIN.camera.rotation().T @ vehicle_direction(0, -9)
    gaze = Gaze(direction_camera=(float(low[0]), float(low[1]), float(low[2])), std_deg=18.0)
    state = assess(drive(6, picture=lambda o: observation(o.t, gaze=gaze)))[-1]
    assert state.attention.zone == "unknown" and state.attention.eyes_off_road_s is None and state.readiness == "unknown"


@pytest.mark.requirement("ADDW-04")
def test_ADDW04_single_pictures_of_wrong_gaze_do_not_flicker() -> None:
    wrong = Gaze(direction_camera=(0.0, 0.35, -((1 - 0.35**2) ** 0.5)), std_deg=3.0)
    states = assess(drive(10, picture=lambda o: observation(o.t, gaze=wrong) if round(o.t * 30) % 20 == 7 else o))
    assert {s.attention.zone for s in between(states, 1, 10)} == {"road"}
    assert AHEAD[1] < 0
