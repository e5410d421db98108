"""Geometry of the labels against cases worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.records.cabin import Camera, CameraPose
from hil.driver.pose import head_rotation
from hil.driver.truth.geometry import (
    Circle,
    View,
    box_of,
    ellipse_of,
    entrance_pupil,
    fit_ellipse,
    hull,
    inside,
    pinhole,
    shown_angles,
    shown_in_vehicle,
)

CAMERA = Camera(fx=800.0, fy=800.0, cx=320.0, cy=200.0, width=640, height=400)
BACK = CameraPose(position_mm=(2000.0, 300.0, 1200.0), forward=(-1.0, 0.0, 0.0))
"""Looks straight back at the driver, level."""

VIEW = View(CAMERA, BACK)
angles = st.floats(-80, 80)


def test_camera_axes_in_the_car() -> None:
    # the camera looks back: what is nearer the driver's door (left, +y) is right in the picture, up is up
    assert VIEW.to_camera(np.array([1400.0, 300.0, 1200.0])) == pytest.approx([0.0, 0.0, 600.0])
    assert VIEW.to_camera(np.array([1400.0, 310.0, 1200.0])) == pytest.approx([10.0, 0.0, 600.0])
    assert VIEW.to_camera(np.array([1400.0, 300.0, 1230.0])) == pytest.approx([0.0, -30.0, 600.0])
    assert VIEW.direction(np.array([1.0, 0.0, 0.0])) == pytest.approx([0.0, 0.0, -1.0])


def test_pixels_by_hand() -> None:
    points = np.array([[1400.0, 300.0, 1200.0], [1400.0, 375.0, 1170.0]])
    assert VIEW.pixels(points) == pytest.approx(np.array([[320.0, 200.0], [420.0, 240.0]]))  # 800 * 75 / 600 and 800 * 30 / 600


def test_behind_the_camera_is_no_pixel() -> None:
    assert np.isnan(VIEW.pixels(np.array([[2100.0, 300.0, 1200.0]]))).all()


def test_distortion_is_opencv_s() -> None:
    import cv2

    bent = Camera(fx=810.0, fy=790.0, cx=321.0, cy=199.0, width=640, height=400, distortion=[-0.3, 0.12, 0.001, -0.002, -0.05])
    points = np.random.default_rng(1).uniform((-200, -150, 400), (200, 150, 900), (50, 3))
    matrix = np.array([[bent.fx, 0, bent.cx], [0, bent.fy, bent.cy], [0, 0, 1]])
    want = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, np.array(bent.distortion))[0][:, 0]
    assert pinhole(bent, points) == pytest.approx(want, abs=1e-6)


def test_another_lens_takes_the_place_of_the_pinhole() -> None:
    view = View(CAMERA, BACK, project=lambda points: points[:, :2] + 7.0)
    assert view.pixels(np.array([1400.0, 310.0, 1200.0])) == pytest.approx(np.array([[17.0, 7.0]]))


@given(angles, st.floats(-80, 80), st.floats(-80, 80))
def test_shown_angles_undo_the_head_rotation(yaw: float, pitch: float, roll: float) -> None:
    assert shown_in_vehicle(head_rotation(yaw, pitch, roll)) == pytest.approx((yaw, pitch, roll), abs=1e-6)


@given(angles, st.floats(-80, 80), st.floats(-80, 80))
def test_a_camera_looking_straight_back_shows_the_vehicle_s_angles(yaw: float, pitch: float, roll: float) -> None:
    rotation = head_rotation(yaw, pitch, roll)
    shown = shown_angles(VIEW.direction(rotation[:, 0]), VIEW.direction(rotation[:, 2]))
    assert shown == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_signs_of_shown_angles() -> None:
    right = head_rotation(30.0, 0.0, 0.0)  # towards the driver's right: vehicle -y, picture left
    assert right[1, 0] < 0 and VIEW.direction(right[:, 0])[0] < 0
    assert shown_in_vehicle(right) == pytest.approx((30.0, 0.0, 0.0))
    assert head_rotation(0.0, 20.0, 0.0)[2, 0] > 0  # up
    tilted = head_rotation(0.0, 0.0, 15.0)
    assert tilted[1, 2] < 0  # the crown goes to the driver's right shoulder
    assert shown_angles(VIEW.direction(tilted[:, 0]), VIEW.direction(tilted[:, 2]))[2] == pytest.approx(15.0)


def test_a_circle_facing_the_camera_is_a_circle() -> None:
    found = ellipse_of(Circle(np.array([1400.0, 300.0, 1200.0]), np.array([1.0, 0.0, 0.0]), 6.0), VIEW)
    assert found is not None
    assert (found.x, found.y, found.a, found.b) == pytest.approx((320.0, 200.0, 8.0, 8.0), abs=1e-6)  # 800 * 6 / 600


def test_a_turned_circle_is_foreshortened_sideways() -> None:
    a = math.radians(60.0)
    found = ellipse_of(Circle(np.array([1400.0, 300.0, 1200.0]), np.array([math.cos(a), math.sin(a), 0.0]), 0.6), VIEW)
    assert found is not None
    assert found.b / found.a == pytest.approx(0.5, rel=1e-3)  # cos 60; small, so perspective hardly matters
    assert abs(found.angle_deg) == pytest.approx(90.0, abs=1e-3)  # the longer axis stands upright
    assert found.a == pytest.approx(0.8, rel=1e-4)


@pytest.mark.parametrize("normal", [(-1.0, 0.0, 0.0), (0.0, 1.0, 0.0)])
def test_back_and_edge_of_a_circle_show_nothing(normal: tuple[float, float, float]) -> None:
    assert ellipse_of(Circle(np.array([1400.0, 300.0, 1200.0]), np.array(normal), 6.0), VIEW) is None


@given(
    st.floats(-500, 500), st.floats(-500, 500), st.floats(2, 50), st.floats(0.2, 0.95), st.floats(-89, 89)
)  # fmt: skip
def test_an_ellipse_is_found_again(x: float, y: float, a: float, share: float, angle: float) -> None:
    turn, phase = math.radians(angle), np.linspace(0, 2 * math.pi, 32, endpoint=False)
    long, short = a * np.cos(phase), a * share * np.sin(phase)
    points = np.stack([x + long * math.cos(turn) - short * math.sin(turn), y + long * math.sin(turn) + short * math.cos(turn)], 1)
    found = fit_ellipse(points)
    assert found is not None
    assert (found.x, found.y, found.a, found.b) == pytest.approx((x, y, a, share * a), abs=1e-5, rel=1e-6)
    assert found.angle_deg == pytest.approx(angle, abs=1e-3)


def test_no_ellipse_through_a_line_or_a_hole() -> None:
    line = np.stack([np.arange(32.0), 2 * np.arange(32.0)], axis=1)
    assert fit_ellipse(line) is None
    assert fit_ellipse(np.full((32, 2), np.nan)) is None


def test_entrance_pupil_of_the_textbook_eye() -> None:
    # Gullstrand: a pupil 3.6 mm below the cornea is seen about 3.05 mm below it, 1.13 times as large
    depth, larger = entrance_pupil(3.6, 7.8, 1.336)
    assert depth == pytest.approx(3.05, abs=0.01) and larger == pytest.approx(1.13, abs=0.005)


def test_hull_and_inside() -> None:
    corners = hull(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0], [1.0, 1.0], [np.nan, 0.0]]))
    assert {tuple(c) for c in corners} == {(0, 0), (4, 0), (4, 2), (0, 2)}
    assert inside(corners, np.array([[2.0, 1.0], [4.5, 1.0], [2.0, -0.1]])).tolist() == [True, False, False]
    assert len(hull(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))) < 3
    assert box_of(np.array([[np.nan, 1.0], [3.0, 4.0], [5.0, 9.0]])) == (3.0, 4.0, 2.0, 5.0)
    assert box_of(np.full((2, 2), np.nan)) is None
