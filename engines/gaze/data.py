"""Rendered faces as the gaze network meets them: described by our own chain, with the true line of sight."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.perception.eye_patch import corners_of, cut_eye, eye_roi
from dms.perception.face_mesh import FaceMesh
from dms.perception.gaze_net import SIDES, describe, to_camera
from dms.perception.head_model import head_model
from dms.perception.head_pose import HeadFit, fit_head
from dms.perception.roi import Roi
from dms.records.angles import unit, yaw_pitch_deg
from dms.records.cabin import Camera
from tools.training.faces import Faces

Array = NDArray[np.float64]
FIT_OFF_MAX_DEG, OPENNESS_MIN, VISIBLE_MIN, TURN_MAX_DEG = 25.0, 0.25, 0.5, 75.0


@dataclass(frozen=True, eq=False)
class GazeRows:
    """``rows`` of the set that can be read; ``values`` what the network is told; ``angles`` n x 3 x 2 (both, left, right; yaw,
    pitch in degrees); ``rois``: where the patches lie; ``seen``: n x 2, which eye can be judged."""

    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    angles: NDArray[np.float32]
    seen: NDArray[np.bool_]
    rois: list[dict[str, Roi]]


def mesh_of(columns: dict[str, NDArray[Any]], row: int) -> FaceMesh:
    """The mesh our chain found in this picture."""
    return FaceMesh(
        points=columns["points"][row].astype(float),
        eye_contours={s: columns[f"{s}_eye"][row].astype(float) for s in SIDES},
        irises={s: columns[f"{s}_iris"][row].astype(float) for s in SIDES},
        lips=columns["lips"][row].astype(float),
        presence=float(columns["presence"][row]),
        roi=Roi(0, 0, 1),
        crop=np.zeros((1, 1), np.uint8),
    )


def camera_of(columns: dict[str, NDArray[Any]], row: int) -> Camera:
    """Intrinsics of this picture."""
    fx, fy, cx, cy = (float(v) for v in columns["camera"][row])
    return Camera(fx=fx, fy=fy, cx=cx, cy=cy)


def readable(faces: Faces) -> GazeRows:
    """Rows with a mesh that is not far off and at least one eye open and to be seen."""
    c, model = faces.columns, head_model()
    seen = (c["eye_visible"] > VISIBLE_MIN) & (c["openness"] > OPENNESS_MIN)
    rows, values, angles, rois = [], [], [], []
    for row in np.flatnonzero(np.isfinite(c["points"][:, 0, 0]) & seen.any(axis=1)):
        mesh, fit = mesh_of(c, row), fit_head(c["points"][row].astype(float), model, camera_of(c, row))
        if _angle_deg(fit.view, faces.view[row]) > FIT_OFF_MAX_DEG:
            continue
        truth = np.array([yaw_pitch_deg(to_camera(fit).T @ d) for d in _directions(c, row)])
        if np.abs(truth).max() > TURN_MAX_DEG:
            continue
        rows.append(row)
        values.append(describe(mesh, fit, model))
        angles.append(truth)
        rois.append(patch_rois(mesh, fit))
    return GazeRows(np.array(rows), np.stack(values), np.stack(angles).astype(np.float32), seen[rows], rois)


def patch_rois(mesh: FaceMesh, fit: HeadFit) -> dict[str, Roi]:
    """Where the patches of both eyes lie."""
    return {side: eye_roi(corners_of(mesh.eye_contours[side]), fit.model_scale) for side in SIDES}


def patches(picture: NDArray[np.uint8], rois: dict[str, Roi]) -> dict[str, NDArray[np.uint8]]:
    """Patches of both eyes."""
    return {side: cut_eye(picture, roi, side) for side, roi in rois.items()}


def _directions(columns: dict[str, NDArray[Any]], row: int) -> list[Array]:
    eyes = columns["visual_axis"][row].astype(float)
    return [unit(columns["gaze_direction"][row].astype(float)), *eyes]


def _angle_deg(a: Array, b: Array) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(a.T @ b) - 1) / 2, -1, 1))))
