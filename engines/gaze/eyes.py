"""Both eyes of rendered drivers as the gaze network meets them: patches where our mesh places them, and the truth."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from points import Points

from dms.perception.eye_patch import GAZE_SIZE, WIDTH_MM, to_patch
from dms.perception.gaze_net import EYE_VALUES, SIDES, cut_eyes
from dms.perception.roi import Roi
from tools.training import augment
from tools.training.faces import Faces
from tools.training.lashes import draw_lashes, lids_of

Patches = dict[str, NDArray[np.uint8]]
Rng = np.random.Generator
MARKS = 13
"""Iris x, y, radius; outer and inner corner; middle of the upper and of the lower lid; centre of the eyeball."""
RETAKEN, LASHED, RELIT, OCCLUDED = 0.8, 0.6, 0.85, 0.1
"""Share of the pictures taken anew with another camera; of these with lashes and folds drawn on, in another light, with a thing
in the way."""
PIXELS_A_MM = GAZE_SIZE[0] / WIDTH_MM
CORNERS_MM, CORNER_AT_MM, BELL_PX = 0.9, 14.0, 7.0
"""Standard deviation of a corner's shift up or down (half as much aside), how far it lies from the middle, how far it reaches."""
FIT_OFF_DEG = 5.0
"""Standard deviation of a turn that is added to where the head is said to be turned. The head fit is that far off on real faces
(5.6 degrees in the mean on AFLW2000-3D), less on rendered ones: a network that trusts it pays on real ones."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Patches of both eyes (right one mirrored), where the head fit says the head is turned (``gaze_net.turned``), and the truth:
    angles 6 (both, left, right; yaw, pitch, degrees), marks 2 x ``MARKS`` in patch pixels from the middle (NaN: unknown),
    which eyes can be judged."""

    patches: Patches
    turned: NDArray[np.float32]
    angles: NDArray[np.float32]
    marks: NDArray[np.float32]
    seen: NDArray[np.bool_]


class Eyes:
    """Both eyes of rendered faces, cut where the mesh that our own chain found has its corners, as in the running chain."""

    def __init__(self, faces: Faces, points: Points) -> None:
        self._faces, self._points = faces, points
        marks = faces.marks
        self._corners = {s: [marks.index(f"{s}_outer_corner"), marks.index(f"{s}_inner_corner")] for s in SIDES}

    def __len__(self) -> int:
        return len(self._points.rows)

    def pair(self, rng: Rng, which: int, plain: bool = False) -> Pair:
        """One example; ``plain``: as it was taken and as the mesh has it."""
        points, row = self._points, int(self._points.rows[which])
        rois = points.rois[which] if plain else _misplaced(rng, points.rois[which])
        patches = cut_eyes(self._faces.picture(row), rois)
        turned = points.values[which, 2 * EYE_VALUES :]
        marks = np.stack([self._marks(row, k, rois[s], s, points.seen[which, k]) for k, s in enumerate(SIDES)])
        if not plain:
            patches = self._retaken(rng, row, rois, patches) if rng.random() < RETAKEN else patches
            patches, marks = other_corners(rng, patches, marks)
            turned = fit_off(rng, turned[None])[0]
        return Pair(patches, turned, points.angles[which], marks, points.seen[which])

    def _retaken(self, rng: Rng, row: int, rois: dict[str, Roi], patches: Patches) -> Patches:
        """Lashes, another light and another camera; the latter two are the same for both eyes."""
        c, cut = self._faces.columns, dict(patches)
        if rng.random() < LASHED:
            for k, side in enumerate(SIDES):
                if c["eye_visible"][row, k] > 0.5 and c["openness"][row, k] > 0.2:
                    lids = (to_patch(points, rois[side], side) for points in lids_of(c["landmarks"][row], side))
                    cut[side] = draw_lashes(rng, cut[side], *lids, float(c["openness"][row, k]))
        strip = np.concatenate([cut[side] for side in SIDES], axis=1)
        if rng.random() < RELIT:
            strip = augment.relight(rng, strip)
        if rng.random() < OCCLUDED:
            strip, _ = augment.occlude(rng, strip)
        strip, width = augment.sensor(rng, strip), GAZE_SIZE[0]
        return {side: np.ascontiguousarray(strip[:, k * width : (k + 1) * width]) for k, side in enumerate(SIDES)}

    def _marks(self, row: int, eye: int, roi: Roi, side: str, seen: bool) -> NDArray[np.float32]:
        c = self._faces.columns
        if not seen:
            return np.full(MARKS, np.nan, np.float32)
        x, y, radius, _, _, shown = c["iris"][row, eye]
        fx, fy, cx, cy = c["camera"][row].astype(float)
        ball = c["eye_centre_mm"][row, eye].astype(float)
        upper, lower = lids_of(c["landmarks"][row], side)
        corners = c["landmarks"][row, self._corners[side], :2].astype(float) + 0.5
        points = np.array(
            [
                (x + 0.5, y + 0.5), *corners, upper.mean(axis=0), lower.mean(axis=0),
                (fx * ball[0] / ball[2] + cx + 0.5, fy * ball[1] / ball[2] + cy + 0.5),
            ]
        )  # fmt: skip
        here = to_patch(points, roi, side, GAZE_SIZE) - np.array(GAZE_SIZE) / 2
        if not (np.isfinite(x) and shown > 0.3):
            here[0], radius = np.nan, np.nan
        return np.array([*here[0], radius * GAZE_SIZE[0] / roi.size, *here[1:].reshape(-1)], np.float32)


def other_corners(rng: Rng, patches: Patches, marks: NDArray[np.float32]) -> tuple[Patches, NDArray[np.float32]]:
    """The same looks in a face whose corners of the lids stand elsewhere. Canthal height and tilt differ more among people than
    among our shapes, and a network that measures the iris against them would read a stranger's own build as a look up or down."""
    width, height = GAZE_SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    both, out, moved = rng.normal(0, CORNERS_MM, (2, 2)), {}, marks.copy()
    for k, side in enumerate(SIDES):
        shifts = (both + rng.normal(0, 0.3, (2, 2))) * PIXELS_A_MM
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for corner, (aside, up) in enumerate(shifts):  # outer, inner
            middle = width / 2 + (1 - 2 * corner) * CORNER_AT_MM * PIXELS_A_MM
            bell = np.exp(-0.5 * (((x - middle) / BELL_PX) ** 2 + ((y - height / 2) / BELL_PX) ** 2))
            dx, dy = dx + np.float32(0.5 * aside) * bell, dy + np.float32(up) * bell
            moved[k, 3 + 2 * corner : 5 + 2 * corner] += (0.5 * aside, up)
        out[side] = np.asarray(
            cv2.remap(patches[side], x - dx, y - dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    return out, moved


def fit_off(rng: np.random.Generator, turned: NDArray[np.float32]) -> NDArray[np.float32]:
    """n x ``TURNED`` (see ``gaze_net.turned``), each head turned a little further by chance."""
    axes = turned.reshape(-1, 2, 3).astype(np.float64)
    turns = np.radians(rng.normal(0, FIT_OFF_DEG, (len(axes), 3)))
    matrices = np.stack([cv2.Rodrigues(turn)[0] for turn in turns])
    return np.asarray(np.einsum("nij,nkj->nki", matrices, axes).reshape(turned.shape), np.float32)


def _misplaced(rng: Rng, rois: dict[str, Roi]) -> dict[str, Roi]:
    """Both patches as on a face with larger eyes, at another height, more or less slanted; and each a little off by itself."""
    size = float(np.exp(rng.normal(0, 0.08)))
    drop, aside, slant = rng.normal(0, 0.025), rng.normal(0, 0.015), rng.normal(0, 0.06)
    out = {}
    for side, roi in rois.items():
        x, y = rng.normal((aside, drop), 0.01)
        turn = (slant if side == "left" else -slant) + rng.normal(0, 0.03)
        out[side] = Roi(roi.cx + float(x) * roi.size, roi.cy + float(y) * roi.size, roi.size * size, roi.angle + float(turn))
    return out
