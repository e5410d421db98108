"""What the mesh shows of rendered drivers' eyes, with the true line of sight, and faces of other proportions made of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.perception.eye_patch import corners_of, eye_roi
from dms.perception.face_mesh import FaceMesh
from dms.perception.gaze_net import EYE_VALUES, SIDES, VALUES, describe, to_camera
from dms.perception.head_model import head_model
from dms.perception.head_pose import fit_head
from dms.perception.roi import Roi
from dms.records.angles import unit, yaw_pitch_deg
from dms.records.cabin import Camera
from tools.training.faces import Faces

Array = NDArray[np.float64]
FIT_OFF_MAX_DEG, OPENNESS_MIN, VISIBLE_MIN, TURN_MAX_DEG = 25.0, 0.25, 0.5, 75.0


@dataclass(frozen=True, eq=False)
class Points:
    """``values``: n x ``VALUES``, what the network is told; ``angles``: n x 6 (both, left, right; yaw, pitch in degrees);
    ``rows`` of the set; ``rois``, where the patches lie; ``seen``: n x 2, which eyes (left, right) can be judged."""

    values: NDArray[np.float32]
    angles: NDArray[np.float32]
    rows: NDArray[np.int64]
    rois: list[dict[str, Roi]]
    seen: NDArray[np.bool_]


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


def points_of(faces: Faces, split: str) -> Points:
    """Pictures of ``train`` or ``test`` drivers with a mesh that is not far off and at least one eye open and to be seen."""
    c, model = faces.columns, head_model()
    seen = (c["eye_visible"] > VISIBLE_MIN) & (c["openness"] > OPENNESS_MIN)
    values, angles, rows, rois = [], [], [], []
    for row in np.intersect1d(faces.rows(split), np.flatnonzero(np.isfinite(c["points"][:, 0, 0]) & seen.any(axis=1))):
        mesh, fit = mesh_of(c, row), fit_head(c["points"][row].astype(float), model, camera_of(c, row))
        if _angle_deg(fit.view, faces.view[row]) > FIT_OFF_MAX_DEG:
            continue
        truth = np.array([yaw_pitch_deg(to_camera(fit).T @ d) for d in _directions(c, row)])
        if np.abs(truth).max() <= TURN_MAX_DEG:
            values.append(describe(mesh, fit, model))
            angles.append(truth.reshape(6))
            rows.append(row)
            rois.append({side: eye_roi(corners_of(mesh.eye_contours[side]), fit.model_scale) for side in SIDES})
    return Points(np.stack(values), np.stack(angles).astype(np.float32), np.array(rows), rois, seen[rows])


OTHER_FACES_MM = {"iris": 0.1, "corners": 0.8, "lids": 0.4, "place": 1.0}
"""Standard deviations of what is added to the points: real faces differ more from rendered ones than these among each other.
Corners: tilt and width of the eye (rendered eyes are more slanted than most); place: of the eye on the head model."""


def other_faces(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """n x VALUES to add to points, in mm: the same face for both eyes, but for a rest."""
    both = rng.standard_normal((count, EYE_VALUES))
    out = np.zeros((count, VALUES))
    for eye in range(2):
        e = 0.85 * both + 0.5 * rng.standard_normal((count, EYE_VALUES))
        o = eye * EYE_VALUES
        out[:, o : o + 10] = OTHER_FACES_MM["iris"] * rng.standard_normal((count, 10))
        for axis in range(2):  # the corners move against each other: their middle is where zero is
            moved = OTHER_FACES_MM["corners"] * e[:, 10 + axis]
            out[:, o + 10 + axis], out[:, o + 12 + axis] = moved, -moved
        out[:, [o + 15, o + 19]] = OTHER_FACES_MM["lids"] * e[:, [15, 15]]  # upper lid, mean and middle
        out[:, [o + 17, o + 21]] = OTHER_FACES_MM["lids"] * e[:, [17, 17]]  # lower lid
        out[:, o + 22 : o + 26] = OTHER_FACES_MM["place"] * e[:, 22:26]
    return out.astype(np.float32)


def batches_of(points: Points, count: int, seed: tuple[int, ...]) -> Callable[[int], Iterator[tuple[Any, Any]]]:
    """Endless batches of ``count`` faces of other proportions and their angles, as tensors; batch k depends on k alone."""
    import torch

    def batches(done: int) -> Iterator[tuple[Any, Any]]:
        while True:
            rng = np.random.default_rng([*seed, done])
            chosen = rng.integers(len(points.values), size=count)
            values = points.values[chosen] + other_faces(rng, count)
            yield torch.from_numpy(values), torch.from_numpy(points.angles[chosen])
            done += 1

    return batches


def _directions(columns: dict[str, NDArray[Any]], row: int) -> list[Array]:
    eyes = columns["visual_axis"][row].astype(float)
    return [unit(columns["gaze_direction"][row].astype(float)), *eyes]


def _angle_deg(a: Array, b: Array) -> float:
    return float(np.degrees(np.arccos(np.clip((np.trace(a.T @ b) - 1) / 2, -1, 1))))
