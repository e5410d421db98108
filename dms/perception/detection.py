"""Single-shot detectors with fixed anchors (face, palm): network output to boxes in the frame.

Anchors, decoding and the blending of overlapping boxes follow the published MediaPipe graphs (Apache-2.0): a box is given in
input pixels relative to its anchor's centre; boxes that overlap the best one by more than 0.3 are averaged by score.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.roi import letterbox

OVERLAP = 0.3
MOST = 20
"""Candidates looked at: a network that fires everywhere must not cost more than one that works."""

Prepare = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Detection:
    """A candidate: score 0..1, box (x, y, width, height) and key points (n x 2), frame pixels."""

    score: float
    box: tuple[float, float, float, float]
    keypoints: NDArray[np.float64]

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return self.box[0] + self.box[2] / 2, self.box[1] + self.box[3] / 2

    @property
    def between_eyes(self) -> tuple[float, float]:
        """Of a face: the middle of its two eye key points (0: driver's right, 1: left)."""
        x, y = (self.keypoints[0] + self.keypoints[1]) / 2
        return float(x), float(y)

    def moved(self, matrix: NDArray[np.float64]) -> "Detection":
        """What was found in a changed picture, where it lies in the frame. ``matrix``: 2 x 3, changed pixels to frame pixels; the
        box stays upright, whatever that turns."""
        x, y = matrix @ (*self.centre, 1.0)
        w, h = np.array(self.box[2:]) * math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
        points = self.keypoints @ matrix[:, :2].T + matrix[:, 2]
        return Detection(self.score, (float(x - w / 2), float(y - h / 2), float(w), float(h)), points)


def anchors(side: int, layers: tuple[tuple[int, int], ...]) -> NDArray[np.float64]:
    """Anchor centres in input pixels (n x 2) for (stride, anchors a cell) layers of a square input."""
    cells = []
    for stride, repeat in layers:
        count = side // stride
        ys, xs = np.mgrid[0:count, 0:count]
        centres = (np.stack([xs.ravel(), ys.ravel()], axis=1) + 0.5) * stride
        cells.append(np.repeat(centres, repeat, axis=0))
    return np.concatenate(cells).astype(np.float64)


class Detector:
    """Runs one detector network on whole pictures."""

    def __init__(self, engine: Engine, layers: tuple[tuple[int, int], ...], min_score: float) -> None:
        shape = engine.spec.inputs[0].shape
        self._engine = engine
        self._side = shape[1]
        self._anchors = anchors(self._side, layers)
        self._min_logit = float(np.log(min_score / (1 - min_score)))

    def find(self, picture: NDArray[np.uint8], zoom: float = 1.0, prepare: Prepare | None = None) -> list[Detection]:
        """Candidates, best first.

        Args:
            picture: grey (h x w) or RGB (h x w x 3).
            zoom: how much smaller than the input the picture is shown; 2 finds faces that fill the picture.
            prepare: turns the reduced picture into what the engine wants, e.g. grey into colour.
        """
        canvas, area = letterbox(picture, self._side, zoom)
        if prepare is not None:
            canvas = prepare(canvas)
        out = self._engine.run({"image": canvas.reshape(self._engine.spec.inputs[0].shape)})
        logits = out["scores"].reshape(-1)
        boxes = out["boxes"].reshape(len(logits), -1)
        keep = np.flatnonzero(logits > self._min_logit)
        keep = keep[np.abs(boxes[keep]).max(axis=1) < 4 * self._side]  # false for NaN: a network gone wrong found nothing
        if not keep.size:
            return []
        raw = boxes[keep].astype(np.float64)
        scores = 1.0 / (1.0 + np.exp(-logits[keep].astype(np.float64)))
        raw[:, :2] += self._anchors[keep]
        raw[:, 4:] += np.tile(self._anchors[keep], (1, (raw.shape[1] - 4) // 2))
        return [_in_frame(s, b, area.matrix(self._side)) for s, b in _blend(scores, raw)]


def _blend(scores: NDArray[Any], boxes: NDArray[Any]) -> list[tuple[float, NDArray[Any]]]:
    """Weighted non-maximum suppression on (cx, cy, w, h, ...) rows."""
    order = np.argsort(-scores)
    found = []
    while order.size:
        near = _overlap(boxes[order[0]], boxes[order]) > OVERLAP
        near[0] = True
        group = order[near]
        weights = scores[group][:, None]
        found.append((float(scores[group[0]]), (boxes[group] * weights).sum(axis=0) / weights.sum()))
        order = order[~near]
        if len(found) == MOST:
            break
    return found


def _overlap(one: NDArray[Any], many: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of (cx, cy, w, h) rows."""
    low = np.maximum(one[:2] - one[2:4] / 2, many[:, :2] - many[:, 2:4] / 2)
    high = np.minimum(one[:2] + one[2:4] / 2, many[:, :2] + many[:, 2:4] / 2)
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    total = one[2] * one[3] + many[:, 2] * many[:, 3] - shared
    return np.asarray(shared / np.maximum(total, 1e-9))


def _in_frame(score: float, row: NDArray[Any], matrix: NDArray[Any]) -> Detection:
    scale_x, scale_y = matrix[0, 0], matrix[1, 1]
    cx, cy = row[0] * scale_x + matrix[0, 2], row[1] * scale_y + matrix[1, 2]
    w, h = row[2] * scale_x, row[3] * scale_y
    points = row[4:].reshape(-1, 2) * (scale_x, scale_y) + matrix[:, 2]
    return Detection(score, (float(cx - w / 2), float(cy - h / 2), float(w), float(h)), points)
