"""The driver's body: people, lids, eyes, arms. Numbers against anatomy and geometry, not against the program itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment.cabins import load_cabin
from hil.driver.body.asset import load
from hil.driver.body.figure import NOSE_UP_DEG, Figure
from hil.driver.body.fingers import SHAPES
from hil.driver.body.identity import coefficients, identity
from hil.driver.body.lids import Lids, following
from hil.driver.body.posed import Posed
from hil.driver.body.rotation import about, between, part_way, vector_of
from hil.driver.car import wheel_of
from hil.driver.pose import Grip, Hand, Pose, head_rotation
from hil.driver.split import split_of
from hil.driver.truth.from_body import seen_head

CABIN = load_cabin("example_lhd")
EYES = np.array(CABIN.ocular_point_mm)


@pytest.fixture(scope="module")
def figure() -> Figure:
    return Figure(7, CABIN)


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b / np.linalg.norm(a) / np.linalg.norm(b), -1, 1))))


def test_asset_is_small_and_complete() -> None:
    asset = load()
    assert {"head", "wrist.L", "wrist.R", "finger2-3.L"} <= set(asset.bones)
    assert len(asset.units) == 52 + 2  # the corners' own
    for part in asset.parts.values():
        assert part.triangles.max() < len(part.place) == len(part.uv) == len(part.masks)
        assert np.allclose(part.weights.sum(axis=1), 1, atol=1e-6)


def test_two_thousand_people_are_different() -> None:
    asset = load()
    everyone = np.array([coefficients(asset, seed) for seed in range(2000)])
    scale = asset.components[:, : asset.vertices].std(axis=(1, 2))
    shapes = everyone * scale
    for start in range(0, 2000, 400):
        distance = np.linalg.norm(shapes[start : start + 400, None] - shapes[None, :, :], axis=2)
        distance[np.arange(400), start + np.arange(400)] = np.inf
        assert distance.min() > 0.5


def test_no_person_stands_behind_both_splits() -> None:
    seeds = range(60)
    assert {split_of(s) for s in seeds} == {"train", "test"}
    assert identity(load(), 5).split == "test"
    assert identity(load(), 6).split == "train"


def test_straight_head_has_its_eyes_at_the_ocular_point_and_looks_ahead(figure: Figure) -> None:
    posed = figure.pose(Pose())
    assert np.allclose(posed.head_mm, EYES, atol=1e-6)
    nose, chin = posed.landmarks["nose_tip"][0], posed.landmarks["chin_bottom"][0]
    assert nose[0] > EYES[0] + 20
    assert chin[2] < nose[2] < EYES[2]
    assert posed.landmarks["left_tragus"][0][1] > EYES[1] + 50


def test_zero_pitch_is_the_facial_plane_with_the_measured_correction(figure: Figure) -> None:
    tilts = []
    for seed in range(12):
        places = Figure(seed, CABIN).pose(Pose()).landmarks
        line = places["nasion"][0] - places["pogonion"][0]
        tilts.append(np.degrees(np.arctan2(line[0], line[2])))
    assert np.mean(tilts) == pytest.approx(-NOSE_UP_DEG, abs=1.5)
    assert np.std(tilts) < 5


@pytest.mark.parametrize(("pose", "axis", "sign"), [({"yaw_deg": 30}, 1, -1), ({"pitch_deg": 20}, 2, 1)])
def test_head_turns_the_way_the_contract_says(figure: Figure, pose: dict, axis: int, sign: int) -> None:
    posed = figure.pose(Pose(**pose))
    nose = posed.landmarks["nose_tip"][0] - posed.head_mm
    straight = figure.pose(Pose()).landmarks["nose_tip"][0] - EYES
    assert sign * (nose[axis] - straight[axis]) > 8
    assert np.allclose(posed.head_rotation, head_rotation(posed_yaw := pose.get("yaw_deg", 0), pose.get("pitch_deg", 0), 0))
    assert posed_yaw in (0, 30)


def test_roll_to_the_right_shoulder(figure: Figure) -> None:
    posed = figure.pose(Pose(roll_deg=15))
    assert posed.landmarks["right_tragus"][0][2] < posed.landmarks["left_tragus"][0][2] - 20


@settings(max_examples=25, deadline=None)
@given(x=st.floats(400, 3000), y=st.floats(-600, 600), z=st.floats(-500, 250), yaw=st.floats(-25, 25), pitch=st.floats(-15, 15))
def test_both_visual_axes_meet_the_target(figure: Figure, x: float, y: float, z: float, yaw: float, pitch: float) -> None:
    target = EYES + np.array([x, y, z])
    posed = figure.pose(Pose(yaw_deg=yaw, pitch_deg=pitch, gaze_target_mm=tuple(target)))
    for eye in posed.eyes:
        wanted = posed.head_rotation.T @ (target - eye.centre_mm)
        across, up = np.degrees(np.arctan2(-wanted[1], wanted[0])), np.degrees(np.arcsin(wanted[2] / np.linalg.norm(wanted)))
        if abs(across) < 45 and -50 < up < 35:
            assert angle_deg(eye.visual, target - eye.centre_mm) < 0.01
        else:
            assert angle_deg(eye.visual, posed.head_rotation[:, 0]) < 65


def test_near_targets_make_the_eyes_converge_and_kappa_points_outwards(figure: Figure) -> None:
    far, near = (figure.pose(Pose(gaze_target_mm=tuple(EYES + np.array([d, 0, 0])))) for d in (1e5, 350.0))
    assert angle_deg(far.eyes[0].visual, far.eyes[1].visual) < 0.1
    left_mm, right_mm = (EYES + np.array([350.0, 0, 0]) - eye.centre_mm for eye in near.eyes)
    convergence = angle_deg(left_mm, right_mm)
    assert 9 < convergence < 13
    assert angle_deg(near.eyes[0].visual, near.eyes[1].visual) == pytest.approx(convergence, abs=0.05)
    left, right = (eye.rotation[:, 0] for eye in far.eyes)
    assert left[1] > 0.02
    assert right[1] < -0.02
    assert angle_deg(left, far.eyes[0].visual) == pytest.approx(np.hypot(*figure.person.kappa_deg), abs=0.1)


def test_cornea_meets_the_ball_at_the_limbus_and_bulges(figure: Figure) -> None:
    eye = figure.pose(Pose()).eyes[0]
    front = eye.cornea_centre_mm + eye.cornea_mm
    assert 0.5 < front - eye.radius_mm < 2.0
    height = np.sqrt(eye.cornea_mm**2 - eye.iris_mm**2) + eye.cornea_centre_mm
    assert np.hypot(height, eye.iris_mm) == pytest.approx(eye.radius_mm, abs=0.01)


def gap_of_mesh(posed: Posed, side: str) -> float:
    """Distance of the two lid margins at the middle of the eye, from the drawn points."""
    upper, lower = (posed.landmarks[f"{side}_{lid}_lid"] for lid in ("upper", "lower"))
    eye = posed.eyes[0 if side == "left" else 1]
    heights = []
    for margin in (upper, lower):
        local = (margin - eye.shell_centre_mm) @ posed.head_rotation
        order = np.argsort(local[:, 1])
        heights.append(np.interp(0.0, local[order, 1], local[order, 2]))
    return float(heights[0] - heights[1])


@pytest.mark.parametrize("seed", [0, 3, 5, 11])
@pytest.mark.parametrize("pitch", [-30, -10, 0, 15])
def test_lid_gap_label_is_what_the_mesh_shows(seed: int, pitch: float) -> None:
    figure = Figure(seed, CABIN)
    target = tuple(EYES + 1e4 * np.array([np.cos(np.radians(pitch)), 0, np.sin(np.radians(pitch))]))
    for share in (1.0, 0.6, 0.2):
        posed = figure.pose(Pose(gaze_target_mm=target, lids=(share, share)))
        for side, eye in zip(("left", "right"), posed.eyes, strict=True):
            assert gap_of_mesh(posed, side) == pytest.approx(eye.lid_gap_mm, abs=0.25)
            assert eye.openness == pytest.approx(share, abs=0.06)
    shut = figure.pose(Pose(gaze_target_mm=target, lids=(0.0, 0.0)))
    assert [eye.lid_gap_mm for eye in shut.eyes] == [0.0, 0.0]


def test_lids_follow_the_gaze_by_anatomy() -> None:
    asset = load()
    lids = Lids(asset, identity(asset, 4), np.array([0.0, 0.0, 1.0]))
    straight, down = lids.pose(0, 0, 0, 1.0, {}), lids.pose(0, 0, -30, 1.0, {})
    assert straight.gap_mm - down.gap_mm == pytest.approx(-30 * following(4).gap, abs=0.3)
    assert lids.pose(0, 0, 20, 1.0, {}).gap_mm > straight.gap_mm


def test_lids_follow_the_gaze_differently_from_one_to_the_next() -> None:
    asset, up = load(), np.array([0.0, 0.0, 1.0])
    fell = []
    for seed in range(12):
        lids = Lids(asset, identity(asset, seed), up)
        straight, down = (lids._heights(0, lids.pose(0, 0, pitch, 1.0, {}).weights)[1] for pitch in (0, -25))
        fell.append(straight - down)
        assert fell[-1] == pytest.approx(-25 * following(seed).lower, abs=0.6)
    assert 2.5 < np.mean(fell) < 4.5 and np.std(fell) > 0.4


def test_inner_corners_of_the_lids_stay_and_outer_ones_sink_with_the_eye() -> None:
    """They hang on ligaments: a blink moves them by less than a millimetre, 30 degrees down only the outer one, by 1 to 2.5 mm in
    the mean people of the sources. The eye is as wide as people's."""
    ahead, down = (1e5, 0.0, 1200.0), (1e5, 0.0, 1200.0 - 1e5 * np.tan(np.radians(30)))
    widths, sunk = [], []
    for seed in range(8):
        person = Figure(seed, load_cabin("example_lhd"))
        poses = [person.pose(pose) for pose in (Pose(gaze_target_mm=ahead), Pose(lids=(0.0, 0.0)), Pose(gaze_target_mm=down))]
        for side in ("left", "right"):
            inner, outer = (np.stack([p.landmarks[f"{side}_{end}_corner"][0] for p in poses]) for end in ("inner", "outer"))
            assert np.linalg.norm(inner - inner[0], axis=1).max() < 1.0
            assert np.linalg.norm(outer[1] - outer[0]) < 1.0
            sunk.append(float(outer[0, 2] - outer[2, 2]))
            assert sunk[-1] == pytest.approx(-30 * following(seed).corner, abs=0.4)
            widths.append(float(np.linalg.norm(outer[0] - inner[0])))
    assert 26.0 < np.mean(widths) < 30.0
    assert 1.0 < np.mean(sunk) < 2.0


def test_the_iris_is_seen_to_where_the_white_begins() -> None:
    """About 11.8 mm across in people: the cornea enlarges what lies behind it but does not reach further than the iris."""
    eye = Figure(4, CABIN).pose(Pose()).eyes[0]
    seen = seen_head(Figure(4, CABIN).pose(Pose())).left
    assert seen.iris.radius == pytest.approx(eye.iris_mm) and 5.4 <= seen.iris.radius <= 6.4
    assert seen.pupil.radius > eye.pupil_mm


def test_a_smile_does_not_change_the_lid_label() -> None:
    asset = load()
    lids = Lids(asset, identity(asset, 4), np.array([0.0, 0.0, 1.0]))
    assert lids.pose(0, 0, 0, 1.0, {"cheekSquintLeft": 0.6}).gap_mm == pytest.approx(lids.pose(0, 0, 0, 1.0, {}).gap_mm, abs=0.05)


def test_open_jaw_opens_the_mouth(figure: Figure) -> None:
    openings = [figure.pose(Pose(face={"jawOpen": w})).mouth_opening_mm for w in (0, 0.25, 0.5, 1)]
    assert openings[0] == 0
    assert np.all(np.diff(openings) > 4)
    assert 25 < openings[-1] < 60


@pytest.mark.parametrize("side", ["left", "right"])
def test_hands_reach_the_wheel_and_the_ear(figure: Figure, side: str) -> None:
    clock = 10 if side == "left" else 2
    posed = figure.pose(Pose(**{f"{side}_hand": Hand(end=Grip("wheel", "grip"))}))
    rim, _ = wheel_of(CABIN).rim(clock)
    assert np.linalg.norm(posed.hands[side].points_mm - rim, axis=1).min() < 45
    posed = figure.pose(Pose(yaw_deg=20, **{f"{side}_hand": Hand(end=Grip("ear", "phone"))}))
    ear = posed.landmarks[f"{side}_tragus"][0]
    assert np.linalg.norm(posed.hands[side].points_mm - ear, axis=1).min() < 70


@pytest.mark.parametrize("side", ["left", "right"])
def test_arm_keeps_its_lengths_and_its_joints_together(figure: Figure, side: str) -> None:
    mark = side[0].upper()
    index = {name: i for i, name in enumerate(figure.asset.bones)}
    heads = figure.person.heads
    for place in ("wheel", "ear", "mouth", "lap", "front", "screen"):
        bones = figure.pose(Pose(**{f"{side}_hand": Hand(end=Grip(place))})).bones.astype(float)
        for parent, child in zip(figure.asset.parents, range(len(bones)), strict=True):
            if parent >= 0:
                joint = [bones[b, :, :3] @ heads[child] + bones[b, :, 3] for b in (parent, child)]
                assert np.allclose(joint[0], joint[1], atol=0.05)
        wrist = bones[index[f"wrist.{mark}"], :, :3]
        assert np.allclose(wrist.T @ wrist, np.eye(3), atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "extended"), [("fist", 0), ("point", 1), ("victory", 2), ("three", 3), ("four", 4), ("open_palm", 4)]
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_extended_fingers_of_each_shape(figure: Figure, side: str, shape: str, extended: int) -> None:
    points = figure.pose(Pose(**{f"{side}_hand": Hand(end=Grip("front", shape))})).hands[side].points_mm
    wrist = points[0]
    straight = [np.linalg.norm(points[4 * f + 4] - wrist) > 1.15 * np.linalg.norm(points[4 * f + 2] - wrist) for f in range(1, 5)]
    assert sum(straight) == extended


@pytest.mark.parametrize("seed", [3, 7, 12, 35])
@pytest.mark.parametrize("side", ["left", "right"])
def test_mute_is_an_index_finger_before_the_lips(seed: int, side: str) -> None:
    posed = Figure(seed, CABIN).pose(Pose(yaw_deg=12.0, **{f"{side}_hand": Hand(end=Grip("mouth", "mute"))}))
    lips = (posed.landmarks["upper_lip"][0] + posed.landmarks["lower_lip"][0]) / 2
    joint, tip = (posed.hands[side].points_mm[[6, 8]] - lips) @ head_rotation(12.0, 0.0, 0.0)
    share = -joint[2] / (tip[2] - joint[2])
    assert -0.4 < share < 0.6  # the finger passes the lips in its middle
    before = joint + share * (tip - joint)
    assert 10 < before[0] < 35 and abs(before[1]) < 15


def test_every_shape_has_fingers() -> None:
    from typing import get_args

    from hil.driver.pose import Shape

    assert set(SHAPES) == set(get_args(Shape))


@settings(max_examples=60)
@given(st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1), st.floats(-179, 179))
def test_rotation_helpers(axis: tuple[float, float, float], degrees: float) -> None:
    turn = about(np.array(axis), degrees)
    assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-9)
    assert np.degrees(np.linalg.norm(vector_of(turn))) == pytest.approx(abs(degrees), abs=1e-4)
    assert np.allclose(part_way(np.eye(3), turn, 1.0), turn, atol=1e-6)
    unit = np.array(axis) / np.linalg.norm(axis)
    assert np.allclose(between(np.array([1.0, 0, 0]), unit) @ [1, 0, 0], unit, atol=1e-6)
