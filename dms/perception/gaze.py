"""Geometric gaze: where the iris stands on the eyeball, turned by the head.

A first estimator in the ``gaze`` slot's place. Iris points of a mesh under-read the true turn of the eye, and an uncalibrated
eyeball centre costs about 6 degrees a millimetre, hence the wide ``std_deg``.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dms.perception import landmarks as lm
from dms.perception.face_mesh import FaceMesh
from dms.perception.head_model import IRIS_FROM_CENTRE_MM, HeadModel
from dms.perception.head_pose import HeadFit
from dms.records.angles import direction_from, rounded, unit, yaw_pitch_deg
from dms.records.cabin import DriverBaseline
from dms.records.observation import Eye, Gaze

Array = NDArray[np.float64]

BALL_FROM_CORNERS_MM = np.array([1.8, -1.4, 4.0])
"""Eyeball centre from the middle of the eye corners in head axes: towards the temple, up, back. The inner corner holds the
caruncle, so the ball sits to the temple; the pupil of a level eye stands above the line of the corners."""

GAIN = np.array([1.2, 1.5])
"""Iris points of the mesh move too little, sideways and more so up and down (published slopes 0.2 to 0.7)."""

LOWERED = 0.9
"""Closed probability above which an iris reading is worthless; lids of an eye that looks far down are low but show the iris."""

EYE_SPREAD_DEG = 10.0
"""Standard deviation of one eye's geometric reading without calibration."""


def read_gaze(mesh: FaceMesh, eyes: dict[str, Eye], fit: HeadFit, model: HeadModel, driver: DriverBaseline | None) -> Gaze | None:
    """Combined line of sight of the eyes that can be seen and are open; ``None`` when none is."""
    usable = [s for s, e in eyes.items() if e.closed is not None and e.closed < LOWERED]
    if not usable:
        return None
    directions = [_direction(mesh, side, fit, model) for side in usable]
    view = unit(np.mean(directions, axis=0))
    in_head = fit.view.T @ view
    spread = EYE_SPREAD_DEG
    if driver is not None:
        in_head = _corrected(in_head, driver)
        spread = driver.gaze_std_deg
    direction = unit(fit.rotation @ in_head)
    yaw, pitch = yaw_pitch_deg(direction)
    spread = math.hypot(spread if len(usable) > 1 else 1.8 * spread, 0.5 * fit.std_deg)
    return Gaze(
        direction_camera=rounded(direction, 5),
        origin_camera_mm=rounded(fit.position_mm, 1),
        yaw_deg=round(yaw, 2),
        pitch_deg=round(pitch, 2),
        std_deg=round(spread, 1),
    )


def in_head_deg(direction_camera: Array, rotation: Array) -> tuple[float, float]:
    """Yaw and pitch of a camera-frame direction in the head's own axes, degrees."""
    return yaw_pitch_deg(rotation.T @ direction_camera)


def _corrected(in_head: Array, driver: DriverBaseline) -> Array:
    yaw, pitch = yaw_pitch_deg(in_head)
    return direction_from(yaw + driver.gaze_yaw_deg, pitch + driver.gaze_pitch_deg)


def _direction(mesh: FaceMesh, side: str, fit: HeadFit, model: HeadModel) -> Array:
    """Direction in line-of-sight axes from the eyeball's centre through the iris centre."""
    ball = BALL_FROM_CORNERS_MM * (1.0 if side == "left" else -1.0, 1.0, 1.0)
    corners = model.points[list(lm.EYE_CORNERS[side])].mean(axis=0)
    centre_px = _project(corners, fit) + _eye_band_shift(mesh, fit, model) + fit.scale * (fit.view @ ball)[:2]
    in_head = fit.view.T @ np.array([*(mesh.irises[side][0] - centre_px), 0.0]) / (fit.scale * IRIS_FROM_CENTRE_MM)
    offset = in_head[:2] * GAIN
    length = float(np.linalg.norm(offset))
    if length > 0.85:  # beyond 58 degrees the iris is at the rim: landmark noise, not gaze
        offset *= 0.85 / length
    return np.asarray(fit.view @ np.array([*offset, -math.sqrt(1.0 - float(offset @ offset))]))


def _eye_band_shift(mesh: FaceMesh, fit: HeadFit, model: HeadModel) -> Array:
    """How far bone-near points round the eyes lie off the fitted model, pixels.

    It takes this person's proportions out. The eye corners themselves won't do: the network moves them with the lids.
    """
    band = list(lm.EYE_BAND)
    return np.asarray((mesh.points[band, :2] - _project(model.points[band], fit)).mean(axis=0))


def _project(points: Array, fit: HeadFit) -> Array:
    """Model points (mm) where the fit puts them in the picture."""
    return np.asarray(fit.origin_px + fit.model_scale * (points @ fit.view.T)[..., :2])
