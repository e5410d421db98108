"""Eyes and head: main sequence, head that follows, eyes that counter-rotate, limits, and zones by ray."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.assessment.cabins import load_cabin
from dms.assessment.geometry import vehicle_angles, vehicle_direction
from dms.assessment.zones import ZoneMap
from dms.profiles import load_profile
from hil.driver.behaviour.gaze import EYE_DOWN_DEG, EYE_UP_DEG, EYE_YAW_DEG, Looker, from_head, in_head, limited
from hil.driver.behaviour.glances import ROAD, SPELLS, Glances, attentive
from hil.driver.behaviour.sight import Sights, minus
from hil.driver.pose import head_rotation

CABIN = load_cabin("example_lhd")
RATE = 240.0
angle = st.floats(-60, 60)


def looker(seed: int = 1, owl: float = 0.5) -> Looker:
    return Looker(np.random.default_rng(seed), CABIN.ocular_point_mm, owl, (0.0, 0.0, 0.0))


def shift(yaw: float, pitch: float, seconds: float = 2.0, owl: float = 0.5, seed: int = 1) -> tuple[list, float]:
    """Looks from rest at a point 1.2 m off in that direction; all states, and the size of the shift."""
    one = looker(seed, owl)
    states = [one.step(i / RATE, 0.0) for i in range(24)]
    x, y, z = vehicle_direction(yaw, pitch)
    ox, oy, oz = CABIN.ocular_point_mm
    size = one.shift(24 / RATE, (ox + 1200 * x, oy + 1200 * y, oz + 1200 * z))
    states += [one.step((24 + i) / RATE, 0.0) for i in range(int(seconds * RATE))]
    return states, size


def speeds(states: list) -> np.ndarray:
    gaze = np.array([s.gaze for s in states])
    cosine = np.clip((gaze[1:] * gaze[:-1]).sum(axis=1), -1, 1)
    return np.degrees(np.arccos(cosine)) * RATE


@given(angle, angle, angle, angle, angle)
def test_head_axes_agree_with_the_matrix(yaw: float, pitch: float, roll: float, a: float, b: float) -> None:
    v = vehicle_direction(a, b)
    matrix = head_rotation(yaw, pitch, roll)
    assert np.allclose(from_head(v, yaw, pitch, roll), matrix @ np.array(v), atol=1e-9)
    there = in_head(v, yaw, pitch, roll)
    assert np.allclose(vehicle_direction(*there), matrix.T @ np.array(v), atol=1e-9)


@pytest.mark.parametrize("size", [4, 6, 10, 20, 35])
def test_peak_speed_lies_on_the_main_sequence(size: float) -> None:
    states, amplitude = shift(size, 0.0)
    peak = speeds(states).max()
    published = 550.0 * (1.0 - math.exp(-amplitude / 14.0))  # Bahill, Clark and Stark 1975
    assert 0.7 * published < peak < 1.5 * published
    assert peak <= 700.0


@pytest.mark.parametrize("yaw", [-120, -85, -60, 50, 82, 140])
def test_no_gaze_shift_is_faster_than_eyes_can_be(yaw: float) -> None:
    states, _ = shift(yaw, -15.0, 3.0)
    assert speeds(states).max() <= 700.0
    assert vehicle_angles(states[-1].gaze)[0] == pytest.approx(yaw, abs=4.0)  # the eye itself has moved with the head


def test_owl_turns_the_head_and_lizard_the_eyes() -> None:
    owl, lizard = shift(30, 0, owl=1.0)[0][-1], shift(30, 0, owl=0.0)[0][-1]
    assert owl.yaw > 20.0
    assert abs(lizard.yaw) < 7.0
    assert abs(lizard.eye_yaw) > 22.0


def test_head_starts_after_the_eyes() -> None:
    states, _ = shift(40, 0, owl=1.0)
    still = looker(1, 1.0)
    rest = [still.step(i / RATE, 0.0) for i in range(len(states))]  # the same sway without the shift
    eyes = next(i for i in range(24, 200) if abs(vehicle_angles(states[i].gaze)[0] - vehicle_angles(rest[i].gaze)[0]) > 0.01)
    head = next(i for i in range(24, 200) if abs(states[i].yaw - rest[i].yaw) > 0.001)
    assert eyes - 24 <= 2
    assert 0.035 < (head - eyes) / RATE < 0.09


@pytest.mark.parametrize(("yaw", "pitch"), [(30, -10), (-39, -12), (33, -20), (29, 16)])
def test_eyes_counter_rotate_while_the_head_follows(yaw: float, pitch: float) -> None:
    states, amplitude = shift(yaw, pitch, owl=1.0)
    landed = 24 + int((0.03 + 0.0032 * amplitude) * RATE) + 2
    moved = max(abs(s.yaw - states[landed].yaw) for s in states[landed:])
    assert moved > 5.0, "the head must still be on its way"
    ox, oy, oz = CABIN.ocular_point_mm
    x, y, z = vehicle_direction(yaw, pitch)
    point = (ox + 1200 * x, oy + 1200 * y, oz + 1200 * z)
    for s in states[landed:]:
        wish = minus(point, s.eye)
        cosine = sum(a * b for a, b in zip(s.gaze, wish, strict=True)) / math.dist(wish, (0, 0, 0))
        assert math.degrees(math.acos(min(1.0, cosine))) < 1.0


@given(angle, angle, st.integers(0, 50))
def test_far_targets_need_the_head_and_eyes_keep_their_limits(yaw: float, pitch: float, seed: int) -> None:
    states, _ = shift(2 * yaw, 0.8 * pitch, 1.0, seed=seed)
    for s in states[::6]:
        tall = EYE_UP_DEG if s.eye_pitch > 0 else EYE_DOWN_DEG
        assert math.hypot(s.eye_yaw / EYE_YAW_DEG, s.eye_pitch / tall) <= 1.0 + 1e-9


def test_limits_pull_straight_inwards() -> None:
    assert limited(10.0, -10.0) == (10.0, -10.0)
    yaw, pitch = limited(84.0, 0.0)
    assert (yaw, pitch) == (EYE_YAW_DEG, 0.0)


def test_gaze_let_go_drifts_without_a_jump() -> None:
    one = looker()
    x, y, z = CABIN.ocular_point_mm
    for i in range(240):
        if i == 10:
            one.shift(i / RATE, (x + 800, y - 400, z - 100))
        if i == 150:
            one.let_go(i / RATE)
        before = one.now.gaze
        one.step(i / RATE, 0.0)
        if i >= 150:
            assert math.dist(before, one.now.gaze) < 0.012  # 165 degrees a second
    assert vehicle_angles(one.now.gaze)[1] < one.now.pitch - 3.0


@given(st.floats(-170, 170), st.floats(-70, 60))
def test_zone_agrees_with_the_products_own(yaw: float, pitch: float) -> None:
    """Two implementations of the ray; the product's adds a margin, which only ever turns ``other`` into a zone."""
    rules = load_profile("l3_default").rules
    product = ZoneMap(CABIN, rules.gaze, ["road"])
    direction = vehicle_direction(yaw, pitch)
    ours, theirs = Sights(CABIN).zone(CABIN.ocular_point_mm, direction), product.zone(CABIN.ocular_point_mm, direction)
    assert ours in (theirs, "other")


@pytest.mark.parametrize("zone", sorted({box.zone for box in CABIN.zones}))
def test_points_in_a_zone_are_seen_there(zone: str) -> None:
    sights, rng = Sights(CABIN), np.random.default_rng(3)
    eye = CABIN.ocular_point_mm
    hits = [sights.zone(eye, minus(sights.point_in(zone, eye, rng), eye)) for _ in range(40)]  # type: ignore[arg-type]
    assert hits.count(zone) >= 39  # type: ignore[arg-type]


def test_glance_durations_have_their_medians() -> None:
    sights = Sights(CABIN)
    glances = Glances(np.random.default_rng(5), sights)
    watch = attentive(sights.zones)
    t = 0.0
    while t < 3600.0:
        glances.step(t, watch, CABIN.ocular_point_mm, 2.0)
        t += 0.05
    found: dict = {}
    for target, seconds in glances.durations:
        found.setdefault(target, []).append(seconds)
    limits = {
        "rear_mirror": (0.6, 1.2), "driver_mirror": (0.6, 1.2), "passenger_mirror": (0.6, 1.2), "cluster": (0.55, 0.85),
        "infotainment": (0.8, 1.6),
    }  # fmt: skip
    for zone, (low, high) in limits.items():
        assert len(found[zone]) > 25
        assert low < np.median(found[zone]) < high
        assert SPELLS[zone].low_s <= min(found[zone]) and max(found[zone]) <= SPELLS[zone].high_s  # type: ignore[index]
    road = [s for s in found["road"] if s >= ROAD.low_s]
    assert 2.5 < np.median(road) < 5.0 and max(road) <= 10.0


def test_sleepy_people_check_less() -> None:
    sights = Sights(CABIN)

    def looks_away(kss: float) -> int:
        glances = Glances(np.random.default_rng(5), sights)
        watch = attentive(sights.zones)
        for i in range(12000):
            glances.step(i * 0.05, watch, CABIN.ocular_point_mm, kss)
        return sum(target != "road" for target, _ in glances.durations)

    assert looks_away(9.0) < 0.85 * looks_away(2.0)
