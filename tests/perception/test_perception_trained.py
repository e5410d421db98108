"""What becomes of the trained networks' answers: decoded, mixed with geometry, and harmless when a network has gone wrong."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.inference.base import Engine, Options
from dms.inference.fake_backend import FakeBackend
from dms.inference.slots import contract
from dms.perception import eye_state, gaze_net, head_net
from dms.perception.ellipses import _flattened
from dms.perception.head_fusion import angle_deg, by_network, carried_on, fused, of_mesh
from dms.perception.head_net import HeadReading, nearest_rotation, rotation_of
from dms.perception.head_pose import HeadFit
from dms.perception.roi import Roi
from dms.perception.trained import Trained
from dms.records.angles import direction_from, yaw_pitch_deg
from dms.records.cabin import Camera

CAMERA = Camera(fx=850.0, fy=850.0, cx=320.0, cy=240.0, width=640, height=480)
NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf])


def turn(yaw: float, pitch: float = 0.0) -> np.ndarray:
    z = -direction_from(yaw, pitch)
    x = np.array([math.cos(math.radians(yaw)), 0.0, -math.sin(math.radians(yaw))])
    return np.stack([x, np.cross(z, x), z], axis=1)


def fit_of(view: np.ndarray, std: float = 4.0) -> HeadFit:
    return HeadFit(view, view, 2.0, 2.0, np.array([320.0, 240.0]), np.array([0.0, 0.0, 650.0]), 0.5, std)


def reading_of(view: np.ndarray, std: float) -> HeadReading:
    return HeadReading(view, std, 0.0, 0.0, 0.0)


@given(st.lists(NUMBERS, min_size=6, max_size=6))
def test_any_six_numbers_are_a_rotation(six: list[float]) -> None:
    made = rotation_of(np.array(six))
    assert np.allclose(made @ made.T, np.eye(3), atol=1e-6)
    assert np.linalg.det(made) == pytest.approx(1.0, abs=1e-6)


@given(st.lists(NUMBERS, min_size=11, max_size=11))
def test_a_head_network_gone_wrong_has_seen_nothing(numbers: list[float]) -> None:
    out = np.array(numbers, np.float32)
    read = head_net.decode({"rotation": out[None, :6], "log_std": out[None, 6:7], "signs": out[None, 7:]})
    if read is None:
        assert not np.isfinite(out).all() or np.linalg.norm(out[:6]) < 1e-3
        return
    assert 0 < read.std_deg <= head_net.STD_MAX_DEG
    assert all(0 <= p <= 1 for p in (read.yawn, read.sunglasses, read.mask))


@given(st.lists(NUMBERS, min_size=9, max_size=9))
def test_an_eye_network_gone_wrong_has_seen_nothing(numbers: list[float]) -> None:
    out = np.array(numbers, np.float32)
    read = eye_state.decode({"state": out[None, :5], "points": out[None, 5:]}, Roi(10, 10, 50), "left")
    assert 0 <= read.visible <= 1 and 0 <= read.closed <= 1 and 0 <= read.gap_mm <= eye_state.GAP_MAX_MM
    if not np.isfinite(out).all():
        assert read.visible == 0


def test_iris_of_a_mirrored_eye_comes_back_to_its_side() -> None:
    out = {"state": np.array([[5, -5, 9, 0, 1]], np.float32), "points": np.array([[4, 2, 5, 2]], np.float32)}
    left, right = (eye_state.decode(out, Roi(100, 80, 51, 0.0), side) for side in ("left", "right"))
    assert left.iris_px == pytest.approx((100 + 4 * 51 / 48, 80 + 2 * 51 / 48, 5 * 51 / 48))
    assert right.iris_px[0] == pytest.approx(100 - 4 * 51 / 48) and right.iris_px[1] == pytest.approx(left.iris_px[1])


@given(st.floats(-60, 60), st.floats(-60, 60), st.floats(0.5, 60))
def test_fused_head_lies_between_and_disagreement_is_admitted(mesh_yaw: float, network_yaw: float, network_std: float) -> None:
    fit, reading = fit_of(turn(mesh_yaw)), reading_of(turn(network_yaw), network_std)
    pose = fused(fit, reading)
    apart = angle_deg(fit.view, reading.view)
    assert angle_deg(fit.view, pose.view) <= apart + 1e-5 and angle_deg(reading.view, pose.view) <= apart + 1e-5
    assert np.allclose(pose.view @ pose.view.T, np.eye(3), atol=1e-9)
    assert pose.std_deg > 0
    agreed = fused(fit, reading_of(fit.view, network_std))
    turned = max(abs(network_yaw), abs(mesh_yaw)) > 40  # where the network sees a turn the mesh counts for less anyway
    assert turned or pose.std_deg >= agreed.std_deg - 1e-9
    assert pose.std_deg >= (apart - math.hypot(4.0 * 2, 1.6 * max(4.0, network_std))) / 2 - 1e-9


def test_a_sure_network_moves_an_unsure_mesh() -> None:
    pose = fused(fit_of(turn(50), std=25.0), reading_of(turn(75), 3.0))
    yaw, _ = yaw_pitch_deg(-pose.rotation[:, 2])
    assert 70 < yaw <= 75


def test_head_without_a_mesh() -> None:
    pose = by_network(reading_of(turn(80), 12.0), (320.0, 240.0), CAMERA)
    record = pose.record()
    assert record.yaw_deg == pytest.approx(80, abs=0.1)
    assert record.std_deg is not None and record.std_deg > 15.0  # unconfirmed: no evidence of a movement
    assert record.position_camera_mm is None
    assert of_mesh(fit_of(turn(10))).record().yaw_deg == pytest.approx(10, abs=0.1)
    aside = by_network(reading_of(turn(80), 12.0), (320.0 + CAMERA.fx * math.tan(math.radians(10.0)), 240.0), CAMERA)
    assert abs((aside.record().yaw_deg or 0.0) - 80.0) == pytest.approx(10.0, abs=0.1)  # about the line to the eyes


def test_nearest_rotation_of_a_rotation_is_itself() -> None:
    assert np.allclose(nearest_rotation(3.0 * turn(20, 10)), turn(20, 10))


def test_the_surer_of_several_looks_counts_more() -> None:
    vague, sure = reading_of(turn(30), 12.0), reading_of(turn(70), 6.0)
    mean = head_net.mean_reading([vague, None, sure])
    assert mean is not None and mean.std_deg == vague.std_deg
    assert yaw_pitch_deg(-mean.view[:, 2])[0] == pytest.approx(30 + 40 * 16 / 17, abs=1.0)
    assert head_net.mean_reading([None]) is None and head_net.mean_reading([sure]) is sure


def test_signs_are_the_mean_of_all_looks() -> None:
    one, other = (HeadReading(turn(0), 8.0, yawn, 0.5, 0.02) for yawn in (0.9, 0.1))
    mean = head_net.mean_reading([one, other])
    assert mean is not None and (mean.yawn, mean.sunglasses, mean.mask) == pytest.approx((0.5, 0.5, 0.02))


def test_gaze_answer_is_three_directions() -> None:
    read = gaze_net.decode({"angles": np.array([[10.0, -5, 12, -5, 8, -5]], np.float32), "log_std": np.log([[3.0, 4.0]])})
    assert read is not None
    assert yaw_pitch_deg(read.direction) == pytest.approx((10, -5))
    assert yaw_pitch_deg(read.eyes["left"]) == pytest.approx((12, -5))
    assert read.std_deg == pytest.approx((3 * gaze_net.SIGMA, 4 * gaze_net.SIGMA))


@given(st.lists(NUMBERS, min_size=8, max_size=8))
def test_a_gaze_network_gone_wrong_looks_nowhere(numbers: list[float]) -> None:
    out = np.array(numbers, np.float32)
    read = gaze_net.decode({"angles": out[None, :6], "log_std": out[None, 6:]})
    if not np.isfinite(out).all():
        assert read is None
    if read is not None:
        assert all(0 < v < 120 for v in read.std_deg)
        assert all(np.linalg.norm(d) == pytest.approx(1.0) for d in (read.direction, *read.eyes.values()))


def test_a_circle_seen_from_the_side_is_flat_across_the_turn() -> None:
    assert _flattened(0.0, 0.0, -1.0) == pytest.approx((1.0, 0.0))
    across, angle = _flattened(math.sin(1.0), 0.0, -math.cos(1.0))  # looks sideways: upright ellipse
    assert across == pytest.approx(math.cos(1.0)) and abs(angle) == pytest.approx(90.0)


def test_a_lost_head_keeps_its_side_and_grows_unsure() -> None:
    last = of_mesh(fit_of(turn(60.0), std=8.0))
    middle = (320.0, 240.0)
    undecided = by_network(reading_of(turn(-40.0), 30.0), middle, CAMERA)  # the network takes one side for the other
    just_now = carried_on(undecided, last, 0.05)
    assert yaw_pitch_deg(-just_now.rotation[:, 2])[0] > 45
    sure = carried_on(by_network(reading_of(turn(-70.0), 4.0), middle, CAMERA), last, 1.0)  # time enough to turn round
    assert yaw_pitch_deg(-sure.rotation[:, 2])[0] < -60
    spreads = [
        carried_on(by_network(reading_of(turn(60.0), 30.0), middle, CAMERA), last, age).std_deg for age in (0.0, 0.2, 0.6, 1.4)
    ]
    assert spreads == sorted(spreads) and spreads[0] > 10.0 and spreads[-1] > 30.0


def test_a_head_that_leans_far_is_set_upright() -> None:
    points = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 50.0], [0.0, 50.0]])
    for angle, kept in ((0.4, 0.0), (1.2, 1.2), (-1.5, -1.5)):
        assert head_net.level_roi(points, angle).angle == kept
    upright = head_net.read_head(head_engine(math.log(8.0)), np.zeros((90, 90), np.uint8), Roi(45, 45, 60, 0.0))
    leaning = head_net.read_head(head_engine(math.log(8.0)), np.zeros((90, 90), np.uint8), Roi(45, 45, 60, math.radians(50)))
    assert upright is not None and leaning is not None
    assert angle_deg(upright.view, leaning.view) == pytest.approx(50.0)
    assert leaning.view[1, 0] > 0  # clockwise in the picture, as the region was turned


def head_engine(log_std: float) -> Engine:
    script = {
        "rotation": np.array([[1, 0, 0, 0, 1, 0]], np.float32),
        "log_std": np.array([[log_std]], np.float32),
        "signs": np.zeros((1, 4), np.float32),
    }
    return FakeBackend({"head_pose": script}).load(contract("head_pose"), Options())


def test_the_head_network_says_how_sure_it_is_of_a_head() -> None:
    picture, box = np.zeros((100, 100), np.uint8), (20.0, 20.0, 50.0, 50.0)
    assert Trained({"head_pose": head_engine(math.log(9.0))}).head_spread(picture, box) == pytest.approx(9.0, rel=1e-5)
    assert Trained({"head_pose": head_engine(math.nan)}).head_spread(picture, box) == math.inf
    assert Trained({}).head_spread(picture, box) == math.inf
