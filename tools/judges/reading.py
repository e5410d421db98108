"""What a judge sees in one picture, in one form for all judges."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from judges.drawn import Drawn

from dms.inference.base import Engine
from dms.perception import landmarks as lm
from dms.perception.face_mesh import read_mesh
from dms.perception.hands import HandReading, count_fingers
from dms.perception.head_model import head_model
from dms.perception.head_pose import fit_head
from dms.perception.pipeline import Perception
from dms.perception.tint import warm
from dms.records import Frame
from dms.records.cabin import Camera
from hil.driver.truth.geometry import Array
from hil.driver.truth.labels import Truth

SIDES = ("left", "right")
PRESENCE = 0.7
WORKER = Path(__file__).with_name("mediapipe_worker.py")
# Points of the refined mesh of 478: outer corner, inner corner, two pairs of upper and lower lid; first of each iris.
MESH_EYE = {"right": (33, 133, ((160, 144), (158, 153))), "left": (263, 362, ((387, 373), (385, 380)))}
MESH_IRIS = {"right": 468, "left": 473}
MESH_LIPS = (13, 14)


@dataclass(frozen=True, slots=True, eq=False)
class HandSeen:
    """One hand: 21 x 2 px, fingers out."""

    points: Array
    fingers: int


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One judge on one picture; the face parts are empty or ``None`` when it found no face.

    ``iris``: centre px by side; ``ear``: gap of the lids over the width of the eye; ``lips_px``: inner gap; ``head``: yaw and
    pitch of our rigid fit to its 468 points, degrees, as the camera shows them; ``led``: see ``led_hands``.
    """

    found: bool
    iris: Mapping[str, Array] = field(default_factory=dict)
    ear: Mapping[str, float] = field(default_factory=dict)
    lips_px: float | None = None
    head: tuple[float, float] | None = None
    hands: tuple[HandSeen, ...] = ()
    led: tuple[HandSeen, ...] = ()


def led_hands(engine: Engine, grey: np.ndarray, truth: Truth) -> tuple[HandSeen, ...]:
    """The hand network alone, shown each labelled hand as a tracker would: what it confirms, whoever finds it."""
    import cv2

    found = []
    shape = engine.spec.inputs[0].shape
    for hand in truth.hands:
        points = np.column_stack([np.array(hand.points_px), np.zeros(21)])
        roi = HandReading(points, points, 1.0, 1.0, 0.0).next_roi()
        out = engine.run({"image": cv2.merge([roi.cut(grey, shape[1])] * 3).reshape(shape)})
        if float(out["presence"].reshape(-1)[0]) >= PRESENCE:
            seen = roi.to_frame(out["landmarks"].reshape(-1, 3), shape[1])
            found.append(HandSeen(seen[:, :2], count_fingers(seen)))
    return tuple(found)


def ours(engines: Mapping[str, Engine], drawn: Drawn) -> Reading:
    """Our own converted networks on one picture, searched afresh; hands where the hand networks are among ``engines``."""
    grey, camera = drawn.grey, drawn.truth.camera
    led = led_hands(engines["hand_landmarks"], grey, drawn.truth) if "hand_landmarks" in engines else ()
    sight = Perception(engines, camera).see(Frame(grey=grey, t=0.0, index=0, counter=0, source="judged"), independent=True)
    seen = sight.observation.hands or []
    hands = tuple(HandSeen(np.array(h.landmarks_px, float), h.fingers or 0) for h in seen)
    mesh, head = sight.mesh, sight.observation.head
    if mesh is None or head is None:
        return Reading(False, hands=hands, led=led)
    mesh = read_mesh(engines["face_mesh"], grey, mesh.roi)  # one look, as the other judge has it
    lips = mesh.lips[list(lm.INNER_LIP_LOWER)].mean(axis=0) - mesh.lips[list(lm.INNER_LIP_UPPER)].mean(axis=0)
    half = 0.5 * mesh.roi.size / mesh.crop.shape[0]  # the network counts from the pixel's edge, labels from its centre
    return Reading(
        True,
        iris={s: mesh.irises[s][0, :2] - half for s in SIDES},
        ear={s: _contour_ratio(mesh.eye_contours[s][:, :2]) for s in SIDES},
        lips_px=float(np.linalg.norm(lips)),
        head=(float(head.yaw_deg), float(head.pitch_deg)),
        hands=hands,
        led=led,
    )


def _contour_ratio(contour: Array) -> float:
    gaps = contour[list(lm.LOWER_LID[2:5])] - contour[list(lm.UPPER_LID[2:5])]
    return float(np.linalg.norm(gaps, axis=1).mean() / np.linalg.norm(contour[lm.CONTOUR_OUTER] - contour[lm.CONTOUR_INNER]))


def mediapipe(python: str, pictures: Sequence[Drawn]) -> list[Reading]:
    """MediaPipe's own face mesh and hands, run by an interpreter that has it.

    Its palm detector knows colour: where it finds no hand in the grey picture it looks again in our skin-like tint.

    Raises:
        RuntimeError: that interpreter failed; with the end of what it said.
    """
    import cv2

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index, grey in enumerate(drawn.grey for drawn in pictures):
            cv2.imwrite(str(folder / f"{index:05d}.png"), grey, [cv2.IMWRITE_PNG_COMPRESSION, 1])
            cv2.imwrite(str(folder / f"{index:05d}_hands.png"), warm(grey)[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        done = subprocess.run([python, str(WORKER), str(folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{python} could not judge: {done.stderr.strip().splitlines()[-1:]}")
        lines = (folder / "seen.jsonl").read_text().splitlines()
    return [_reading(json.loads(line), drawn.truth.camera) for line, drawn in zip(lines, pictures, strict=True)]


def _reading(seen: dict[str, list], camera: Camera) -> Reading:
    hands = tuple(HandSeen(np.array(h)[:, :2], count_fingers(np.array(h))) for h in seen["hands"])
    if not seen["face"]:
        return Reading(False, hands=hands)
    points = np.array(seen["face"]) - (0.5, 0.5, 0.0)  # MediaPipe counts from the pixel's edge, labels from its centre
    head = fit_head(points[:468], head_model(), camera).record()
    return Reading(
        True,
        iris={s: points[MESH_IRIS[s], :2] for s in SIDES},
        ear={s: _mesh_ratio(points, s) for s in SIDES},
        lips_px=float(np.linalg.norm(points[MESH_LIPS[0], :2] - points[MESH_LIPS[1], :2])),
        head=(float(head.yaw_deg), float(head.pitch_deg)),
        hands=hands,
    )


def _mesh_ratio(points: Array, side: str) -> float:
    outer, inner, pairs = MESH_EYE[side]
    gaps = [np.linalg.norm(points[a, :2] - points[b, :2]) for a, b in pairs]
    return float(np.mean(gaps) / np.linalg.norm(points[outer, :2] - points[inner, :2]))
