"""Hands: scheduled palm search, 21 points, tracking, finger count."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine, Tensors
from dms.perception import landmarks as lm
from dms.perception.hand_search import Proposer, Stillness, upright
from dms.perception.roi import Points, Roi, around
from dms.perception.settings import Settings
from dms.records.frame import Frame
from dms.records.observation import Hand

PALM_POINTS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
"""Points that move little when fingers bend: they carry the region of interest from frame to frame."""
CONFIRMATIONS = 3
"""So often a first reading is looked at again until two readings agree."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class HandReading:
    """One hand as read: 21 points in frame pixels, 21 points in metres about the hand's centre, and when."""

    points: Points
    world: Points
    presence: float
    right: float
    """Probability that it is the driver's right hand."""
    t: float
    moved: float = math.inf
    """Largest way of a point since the reading before, as a share of the hand's size."""

    def next_roi(self) -> Roi:
        """Where to look in the next frame: upright (wrist below), a little towards the fingers."""
        wrist = self.points[lm.WRIST, :2]
        knuckles = (self.points[5, :2] + 2 * self.points[9, :2] + self.points[13, :2]) / 4
        angle = upright(wrist, knuckles)
        roi = around(self.points[list(PALM_POINTS)], angle, 2.0)
        return roi.shifted(0.05 * roi.size)

    def record(self) -> Hand:
        """The observation record's part. Gestures are another engine's work."""
        return Hand(
            side="right" if self.right >= 0.5 else "left",
            confidence=round(self.presence, 3),
            landmarks_px=[(round(float(x), 1), round(float(y), 1)) for x, y in self.points[:, :2]],
            fingers=count_fingers(self.points),
        )


def count_fingers(points: Points) -> int:
    """Fingers shown, 0 to 5, from 21 points (n x 2 or 3).

    A finger is out when its tip is clearly farther from the wrist than its middle joint; the thumb when its tip is farther from
    the little finger's base than its own base joint is.
    """
    p = points[:, :2]
    far = [
        float(np.linalg.norm(p[tip] - p[lm.WRIST])) > 1.1 * float(np.linalg.norm(p[mid] - p[lm.WRIST]))
        for _, mid, _, tip in lm.FINGERS
    ]
    thumb = float(np.linalg.norm(p[lm.THUMB[3]] - p[17])) > 1.1 * float(np.linalg.norm(p[lm.THUMB[1]] - p[17]))
    return sum(far) + int(thumb)


class HandFinder:
    """Searches at a low rate and only where something moved, follows at a high one; a moving hand is read on every frame, a still
    one less often."""

    def __init__(self, engines: Mapping[str, Engine], settings: Settings) -> None:
        self._proposer = Proposer(engines, settings)
        self._points = engines["hand_landmarks"]
        self._settings = settings
        self._stillness = Stillness(settings.hand_change)
        self._tracks: list[HandReading] = []
        self._searched_at = float("-inf")
        self._refused: list[tuple[Roi, float]] = []
        self._proposals: list[Roi] = []
        self._cut: tuple[Frame, Roi, Tensors] | None = None

    def ahead(self, frame: Frame) -> dict[str, Tensors]:
        """What ``track`` will ask of this picture whatever else is in it, by slot: the first followed hand's points."""
        moving = next((hand for hand in self._tracks if not self._rests(frame, hand)), None)
        if moving is None:
            return {}
        roi = moving.next_roi()
        self._cut = frame, roi, self._feeds(frame, roi)
        return {"hand_landmarks": self._cut[2]}

    def still(self, frame: Frame) -> list[Hand]:
        """All hands of one picture; each region is refined once from the points themselves."""
        found: list[HandReading] = []
        for roi in self._proposer.both(frame):
            hand = None if _holds(found, (roi.cx, roi.cy)) else self._confirmed(frame, roi)
            if hand and not _known(hand.points, found):
                found.append(hand)
        return [h.record() for h in found[: self._settings.max_hands]]

    def track(self, frame: Frame, may_search: bool) -> list[Hand]:
        """Follow known hands; search if it is time, there is room, something moved, and ``may_search``. Of what a search proposes
        one place a frame is read, so that no frame takes long."""
        kept: list[HandReading] = []
        for hand in self._tracks:
            fresh = self._follow(frame, hand)
            if fresh is not None and not _known(fresh.points, kept):
                kept.append(fresh)
        if len(kept) < self._settings.max_hands:
            if may_search and self._due(frame):
                self._searched_at = frame.t
                self._refused = [(roi, t) for roi, t in self._refused if 0 <= frame.t - t < self._settings.hand_refused_s]
                self._proposals = self._proposer.in_turn(frame)
            kept.extend(self._new(frame, kept))
        self._tracks = kept
        return [h.record() for h in kept]

    def reset(self) -> None:
        """Forget all tracks."""
        self._tracks, self._refused, self._proposals = [], [], []
        self._stillness.reset()

    def _due(self, frame: Frame) -> bool:
        """A hand that wasn't there can only have come where the picture changed; now and then it is looked for all the same."""
        age = frame.t - self._searched_at
        if age < self._settings.hand_search_s:
            return False
        changed = self._stillness.changed(frame.grey)
        return changed or age >= self._settings.hand_search_still_s

    def _rests(self, frame: Frame, hand: HandReading) -> bool:
        """It did not move, and was read a moment ago."""
        return hand.moved < self._settings.hand_still and frame.t - hand.t < self._settings.hand_still_s

    def _follow(self, frame: Frame, hand: HandReading) -> HandReading | None:
        if self._rests(frame, hand):
            return hand
        fresh = self._read(frame, hand.next_roi(), self._settings.hand_track_presence)
        if fresh is None:
            return None
        moved = float(np.abs(fresh.points[:, :2] - hand.points[:, :2]).max())
        return replace(fresh, moved=moved / max(1.0, float(np.ptp(fresh.points[:, :2], axis=0).max())))

    def _new(self, frame: Frame, kept: list[HandReading]) -> list[HandReading]:
        """What the next proposal that is neither known nor refused turns out to be."""
        while self._proposals:
            roi = self._proposals.pop(0)
            if _holds(kept, (roi.cx, roi.cy)) or self._refused_before(roi):
                continue
            hand = self._confirmed(frame, roi)
            if hand is None:
                self._refused.append((roi, frame.t))
            return [hand] if hand and not _known(hand.points, kept) else []
        return []

    def _refused_before(self, roi: Roi) -> bool:
        """The same spot was no hand a moment ago: things on the seat come back with every search."""
        return any(_same_place(roi, other) for other, _ in self._refused)

    def _confirmed(self, frame: Frame, roi: Roi) -> HandReading | None:
        """A proposal is a hand only if the landmark network says so of what its own first points frame, and reads the same points
        there: what is no hand is read anew each time. The proposed size is not sure, so a wider square is tried, too."""
        for wider in self._settings.hand_looks:
            first = self._read(frame, replace(roi, size=roi.size * wider), self._settings.hand_first_presence)
            agreed = self._agreed(frame, first) if first else None
            if agreed is not None:
                return agreed
        return None

    def _agreed(self, frame: Frame, reading: HandReading) -> HandReading | None:
        """The reading confirmed by the next one."""
        for _ in range(CONFIRMATIONS):
            again = self._read(frame, reading.next_roi(), self._settings.hand_presence)
            if again is None or _apart(reading, again) <= self._settings.hand_agreement:
                return again
            reading = again
        return None

    def _feeds(self, frame: Frame, roi: Roi) -> Tensors:
        if self._cut is not None and self._cut[0] is frame and self._cut[1] == roi:
            return self._cut[2]
        shape = self._points.spec.inputs[0].shape
        side = shape[1]
        crop = roi.cut(frame.colour, side) if frame.colour is not None else cv2.merge([roi.cut(frame.grey, side)] * 3)
        return {"image": crop.reshape(shape)}

    def _read(self, frame: Frame, roi: Roi, min_presence: float) -> HandReading | None:
        side = self._points.spec.inputs[0].shape[1]
        out = self._points.run(self._feeds(frame, roi))
        presence = float(out["presence"].reshape(-1)[0])
        landmarks = out["landmarks"].reshape(-1, 3)
        sane = bool(np.abs(landmarks - side / 2).max() < 4 * side)  # false for NaN: a network gone wrong saw no hand
        if not (presence >= min_presence and sane):
            return None
        # The network was trained on mirrored pictures: its first class is the right hand in a picture as the camera sees it.
        right = float(out["handedness"].reshape(-1)[0])
        points = roi.to_frame(landmarks, side)
        return HandReading(points, out["world"].reshape(-1, 3).astype(np.float64), presence, right, frame.t)


def _apart(one: HandReading, other: HandReading) -> float:
    """Mean distance of the points of two readings as a share of the hand's size."""
    size = max(1.0, float(np.ptp(other.points[:, :2], axis=0).max()))
    return float(np.linalg.norm(one.points[:, :2] - other.points[:, :2], axis=1).mean()) / size


def _known(points: Points, others: list[HandReading]) -> bool:
    """The same hand read twice: the middles of the points lie closer than a third of the hand's size."""
    centre, size = points[:, :2].mean(axis=0), float(np.ptp(points[:, :2], axis=0).max())
    return any(float(np.linalg.norm(o.points[:, :2].mean(axis=0) - centre)) < size / 3 for o in others)


def _same_place(one: Roi, other: Roi) -> bool:
    return math.hypot(one.cx - other.cx, one.cy - other.cy) < 0.12 * other.size and 0.7 < one.size / max(other.size, 1e-6) < 1.4


def _holds(hands: list[HandReading], point: tuple[float, float]) -> bool:
    return any(bool(np.all(h.points[:, :2].min(axis=0) <= point) and np.all(point <= h.points[:, :2].max(axis=0))) for h in hands)
