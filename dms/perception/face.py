"""Finding the driver's face, confirming it with the mesh, and following it from frame to frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.detection import Detection, Detector
from dms.perception.face_mesh import FaceMesh, mirrored_twice, mouth_again, read_mesh, roi_of
from dms.perception.roi import Roi
from dms.perception.settings import Settings

FACE_LAYERS = ((4, 1),)
"""(stride, anchors a cell) of the full-range face detector."""

UNCONFIRMED_SCORE = 0.6
"""A detector this sure shows a face even when the mesh finds no frontal one (a profile): present, its eyes unknown."""

DOUBTFUL_SCORE = 0.4
"""A detector this sure shows a face if the head-pose network confirms it: turned faces score low, as do things that are none."""

Confirm = Callable[[NDArray[np.uint8], tuple[float, float, float, float]], bool]
"""Is what lies in the box (x, y, w, h) of this picture a head."""

REFINEMENTS = 2
Region = tuple[float, float, float, float]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """The driver's face: ``mesh`` is ``None`` when the face is turned too far away to be read."""

    confidence: float
    box: tuple[float, float, float, float]
    mesh: FaceMesh | None


class FaceFinder:
    """Full search in one picture, and tracking over a stream."""

    def __init__(
        self,
        engines: Mapping[str, Engine],
        settings: Settings,
        seat_region: Region | None = None,
        confirm: Confirm = lambda grey, box: False,
    ) -> None:
        self._detector = Detector(engines["face_detector"], FACE_LAYERS, settings.face_score)
        self._mesh_engine = engines["face_mesh"]
        self._settings = settings
        self._region = seat_region
        self._confirm = confirm
        self._roi: Roi | None = None
        self._looked_at = float("-inf")
        self._zoom = 0

    @property
    def tracking(self) -> bool:
        """Is a face being followed."""
        return self._roi is not None

    def reset(self) -> None:
        """Forget the tracked face."""
        self._roi = None

    def still(self, grey: Grey, once: bool = False) -> FoundFace | None:
        """Search one picture at all zooms; the region of interest is refined from the mesh itself.

        ``once``: no second looks in the mirror and at the mouth; the mesh is then as a followed face has it.
        """
        doubtful: list[FoundFace] = []
        for zoom in self._settings.zooms:
            found = self._search(grey, zoom)
            if found is not None and found.mesh is not None:
                found = self._refined(grey, found)
                if found.confidence >= self._settings.face_presence and found.mesh is not None:
                    if once:
                        return found
                    return replace(found, mesh=self.look_again(grey, mirrored_twice(self._mesh_engine, grey, found.mesh)))
            if found is not None and found.mesh is None:  # a mesh that is not sure of itself when read again confirms nothing
                doubtful.append(found)
        return max(doubtful, key=lambda f: f.confidence, default=None)

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
        elif t - self._looked_at >= self._settings.redetect_s:
            self._looked_at = t
            found = self._better(grey, found)
        self._roi = found.mesh.next_roi() if found is not None and found.mesh is not None else None
        return found

    def due(self, t: float) -> bool:
        """Will ``track`` run the detector at ``t`` (another search should wait a frame then)."""
        return self._roi is None or t - self._looked_at >= self._settings.redetect_s

    def _search(self, grey: Grey, zoom: float) -> FoundFace | None:
        """Largest confirmed face of the driver's region; else a sure but unreadable one."""
        candidates = [c for c in self._detector.find(grey, zoom) if self._at_seat(c.centre, grey.shape)]
        candidates.sort(key=lambda c: -c.box[2] * c.box[3])
        for candidate in candidates[:4]:
            found = self._read(grey, roi_of(candidate), self._settings.face_presence)
            if found is not None:
                return found
        turned = next((c for c in candidates[:4] if self._shows_head(grey, c)), None)
        return FoundFace(turned.score, turned.box, None) if turned is not None else None

    def _shows_head(self, grey: Grey, candidate: Detection) -> bool:
        """Without a mesh."""
        if candidate.score >= UNCONFIRMED_SCORE:
            return True
        return candidate.score >= DOUBTFUL_SCORE and self._confirm(grey, candidate.box)

    def _read(self, grey: Grey, roi: Roi, presence: float) -> FoundFace | None:
        mesh = read_mesh(self._mesh_engine, grey, roi)
        if mesh.presence < presence:
            return None
        box = mesh.box()
        centre = (box[0] + box[2] / 2, box[1] + box[3] / 2)
        return FoundFace(mesh.presence, box, mesh) if self._at_seat(centre, grey.shape) else None

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
