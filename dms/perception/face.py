"""Finding the driver's face, confirming it with the mesh, and following it from frame to frame."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.detection import Detection, Detector
from dms.perception.face_mesh import FaceMesh, mirrored_twice, mouth_again, read_mesh, roi_of
from dms.perception.roi import Roi, turned
from dms.perception.settings import Settings

FACE_LAYERS = ((4, 1),)
"""(stride, anchors a cell) of the full-range face detector."""

UNCONFIRMED_SCORE = 0.6
"""A detector this sure shows a face even when the mesh finds no frontal one (a profile): present, its eyes unknown."""

DOUBTFUL_SCORE = 0.4
"""A detector this sure shows a face if the head-pose network confirms it: turned faces score low, as do things that are none."""

CONFIRMED_STD_DEG = 15.0
"""Spread up to which the head-pose network confirms a head. It is far surer of faces than of clutter in which the mesh network
sees one (``tools/measure_clutter.py``)."""

STILL_STD_DEG = 25.0
"""The same where a head was a moment ago."""

HeadSpread = Callable[[NDArray[np.uint8], tuple[float, float, float, float]], float]
"""One-sigma in degrees with which the head-pose network reads the box (x, y, w, h) of this picture."""

REFINEMENTS = 2
MOST = 4
"""Candidates of one look that are read."""
Region = tuple[float, float, float, float]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """The driver's face: ``mesh`` is ``None`` when the face is turned too far away to be read. ``bridged``: not even the detector
    saw it; the box is that of an earlier frame and the confidence fades. ``between_eyes``: the point between them, pixels."""

    confidence: float
    box: tuple[float, float, float, float]
    mesh: FaceMesh | None
    between_eyes: tuple[float, float]
    bridged: bool = False


class FaceFinder:
    """Full search in one picture, and tracking over a stream."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        settings: Settings,
        seat_region: Region | None = None,
        head_spread: HeadSpread = lambda grey, box: math.inf,
    ) -> None:
        self._detector = Detector(engines["face_detector"], FACE_LAYERS, settings.face_score)
        self._doubting = Detector(engines["face_detector"], FACE_LAYERS, settings.face_doubt)
        self._mesh_engine = engines["face_mesh"]
        self._settings = settings
        self._region = seat_region
        self._head_spread = head_spread
        self._roi: Roi | None = None
        self._last: FoundFace | None = None
        self._last_t = float("-inf")
        self._looked_at = float("-inf")
        self._zoom = 0

    @property
    def tracking(self) -> bool:
        """Is a face being followed."""
        return self._roi is not None

    def reset(self) -> None:
        """Forget the tracked face."""
        self._roi = self._last = None

    def still(self, grey: Grey, once: bool = False) -> FoundFace | None:
        """Search one picture at all zooms, turned where that finds no face, and at last for heads that look away.

        The region of interest is refined from the mesh itself, and of several zooms the mesh that is surest of itself counts.

        ``once``: no second looks in the mirror and at the mouth; the mesh is then as a followed face has it.
        """
        found = self._upright(grey) or self._leaning(grey) or self._turned_away(grey)
        if found is None or found.mesh is None or once:
            return found
        return replace(found, mesh=self.look_again(grey, mirrored_twice(self._mesh_engine, grey, found.mesh)))

    def _upright(self, grey: Grey) -> FoundFace | None:
        """The face with the surest mesh, else the surest without one."""
        read: list[FoundFace] = []
        unread: list[FoundFace] = []
        for zoom in self._settings.zooms:
            found = self._search(grey, zoom)
            if found is not None and found.mesh is None:
                unread.append(found)
            elif found is not None:
                found = self._refined(grey, found)
                if found.confidence >= self._settings.face_presence:  # a mesh that is not sure when read again confirms nothing
                    read.append(found)
                if found.confidence >= self._settings.face_sure:
                    break
        return max(read or unread, key=lambda f: f.confidence, default=None)

    def _leaning(self, grey: Grey) -> FoundFace | None:
        """A face that only shows when the picture is turned. So many looks find one in any clutter: it takes a sure mesh, and the
        head-pose network must see a head there, too."""
        for turn in self._settings.turns_deg:
            picture, back = turned(grey, turn)
            for candidate in (c for zoom in self._settings.zooms for c in self._detector.find(picture, zoom)):
                there = candidate.moved(back)
                found = (
                    self._read(grey, roi_of(there), self._settings.face_presence)
                    if self._at_seat(there.centre, grey.shape)
                    else None
                )
                if found is not None:
                    found = self._refined(grey, found)
                    if (
                        found.confidence >= self._settings.face_sure
                        and self._head_spread(picture, candidate.box) <= CONFIRMED_STD_DEG
                    ):
                        return found
        return None

    def _turned_away(self, grey: Grey) -> FoundFace | None:
        """Of all that the detector so much as suspects, what the head-pose network is surest of, if it is sure: the detector
        scores heads in profile hardly above clutter, the network was trained on them."""
        suspected = (c for zoom in self._settings.zooms for c in self._doubting.find(grey, zoom)[:MOST])
        heads = [(self._head_spread(grey, c.box), c) for c in suspected if self._at_seat(c.centre, grey.shape)]
        spread, head = min(heads, key=lambda h: h[0], default=(math.inf, None))
        if head is None or spread > CONFIRMED_STD_DEG:
            return None
        return FoundFace(head.score, head.box, None, head.between_eyes)

    def look_again(self, grey: Grey, mesh: FaceMesh) -> FaceMesh:
        """The same mesh with further looks at the mouth."""
        return mouth_again(self._mesh_engine, grey, mesh)

    def _refined(self, grey: Grey, found: FoundFace) -> FoundFace:
        """The region of interest settles within two more readings."""
        for _ in range(REFINEMENTS):
            if found.mesh is not None:
                found = self._read(grey, found.mesh.next_roi(), self._settings.face_track_presence) or found
        return found

    def track(self, grey: Grey, t: float) -> FoundFace | None:
        """Follow the face; search when it is lost (one zoom a frame) and look around once in a while."""
        found = self._read(grey, self._roi, self._settings.face_track_presence) if self._roi is not None else None
        if found is None:
            zooms = self._settings.zooms
            found = self._search(grey, zooms[self._zoom % len(zooms)])
            self._looked_at = t
            self._zoom = 0 if found is not None else self._zoom + 1
            found = found or self._bridged(grey, t)
        elif t - self._looked_at >= self._settings.redetect_s:
            self._looked_at = t
            found = self._better(grey, found)
        self._roi = found.mesh.next_roi() if found is not None and found.mesh is not None else None
        if found is not None and not found.bridged:
            self._last, self._last_t = found, t
        return found

    def _bridged(self, grey: Grey, t: float) -> FoundFace | None:
        """Where neither mesh nor detector see anything any more (turned away, a hand before the face): the last place,
        as long as the head-pose network sees a head there. A place grows stale, so not for long."""
        age = t - self._last_t
        if self._last is None or not 0.0 <= age <= self._settings.bridge_s:
            return None
        if self._head_spread(grey, self._last.box) > STILL_STD_DEG:
            return None
        fading = 1.0 - age / self._settings.bridge_s
        return replace(self._last, confidence=self._last.confidence * fading, mesh=None, bridged=True)

    def due(self, t: float) -> bool:
        """Will ``track`` run the detector at ``t`` (another search should wait a frame then)."""
        return self._roi is None or t - self._looked_at >= self._settings.redetect_s

    def _search(self, grey: Grey, zoom: float) -> FoundFace | None:
        """Largest confirmed face of the driver's region; else a sure but unreadable one."""
        candidates = [c for c in self._detector.find(grey, zoom) if self._at_seat(c.centre, grey.shape)]
        candidates = sorted(candidates, key=lambda c: -c.box[2] * c.box[3])[:MOST]
        for candidate in candidates:
            found = self._read(grey, roi_of(candidate), self._settings.face_presence)
            if found is not None:
                return found
        unread = next((c for c in candidates if self._shows_head(grey, c)), None)
        return FoundFace(unread.score, unread.box, None, unread.between_eyes) if unread is not None else None

    def _shows_head(self, grey: Grey, candidate: Detection) -> bool:
        """Without a mesh."""
        if candidate.score >= UNCONFIRMED_SCORE:
            return True
        return candidate.score >= DOUBTFUL_SCORE and self._head_spread(grey, candidate.box) <= CONFIRMED_STD_DEG

    def _read(self, grey: Grey, roi: Roi, presence: float) -> FoundFace | None:
        mesh = read_mesh(self._mesh_engine, grey, roi)
        if mesh.presence < presence:
            return None
        box = mesh.box()
        centre = (box[0] + box[2] / 2, box[1] + box[3] / 2)
        return FoundFace(mesh.presence, box, mesh, mesh.between_eyes()) if self._at_seat(centre, grey.shape) else None

    def _better(self, grey: Grey, followed: FoundFace) -> FoundFace:
        """Another face in the driver's region that is clearly larger takes over (a track may cling to the wrong person)."""
        rivals = [c for c in self._detector.find(grey) if self._at_seat(c.centre, grey.shape)]
        for rival in rivals:
            if _apart(rival, followed) and rival.box[2] > 1.3 * followed.box[2]:
                return self._read(grey, roi_of(rival), self._settings.face_presence) or followed
        return followed

    def _at_seat(self, centre: tuple[float, float], shape: tuple[int, ...]) -> bool:
        if self._region is None:
            return True
        x, y, w, h = self._region
        return x <= centre[0] / shape[1] <= x + w and y <= centre[1] / shape[0] <= y + h


def _apart(one: Detection, other: FoundFace) -> bool:
    x, y, w, h = other.box
    cx, cy = one.centre
    return not (x <= cx <= x + w and y <= cy <= y + h)
