"""Lids, gaze and mouth on made-up meshes: the head model seen from the front at a known scale."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.perception import eyes
from dms.perception import landmarks as lm
from dms.perception.eye_state import EyeReading
from dms.perception.eyes import (
    UNDECIDED,
    PatchMeasures,
    closed_probability,
    opening_mm,
    read_eye,
    see_eyes,
    shut_beyond_doubt,
    turned_away,
    visibility,
)
from dms.perception.face_mesh import FaceMesh
from dms.perception.gaze import BALL_FROM_CORNERS_MM, read_gaze
from dms.perception.head_model import head_model
from dms.perception.head_pose import HeadFit
from dms.perception.mouth import NETWORK_PRIOR, beside_hands, read_mouth, with_network
from dms.perception.roi import Roi
from dms.perception.signs import Lips
from dms.records.angles import direction_from
from dms.records.cabin import DriverBaseline
from dms.records.observation import Eye, Gaze, Hand, Mouth

SCALE = 2.5  # pixels a millimetre
ORIGIN = np.array([320.0, 240.0])
GOOD = PatchMeasures(
    structure=90.0, noise=1.0, saturated=0.0, mean=120.0, inside=1.0, lightest=170.0, middle=120.0, valley=60.0, steepness=0.2
)
OPEN = Eye(visible=0.98, opening_mm=9.0, openness=1.0, closed=0.0)


def turn(yaw: float = 0.0, pitch: float = 0.0) -> np.ndarray:
    """Head axes in line-of-sight axes for the shown angles, no roll."""
    z = -direction_from(yaw, pitch)
    x = np.array([math.cos(math.radians(yaw)), 0.0, -math.sin(math.radians(yaw))])
    return np.stack([x, np.cross(z, x), z], axis=1)


def fit_of(view: np.ndarray, scale: float = SCALE) -> HeadFit:
    return HeadFit(view, view, scale, scale, ORIGIN, np.array([0.0, 0.0, 900.0]), 0.5, 4.0)


def project(points: np.ndarray, view: np.ndarray) -> np.ndarray:
    return ORIGIN + SCALE * (points @ view.T)[..., :2]


def contour(gap_mm: float, view: np.ndarray) -> np.ndarray:
    """Lid points of an eye 30 mm wide whose lids stand ``gap_mm`` apart."""
    points = np.zeros((71, 3))
    points[[0, 8], 0] = (15.0, -15.0)
    for lower, upper in zip(lm.LOWER_LID, lm.UPPER_LID, strict=True):
        points[[lower, upper], 0] = 15.0 - 30.0 * lower / 8
        points[lower, 1], points[upper, 1] = gap_mm / 2, -gap_mm / 2
    return project(points, view)


def mesh_looking(view: np.ndarray, shift_mm: tuple[float, float] = (0.0, 0.0)) -> FaceMesh:
    """Irises moved on the balls by millimetres in head axes (to the driver's left, down)."""
    model = head_model()
    irises = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        ball = model.points[list(lm.EYE_CORNERS[side])].mean(axis=0) + BALL_FROM_CORNERS_MM * (sign, 1, 1)
        rim = np.array([(0, 0), (5.8, 0), (0, -5.8), (-5.8, 0), (0, 5.8)])
        irises[side] = project(np.c_[ball[:2] + shift_mm + rim, np.full(5, ball[2])], view)
    eyes = {side: contour(9.0, view) for side in irises}
    points = np.c_[project(model.points, view), np.zeros(468)]
    return FaceMesh(points, eyes, irises, np.zeros((80, 2)), 1.0, Roi(0, 0, 1), np.zeros((1, 1), np.uint8))


def gaze_of(view: np.ndarray, shift_mm: tuple[float, float], eyes: dict | None = None, driver: object = None) -> Gaze:
    both = {"left": OPEN, "right": OPEN}
    gaze = read_gaze(mesh_looking(view, shift_mm), eyes or both, fit_of(view), head_model(), driver)
    assert gaze is not None
    return gaze


@pytest.mark.parametrize("gap", [0.5, 3.0, 9.0, 12.0])
@pytest.mark.parametrize("angles", [(0, 0), (20, 0), (0, 30), (0, -30), (-25, 15)])
def test_opening_in_mm_whatever_the_nod(gap: float, angles: tuple[float, float]) -> None:
    view = turn(*angles)
    assert opening_mm(contour(gap, view), fit_of(view)) == pytest.approx(gap, abs=0.02)


def test_opening_of_crossed_lids_is_zero() -> None:
    assert opening_mm(contour(-2.0, turn()), fit_of(turn())) == 0.0


def test_opening_does_not_depend_on_the_picture_scale() -> None:
    fit = fit_of(turn())
    big = fit_of(turn(), 2 * SCALE)
    assert opening_mm(contour(8.0, turn()) * 2, big) == pytest.approx(opening_mm(contour(8.0, turn()), fit))


@given(st.floats(0, 2), st.floats(0, 2))
def test_closed_falls_with_openness(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert 0 <= closed_probability(high) <= closed_probability(low) <= 1


def test_closed_ends() -> None:
    assert closed_probability(0.0) > 0.99 and closed_probability(1.0) < 0.01


def test_read_eye_is_monotone_and_named() -> None:
    read = [read_eye(0.9, contour(g, turn()), fit_of(turn()), 0.5) for g in (0.2, 2, 4, 6, 8, 10)]
    opening, openness, closed = ([getattr(e, name) for e in read] for name in ("opening_mm", "openness", "closed"))
    assert opening == sorted(opening) and openness == sorted(openness) and closed == sorted(closed, reverse=True)
    assert closed[0] > 0.95 and closed[-1] < 0.05
    assert all(0 <= o <= 2 for o in openness)


def reading(visible: float, openness: float) -> EyeReading:
    nowhere = (0.0, 0.0, 0.0)
    return EyeReading(visible, float(openness < 0.4), 8.0 * openness, 1.0, openness, nowhere, nowhere)


def test_lid_points_that_contradict_the_picture_make_an_eye_unknown() -> None:
    """As the mesh does on a cover: it draws a half-open eye where there is none."""
    lids, fit = contour(5.4, turn()), fit_of(turn())
    assert read_eye(0.9, lids, fit, 0.5, reading(0.8, 0.0)) == Eye(visible=UNDECIDED)
    assert read_eye(0.9, lids, fit, 0.5, reading(0.98, 0.0)).closed is not None  # the network surely sees an eye
    assert read_eye(0.9, lids, fit, 0.5, reading(0.8, 0.3)).closed is not None


def test_both_witnesses_must_call_lids_shut_that_look_covered() -> None:
    assert shut_beyond_doubt(0.98, 1.5, reading(0.2, 0.3))
    doubtful = [(0.8, 1.5, 0.2, 0.3), (0.98, 3.4, 0.2, 0.3), (0.98, 1.5, 0.05, 0.3), (0.98, 1.5, 0.2, 0.5)]
    assert not any(shut_beyond_doubt(measured, gap, reading(visible, openness)) for measured, gap, visible, openness in doubtful)


@pytest.mark.parametrize(("left_mm", "shown"), [(1.5, True), (8.0, False)])
def test_two_shut_eyes_are_shown_and_one_alone_is_not(monkeypatch: pytest.MonkeyPatch, left_mm: float, shown: bool) -> None:
    monkeypatch.setattr(eyes, "_see_eye", lambda *args: 0.98)
    gaps = {"left": left_mm, "right": 1.0}
    mesh = SimpleNamespace(eye_contours={side: contour(gap, turn()) for side, gap in gaps.items()})
    states = {side: reading(0.2, gap / 10.0) for side, gap in gaps.items()}
    seen = see_eyes(np.zeros((8, 8), np.uint8), mesh, fit_of(turn()), states)  # type: ignore[arg-type]
    assert all((visible >= 0.5) == shown for visible in seen.values())


def test_an_unseen_eye_has_no_values() -> None:
    eye = read_eye(0.49, contour(9, turn()), fit_of(turn()), 0.5)
    assert eye == Eye(visible=0.49)


@pytest.mark.parametrize(
    ("field", "bad"),
    [("structure", 10.0), ("noise", 25.0), ("saturated", 0.6), ("inside", 0.6), ("lightest", 30.0)],
)
def test_one_bad_condition_makes_an_eye_unseen(field: str, bad: float) -> None:
    assert visibility(GOOD, 0.0, cheek=180.0) > 0.9
    assert visibility(replace(GOOD, **{field: bad}), 0.0, cheek=180.0) < 0.25


def test_an_eye_turned_away_is_unseen() -> None:
    assert visibility(GOOD, 80.0) < 0.1 < 0.9 < visibility(GOOD, 30.0)
    right_turned = fit_of(turn(yaw=70))  # to the driver's right: the right eye goes out of sight
    assert turned_away("right", right_turned) == pytest.approx(70, abs=0.1)
    assert turned_away("left", right_turned) == 0.0
    assert turned_away("left", fit_of(turn(yaw=-70))) == pytest.approx(70, abs=0.1)


@pytest.mark.parametrize("angles", [(0, 0), (20, -10), (-30, 5)])
def test_iris_in_the_middle_looks_where_the_head_points(angles: tuple[float, float]) -> None:
    gaze = gaze_of(turn(*angles), (0, 0))
    assert (gaze.yaw_deg, gaze.pitch_deg) == pytest.approx(angles, abs=0.1)
    assert gaze.direction_camera == pytest.approx(tuple(direction_from(*angles)), abs=2e-3)


@pytest.mark.parametrize("angles", [(0, 0), (15, -10)])
def test_gaze_signs(angles: tuple[float, float]) -> None:
    """Iris to the driver's right (negative x): yaw grows; iris up (negative y): pitch grows."""
    straight = gaze_of(turn(*angles), (0, 0))
    right, up = gaze_of(turn(*angles), (-2, 0)), gaze_of(turn(*angles), (0, -1.5))
    assert straight.yaw_deg is not None and straight.pitch_deg is not None
    assert right.yaw_deg is not None and right.yaw_deg > straight.yaw_deg + 8
    assert up.pitch_deg is not None and up.pitch_deg > straight.pitch_deg + 6
    assert gaze_of(turn(*angles), (2, 0)).yaw_deg == pytest.approx(2 * straight.yaw_deg - right.yaw_deg, abs=1.0)


def test_an_iris_at_the_rim_stays_a_direction() -> None:
    gaze = gaze_of(turn(), (-30, 10))
    assert np.linalg.norm(gaze.direction_camera) == pytest.approx(1.0, abs=1e-3)
    assert gaze.yaw_deg is not None and 30 < gaze.yaw_deg < 75


def test_closed_or_unseen_eyes_do_not_look() -> None:
    shut = Eye(visible=0.98, opening_mm=0.5, openness=0.0, closed=0.99)
    mesh, fit, model = mesh_looking(turn()), fit_of(turn()), head_model()
    assert read_gaze(mesh, {"left": shut, "right": shut}, fit, model, None) is None
    assert read_gaze(mesh, {"left": Eye(visible=0.1), "right": Eye(visible=0.2)}, fit, model, None) is None
    one = gaze_of(turn(), (0, 0), {"left": OPEN, "right": Eye(visible=0.1)})
    both = gaze_of(turn(), (0, 0))
    assert one.std_deg is not None and both.std_deg is not None and one.std_deg > both.std_deg


def test_calibration_moves_the_gaze_by_its_angles() -> None:
    driver = DriverBaseline(name="test", gaze_yaw_deg=5.0, gaze_pitch_deg=-3.0, gaze_std_deg=4.0)
    plain, calibrated = gaze_of(turn(), (-1, 0)), gaze_of(turn(), (-1, 0), driver=driver)
    assert plain.yaw_deg is not None and plain.pitch_deg is not None and plain.std_deg is not None
    assert calibrated.yaw_deg == pytest.approx(plain.yaw_deg + 5, abs=0.1)
    assert calibrated.pitch_deg == pytest.approx(plain.pitch_deg - 3, abs=0.1)
    assert calibrated.std_deg is not None and calibrated.std_deg < plain.std_deg


@pytest.mark.parametrize("angles", [(0, 0), (0, 30), (25, -20)])
def test_mouth_gap(angles: tuple[float, float]) -> None:
    view = turn(*angles)
    yawns = []
    for gap in (0.0, 8.0, 20.0, 40.0):
        lips = np.zeros((80, 3))
        lips[list(lm.INNER_LIP_CORNERS), 0] = (-20.0, 20.0)
        lips[list(lm.INNER_LIP_LOWER), 1], lips[list(lm.INNER_LIP_UPPER), 1] = gap / 2, -gap / 2
        mouth = read_mouth(replace(mesh_looking(view), lips=project(lips, view)), fit_of(view))
        assert mouth.opening_mm == pytest.approx(gap, abs=0.02)
        yawns.append(mouth.yawn)
    assert yawns[0] < 0.01 and yawns[1] < 0.05 and 0.05 < yawns[2] < 0.8 and yawns[3] > 0.99


def test_the_network_that_saw_the_face_has_its_say_on_a_yawn() -> None:
    assert with_network(0.3, NETWORK_PRIOR) == pytest.approx(0.3)  # it knows nothing
    assert with_network(0.3, 0.5) > 0.7 and with_network(0.7, 0.01) < 0.2  # where the lips leave it open
    assert with_network(0.0, 0.6) < 0.01 and with_network(1.0, 0.01) > 0.99  # shut lips don't yawn, nor does it deny a clear yawn


@pytest.mark.parametrize(("off_px", "unknown"), [(0.0, True), (29.0, True), (31.0, False)])
def test_a_hand_at_the_lips_leaves_the_yawn_unknown(off_px: float, unknown: bool) -> None:
    hand = Hand(landmarks_px=[(300.0 + off_px + 10 * i, 200.0) for i in range(21)])
    seen = beside_hands(Mouth(opening_mm=25.0, yawn=0.9), [Hand(), hand], Lips(300.0, 200.0, 30.0))
    assert seen == Mouth(opening_mm=25.0, yawn=None if unknown else 0.9)
