"""Head pose: the model seen through a pinhole camera with a known pose has to come back."""

import math

import cv2
import numpy as np
import portraits
import pytest

from dms.perception.head_fusion import of_mesh
from dms.perception.head_model import EYE_DISTANCE_MM, IRIS_DIAMETER_MM, head_model
from dms.perception.head_pose import HeadFit, fit_head, iris_diameter_px, sized_by_iris, turn_to
from dms.perception.pipeline import Perception
from dms.records.angles import direction_from, roll_deg, unit, yaw_pitch_deg
from dms.records.cabin import Camera, default_camera
from dms.records.frame import Frame
from dms.records.observation import Observation

CAMERA = Camera(fx=900.0, fy=900.0, cx=330.0, cy=235.0, width=640, height=480)


def rotation_of(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Head axes (x to the driver's left, y down, z to the back) in camera axes, from the shown angles in degrees."""
    forward = direction_from(yaw, pitch)
    right = np.array([-math.cos(math.radians(yaw)), 0.0, math.sin(math.radians(yaw))])
    top = np.cross(right, forward) if np.cross(right, forward)[1] < 0 else np.cross(forward, right)
    up = math.cos(math.radians(roll)) * top + math.sin(math.radians(roll)) * right
    y, z = -up, -forward
    return np.stack([np.cross(y, z), y, z], axis=1)


def seen(rotation: np.ndarray, position: np.ndarray, camera: Camera, noise_px: float = 0.0, size: float = 1.0) -> np.ndarray:
    """The head model of ``size`` as mesh points: pixels of a pinhole camera, depth along the line of sight in pixels."""
    points = size * head_model().points @ rotation.T + position
    x = camera.fx * points[:, 0] / points[:, 2] + camera.cx
    y = camera.fy * points[:, 1] / points[:, 2] + camera.cy
    depth = (points - position) @ unit(position) * camera.fx / position[2]
    out = np.stack([x, y, depth], axis=1)
    return out + np.random.default_rng(4).normal(0.0, 1.0, out.shape) * noise_px


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    """Angle of the rotation between two rotations."""
    return math.degrees(math.acos(max(-1.0, min(1.0, (np.trace(a.T @ b) - 1) / 2))))


def test_the_model_is_a_head() -> None:
    points = head_model().points
    assert points.shape == (468, 3)
    assert np.linalg.det(rotation_of(20, -30, 10)) == pytest.approx(1.0)
    right, left = points[[33, 133]].mean(axis=0), points[[263, 362]].mean(axis=0)
    assert left[0] - right[0] == pytest.approx(EYE_DISTANCE_MM, abs=5.0)
    assert points[1, 2] < points[33, 2]  # the nose is nearer to the camera than the eyes
    assert points[152, 1] > points[10, 1] + 80  # the chin is below the forehead


@pytest.mark.parametrize("noise_px", [0.0, 0.5])
@pytest.mark.parametrize("pose", [(0, 0, 0), (30, 0, 0), (-45, 10, 0), (0, 25, -20), (20, -25, 30), (-15, -20, 5)])
def test_pose_comes_back(pose: tuple[float, float, float], noise_px: float) -> None:
    """On the axis at 900 mm: less than a degree (perspective included), 2 percent of the distance."""
    rotation, position = rotation_of(*pose), np.array([0.0, 0.0, 900.0])
    fit = fit_head(seen(rotation, position, CAMERA, noise_px), head_model(), CAMERA)
    assert angle_deg(fit.rotation, rotation) < 1.0
    assert np.linalg.norm(fit.position_mm - position) < 0.02 * 900
    head = of_mesh(fit).record()
    assert head.yaw_deg == pytest.approx(pose[0], abs=1.5)
    assert head.pitch_deg == pytest.approx(pose[1], abs=1.5)
    assert head.roll_deg == pytest.approx(pose[2], abs=1.5)


@pytest.mark.parametrize("position", [(200.0, 0.0, 900.0), (-250.0, 120.0, 900.0), (100.0, -200.0, 800.0)])
@pytest.mark.parametrize("pose", [(0, 0, 0), (20, -10, 5)])
def test_off_the_axis(pose: tuple[float, float, float], position: tuple[float, float, float]) -> None:
    """Weak perspective sees the head turned by the angle of the ray; the fit turns it back."""
    rotation, where = rotation_of(*pose), np.array(position)
    fit = fit_head(seen(rotation, where, CAMERA), head_model(), CAMERA)
    ray = math.degrees(math.acos(where[2] / np.linalg.norm(where)))
    assert angle_deg(fit.view, rotation) > 0.8 * ray  # without the correction this far off
    assert angle_deg(fit.rotation, rotation) < 2.0
    assert np.linalg.norm(fit.position_mm - where) < 0.03 * np.linalg.norm(where)


def testturn_to_is_exact() -> None:
    for ray in ([0.0, 0.0, 1.0], [0.3, -0.2, 1.0], [-0.9, 0.4, 1.0]):
        turn = turn_to(np.array(ray))
        assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-12) and np.linalg.det(turn) == pytest.approx(1.0)
        assert np.allclose(turn @ (0, 0, 1), unit(np.array(ray)), atol=1e-12)
        axis = np.array([-ray[1], ray[0], 0.0])  # the smallest rotation leaves the axis across alone
        assert np.allclose(turn @ axis, axis, atol=1e-12)


def test_ray_correction_of_a_weak_perspective_head_is_exact() -> None:
    """Points made by weak perspective about the ray: the rotation comes back to numerical precision."""
    where, truth = np.array([180.0, -90.0, 850.0]), rotation_of(25, 10, -8)
    view, scale = turn_to(where / where[2]).T @ truth, CAMERA.fx / where[2]
    origin = np.array([CAMERA.fx * where[0] / where[2] + CAMERA.cx, CAMERA.fy * where[1] / where[2] + CAMERA.cy, 0.0])
    fit = fit_head(head_model().points @ view.T * scale + origin, head_model(), CAMERA)
    assert angle_deg(fit.rotation, truth) < 1e-4
    assert np.allclose(fit.position_mm, where, rtol=1e-6)
    assert fit.residual_mm < 1e-6


def test_iris_corrects_the_size_of_a_small_head() -> None:
    """A head 10 % smaller than the model at 800 mm looks farther away; its iris says so, as far as it is trusted."""
    where, size = np.array([0.0, 0.0, 800.0]), 0.9
    points = seen(np.eye(3), where, CAMERA, size=size)
    iris_px = IRIS_DIAMETER_MM * CAMERA.fx / 800.0
    fit = fit_head(points, head_model(), CAMERA)
    blind, helped = fit.position_mm[2], sized_by_iris(fit, iris_px).position_mm[2]
    assert blind == pytest.approx(800 / size, rel=0.02)
    assert 800 < helped < blind - 15
    absurd = sized_by_iris(fit, 10 * iris_px).position_mm[2]
    assert absurd > 0.75 * blind  # one wild iris does not move the head far


def test_iris_diameter() -> None:
    ring = np.array([[0, 0], [5, 0], [0, -4], [-5, 0], [0, 4]], float)
    assert iris_diameter_px({"left": ring, "right": ring * 2}) == pytest.approx(15.0)


def std_of(yaw: float, distort_px: float = 0.0) -> float:
    points = seen(rotation_of(yaw, 0, 0), np.array([0.0, 0.0, 900.0]), CAMERA)
    points[:, 1] += distort_px * np.sin(np.arange(468))
    return fit_head(points, head_model(), CAMERA).std_deg


def test_uncertainty_grows_with_turn_and_misfit() -> None:
    spreads = [std_of(yaw) for yaw in (0, 20, 40, 60, 80)]
    assert spreads == sorted(spreads) and spreads[-1] > 2 * spreads[0]
    assert std_of(0, distort_px=15.0) > 1.2 * std_of(0)


def observed(face_engines: dict, grey: np.ndarray) -> Observation:
    return Perception(face_engines).observe(Frame(grey=grey, t=0.0), independent=True)


def test_mirrored_picture(face_engines: dict) -> None:
    """A mirrored driver turns and tilts the other way and nods the same."""
    grey = portraits.portrait(1.5)
    plain, mirror = (observed(face_engines, g).head for g in (grey, np.ascontiguousarray(grey[:, ::-1])))
    assert plain is not None and mirror is not None
    assert plain.yaw_deg is not None and plain.roll_deg is not None
    assert mirror.yaw_deg == pytest.approx(-plain.yaw_deg, abs=2.0)
    assert mirror.pitch_deg == pytest.approx(plain.pitch_deg, abs=2.0)
    assert mirror.roll_deg == pytest.approx(-plain.roll_deg, abs=2.0)


@pytest.mark.parametrize("degrees", [-20, 20])
def test_turned_picture_is_roll(face_engines: dict, degrees: int) -> None:
    """Turned clockwise in the picture, the head's top goes to the picture's right: the driver's left, negative."""
    grey = portraits.portrait(1.5)
    middle = portraits.eye_middles(1.5).mean(axis=0)
    matrix = cv2.getRotationMatrix2D(middle.tolist(), -degrees, 1.0)  # OpenCV counts anticlockwise
    turned = portraits.warped(grey, matrix, (768, 768))
    before, after = (observed(face_engines, g).head for g in (grey, turned))
    assert before is not None and after is not None and before.roll_deg is not None
    assert after.roll_deg == pytest.approx(before.roll_deg - degrees, abs=2.5)


def test_signs_of_the_shown_angles() -> None:
    assert yaw_pitch_deg(np.array([-1.0, 0.0, -1.0]))[0] == pytest.approx(45.0)  # to the picture's left: driver's right
    assert yaw_pitch_deg(np.array([0.0, -1.0, -1.0]))[1] == pytest.approx(45.0)  # upwards in the picture
    top_to_the_left = np.array([-1.0, -1.0, 0.0]) / math.sqrt(2)
    assert roll_deg(np.array([0.0, 0.0, -1.0]), top_to_the_left) == pytest.approx(45.0)  # towards the right shoulder


def test_default_camera_position(face_engines: dict) -> None:
    """A face 63 px between the eye centres at f = 684 px is about 630 to 1000 mm away, up and to the left of the axis."""
    head = observed(face_engines, portraits.portrait()).head
    assert head is not None and head.position_camera_mm is not None
    x, y, z = head.position_camera_mm
    camera = default_camera(512, 512)
    middle = portraits.eye_middles().mean(axis=0)
    assert camera.fx * x / z + camera.cx == pytest.approx(middle[0], abs=4.0)
    assert camera.fy * y / z + camera.cy == pytest.approx(middle[1], abs=4.0)
    assert 800 < z < 1100


def test_record_is_orthonormal() -> None:
    fit: HeadFit = fit_head(seen(rotation_of(30, 10, 5), np.array([50.0, 20.0, 700.0]), CAMERA), head_model(), CAMERA)
    head = of_mesh(fit).record()
    forward, up = np.array(head.forward_camera), np.array(head.up_camera)
    assert np.linalg.norm(forward) == pytest.approx(1.0, abs=1e-4) and np.linalg.norm(up) == pytest.approx(1.0, abs=1e-4)
    assert forward @ up == pytest.approx(0.0, abs=1e-4)
