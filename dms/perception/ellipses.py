"""Iris and pupil as ellipses in the picture: centre and size from the eye-state network, shape from where the eye looks."""

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from dms.perception.eye_state import EyeReading
from dms.perception.head_fusion import HeadPose
from dms.records.observation import Ellipse, Eye, Gaze

SHUT, SQUINTING = 0.5, 0.3
"""Closed probability above, and openness below which the iris is not shown enough to be measured."""


def with_ellipses(eyes: dict[str, Eye], states: Mapping[str, EyeReading], gaze: Gaze | None, pose: HeadPose) -> dict[str, Eye]:
    """The eyes with ``iris_px`` and ``pupil_px`` where the iris can be seen."""
    if gaze is None or not states:
        return eyes
    seen = pose.view @ pose.rotation.T @ np.asarray(gaze.direction_camera)  # about the line to the face
    across, angle = _flattened(float(seen[0]), float(seen[1]), float(seen[2]))
    return {side: _with(eye, states[side], across, angle) for side, eye in eyes.items()}


def _flattened(x: float, y: float, z: float) -> tuple[float, float]:
    """A circle that faces (x, y, z) seen along z: smaller over larger half axis, and the angle of the larger one in degrees."""
    angle = math.degrees(math.atan2(y, x)) + 90.0 if math.hypot(x, y) > 1e-6 else 0.0
    return max(0.05, abs(z)), (angle + 90.0) % 180.0 - 90.0


def _with(eye: Eye, state: EyeReading, across: float, angle: float) -> Eye:
    if eye.closed is None or eye.closed > SHUT or eye.openness is None or eye.openness < SQUINTING:
        return eye

    def ellipse(circle: tuple[float, float, float]) -> Ellipse:
        x, y, radius = circle
        return round(x, 2), round(y, 2), round(radius, 2), round(radius * across, 2), round(angle, 1)

    return msgspec.structs.replace(eye, iris_px=ellipse(state.iris_px), pupil_px=ellipse(state.pupil_px))
