"""Perception: one Frame in, one Observation out, with the time each stage took."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2

from dms.inference.base import Engine
from dms.perception.eyes import read_eye, see_eyes
from dms.perception.face import FaceFinder, FoundFace
from dms.perception.face_mesh import FaceMesh
from dms.perception.gaze import read_gaze
from dms.perception.hands import HandFinder
from dms.perception.head_model import head_model
from dms.perception.head_pose import HeadFit, fit_head, iris_diameter_px, sized_by_iris
from dms.perception.mouth import read_mouth
from dms.perception.quality import QualityMeter
from dms.perception.settings import Settings
from dms.records.cabin import Camera, DriverBaseline, default_camera
from dms.records.frame import Frame
from dms.records.observation import Eye, Face, Hand, Objects, Observation

cv2.setNumThreads(1)  # our pictures are small: handing pieces to other threads costs more than it saves

SLOTS = ("face_detector", "face_mesh", "hand_detector", "hand_landmarks")
"""Engine slots this chain needs."""

HAND_SLOTS = ("hand_detector", "hand_landmarks")
Region = tuple[float, float, float, float]


@dataclass(slots=True, eq=False)
class Sight:
    """All that was worked out on one frame, for overlays and benches; the Observation is its public part."""

    observation: Observation
    mesh: FaceMesh | None = None
    fit: HeadFit | None = None
    stages_ms: dict[str, float] = field(default_factory=dict)


class Perception:
    """The chain from picture to observation. Not thread-safe: one thread owns it.

    Args:
        engines: loaded engines by slot, see ``SLOTS``; without the hand slots hands are ``None``.
        camera: intrinsics; ``None`` takes the stated default for each picture's size.
        seat_region: driver's part of the picture as fractions (x, y, w, h); ``None``: the largest face is the driver.
        settings: perception's own numbers.
        driver: the driver's gaze calibration, if there is one.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        camera: Camera | None = None,
        seat_region: Region | None = None,
        settings: Settings | None = None,
        driver: DriverBaseline | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self._camera = camera
        self._driver = driver
        self._faces = FaceFinder(engines, self.settings, seat_region)
        self._hands = HandFinder(engines, self.settings) if all(s in engines for s in HAND_SLOTS) else None
        self._quality = QualityMeter(self.settings)
        self._model = head_model()

    def reset(self) -> None:
        """Forget everything about earlier frames."""
        self._faces.reset()
        self._quality.reset()
        if self._hands is not None:
            self._hands.reset()

    def observe(self, frame: Frame, independent: bool = False) -> Observation:
        """The observation of one frame; ``independent`` pictures are searched afresh, others are tracked."""
        return self.see(frame, independent).observation

    def see(self, frame: Frame, independent: bool = False) -> Sight:
        """As ``observe``, with the inner results for drawing and timing."""
        watch = _StageWatch()
        image = self._quality.measure(frame.grey, stream=not independent)
        watch.lap("quality")
        searching_face = not independent and self._faces.due(frame.t)
        found = self._faces.still(frame.grey) if independent else self._faces.track(frame.grey, frame.t)
        watch.lap("face")
        sight = Sight(Observation(t=frame.t))
        parts: dict[str, Any] = {"face": Face(present=False)}
        if found is not None:
            parts = self._read_face(frame, found, sight)
        watch.lap("head_eyes_gaze")
        hands = self._read_hands(frame, independent, may_search=not searching_face)
        watch.lap("hands")
        sight.observation = Observation(
            t=frame.t, source=frame.source, frame=frame.index, image=image, hands=hands, objects=Objects(), **parts
        )
        sight.stages_ms = watch.laps
        return sight

    def _read_face(self, frame: Frame, found: FoundFace, sight: Sight) -> dict[str, Any]:
        x, y, w, h = (round(v, 1) for v in found.box)
        face = Face(present=True, confidence=round(found.confidence, 3), box_px=(x, y, w, h))
        mesh = found.mesh
        if mesh is None:
            return {"face": face}
        camera = self._camera.scaled(frame.width, frame.height) if self._camera else default_camera(frame.width, frame.height)
        fit = fit_head(mesh.points, self._model, camera)
        visible = see_eyes(frame.grey, mesh, fit)
        open_eyes = [s for s in visible if _is_open(self._eye(s, visible, mesh, fit))]
        if open_eyes:
            fit = sized_by_iris(fit, iris_diameter_px({side: mesh.irises[side] for side in open_eyes}))
        eyes = {side: self._eye(side, visible, mesh, fit) for side in visible}
        sight.mesh, sight.fit = mesh, fit
        return {
            "face": face,
            "head": fit.record(),
            "eyes": eyes,
            "gaze": read_gaze(mesh, eyes, fit, self._model, self._driver),
            "mouth": read_mouth(mesh.lips, fit),
        }

    def _eye(self, side: str, visible: dict[str, float], mesh: FaceMesh, fit: HeadFit) -> Eye:
        return read_eye(visible[side], mesh.eye_contours[side], fit, self.settings.eye_visible)

    def _read_hands(self, frame: Frame, independent: bool, may_search: bool) -> list[Hand] | None:
        if self._hands is None:
            return None
        return self._hands.still(frame) if independent else self._hands.track(frame, may_search)


def _is_open(eye: Eye) -> bool:
    return eye.closed is not None and eye.closed < 0.5


class _StageWatch:
    """Wall time of each stage, ms. A stopwatch for benches, not a clock: no decision depends on it."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._start = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = (now - self._start) * 1e3
        self._start = now
