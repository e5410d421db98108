"""Where hands may be in a picture: our hand detector, and MediaPipe's palm detector beside it.

Ours sees grey only; the same function prepares the picture when it is trained and when it runs. The palm detector knows colour
and is shown grey in a skin-like tint. What they propose becomes squares in which 21 points are read.
"""

import math
from collections.abc import Mapping
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.detection import Detection, Detector
from dms.perception.roi import Points, Roi
from dms.perception.settings import Settings
from dms.perception.tint import warm
from dms.records.frame import Frame

SIDE = 160
"""Pixels of the network's square input; the picture lies in it with black bars."""

LAYERS = ((8, 1),)
"""One answer a cell of 8 x 8 pixels."""

PALM_LAYERS = ((8, 2), (16, 6))

NEAR = 0.15
"""Squares whose middles lie nearer than this share of the larger one's side show the same thing."""

ROI_FACTOR = 1.75
"""Side of the square that is read over the larger side of the hand's box."""

BLACK = 4
"""Levels below are border or cover, not scene: they don't count when the brightness is judged."""

BLOCKS = (32, 24)
"""Width and height of what is left of a picture to see whether something moved."""

Grey = NDArray[np.uint8]


def evened(canvas: Grey) -> Grey:
    """Brightened so that the 60th percentile of what is not black lies at one half; never darkened."""
    counts = np.bincount(canvas.ravel(), minlength=256)
    counts[:BLACK] = 0
    ordered = counts.cumsum()
    level = max(float(np.searchsorted(ordered, 0.6 * ordered[-1])), 5.0) / 255.0
    gamma = min(1.0, math.log(0.5) / math.log(min(level, 0.9)))
    return np.asarray(cv2.LUT(canvas, _table(round(gamma, 2))), np.uint8)


@lru_cache(maxsize=128)
def _table(gamma: float) -> Grey:
    return np.asarray(np.rint(255.0 * (np.arange(256) / 255.0) ** gamma), np.uint8)


class Proposer:
    """Both detectors, the palm detector only if it is there."""

    def __init__(self, engines: Mapping[str, Engine], settings: Settings) -> None:
        self._ours = Detector(engines["hand_detector"], LAYERS, settings.hand_score)
        palms = engines.get("palm_detector")
        self._palms = None if palms is None else Detector(palms, PALM_LAYERS, settings.palm_score)
        self._most = settings.hand_proposals
        self._turn = 0

    def both(self, frame: Frame) -> list[Roi]:
        """Where hands may be by either, likeliest first."""
        return self._few([*self._by_palms(frame), *self._by_ours(frame)])

    def in_turn(self, frame: Frame) -> list[Roi]:
        """By one of them, by the other the next time: half the work a search."""
        self._turn += 1
        return self._few(self._by_palms(frame) if self._palms is not None and self._turn % 2 == 0 else self._by_ours(frame))

    def _by_ours(self, frame: Frame) -> list[Roi]:
        return [roi_of(found) for found in self._ours.find(frame.grey, prepare=evened)]

    def _by_palms(self, frame: Frame) -> list[Roi]:
        if self._palms is None:
            return []
        if frame.colour is not None:
            return [palm_roi(palm) for palm in self._palms.find(frame.colour)]
        return [palm_roi(palm) for palm in self._palms.find(frame.grey, prepare=warm)]

    def _few(self, places: list[Roi]) -> list[Roi]:
        """The first of each place."""
        kept: list[Roi] = []
        for roi in places:
            if not any(math.hypot(roi.cx - k.cx, roi.cy - k.cy) < NEAR * max(roi.size, k.size) for k in kept):
                kept.append(roi)
        return kept[: self._most]


def roi_of(found: Detection) -> Roi:
    """Upright square about a hand: the wrist, key point 0, below the middle knuckle, key point 1."""
    return Roi(*found.centre, ROI_FACTOR * max(found.box[2:]), upright(found.keypoints[0], found.keypoints[1]))


def palm_roi(palm: Detection) -> Roi:
    """Upright square of 2.6 palm boxes, shifted towards the fingers by half a box."""
    angle = upright(palm.keypoints[0], palm.keypoints[2])
    return Roi(*palm.centre, 2.6 * max(palm.box[2:]), angle).shifted(0.5 * palm.box[3])


def upright(wrist: Points, knuckle: Points) -> float:
    """Angle that turns the line from the wrist to the middle knuckle upright."""
    return math.atan2(float(knuckle[0] - wrist[0]), -float(knuckle[1] - wrist[1]))


class Stillness:
    """Has the picture changed since it was last asked? By the mean grey of ``BLOCKS`` blocks, so that noise does not count.

    Args:
        levels: change of one block's mean that counts.
    """

    def __init__(self, levels: float) -> None:
        self._levels = levels
        self._before: NDArray[np.float32] | None = None

    def reset(self) -> None:
        """Forget the last picture."""
        self._before = None

    def changed(self, grey: Grey) -> bool:
        """True for the first picture, too."""
        now = cv2.resize(grey, BLOCKS, interpolation=cv2.INTER_AREA).astype(np.float32)
        before, self._before = self._before, now
        return before is None or bool(np.abs(now - before).max() >= self._levels)
