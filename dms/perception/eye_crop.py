"""A picture that shows one eye and nothing else: read from its lids' points and from the picture, no face round it."""

import math
from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception import landmarks as lm
from dms.perception.eye_patch import EYE_WIDTH_MM, corners_of, eye_roi
from dms.perception.eye_state import EyeReading, read_eye_state
from dms.perception.eyes import HALF_OPEN, closed_probability, measure_patch, together, visibility
from dms.perception.roi import Points
from dms.records.frame import Frame
from dms.records.observation import Eye, Observation

SLOTS = ("eye_landmarks", "eye_state")
"""Engine slots needed; without the second the lids' points stand alone."""

MARGIN = 1.2
"""The network wants some skin round the eye; the crop's border is repeated outwards."""

SHOWN_IN_CROP = 0.05
"""Probability of a visible eye, by the network, that counts as half: somebody cut this picture out as an eye, while nearly half
of the eyes the network learned from were hidden, so it has to be surer that there is none."""

CLOSED_RATIO = 0.255
"""Gap over width at which closed and open are equally likely: the network draws a residual gap over shut lids."""

OPEN_RATIO = 0.38
CLOSED_WIDTH = 0.02


class EyeCropReader:
    """Reads single-eye pictures. Which eye it is nobody knows, so the picture and its mirror image are averaged."""

    def __init__(self, engines: Mapping[str, Engine]) -> None:
        self._engine = engines[SLOTS[0]]
        self._state = engines.get(SLOTS[1])

    def observe(self, frame: Frame) -> Observation:
        """An observation whose ``eyes`` has the one entry ``unknown``."""
        size = self._engine.spec.inputs[0].shape[1]
        square, scale, shift = _square(frame.grey, size)
        straight, mirrored = (self._contour(s) for s in (square, np.ascontiguousarray(square[:, ::-1])))
        ratio = (gap_ratio(straight) + gap_ratio(mirrored)) / 2
        contour = straight * scale - shift
        visible = visibility(measure_patch(frame.grey, contour), hidden_deg=0.0)
        closed = 1.0 / (1.0 + math.exp(max(-30.0, min(30.0, (ratio - CLOSED_RATIO) / CLOSED_WIDTH))))
        openness = max(0.0, min(2.0, (ratio - 0.1) / (OPEN_RATIO - 0.1)))
        if self._state is not None:
            reading = self._picture(frame.grey, contour)
            openness = (openness + reading.openness) / 2
            visible, closed = together(visible, reading.visible, SHOWN_IN_CROP), closed_probability(openness, HALF_OPEN)
        visible = round(visible, 3)
        eye = Eye(visible=visible)
        if visible >= 0.5:
            eye = Eye(visible=visible, openness=round(openness, 3), closed=round(closed, 3))
        return Observation(t=frame.t, source=frame.source, frame=frame.index, eyes={"unknown": eye})

    def _picture(self, grey: NDArray[np.uint8], contour: Points) -> EyeReading:
        """Mean over left and right eye, since nobody knows which it is."""
        assert self._state is not None
        corners = corners_of(contour)
        roi = eye_roi(corners, float(np.linalg.norm(corners[0] - corners[1])) / EYE_WIDTH_MM)
        one, other = (read_eye_state(self._state, grey, roi, side) for side in ("left", "right"))
        return replace(
            one,
            visible=(one.visible + other.visible) / 2,
            closed=(one.closed + other.closed) / 2,
            openness=(one.openness + other.openness) / 2,
        )

    def _contour(self, square: NDArray[np.uint8]) -> Points:
        out = self._engine.run({"image": square.reshape(self._engine.spec.inputs[0].shape)})
        return np.asarray(out["contour"][0][:, :2], dtype=np.float64)


def gap_ratio(contour: Points) -> float:
    """Mean gap of the three middle lid pairs over the distance of the eye's corners."""
    gaps = contour[list(lm.LOWER_LID[2:5])] - contour[list(lm.UPPER_LID[2:5])]
    width = float(np.linalg.norm(contour[lm.CONTOUR_OUTER] - contour[lm.CONTOUR_INNER]))
    return float(np.linalg.norm(gaps, axis=1).mean()) / max(width, 1e-3)


def _square(grey: NDArray[np.uint8], pixels: int) -> tuple[NDArray[np.uint8], float, Points]:
    """The crop in a square of ``pixels``; and how to come back: frame = square * scale - shift."""
    height, width = grey.shape
    side = max(2, int(max(height, width) * MARGIN))
    top, left = (side - height) // 2, (side - width) // 2
    padded = cv2.copyMakeBorder(grey, top, side - height - top, left, side - width - left, cv2.BORDER_REPLICATE)
    small = cv2.resize(padded, (pixels, pixels), interpolation=cv2.INTER_AREA if side > pixels else cv2.INTER_LINEAR)
    return np.asarray(small, dtype=np.uint8), side / pixels, np.array([left, top], dtype=np.float64)
