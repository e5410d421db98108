"""Both eyes of rendered drivers as the gaze network meets them: patches placed as a mesh would place them, and the truth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception.eye_patch import GAZE_SIZE, eye_roi, to_patch
from dms.perception.gaze_net import SIDES, cut_eyes, level_axes, turned
from dms.perception.head_pose import turn_to
from dms.perception.roi import Roi
from dms.records.angles import yaw_pitch_deg
from hil.driver.truth.columns import WORDS
from hil.driver.truth.training_reader import TrainingSet
from tools.training import augment
from tools.training.lashes import draw_lashes, lids_of

Array = NDArray[np.float64]
Patches = dict[str, NDArray[np.uint8]]
Rng = np.random.Generator
COLUMNS = (
    "picture", "split", "person", "camera", "eye_visible", "openness", "eye_centre_mm", "iris", "landmarks", "gaze_direction",
    "visual_axis", "head_forward", "head_up", "head_position_mm",
)  # fmt: skip
OPENNESS_MIN, VISIBLE_MIN, TURN_MAX_DEG = 0.2, 0.5, 75.0
MARKS = 13
"""Iris x, y, radius; outer and inner corner; middle of the upper and of the lower lid; centre of the eyeball."""
LASHED, RELIT, OCCLUDED = 0.85, 0.85, 0.1
"""Share of the pictures with lashes and folds drawn on, in another light, with a thing in the way."""
FIT_OFF_DEG = 5.0
"""Standard deviation of the head fit about each axis."""


@dataclass(frozen=True, eq=False)
class Pair:
    """Patches of both eyes (right one mirrored), where the head fit says the head is turned (``gaze_net.turned``), and the truth:
    angles 3 x 2 (both, left, right; yaw, pitch, degrees), marks 2 x ``MARKS`` in patch pixels from the middle (NaN: unknown),
    which eyes can be judged."""

    patches: Patches
    turned: NDArray[np.float32]
    angles: NDArray[np.float32]
    marks: NDArray[np.float32]
    seen: NDArray[np.bool_]


class Eyes:
    """Pictures and labels of one or several sets, and which rows can be read."""

    def __init__(self, *folders: Path) -> None:
        parts: list[dict[str, Any]] = []
        marks: list[str] = []
        for folder in folders:
            data = TrainingSet(folder)
            marks = list(data.manifest.shards[0].landmarks)
            parts += [dict(data.shard(shard, COLUMNS)) for shard in data.manifest.shards]
        self.columns: dict[str, NDArray[Any]] = {n: np.concatenate([np.asarray(p[n]) for p in parts]) for n in COLUMNS}
        self.corners = {s: [marks.index(f"{s}_outer_corner"), marks.index(f"{s}_inner_corner")] for s in SIDES}
        c = self.columns
        self.seen = (c["eye_visible"] > VISIBLE_MIN) & (c["openness"] > OPENNESS_MIN)
        corner = np.isfinite(c["landmarks"][:, [i for s in SIDES for i in self.corners[s]], :2]).all(axis=(1, 2))
        deep = (c["eye_centre_mm"][:, :, 2] > 100).all(axis=1)
        self.readable = self.seen.any(axis=1) & corner & deep

    def rows(self, split: str) -> NDArray[np.int64]:
        """Readable pictures of ``train`` or ``test`` drivers."""
        mine = self.columns["split"] == WORDS["split"].index(split)
        return np.flatnonzero(self.readable & mine)

    def pair(self, rng: Rng, row: int, plain: bool = False) -> Pair | None:
        """One example; ``plain``: as it was taken, placed with ordinary care. ``None``: turned too far away."""
        c = self.columns
        rois = _misplaced(rng, {s: self._roi(row, k) for k, s in enumerate(SIDES)}, 0.5 if plain else 1.0)
        view, turn = self._view(row)
        view = _off(rng, FIT_OFF_DEG * (0.8 if plain else 1.0)) @ view
        back = level_axes(view) @ turn.T
        angles = np.array([yaw_pitch_deg(back @ d.astype(float)) for d in (c["gaze_direction"][row], *c["visual_axis"][row])])
        if not np.isfinite(angles).all() or np.abs(angles).max() > TURN_MAX_DEG:
            return None
        patches = cut_eyes(np.asarray(c["picture"][row]), rois)
        if not plain:
            patches = self._retaken(rng, row, rois, patches)
        marks = np.stack([self._marks(row, k, rois[s], s) for k, s in enumerate(SIDES)])
        return Pair(patches, turned(view), angles.astype(np.float32), marks, self.seen[row])

    def _roi(self, row: int, eye: int) -> Roi:
        c = self.columns
        corners = c["landmarks"][row, self.corners[SIDES[eye]], :2].astype(float) + 0.5
        return eye_roi(corners, float(c["camera"][row, 0]) / float(c["eye_centre_mm"][row, eye, 2]))

    def _view(self, row: int) -> tuple[Array, Array]:
        """Head axes about the line to the face, and that line's turn."""
        c = self.columns
        y, z = -c["head_up"][row].astype(float), -c["head_forward"][row].astype(float)
        turn = turn_to(c["head_position_mm"][row].astype(float))
        return turn.T @ np.stack([np.cross(y, z), y, z], axis=1), turn

    def _retaken(self, rng: Rng, row: int, rois: dict[str, Roi], patches: Patches) -> Patches:
        """Lashes, another light and another camera; the latter two are the same for both eyes."""
        c, cut = self.columns, dict(patches)
        if rng.random() < LASHED:
            for k, side in enumerate(SIDES):
                if self.seen[row, k]:
                    lids = (to_patch(points, rois[side], side) for points in lids_of(c["landmarks"][row], side))
                    cut[side] = draw_lashes(rng, cut[side], *lids, float(c["openness"][row, k]))
        strip = np.concatenate([cut[side] for side in SIDES], axis=1)
        if rng.random() < RELIT:
            strip = augment.relight(rng, strip)
        if rng.random() < OCCLUDED:
            strip, _ = augment.occlude(rng, strip)
        strip, width = augment.sensor(rng, strip), GAZE_SIZE[0]
        return {side: np.ascontiguousarray(strip[:, k * width : (k + 1) * width]) for k, side in enumerate(SIDES)}

    def _marks(self, row: int, eye: int, roi: Roi, side: str) -> NDArray[np.float32]:
        c = self.columns
        if not self.seen[row, eye]:
            return np.full(MARKS, np.nan, np.float32)
        x, y, radius, _, _, shown = c["iris"][row, eye]
        fx, fy, cx, cy = c["camera"][row].astype(float)
        ball = c["eye_centre_mm"][row, eye].astype(float)
        upper, lower = lids_of(c["landmarks"][row], side)
        corners = c["landmarks"][row, self.corners[side], :2].astype(float) + 0.5
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


def _misplaced(rng: Rng, rois: dict[str, Roi], much: float) -> dict[str, Roi]:
    """Both patches as on a face with larger eyes, at another height, more or less slanted; and each a little off by itself."""
    size = float(np.exp(rng.normal(0, 0.12 * much)))
    drop, aside, slant = rng.normal(0, 0.04 * much), rng.normal(0, 0.02 * much), rng.normal(0, 0.08 * much)
    out = {}
    for side, roi in rois.items():
        x, y = rng.normal((aside, drop), 0.015 * much)
        turn = (slant if side == "left" else -slant) + rng.normal(0, 0.03 * much)
        out[side] = Roi(roi.cx + float(x) * roi.size, roi.cy + float(y) * roi.size, roi.size * size, roi.angle + float(turn))
    return out


def _off(rng: Rng, std_deg: float) -> Array:
    """A small turn by chance."""
    turn, _ = cv2.Rodrigues(np.radians(rng.normal(0, std_deg, 3)))
    return np.asarray(turn, float)
