"""Line of sight: from the gaze network, beside it the geometric reading (where the iris stands on the ball, turned by the head).

The geometric reading is cross-check and fall-back: iris points of a mesh under-read the true turn of the eye, and an uncalibrated
eyeball centre costs about 6 degrees a millimetre.
"""

import math

import numpy as np
from numpy.typing import NDArray

from dms.perception import landmarks as lm
from dms.perception.face_mesh import FaceMesh
from dms.perception.gaze_net import GazeReading, band_shift, level_view
from dms.perception.head_model import IRIS_FROM_CENTRE_MM, HeadModel
from dms.perception.head_pose import HeadFit
from dms.records.angles import direction_from, rounded, unit, yaw_pitch_deg
from dms.records.cabin import UNKNOWN_DRIVER_STD_DEG, DriverBaseline
from dms.records.observation import Eye, Gaze

Array = NDArray[np.float64]

BALL_FROM_CORNERS_MM = np.array([1.8, -1.4, 4.0])
"""Eyeball centre from the middle of the eye corners in head axes: towards the temple, up, back. The inner corner holds the
caruncle, so the ball sits to the temple; the pupil of a level eye stands above the line of the corners."""

GAIN = np.array([1.2, 1.5])
"""Iris points of the mesh move too little, sideways and more so up and down (published slopes 0.2 to 0.7)."""

LOWERED = 0.9
"""Closed probability above which an iris reading is worthless; lids of an eye that looks far down are low but show the iris."""

WELL_SEEN_STD_DEG = 15.0
"""About what the network states of a well-seen pair of eyes of a driver it doesn't know. A reading it is less sure of counts for
less in proportion, calibrated or not."""

APART_DEG = 25.0
"""Network and geometry may differ by as much: the geometric reading of an unknown driver is that far off. What lies beyond is
held against the result."""


def read_gaze(
    mesh: FaceMesh,
    eyes: dict[str, Eye],
    fit: HeadFit,
    model: HeadModel,
    driver: DriverBaseline | None,
    reading: GazeReading | None = None,
    head: Array | None = None,
) -> Gaze | None:
    """Combined line of sight of the eyes that can be seen and are open; ``None`` when none is.

    Args:
        mesh, eyes, fit, model: of this face.
        driver: its calibration, if there is one.
        reading: the gaze network's; without it the geometric reading is all there is.
        head: rotation of the head as published, in whose axes a driver is calibrated; by default the fit's.
    """
    usable = [s for s, e in eyes.items() if e.closed is not None and e.closed < LOWERED]
    if not usable:
        return None
    geometric = unit(np.mean([_direction(mesh, side, fit, model) for side in usable], axis=0))
    seen, doubt, surplus = geometric, 1.0, 0.0
    if reading is not None:
        seen = level_view(fit).T @ (reading.direction if len(usable) > 1 else reading.eyes[usable[0]])
        apart = math.degrees(math.acos(max(-1.0, min(1.0, float(seen @ geometric)))))
        doubt, surplus = max(1.0, max(reading.std_deg) / WELL_SEEN_STD_DEG), max(0.0, apart - APART_DEG)
    direction = unit(fit.rotation @ fit.view.T @ seen)
    if driver is not None:
        direction = _corrected(direction, fit.rotation if head is None else head, driver)
    spread = doubt * (UNKNOWN_DRIVER_STD_DEG if driver is None else driver.gaze_std_deg)
    spread = math.hypot(spread if len(usable) > 1 else 1.8 * spread, surplus, 0.5 * fit.std_deg)
    yaw, pitch = yaw_pitch_deg(direction)
    return Gaze(
        direction_camera=rounded(direction, 5),
        origin_camera_mm=rounded(fit.position_mm, 1),
        yaw_deg=round(yaw, 2),
        pitch_deg=round(pitch, 2),
        std_deg=round(min(90.0, spread), 1),
        driver=None if driver is None else driver.name,
    )


def _corrected(direction: Array, head: Array, driver: DriverBaseline) -> Array:
    return unit(head @ direction_from(*driver.corrected(*yaw_pitch_deg(head.T @ direction))))


def _direction(mesh: FaceMesh, side: str, fit: HeadFit, model: HeadModel) -> Array:
    """Direction in line-of-sight axes from the eyeball's centre through the iris centre."""
    ball = BALL_FROM_CORNERS_MM * (1.0 if side == "left" else -1.0, 1.0, 1.0)
    corners = model.points[list(lm.EYE_CORNERS[side])].mean(axis=0)
    centre_px = _project(corners, fit) + band_shift(mesh, fit, model) + fit.scale * (fit.view @ ball)[:2]
    in_head = fit.view.T @ np.array([*(mesh.irises[side][0] - centre_px), 0.0]) / (fit.scale * IRIS_FROM_CENTRE_MM)
    offset = in_head[:2] * GAIN
    length = float(np.linalg.norm(offset))
    if length > 0.85:  # beyond 58 degrees the iris is at the rim: landmark noise, not gaze
        offset *= 0.85 / length
    return np.asarray(fit.view @ np.array([*offset, -math.sqrt(1.0 - float(offset @ offset))]))


def _project(points: Array, fit: HeadFit) -> Array:
    """Model points (mm) where the fit puts them in the picture."""
    return np.asarray(fit.origin_px + fit.model_scale * (points @ fit.view.T)[..., :2])
