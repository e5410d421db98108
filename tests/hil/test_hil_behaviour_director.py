"""Whole runs: the same again, at any rate, nothing broken, and labels that say what the pose does."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment.cabins import load_cabin
from dms.errors import UsageError
from hil.driver.behaviour.director import NATURAL_PITCH_DEG, RATE_HZ, Director
from hil.driver.behaviour.gaze import EYE_DOWN_DEG, EYE_UP_DEG, EYE_YAW_DEG, in_head
from hil.driver.behaviour.scenario import Scenario, decode_scenario, load_scenario
from hil.driver.behaviour.sight import Sights, minus
from hil.driver.behaviour.takeover import Heard
from hil.driver.pose import Moment

CABIN = load_cabin("example_lhd")


def run(one: Scenario, fps: float = 30.0, seconds: float | None = None, cabin: str = "example_lhd") -> list[Moment]:
    director = Director(one, load_cabin(cabin))
    return [director.step(i / fps) for i in range(int((seconds or one.duration_s) * fps))]


def eye_of(m: Moment) -> tuple[float, float, float]:
    x, y, z = (a + b for a, b in zip(CABIN.ocular_point_mm, m.pose.eyes_offset_mm, strict=True))
    return x, y, z


def gaze_of(m: Moment) -> np.ndarray:
    v = np.array(m.pose.gaze_target_mm) - np.array(eye_of(m))
    return v / np.linalg.norm(v)


def test_same_seed_same_run() -> None:
    one = load_scenario("closed_loop")
    assert run(one, seconds=40) == run(one, seconds=40)
    heard = [Heard(demand=5 < i / 30 < 15) for i in range(600)]
    two = [[d.step(i / 30, h) for i, h in enumerate(heard)] for d in (Director(one, CABIN), Director(one, CABIN))]
    assert two[0] == two[1]


def test_another_seed_another_run() -> None:
    text = "name: a\nabout: b\nduration_s: 20\nseed: %d"
    runs = [run(decode_scenario((text % seed).encode(), "a")) for seed in (1, 2)]
    assert runs[0] != runs[1]


def test_the_rate_of_asking_changes_nothing() -> None:
    one = load_scenario("sample")
    slow, fast = run(one, 30.0), run(one, 120.0)
    assert slow == fast[::4]
    assert list(Director(one, CABIN).moments()) == slow


def test_time_does_not_run_backwards() -> None:
    director = Director(load_scenario("attentive"), CABIN)
    director.step(1.0)
    director.step(1.0)
    with pytest.raises(UsageError, match="step in order of time"):
        director.step(0.5)


@pytest.mark.parametrize("name", ["attentive", "phone", "sample", "long_glance", "yawns", "leaving_seat"])
def test_gaze_moves_continuously_and_the_zone_is_what_it_meets(name: str) -> None:
    moments = run(load_scenario(name), RATE_HZ, 45.0)
    sights = Sights(CABIN)
    gaze = np.array([gaze_of(m) for m in moments])
    speed = np.degrees(np.linalg.norm(np.diff(gaze, axis=0), axis=1)) * RATE_HZ
    assert speed.max() <= 700.0
    fast = float((speed > 60.0).mean())
    assert 0.001 < fast < 0.2  # fixations most of the time, saccades now and then
    for m, direction in zip(moments[::7], gaze[::7], strict=True):
        if m.pose.present:
            eye = eye_of(m)
            assert m.story.zone == sights.zone(eye, minus(m.pose.gaze_target_mm, eye))
            natural = m.pose.pitch_deg - NATURAL_PITCH_DEG  # the eyes rest in the middle of their range at natural posture
            yaw, pitch = in_head(tuple(direction), m.pose.yaw_deg, natural, m.pose.roll_deg)
            tall = EYE_UP_DEG if pitch > 0 else EYE_DOWN_DEG
            assert math.hypot(yaw / EYE_YAW_DEG, pitch / tall) < 1.001


@pytest.mark.slow
def test_perclos_and_counts_are_those_of_the_rendered_lids() -> None:
    moments = run(load_scenario("drowsy"), RATE_HZ, 420.0)[: int(420 * RATE_HZ)]
    shut = np.array([sum(m.pose.lids) / 2 <= 0.2 for m in moments])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], shut.astype(int), [0]])))
    counted = np.zeros(len(shut))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if end - start >= 0.25 * RATE_HZ:
            counted[start:end] = 1
    for second in (90, 240, 300, 360, 400):
        i = int(second * RATE_HZ)
        if not shut[i]:
            window = counted[i - int(60 * RATE_HZ) + 1 : i + 1]
            assert moments[i].story.perclos_60s == pytest.approx(window.mean(), abs=1e-3)
    assert moments[-1].story.perclos_60s is not None and moments[-1].story.perclos_60s > 0.01
    assert moments[int(29 * RATE_HZ)].story.perclos_60s is None
    blinks = moments[-1].story.blinks_total
    assert 80 < blinks < 190
    phases = [m.story.blink for m in moments[: int(60 * RATE_HZ)]]
    assert {"open", "closing", "shut", "opening"} <= set(phases)


def test_microsleep_ladder() -> None:
    moments = run(load_scenario("microsleep"), 60.0)
    for at, length, event in ((10, 0.6, None), (20, 1.2, "microsleep"), (32, 2.0, "microsleep"), (45, 3.0, "sleep")):
        near = [m for m in moments if at <= m.t < at + length + 1.5]
        longest = max(m.story.closed_s for m in near)
        assert longest == pytest.approx(length + 0.25, abs=0.25)
        assert event is None or any(m.story.event == event for m in near)
        assert any(m.story.activity == "microsleep" for m in near)


def test_activities_show_in_hands_and_face() -> None:
    eating = run(load_scenario("eating_drinking"))
    assert {m.story.activity for m in eating} >= {"eating", "drinking", "smoking"}
    assert {m.pose.right_hand.prop for m in eating} >= {"food", "cup"}
    assert any(m.pose.left_hand.prop == "cigarette" for m in eating)
    for m in eating:
        for hand in (m.pose.left_hand, m.pose.right_hand):
            assert hand.end.place != "mouth" or hand.prop is not None
    phone = run(load_scenario("phone"))
    assert {"phone_mount", "phone_lap", "phone_hand", "phone_ear"} <= {m.story.activity for m in phone}
    looking = [m.story.zone for m in phone if m.story.activity == "phone_lap" and m.t < 32]
    assert looking.count("lap") / len(looking) > 0.45
    yawns = run(load_scenario("yawns"))
    jaw = np.array([m.pose.face.get("jawOpen", 0.0) for m in yawns])
    yawning = np.array([m.story.yawning for m in yawns])
    assert jaw[yawning].max() > 0.85 and jaw[~yawning].max() < 0.6
    assert any(m.pose.right_hand.end.shape == "cover" for m in yawns) and any(m.story.speaking for m in yawns)
    assert min(min(m.pose.lids) for m in yawns if m.story.yawning) < 0.3


@pytest.mark.slow
def test_hands_never_jump() -> None:
    for name in ("eating_drinking", "phone", "gestures", "takeover"):
        before = None
        for m in run(load_scenario(name), 60.0, 100.0 if name == "takeover" else None):
            hand = m.pose.right_hand
            if before is not None and (hand.start, hand.end.place) != (before.start, before.end.place):
                assert before.progress > 0.97 and hand.progress < 0.2
                assert hand.start.place == before.end.place
            before = hand


def test_gestures_are_told_while_they_are_shown() -> None:
    moments = run(load_scenario("gestures"))
    shown = {m.story.gesture for m in moments} - {"none"}
    assert len(shown) == 22
    for m in moments:
        if m.story.gesture != "none":
            hand = m.pose.left_hand if m.story.gesture == "circle_cw" else m.pose.right_hand
            assert hand.end.place == ("mouth" if m.story.gesture == "mute" else "front") and hand.progress == 1.0


def test_leaving_and_coming_back() -> None:
    moments = run(load_scenario("leaving_seat"))
    gone = [m for m in moments if not m.pose.present]
    assert gone and all(m.vehicle.seat is False and m.story.zone == "unknown" and not m.story.hands_on for m in gone)
    assert 12.0 + 2.9 < gone[0].t < 15.2
    assert max(abs(m.pose.eyes_offset_mm[1]) for m in moments) > 300
    assert moments[(40 * 30)].pose.present and moments[(40 * 30)].vehicle.belt


def test_light_changes_as_written() -> None:
    moments = run(load_scenario("night_tunnel"))
    at = {s: moments[int(s * 30)].light for s in (5, 25, 45, 55)}
    assert at[5].sun > 1 and at[25].sun < 0.01 and at[45].outside < 0.05 and at[45].street > 0.5
    assert at[55].led < 0.35
    lamps = [m.light.ambient for m in moments if 20 < m.t < 30]
    assert max(lamps) > 2 * min(lamps)
    sun = run(load_scenario("low_sun"))
    yaw = [math.degrees(math.atan2(-m.light.sun_direction[1], m.light.sun_direction[0])) for m in sun]
    assert max(yaw) - min(yaw) > 15
    assert max(m.light.sun for m in sun) > 4 * min(m.light.sun for m in sun)
    assert all(abs(math.dist(m.light.sun_direction, (0, 0, 0)) - 1) < 1e-6 for m in sun)
    assert sun[-1].light.travelled_m == pytest.approx(60 * 70 / 3.6, rel=0.01)


PARTS = st.sampled_from([
    "do: look, zone: rear_seat", "do: look, zone: roof", "do: phone, place: hand", "do: phone, place: ear, hand: left", "do: eat",
    "do: drink", "do: smoke", "do: talk, to: passenger", "do: rub_eyes", "do: hands, wheel: left", "do: gesture, gesture: wave",
    "do: nod", "do: slow_closures", "do: sleep, side: left", "do: slump, side: right", "do: leave_seat", "do: absent",
    "do: phone, place: mount",
])  # fmt: skip


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 10), st.floats(1, 8), PARTS), max_size=5), st.floats(1, 9), st.floats(0, 1),
    st.sampled_from(["night", "low_sun", "tunnel"]), st.integers(0, 99), st.sampled_from(["example_lhd", "example_rhd"]),
)  # fmt: skip
def test_random_scenarios_stay_finite(parts: list, kss: float, owl: float, light: str, seed: int, cabin: str) -> None:
    lines = "".join(f"\n - {{at: {at:.2f}, for: {length:.2f}, {what}}}" for at, length, what in parts)
    text = f"name: r\nabout: r\nduration_s: 20\nseed: {seed}\nlight: {{family: {light}}}\n"
    text += f"mood: {{kss: [{{at: 0, value: {kss:.2f}}}], glance: {{owl: {owl:.2f}}}}}\nparts:{lines or ' []'}\n"
    moments = run(decode_scenario(text.encode(), "r"), 30.0, cabin=cabin)
    before = None
    for m in moments:
        for record in (m.pose, m.light):
            for name in (f.name for f in fields(record)):
                value = getattr(record, name)
                numbers = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else [value]
                assert all(math.isfinite(v) for v in numbers if isinstance(v, float)), (m.t, name, value)
        assert all(0.0 <= lid <= 1.3 for lid in m.pose.lids)
        assert all(0.0 <= w <= 1.0 for w in m.pose.face.values())
        assert abs(m.pose.yaw_deg) < 140 and -95 < m.pose.pitch_deg < 60 and max(map(abs, m.pose.eyes_offset_mm)) < 800
        if before is not None:
            assert math.dist(before.pose.eyes_offset_mm, m.pose.eyes_offset_mm) < 60.0
            assert abs(before.pose.yaw_deg - m.pose.yaw_deg) < 20.0
        before = m
