"""Perception: one Frame in, one Observation out, with the time each stage took."""

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2

from dms.inference.base import Engine, Tensors
from dms.perception.ellipses import with_ellipses
from dms.perception.eye_patch import corners_of, eye_roi
from dms.perception.eyes import read_eye, see_eyes
from dms.perception.face import FaceFinder, FoundFace
from dms.perception.face_mesh import FaceMesh
from dms.perception.gaze import LOWERED, read_gaze
from dms.perception.gaze_net import SIDES, GazeReading, describe
from dms.perception.hands import HandFinder
from dms.perception.head_fusion import HeadPose, by_network, carried_on, fused, of_mesh, with_pose
from dms.perception.head_model import head_model
from dms.perception.head_net import HeadReading, head_roi, level_roi
from dms.perception.head_pose import HeadFit, fit_head, iris_diameter_px, sized_by_iris
from dms.perception.mouth import beside_hands, read_mouth
from dms.perception.quality import QualityMeter
from dms.perception.roi import Roi
from dms.perception.rounds import Late, Now, Rounds, SpareEngine
from dms.perception.settings import Settings
from dms.perception.signs import SLOT as SIGN_SLOT
from dms.perception.signs import Lips, SignReader
from dms.perception.trained import Looks, Trained
from dms.records.cabin import Camera, DriverBaseline, default_camera
from dms.records.frame import Frame
from dms.records.observation import Eye, Face, Hand, Head, Objects, Observation

cv2.setNumThreads(1)  # our pictures are small: handing pieces to other threads costs more than it saves

PALM_SLOT = "palm_detector"
"""Finds some more hands; they are found without it, too."""
SLOTS = ("face_detector", "face_mesh", "head_pose", "eye_state", "gaze", "hand_detector", "hand_landmarks", PALM_SLOT, SIGN_SLOT)
"""Engine slots of the whole chain. Face detector and mesh are needed; without one of the others its part falls back to geometry
(head, eyes, gaze) or stays unknown (hands, their signs)."""

HAND_SLOTS = ("hand_detector", "hand_landmarks")
FACE_SLOTS = tuple(slot for slot in SLOTS if slot not in (*HAND_SLOTS, PALM_SLOT, SIGN_SLOT))
REPLACED_BY_GEOMETRY = ("head_pose", "eye_state", "gaze")
"""Slots whose part is still answered without them, less well; that is told, see ``Perception.absent``."""
YAWN_SUSPECTED = 0.5
"""Probability by the head-pose network at which the mouth of a followed face is looked at again (single pictures always are)."""

Region = tuple[float, float, float, float]
LOG = logging.getLogger(__name__)


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
        now: the clock of the pictures' times and of ``see``'s deadline; ``None``: time does not matter, as in a replay.

    Attributes:
        absent: slots without an engine. Where geometry stands in for one, a warning is logged once, when the chain is made.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        camera: Camera | None = None,
        seat_region: Region | None = None,
        settings: Settings | None = None,
        driver: DriverBaseline | None = None,
        now: Now | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.absent = tuple(slot for slot in SLOTS if slot not in engines)
        if replaced := [slot for slot in REPLACED_BY_GEOMETRY if slot in self.absent]:
            LOG.warning("perception without %s: geometry alone answers, less surely", ", ".join(replaced))
        self._camera = camera
        self._driver = driver
        self._rounds = Rounds(engines, now)
        self._trained = Trained(engines, self._rounds)
        self._faces = FaceFinder(engines, self.settings, seat_region, self._trained.head_spread)
        spare = {s: SpareEngine(engines[s], s, self._rounds) for s in (*HAND_SLOTS, PALM_SLOT) if s in engines}
        self._hands = HandFinder(spare, self.settings) if all(s in spare for s in HAND_SLOTS) else None
        self._signs = SignReader(engines, self.settings.sign_sure)
        self._quality = QualityMeter(self.settings)
        self._model = head_model()
        self._pose: HeadPose | None = None
        self._pose_t = float("-inf")
        self._may_search = True
        self._lips: Lips | None = None
        self._told: dict[str, Any] = {}
        self._told_t = float("-inf")
        self._hands_after = False

    def reset(self) -> None:
        """Forget everything about earlier frames."""
        self._faces.reset()
        self._pose = None
        self._quality.reset()
        self._told = {}
        if self._hands is not None:
            self._hands.reset()

    def observe(self, frame: Frame, independent: bool = False) -> Observation:
        """The observation of one frame; ``independent`` pictures are searched afresh, others are tracked."""
        return self.see(frame, independent).observation

    def see(self, frame: Frame, independent: bool = False, deadline: float = math.inf, hands_after: bool = False) -> Sight:
        """As ``observe``, with the inner results for drawing and timing. By ``deadline`` (s) the optional parts (hands) must be
        there; else they are left out, unknown, and named in ``Observation.late``. ``hands_after``: ``read_hands`` is called
        afterwards, and what it finds is told with the next picture."""
        watch = _StageWatch()
        self._hands_after = hands_after
        self._rounds.begin(deadline)
        image = self._quality.measure(frame.grey, stream=not independent)
        watch.lap("quality")
        searching = not independent and self._faces.due(frame.t)
        found = self._faces.still(frame.grey) if independent else self._faces.track(frame.grey, frame.t)
        watch.lap("face")
        sight = Sight(Observation(t=frame.t))
        parts: dict[str, Any] = {"face": Face(present=False), "objects": Objects()}
        if found is not None:
            parts = self._read_face(frame, found, sight, independent)
        watch.lap("head_eyes_gaze")
        self._may_search = not searching or found is None  # one search a frame; without a face that would be never
        self._lips = self._lips_of(sight)
        told = self._told_before(frame.t) if hands_after else self._look_for_hands(frame, independent)
        watch.lap("hands")
        if self._lips is not None and told.get("hands"):
            parts["mouth"] = beside_hands(parts["mouth"], told["hands"], self._lips)
        sight.observation = Observation(t=frame.t, source=frame.source, frame=frame.index, image=image, **parts, **told)
        sight.stages_ms = watch.laps
        return sight

    def read_hands(self, frame: Frame, deadline: float = math.inf) -> None:
        """Look for hands in the picture that ``see`` has just seen, by ``deadline``; told with the next picture."""
        self._rounds.begin(deadline)
        self._told, self._told_t = self._look_for_hands(frame, False), frame.t

    def _told_before(self, t: float) -> dict[str, Any]:
        """What was found in the picture before the one at ``t``, unless that is too long ago."""
        told, self._told = self._told, {}
        if told.get("hands") is None:
            return told
        return {**told, "hands_t": self._told_t} if 0.0 < t - self._told_t <= self.settings.hands_told_s else {"late": ["hands"]}

    def _look_for_hands(self, frame: Frame, independent: bool) -> dict[str, Any]:
        try:
            return {"hands": self._read_hands(frame, independent)}
        except Late:
            return {"late": ["hands"]}

    def _read_face(self, frame: Frame, found: FoundFace, sight: Sight, independent: bool) -> dict[str, Any]:
        x, y, w, h = (round(v, 1) for v in found.box)
        face = Face(present=True, confidence=round(found.confidence, 3), box_px=(x, y, w, h))
        camera = self._camera.scaled(frame.width, frame.height) if self._camera else default_camera(frame.width, frame.height)
        mesh = found.mesh
        roi = head_roi(found.box) if mesh is None else level_roi(mesh.points[:, :2], mesh.next_roi().angle)
        if mesh is None:
            looks = self._trained.head(frame.grey, roi, well=independent)
            head = self._without_mesh(frame.t, looks, found, camera, independent)
            return {"face": face, "head": head, "objects": _objects(looks)}
        fit = fit_head(mesh.points, self._model, camera)
        patches = {side: eye_roi(corners_of(mesh.eye_contours[side]), fit.model_scale) for side in SIDES}
        looks, states = self._trained.head_and_eyes(frame.grey, roi, patches, well=independent)
        if looks is not None and looks.yawn > YAWN_SUSPECTED and not mesh.further_lips:
            mesh = self._faces.look_again(frame.grey, mesh)
        parts, pose = self._read_mesh(frame, mesh, fit, (looks, states), patches, sight)
        if not independent:
            self._pose, self._pose_t = pose, frame.t
        return {"face": face, "objects": _objects(looks)} | parts

    def _without_mesh(
        self, t: float, looks: HeadReading | None, found: FoundFace, camera: Camera, independent: bool
    ) -> Head | None:
        """Head pose of a face that has no mesh: by the network, and by the pose it was lost in."""
        if looks is None:
            return None
        pose, age = by_network(looks, found.between_eyes, camera), t - self._pose_t
        if not independent and self._pose is not None and 0.0 <= age <= self.settings.bridge_s:
            pose = carried_on(pose, self._pose, age)
        return pose.record()

    def _read_mesh(
        self, frame: Frame, mesh: FaceMesh, fit: HeadFit, networks: Looks, patches: dict[str, Roi], sight: Sight
    ) -> tuple[dict[str, Any], HeadPose]:
        looks, states = networks
        visible = see_eyes(frame.grey, mesh, fit, states)
        eyes = {s: read_eye(v, mesh.eye_contours[s], fit, self.settings.eye_visible, states.get(s)) for s, v in visible.items()}
        open_eyes = [s for s, eye in eyes.items() if _is_open(eye)]
        looking = any(eye.closed is not None and eye.closed < LOWERED for eye in eyes.values())
        reading = self._gaze(frame, mesh, fit, patches) if looking else None
        if open_eyes:
            fit = sized_by_iris(fit, iris_diameter_px({side: mesh.irises[side] for side in open_eyes}))
            if not states:  # the lids' gap in mm hangs on the size of the head
                eyes = {s: read_eye(v, mesh.eye_contours[s], fit, self.settings.eye_visible) for s, v in visible.items()}
        pose = fused(fit, looks) if looks else of_mesh(fit)
        gaze = read_gaze(mesh, eyes, fit, self._model, self._driver, reading, pose.rotation)
        sight.mesh, sight.fit = mesh, with_pose(fit, pose)
        parts = {
            "head": pose.record(),
            "eyes": with_ellipses(eyes, states, gaze, pose),
            "gaze": gaze,
            "mouth": read_mouth(mesh, fit, looks.yawn if looks else None),
        }
        return parts, pose

    def _gaze(self, frame: Frame, mesh: FaceMesh, fit: HeadFit, patches: dict[str, Roi]) -> GazeReading | None:
        """By the network; hands that are followed already need nothing of the face and are read beside it."""
        return self._trained.gaze(frame.grey, patches, lambda: describe(mesh, fit, self._model), lambda: self._hands_ahead(frame))

    def _hands_ahead(self, frame: Frame) -> dict[str, Tensors]:
        return self._hands.ahead(frame) if self._hands is not None and not self._hands_after else {}

    def _read_hands(self, frame: Frame, independent: bool) -> list[Hand] | None:
        if self._hands is None:
            return None
        hands = self._hands.still(frame) if independent else self._hands.track(frame, self._may_search)
        return self._signs.named(hands, self._lips)

    def _lips_of(self, sight: Sight) -> Lips | None:
        """Where they are; ``None`` without a face's mesh."""
        if sight.mesh is None or sight.fit is None:
            return None
        x, y = sight.mesh.lips[:, :2].mean(axis=0)
        return Lips(float(x), float(y), self.settings.mute_mm * sight.fit.scale)


def _objects(looks: HeadReading | None) -> Objects:
    """What the head-pose network saw on the face; unknown without it."""
    return Objects() if looks is None else Objects(sunglasses=round(looks.sunglasses, 3), mask=round(looks.mask, 3))


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
