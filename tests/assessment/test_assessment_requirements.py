"""Rows of docs/requirements.yaml that the rules show on streams without a picture, by id."""

import itertools
import math
import random
from collections.abc import Callable, Iterator

import msgspec
import pytest
from drives import CABIN, HIDDEN, PROFILE, assess, between, blink, drive, first, never, observation, vehicle

from dms.assessment import Assessor
from dms.assessment.glance import Glances
from dms.assessment.windows import Tick
from dms.assessment.zones import vehicle_direction
from dms.inference.definition import definitions
from dms.readiness import ready_for_takeover
from dms.records import Eye, Gaze, Mouth, Objects, Observation, TakeoverReadiness
from dms.records.words import Zone

RULES = PROFILE.rules
assert RULES.long_distraction is not None and RULES.short_distraction is not None
LONG_S, SHORT_S = RULES.long_distraction.warn_s, RULES.short_distraction.cumulative_s
UNSEEN = {"eyes": {"left": HIDDEN, "right": HIDDEN}, "gaze": None, "head": None}


def looking(yaw: float, pitch: float) -> Gaze:
    """A sure line of sight by its angles in the vehicle: yaw to the right, pitch up."""
    x, y, z = (float(v) for v in CABIN.camera.rotation().T @ vehicle_direction(yaw, pitch))
    return Gaze(direction_camera=(x, y, z), origin_camera_mm=(0.0, 0.0, 650.0), std_deg=3.0)


# ---------------------------------------------------------------- UN R157 and R171


@pytest.mark.requirement("R157-06")
def test_R157_06_available_again_with_two_criteria() -> None:
    """Nothing but open eyes for 35 s, then one blink."""
    states = assess(drive(40, 20.0, shut=lambda t: 35.0 <= t < 35.15))
    assert between(states, 34.0, 34.9)[-1].availability.available is False
    back = between(states, 35.2, 40)
    assert all(state.availability.available and state.availability.valid == 2 for state in back)
    assert back[-1].readiness == "ready"


@pytest.mark.requirement("R157-03", "P-06")
@pytest.mark.parametrize(("apart", "available"), [(29.0, True), (31.0, False)])
def test_R157_03_window_of_thirty_seconds(apart: float, available: bool) -> None:
    """Open eyes all the time; the second criterion, a blink, comes again after so long."""
    states = assess(drive(2 + apart, 20.0, shut=lambda t: 1.0 <= t < 1.15))
    assert states[-1].availability.available is available


@pytest.mark.requirement("R157-11")
@pytest.mark.parametrize(
    ("zone", "hands_on", "level"), [("road", True, 5), ("road", False, 4), ("lap", True, 3), ("lap", False, 3)]
)
def test_R157_11_hands_on_hands_over_only_with_attention(zone: Zone, hands_on: bool, level: int) -> None:
    """Level 5 is the only one that says: he has the wheel and watches the road."""
    states = assess(drive(8, zone=lambda t: zone if t > 6 else "road", inputs=lambda t: vehicle(t, hands_on=hands_on)))
    assert states[-1].level == level


LEFT = {
    "not ready: driver absent": lambda t: vehicle(t, seat=t < 6.0),
    "not ready: belt open": lambda t: vehicle(t, belt=t < 6.0),
    "not ready: only 1 criteria of availability with evidence": vehicle,
}


@pytest.mark.requirement("R157-14")
@pytest.mark.parametrize("reason", LEFT)
def test_R157_14_each_cause_of_a_demand_has_its_own_reason_in_time(reason: str) -> None:
    """Absent a second after the seat was left; unbuckled at once; unavailable 30 s after the last but one criterion."""
    unavailable = LEFT[reason] is vehicle
    lids = (lambda t: 1.0 <= t < 1.15) if unavailable else blink
    states = assess(drive(35 if unavailable else 9, 20.0, shut=lids, inputs=LEFT[reason]))
    told = [state for state in states if state.because[0] == reason]
    expected = 31.15 if unavailable else 7.0 if "absent" in reason else 6.0
    assert told[0].t == pytest.approx(expected, abs=0.2)
    assert not [state for state in states if state.because[0].startswith("not ready") and state.because[0] != reason]


@pytest.mark.requirement("R171-08")
@pytest.mark.parametrize(("off", "on"), [(1.0, 0.2), (1.0, 0.3), (0.8, 0.2), (1.5, 0.5)])
def test_R171_08_many_short_looks_away_are_warned(off: float, on: float) -> None:
    zone = lambda t: "infotainment" if t % (off + on) < off else "road"  # noqa: E731
    warned = [s.warning.class_ for s in assess(drive(60, 20.0, shut=never, zone=zone)) if s.warning.class_ is not None]
    assert {"long_distraction", "short_distraction"} & set(warned)


@pytest.mark.requirement("R171-09")
def test_R171_09_a_gaze_that_cannot_be_judged_is_told_with_the_same_picture() -> None:
    states = assess(drive(8, picture=lambda o: observation(o.t, **UNSEEN) if o.t >= 6 else o))
    assert between(states, 5.9, 5.99)[-1].attention.attentive is True
    for state in between(states, 6.0, 8.0):
        found = state.attention
        assert (found.zone, found.attentive, found.eyes_off_road_s, found.criterion) == ("unknown", None, None, None)
        assert state.readiness == "unknown"


# ---------------------------------------------------------------- EU and Euro NCAP


@pytest.mark.requirement("ADDW-05", "P-03")
@pytest.mark.parametrize("fps", [20.0, 30.0, 60.0])
@pytest.mark.parametrize("phase", [0.0, 0.011, 0.023, 0.049])
def test_ADDW05_the_time_of_a_warning_is_right_to_50_ms(fps: float, phase: float) -> None:
    """A look away that begins between two pictures."""
    start = 5.0 + phase
    t = first(assess(drive(9, fps, zone=lambda t: "lap" if t >= start else "road")), "long_distraction")
    assert t is not None and abs(t - (start + LONG_S)) <= 0.050 + 1e-6


@pytest.mark.requirement("GSR-02", "P-17")
def test_GSR02_eyes_shut_and_head_down_give_one_warning() -> None:
    """Both clocks run: the one answer is the sleep, and it asks for waking and for eyes at once."""
    down = looking(13.0, -50.0)
    states = assess(
        drive(12, picture=lambda o: observation(o.t, shut=o.t >= 7.0, gaze=down if o.t < 7.0 else None) if o.t >= 5.0 else o)
    )
    at_sleep = between(states, 10.2, 10.9)
    assert {state.warning.class_ for state in at_sleep} == {"sleep"}
    assert all(state.requests.eyes_on and state.requests.wake_up for state in at_sleep)


@pytest.mark.requirement("P-17", "GSR-02")
def test_P17_the_more_important_warning_takes_over() -> None:
    """Long blinks for a minute, then short looks away, then a long one, then shut eyes: each outranks the one before."""

    def zone(t: float) -> Zone:
        return "road" if t < 65.0 or (t < 80.0 and (t - 65.0) % 3.0 >= 2.0) else "infotainment"

    def shut(t: float) -> bool:
        return t >= 84.0 or (t < 65.0 and t % 3.0 < 0.6)

    told = [state.warning.class_ for state in assess(drive(92, 20.0, shut=shut, zone=zone)) if state.warning.class_ is not None]
    order = [name for name, _ in itertools.groupby(told)]
    assert order == ["drowsy", "short_distraction", "long_distraction", "microsleep", "sleep", "unresponsive"]


@pytest.mark.requirement("NCAP-02", "P-08")
@pytest.mark.parametrize(("look", "warned"), [(1.8, True), (2.2, False)])
def test_NCAP02_two_seconds_on_the_road_reset_the_sum(look: float, warned: bool) -> None:
    """Away for 9 s in looks of 2.25 s, 0.5 s apart; then a look back of so long; then away for 2 s more."""

    def zone(t: float) -> Zone:
        if t < 11.0:
            return "infotainment" if t % 2.75 < 2.25 else "road"
        return "infotainment" if t >= 10.5 + look else "road"

    states = between(assess(drive(10.5 + look + 2.0, 20.0, shut=never, zone=zone)), 0.0, 10.5 + look + 1.9)
    assert max(state.attention.cumulative_off_30s or 0.0 for state in states) == pytest.approx(10.9 if warned else 9.0, abs=0.11)
    assert (first(states, "short_distraction") is not None) == warned


PHONES = {
    "knee, outboard": (-18.0, -58.0), "knee, inboard": (30.0, -60.0), "lap": (13.0, -50.0), "lap, near": (2.0, -62.0),
    "dash mount": (23.0, -13.0), "charge port": (38.0, -38.0), "rim at 9": (-16.0, -27.0), "rim at 10": (-14.0, -22.0),
    "rim at 11": (-8.0, -18.0), "wheel centre": (0.0, -32.0), "wheel top": (5.0, -24.0),
}  # fmt: skip
"""Yaw to the right and pitch up, degrees, left-hand drive: nominal or estimated."""


@pytest.mark.requirement("NCAP-03")
@pytest.mark.parametrize("place", PHONES)
def test_NCAP03_a_phone_looked_at_wherever_it_is_held(place: str) -> None:
    """Looks of 2 s every 3 s at a phone that the picture shows."""
    there = looking(*PHONES[place])
    seen = {"objects": Objects(phone=0.9)}
    phone = lambda o: observation(o.t, gaze=there if o.t % 3 < 2 else o.gaze, **seen)  # noqa: E731
    states = assess(drive(20, 20.0, shut=never, picture=phone))
    assert first(states, "phone") == pytest.approx(14.0, abs=0.3)
    assert {state.warning.class_ for state in states} == {None, "phone"}


@pytest.mark.requirement("NCAP-16")
def test_NCAP16_what_goes_out_names_a_class_and_requests_but_moves_nothing() -> None:
    """Requests are to the driver or to the controller; no field holds a torque, a deceleration or a lamp."""
    state = assess(drive(9, zone=lambda t: "lap" if t > 5 else "road"))[-1]
    assert state.warning.class_ == "long_distraction" and state.requests.eyes_on
    assert set(state.requests.__struct_fields__) == {"hands_on", "eyes_on", "take_control", "safe_stop", "wake_up"}


@pytest.mark.requirement("GSR-03", "P-19")
def test_GSR03_P19_no_identity_is_needed_and_none_is_made() -> None:
    """Ready with no driver file; no slot for a network that tells who it is; the records have no place for it."""
    assessor = Assessor(PROFILE, CABIN, driver=None)
    states = [ready_for_takeover(state, PROFILE) for record in drive(6) if (state := assessor.step(record)) is not None]
    assert states[-1].readiness == "ready"
    engines = [engine.name for engine in definitions()]
    words = [*engines, *_names(Observation), *_names(TakeoverReadiness)]
    assert "gaze" in words and "perclos_60s" in words
    assert not [word for word in words if any(part in word for part in ("identity", "person", "recogni", "embedding", "user"))]


def _names(record: type[msgspec.Struct]) -> Iterator[str]:
    """Field names of a record and of the records in it."""
    for field in msgspec.structs.fields(record):
        yield field.name
        for part in (field.type, *getattr(field.type, "__args__", ())):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield from _names(part)


# ---------------------------------------------------------------- drowsiness


@pytest.mark.requirement("MET-08", "P-04")
@pytest.mark.parametrize(
    ("seconds", "event"), [(0.4, None), (0.5, None), (1.0, "microsleep"), (1.5, "microsleep"), (3.0, "sleep"), (6.0, "sleep")]
)
def test_MET08_what_a_closure_is_called(seconds: float, event: str | None) -> None:
    """At the picture in which the eyes have been shut for exactly so long."""
    states = assess(drive(5 + seconds + 1, 20.0, shut=lambda t: 5.0 <= t <= 5.0 + seconds + 1e-6))
    assert between(states, 5.0 + seconds - 1e-6, 5.0 + seconds + 1e-6)[0].drowsiness.event == event


@pytest.mark.requirement("MET-01")
@pytest.mark.parametrize(("every_s", "shut_s"), [(10.0, 0.4), (6.0, 0.5), (5.0, 0.6), (4.0, 0.6), (3.0, 0.5)])
def test_MET01_perclos_is_the_share_of_shut_time_to_half_a_percentage_point(every_s: float, shut_s: float) -> None:
    state = assess(drive(121, 60.0, shut=lambda t: t % every_s < shut_s - 1e-9, inputs=lambda t: None))[-1]
    assert state.drowsiness.perclos_60s == pytest.approx(shut_s / every_s, abs=0.005)


@pytest.mark.requirement("MET-03", "P-05")
@pytest.mark.parametrize(("share", "drowsy"), [(0.145, False), (0.155, True)])
def test_MET03_drowsy_from_fifteen_percent(share: float, drowsy: bool) -> None:
    """A minute of open eyes, then a minute and more with a closure every 4 s."""
    shut = lambda t: t >= 64.0 and t % 4.0 < 4.0 * share - 1e-9  # noqa: E731
    warned = {state.warning.class_ for state in assess(drive(132, 50.0, shut=shut))}
    assert ("drowsy" in warned) == drowsy


@pytest.mark.requirement("MET-06")
def test_MET06_mean_closure_of_short_and_long_ones() -> None:
    """Ten closures of 0.2 s and ten of 0.6 s in a minute."""
    shut = lambda t: t % 3.0 < (0.2 if t % 6.0 < 3.0 else 0.6) - 1e-9  # noqa: E731
    state = assess(drive(70, 60.0, shut=shut))[-1]
    assert state.drowsiness.mean_closure_s == pytest.approx(0.4, abs=0.02)


@pytest.mark.requirement("MET-09")
@pytest.mark.parametrize("every_s", [1.5, 3.0, 6.0, 12.0, 25.0])
def test_MET09_the_rate_of_blinking_changes_no_level(every_s: float) -> None:
    states = assess(drive(40, 30.0, shut=lambda t: (t + 0.5) % every_s < 0.15))
    late = [state for state in between(states, 26.0, 40.0)]
    assert {(state.level, state.warning.class_, state.readiness) for state in late} == {(4, None, "ready")}


@pytest.mark.requirement("MET-12")
def test_MET12_a_yawn_alone_warns_of_nothing() -> None:
    """A yawn of 6 s every 20 s, the eyes open."""
    wide, calm = Mouth(opening_mm=45.0, yawn=0.99), Mouth(opening_mm=3.0, yawn=0.01)
    yawning = lambda o: msgspec.structs.replace(o, mouth=wide if o.t % 20 < 6 else calm)  # noqa: E731
    told, calmly = assess(drive(65, 20.0, picture=yawning)), assess(drive(65, 20.0))
    assert told[-1].drowsiness.yawns_total == 3
    without = [
        msgspec.structs.replace(state, drowsiness=msgspec.structs.replace(state.drowsiness, yawns_total=0)) for state in told
    ]
    assert [msgspec.to_builtins(state) for state in without] == [msgspec.to_builtins(state) for state in calmly]


@pytest.mark.requirement("MET-13")
def test_MET13_open_eyes_that_look_far_down_are_not_shut() -> None:
    """9.7 mm ahead, 6.4 mm at 40 degrees down: a look away, and no closure."""
    low, high = (Eye(visible=0.95, opening_mm=mm, openness=mm / 9.7, closed=0.05) for mm in (6.4, 9.7))
    lap = looking(0.0, -40.0)

    def picture(o: Observation) -> Observation:
        down = 5.0 <= o.t < 7.5
        return observation(o.t, gaze=lap if down else o.gaze, eyes=dict.fromkeys(("left", "right"), low if down else high))

    states = between(assess(drive(8, picture=picture)), 5.3, 7.4)
    assert all(state.attention.eyes_off_road_s and state.drowsiness.event is None for state in states)
    assert not any("shut" in cause for state in states for cause in state.because)


@pytest.mark.requirement("NV-04", "MET-15")
@pytest.mark.parametrize("aperture_mm", [6.0, 8.0, 10.0, 12.0, 14.0])
def test_NV04_narrow_and_wide_eyes_blink_and_sleep_alike(aperture_mm: float) -> None:
    """What the lids show is relative to the person: openness and millimetres of this aperture."""

    def picture(o: Observation) -> Observation:
        assert o.eyes is not None
        share = o.eyes["left"].openness or 0.0
        eye = Eye(visible=0.98, opening_mm=aperture_mm * share, openness=share)
        return observation(o.t, eyes={"left": eye, "right": eye})

    states = assess(drive(20, shut=lambda t: blink(t) or t >= 16.0, picture=picture))
    assert between(states, 15.5, 15.9)[-1].drowsiness.blinks_total == 3
    assert first(states, "microsleep") == pytest.approx(17.0, abs=0.1) and first(states, "sleep") == pytest.approx(19.0, abs=0.1)


@pytest.mark.requirement("MET-15")
@pytest.mark.parametrize("openness", [0.21, 0.24, 0.257, 0.28, 0.30])
def test_MET15_no_fixed_ratio_calls_a_narrow_eye_shut(openness: float) -> None:
    """Population of open eye-aspect ratios: as a share of the person's own none of them is near shut."""
    eye = Eye(visible=0.98, opening_mm=openness * 30.0, openness=1.0)
    states = assess(drive(8, shut=never, picture=lambda o: observation(o.t, eyes={"left": eye, "right": eye})))
    assert all(state.drowsiness.event is None and state.readiness != "impaired" for state in states)


# ---------------------------------------------------------------- glances


def attentive_glances(seed: int) -> Iterator[tuple[float, Zone]]:
    """Looks at mirrors, cluster and radio as long as people's are, some seconds of road between (the latter an estimate)."""
    chance = random.Random(seed)
    usual: list[tuple[Zone, float, float]] = [
        ("driver_mirror", 1.10, 0.30), ("passenger_mirror", 0.75, 0.36), ("cluster", 0.62, 0.48), ("infotainment", 1.44, 0.50),
    ]  # fmt: skip
    while True:
        zone, mean, spread = chance.choice(usual)
        yield max(0.2, chance.gauss(mean, spread)), zone
        yield chance.uniform(3.0, 9.0), "road"


@pytest.mark.requirement("GLA-05")
def test_GLA05_normal_looks_at_mirrors_and_gauges_never_warn_in_ten_hours() -> None:
    """The two clocks of looks away, at ten pictures a second: no look of this driver is ever too long, nor too many."""
    glances, looks, end, zone = Glances(RULES.glance), attentive_glances(1), 0.0, "road"
    for n in range(10 * 3600 * 10):
        t = n / 10
        while t >= end:
            seconds, zone = next(looks)
            end += seconds
        glances.step(Tick(t, 0.1, False), zone != "road")
        assert glances.off_s < LONG_S and glances.cumulative_s < SHORT_S, t


@pytest.mark.requirement("GLA-05")
@pytest.mark.parametrize("seed", [2, 3])
def test_GLA05_and_through_the_whole_assessment(seed: int) -> None:
    looks = list(itertools.islice(attentive_glances(seed), 200))
    ends = list(itertools.accumulate(seconds for seconds, _ in looks))
    course = [(end, zone) for end, (_, zone) in zip(ends, looks, strict=True)]
    where: Callable[[float], Zone] = lambda t: next(zone for until, zone in course if t < until)  # noqa: E731
    assert {state.warning.class_ for state in assess(drive(180, 20.0, zone=where))} == {None}


@pytest.mark.requirement("GLA-01")
def test_GLA01_time_off_the_road_of_hand_made_glances() -> None:
    """0.8 s mirror, 1.2 s road, 1.5 s radio, 1 s road, 2 s cluster: 4.3 s in all, the last glance 2 s."""
    glances = [(0.8, "rear_mirror"), (1.2, "road"), (1.5, "infotainment"), (1.0, "road"), (2.0, "cluster")]
    edges = list(itertools.accumulate((seconds for seconds, _ in glances), initial=2.0))
    zone = lambda t: next((z for e, (s, z) in zip(edges, glances, strict=False) if e <= t < e + s), "road")  # noqa: E731
    state = between(assess(drive(9, 20.0, shut=never, zone=zone)), edges[-1], 9)[0]
    assert state.attention.cumulative_off_30s == pytest.approx(4.3, abs=0.11)
    assert between(assess(drive(9, 20.0, shut=never, zone=zone)), edges[-1] - 0.051, edges[-1] - 0.049)[
        0
    ].attention.eyes_off_road_s == pytest.approx(1.95, abs=0.06)


# ---------------------------------------------------------------- safety


@pytest.mark.requirement("FS-18")
def test_FS18_a_photo_is_not_available() -> None:
    """The same open eyes, head and gaze for ever: at no time ready, and unavailable after the window."""
    states = assess(drive(40, 20.0, shut=never))
    assert all(state.readiness != "ready" for state in states)
    assert between(states, 31.0, 40.0)[0].availability.available is False


@pytest.mark.requirement("FS-05", "P-09")
@pytest.mark.parametrize("missing", ["face", "head", "gaze", "eyes", "image"], ids=lambda name: f"no_{name}")
def test_FS05_what_a_picture_does_not_tell_is_not_the_last_good_value(missing: str) -> None:
    """A part that falls out after six good seconds: nothing that rests on it is told any more."""
    parts: dict[str, object] = {missing: None}
    if missing == "face":
        parts |= {"head": None, "gaze": None, "eyes": None}
    state = assess(drive(9, picture=lambda o: observation(o.t, o.t % 4 < 0.15, **parts) if o.t >= 6 else o))[-1]
    assert (state.readiness == "ready") == (missing in ("head", "image"))
    assert (state.attention.zone == "unknown") == (missing == "face")
    assert state.drowsiness.event is None and math.isfinite(state.confidence)
