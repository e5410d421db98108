"""What the gaze network is told, and how its answer is read. The same functions serve training and the running chain.

It sees the patches of both eyes, and is told where the mesh has its points round each eye, in mm of this head, level with the
head's own axes, right eye mirrored, and where the head is turned. The answer is the line of sight in axes about the line to the
face, level with the head (``level_view``): an error of the head fit then hardly touches it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Tensors
from dms.perception import landmarks as lm
from dms.perception.eye_patch import GAZE_SIZE, cut_eye
from dms.perception.face_mesh import FaceMesh
from dms.perception.head_model import HeadModel
from dms.perception.head_pose import HeadFit
from dms.perception.roi import Roi
from dms.records.angles import direction_from

SIDES = ("left", "right")
IRIS_ORDER = {"left": (0, 1, 2, 3, 4), "right": (0, 3, 2, 1, 4)}
"""Centre, then the rim from the temple's side upwards: the mesh numbers both rims the same way round in the picture."""

EYE_VALUES = 26
TURNED = 6
VALUES = 2 * EYE_VALUES + TURNED

SIGMA = 1.25
"""Standard deviation over mean absolute error of a normal distribution; the network learns the latter."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GazeReading:
    """Unit vectors in axes about the line to the face, level with the head, see ``level_view``; one-sigma angles in degrees.

    ``eyes``: the same for each eye.
    """

    direction: Array
    std_deg: tuple[float, float]
    """Of yaw, of pitch."""
    eyes: dict[str, Array]


def describe(mesh: FaceMesh, fit: HeadFit, model: HeadModel) -> NDArray[np.float32]:
    """``VALUES`` numbers: ``EYE_VALUES`` of the left eye, as many of the right, forward and up axis of the head."""
    level = level_view(fit)
    shift = band_shift(mesh, fit, model)
    parts = [_eye(mesh, side, fit, model, level[:2, :2].T / fit.model_scale, shift) for side in SIDES]
    return np.concatenate([*parts, turned(fit.view)]).astype(np.float32)


def turned(view: Array) -> NDArray[np.float32]:
    """``TURNED`` numbers: ten times the forward and the up axis of a head in level axes. ``view``: 3 x 3, head axes to axes about
    the line to the face."""
    level = level_axes(view) @ view
    return np.concatenate([-level[:, 2] * 10, -level[:, 1] * 10]).astype(np.float32)


def level_view(fit: HeadFit) -> Array:
    """3 x 3: axes about the line to the face to those turned about that line until the head's left-right axis is level."""
    return level_axes(fit.view)


def level_axes(view: Array) -> Array:
    """The same of a head that is turned by ``view`` (3 x 3)."""
    turn = math.atan2(view[1, 0], view[0, 0])
    c, s = math.cos(turn), math.sin(turn)
    return np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])


def to_camera(fit: HeadFit) -> Array:
    """3 x 3: directions of ``level_view`` axes to the camera frame."""
    return np.asarray(fit.rotation @ fit.view.T @ level_view(fit).T)


def _eye(mesh: FaceMesh, side: str, fit: HeadFit, model: HeadModel, turn: Array, shift: Array) -> Array:
    contour = mesh.eye_contours[side]
    iris = mesh.irises[side][list(IRIS_ORDER[side])]
    corners = contour[[lm.CONTOUR_OUTER, lm.CONTOUR_INNER]]
    middle = corners.mean(axis=0)
    expected = fit.origin_px + fit.model_scale * (model.points[list(lm.EYE_CORNERS[side])].mean(axis=0) @ fit.view.T)[:2] + shift
    points = np.concatenate(
        [
            iris,
            corners,
            contour[list(lm.UPPER_LID)].mean(axis=0)[None],
            contour[list(lm.LOWER_LID)].mean(axis=0)[None],
            contour[list(lm.UPPER_LID[2:5])].mean(axis=0)[None],
            contour[list(lm.LOWER_LID[2:5])].mean(axis=0)[None],
            (2 * middle - expected)[None],
            (middle + shift)[None],
        ]
    )
    level = (points - middle) @ turn
    if side == "right":
        level[:, 0] *= -1
    return np.asarray(level.reshape(-1))


def band_shift(mesh: FaceMesh, fit: HeadFit, model: HeadModel) -> Array:
    """How far bone-near points round the eyes lie off the fitted model, pixels.

    It takes this person's proportions out. The eye corners themselves won't do: the network moves them with the lids.
    """
    band = list(lm.EYE_BAND)
    projected = fit.origin_px + fit.model_scale * (model.points[band] @ fit.view.T)[:, :2]
    return np.asarray((mesh.points[band, :2] - projected).mean(axis=0))


def cut_eyes(grey: NDArray[np.uint8], rois: Mapping[str, Roi]) -> dict[str, NDArray[np.uint8]]:
    """The patches of both eyes."""
    return {side: cut_eye(grey, rois[side], side, GAZE_SIZE) for side in SIDES}


def gaze_feeds(patches: Mapping[str, NDArray[np.uint8]], values: NDArray[np.float32]) -> Tensors:
    """The network's input for one face: what ``cut_eyes`` and ``describe`` give."""
    width, height = GAZE_SIZE
    eyes = {side: patches[side].reshape(1, height, width, 1) for side in SIDES}
    return {**eyes, "points": values.reshape(1, VALUES)}


def decode(out: Tensors) -> GazeReading | None:
    """``angles``: yaw, pitch in degrees of both eyes together, of the left, of the right; ``log_std``: natural log of their mean
    absolute errors in degrees. ``None`` when a network gone wrong answers with something that is no angle.
    """
    angles = np.asarray(out["angles"], np.float64).reshape(3, 2)
    logs = np.asarray(out["log_std"], np.float64).reshape(-1)[:2]
    if not (np.isfinite(angles).all() and np.isfinite(logs).all() and np.abs(angles).max() < 1e4):
        return None
    yaw_std, pitch_std = (SIGMA * math.exp(max(-2.0, min(4.5, float(v)))) for v in logs)
    both, left, right = (direction_from(float(yaw), float(pitch)) for yaw, pitch in angles)
    return GazeReading(both, (yaw_std, pitch_std), {"left": left, "right": right})
