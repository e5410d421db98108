"""Head axes, and what a driver file does to a reading."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dms.records import Head
from dms.records.angles import direction_from, yaw_pitch_deg
from dms.records.cabin import DriverBaseline
from dms.records.head_axes import HeadAxes, head_axes

angle = st.floats(-80, 80)


def rotation(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Columns: the axes of a head that shows these angles."""
    back = -direction_from(yaw, pitch)
    side = np.cross((0.0, 1.0, 0.0), back)
    side /= np.linalg.norm(side)
    down = np.cross(back, side)
    c, s = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    return np.stack([c * side + s * down, c * down - s * side, back], axis=1)


def head(matrix: np.ndarray) -> Head:
    return Head(forward_camera=tuple(-matrix[:, 2]), up_camera=tuple(-matrix[:, 1]))


@given(angle, angle, angle, angle, angle)
def test_axes_are_the_columns_of_the_rotation_and_angles_go_there_and_back(
    yaw: float, pitch: float, roll: float, gaze_yaw: float, gaze_pitch: float
) -> None:
    matrix = rotation(yaw, pitch, roll)
    axes = head_axes(head(matrix))
    assert axes is not None
    assert np.stack(axes, axis=1) == pytest.approx(matrix, abs=1e-9)
    seen = axes.direction_camera(gaze_yaw, gaze_pitch)
    assert np.linalg.norm(seen) == pytest.approx(1.0)
    assert axes.angles_deg(seen) == pytest.approx((gaze_yaw, gaze_pitch), abs=1e-6)
    assert yaw_pitch_deg(matrix.T @ np.array(seen)) == pytest.approx((gaze_yaw, gaze_pitch), abs=1e-6)


def test_an_up_that_is_not_square_to_forward_still_gives_square_axes() -> None:
    axes = head_axes(Head(forward_camera=tuple(direction_from(10, 14)), up_camera=(0.0, -1.0, 0.0)))
    assert isinstance(axes, HeadAxes)
    assert np.stack(axes) @ np.stack(axes).T == pytest.approx(np.eye(3))


def test_no_axes_where_forward_is_up() -> None:
    assert head_axes(Head(forward_camera=(0.0, -1.0, 0.0), up_camera=(0.0, -1.0, 0.0))) is None


def driver(**changes: float) -> DriverBaseline:
    return DriverBaseline(**{"name": "anna", "gaze_yaw_deg": 3.0, "gaze_pitch_deg": -2.0, "gaze_std_deg": 5.0, **changes})  # type: ignore[arg-type]


def test_offsets_are_added_after_the_gains() -> None:
    assert driver().corrected(10.0, 5.0) == (13.0, 3.0)
    assert driver(gaze_yaw_gain=1.2, gaze_pitch_gain=0.5).corrected(10.0, 6.0) == pytest.approx((15.0, 1.0))


@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(0.5, 2), st.floats(-25, 25))
def test_a_corrected_reading_is_always_a_direction(yaw: float, pitch: float, gain: float, offset: float) -> None:
    assume(math.isfinite(yaw + pitch))
    changes = {"gaze_yaw_deg": offset, "gaze_pitch_deg": offset, "gaze_yaw_gain": gain, "gaze_pitch_gain": gain}
    found = driver(**changes).corrected(yaw, pitch)
    assert abs(found[0]) <= 180 and abs(found[1]) <= 90
