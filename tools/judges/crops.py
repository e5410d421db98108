"""Close looks at judged pictures: the face or the hand at three times its size, label and judges' points drawn in."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from judges.drawn import Drawn
from judges.reading import Reading

from hil.driver.truth.geometry import Array

ZOOM = 3
LABEL, FINE = (0, 255, 0), (0, 255, 255)
JUDGES = ((0, 0, 255), (255, 0, 255))
CHAINS = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (0, 9, 10, 11, 12), (0, 13, 14, 15, 16), (0, 17, 18, 19, 20))


def marked(drawn: Drawn, readings: Sequence[Reading]) -> np.ndarray:
    """Plain above, marked below; colour."""
    points = _region(drawn)
    low = np.maximum(points.min(axis=0) - 14, 0).astype(int)
    high = np.minimum(points.max(axis=0) + 14, drawn.grey.shape[::-1]).astype(int)
    part = drawn.grey[low[1] : high[1], low[0] : high[0]]
    if not part.size:
        return np.zeros((8, 8, 3), np.uint8)
    plain = cv2.cvtColor(cv2.resize(part, None, fx=ZOOM, fy=ZOOM, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    drawing = plain.copy()
    _label(drawing, drawn, low)
    for reading, colour in zip(readings, JUDGES, strict=False):
        for place in reading.iris.values():
            cv2.drawMarker(drawing, _at(place, low), colour, cv2.MARKER_CROSS, 12, 1)
        for hand in reading.hands or reading.led:
            _chains(drawing, hand.points[:, :2], low, colour)
    return np.vstack([plain, drawing])


def _region(drawn: Drawn) -> Array:
    if drawn.ask.group == "hands" and drawn.truth.hands:
        return np.array(drawn.truth.hands[0].points_px)
    words = ("lid", "corner") if drawn.ask.group in ("gaze", "lids") else ("",)
    places = [mark.px for mark in drawn.truth.landmarks if any(word in mark.name for word in words)]
    return np.array(places or [(0.0, 0.0), drawn.grey.shape[::-1]])


def _label(drawing: np.ndarray, drawn: Drawn, low: np.ndarray) -> None:
    for eye in (drawn.truth.eyes or {}).values():
        for ellipse, colour in ((eye.iris, LABEL), (eye.pupil, FINE)):
            if ellipse is not None:
                axes = tuple(round(r * ZOOM) for r in ellipse.radii_px)
                cv2.ellipse(drawing, _at(ellipse.centre_px, low), axes, ellipse.angle_deg, 0, 360, colour, 1)
    for mark in drawn.truth.landmarks:
        if "_lid_" in mark.name:
            cv2.circle(drawing, _at(mark.px, low), 1, FINE, -1)
    for hand in drawn.truth.hands:
        _chains(drawing, np.array(hand.points_px), low, LABEL)


def _chains(drawing: np.ndarray, points: Array, low: np.ndarray, colour: tuple[int, int, int]) -> None:
    for chain in CHAINS:
        cv2.polylines(drawing, [np.array([_at(points[i], low) for i in chain], np.int32)], False, colour, 1)


def _at(place: Sequence[float] | Array, low: np.ndarray) -> tuple[int, int]:
    x, y = ((float(place[i]) - low[i] + 0.5) * ZOOM - 0.5 for i in (0, 1))
    return round(x), round(y)
