"""Face mesh: region of interest to 468 points, eye contours, irises, presence, all in frame pixels."""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine, Tensors
from dms.perception import landmarks as lm
from dms.perception.detection import Detection
from dms.perception.head_model import head_model
from dms.perception.roi import Points, Roi, around

ROI_FACTOR = 1.5
"""Side of the region of interest over the larger side of the face (the network was trained with this margin)."""


CHIN_ROOM = 0.05
"""The region is moved towards the chin by this share of its side, or a mouth read as shut would keep an open one out of sight."""

POINTS = ("mesh", "left_eye", "right_eye", "left_iris", "right_iris", "lips")
"""Outputs of the network that are points in crop pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceMesh:
    """What the mesh network saw, frame pixels. ``points`` third column: depth in pixels, away from the camera.

    ``eye_contours`` and ``irises`` have the keys "left" and "right" (the driver's own): 71 x 2 and 5 x 2 (centre first);
    ``lips`` 80 x 2.
    """

    points: Points
    eye_contours: dict[str, Points]
    irises: dict[str, Points]
    lips: Points
    presence: float
    roi: Roi
    crop: NDArray[np.uint8]
    further_lips: tuple[Points, ...] = ()
    """Lips as seen in other regions, see ``mouth_again``."""

    def next_roi(self) -> Roi:
        """Where to look in the next frame."""
        right, left = (self.points[i] for i in lm.FACE_LEVEL)
        angle = math.atan2(left[1] - right[1], left[0] - right[0])
        roi = around(self.points, angle, ROI_FACTOR)
        drop = CHIN_ROOM * roi.size
        return replace(roi, cx=roi.cx - math.sin(angle) * drop, cy=roi.cy + math.cos(angle) * drop)

    def between_eyes(self) -> tuple[float, float]:
        """The middle of the four corners of the lids."""
        corners = [self.eye_contours[s][[lm.CONTOUR_OUTER, lm.CONTOUR_INNER]] for s in ("left", "right")]
        x, y = np.concatenate(corners).mean(axis=0)
        return float(x), float(y)

    def box(self) -> tuple[float, float, float, float]:
        """Extent of the points: x, y, width, height."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def roi_of(face: Detection) -> Roi:
    """First region of interest, from the detector's box and its two eye key points (0: driver's right, 1: left)."""
    right, left = face.keypoints[0], face.keypoints[1]
    angle = math.atan2(left[1] - right[1], left[0] - right[0])
    return Roi(*face.centre, max(face.box[2], face.box[3]) * ROI_FACTOR, angle)


def read_mesh(engine: Engine, grey: NDArray[np.uint8], roi: Roi) -> FaceMesh:
    """Run the mesh network on one region of interest of a grey picture (h x w)."""
    shape = engine.spec.inputs[0].shape
    side = shape[1]
    crop = roi.cut(grey, side)
    out = engine.run({"image": crop.reshape(shape)})
    logit = float(out["presence"].reshape(-1)[0])
    if not (math.isfinite(logit) and _plausible(out, side)):
        logit, out = -60.0, {name: np.zeros_like(values) for name, values in out.items()}
    return FaceMesh(
        points=roi.to_frame(out["mesh"][0], side),
        eye_contours={s: roi.to_frame(out[f"{s}_eye"][0], side) for s in ("left", "right")},
        irises={s: roi.to_frame(out[f"{s}_iris"][0], side) for s in ("left", "right")},
        lips=roi.to_frame(out["lips"][0], side),
        presence=1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit)))),
        roi=roi,
        crop=crop,
    )


MOUTH_LOOKS = ((1.2, 0.05), (1.0, 0.1))
"""Size and drop (shares of the usual region) at which the mouth is looked at again."""


def mouth_again(engine: Engine, grey: NDArray[np.uint8], mesh: FaceMesh) -> FaceMesh:
    """The mesh with the lips of further looks: they sometimes stay shut on a wide-open mouth, not in every region."""
    roi = mesh.next_roi()
    s, c = math.sin(roi.angle), math.cos(roi.angle)
    regions = (
        replace(roi, cx=roi.cx - s * drop * roi.size, cy=roi.cy + c * drop * roi.size, size=size * roi.size)
        for size, drop in MOUTH_LOOKS
    )
    looks = (read_mesh(engine, grey, region) for region in regions)
    return replace(mesh, further_lips=tuple(look.lips for look in looks if look.presence > 0.5 * mesh.presence))


def mirrored_twice(engine: Engine, grey: NDArray[np.uint8], mesh: FaceMesh) -> FaceMesh:
    """The mesh averaged with what the network sees in the mirror image of the same region: its errors there are others.

    For single pictures; it costs a second run. Lips keep their own points: their mirror order is not known.
    """
    last = grey.shape[1] - 1
    flipped = np.ascontiguousarray(grey[:, ::-1])
    other = read_mesh(engine, flipped, replace(mesh.roi, cx=last - mesh.roi.cx, angle=-mesh.roi.angle))
    if other.presence < 0.5 * mesh.presence:
        return mesh

    def back(points: Points) -> Points:
        out: Points = points.copy()
        out[:, 0] = last - out[:, 0]
        return out

    swapped = {"left": "right", "right": "left"}
    return replace(
        mesh,
        points=(mesh.points + back(other.points)[mirror_points()]) / 2,
        eye_contours={s: (mesh.eye_contours[s] + back(other.eye_contours[o])) / 2 for s, o in swapped.items()},
        irises={s: (mesh.irises[s] + back(other.irises[o])[[0, 3, 2, 1, 4]]) / 2 for s, o in swapped.items()},
    )


@lru_cache(maxsize=1)
def mirror_points() -> NDArray[np.int64]:
    """Number of the mesh point on the other side of the face, for each of the 468 (our head model is symmetric)."""
    points = head_model().points
    away = np.linalg.norm(points[:, None] * (-1.0, 1.0, 1.0) - points[None], axis=2)
    return np.asarray(away.argmin(axis=1), np.int64)


def _plausible(out: Tensors, side: int) -> bool:
    """Points are numbers not far outside the crop, and not all in one place; a network gone wrong has seen no face."""
    every = np.concatenate([out[name].reshape(-1) for name in POINTS])
    near = bool(every.min() > -1.5 * side and every.max() < 2.5 * side)  # false for NaN
    return near and float(np.ptp(out["mesh"][0, :, :2], axis=0).max()) > side / 10
