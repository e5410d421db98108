"""Labels as columns of numbers, one row a cut-out. Unknown is NaN, an unknown word 255. Pixels are those of the cut-out."""

from collections.abc import Sequence
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dms.records.words import Zone
from hil.driver.pose import Activity, Blink, Shape
from hil.driver.split import Split
from hil.driver.truth.crops import Cut
from hil.driver.truth.geometry import Array
from hil.driver.truth.labels import Ellipse, Truth

WORDS: dict[str, tuple[str, ...]] = {
    "split": get_args(Split),
    "side": ("left", "right"),
    "zone": get_args(Zone),
    "activity": get_args(Activity),
    "blink": get_args(Blink),
    "shape": get_args(Shape),
    "gesture": (
        "none", "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock",
        "mute", "swipe_left", "swipe_right", "swipe_up", "swipe_down", "circle_cw", "circle_ccw", "pinch", "push", "wave",
    ),
}  # fmt: skip
"""What the numbers of a word column stand for; written into the manifest."""

UNKNOWN = 255
_NONE3 = (np.nan,) * 3
_NONE6 = (np.nan,) * 6
_SIDES = ("left", "right")
Row = dict[str, Any]


def row(truth: Truth, cut: Cut, landmarks: Sequence[str]) -> Row:
    """All columns of one cut-out. Eye columns have left and right in this order."""
    return {**_frame(truth, cut), **_face(truth), **_eyes(truth, cut), **_things(truth, cut), **_marks(truth, cut, landmarks)}


def _frame(truth: Truth, cut: Cut) -> Row:
    camera = truth.camera
    return {
        "t": np.float64(truth.t),
        "frame": np.int32(truth.frame),
        "person": np.int64(truth.person.seed),
        "split": word("split", truth.person.split),
        "present": np.bool_(truth.present),
        "crop": floats(cut.matrix),
        "camera": floats((camera.fx, camera.fy, camera.cx, camera.cy)),
        "zone": word("zone", truth.story.zone),
        "activity": word("activity", truth.story.activity),
        "kss": floats(truth.drowsy.kss),
        "blink": word("blink", truth.drowsy.blink),
        "perclos_60s": number(truth.drowsy.perclos_60s),
        "mean": floats(truth.image.mean),
        "saturated": floats(truth.image.saturated),
        "light": floats((truth.light.led, truth.light.sun, truth.light.ambient, truth.light.outside)),
        "glasses": np.bool_(truth.wear.glasses != "none"),
        "sunglasses": np.bool_(truth.wear.sunglasses),
        "mask": np.bool_(truth.wear.mask != "none"),
        "hat": np.bool_(truth.wear.hat != "none"),
    }


def _face(truth: Truth) -> Row:
    head, gaze, mouth, face = truth.head, truth.gaze, truth.mouth, truth.face
    return {
        "head_forward": floats(head.forward_camera if head else _NONE3),
        "head_up": floats(head.up_camera if head else _NONE3),
        "head_position_mm": floats(head.position_camera_mm if head else _NONE3),
        "gaze_direction": floats(gaze.direction_camera if gaze else _NONE3),
        "gaze_origin_mm": floats(gaze.origin_camera_mm if gaze else _NONE3),
        "face_visible": number(face.visible if face else None),
        "mouth_mm": number(mouth.opening_mm if mouth else None),
        "yawning": np.bool_(mouth.yawning if mouth else False),
    }


def _eyes(truth: Truth, cut: Cut) -> Row:
    eyes = [(truth.eyes or {}).get(side) for side in _SIDES]  # type: ignore[call-overload]
    return {
        "eye_visible": floats([e.visible if e else np.nan for e in eyes]),
        "lid_gap_mm": floats([e.lid_gap_mm if e else np.nan for e in eyes]),
        "openness": floats([e.openness if e else np.nan for e in eyes]),
        "closed": floats([e.closed if e else np.nan for e in eyes]),
        "pupil_mm": floats([e.pupil_mm if e else np.nan for e in eyes]),
        "eye_centre_mm": floats([e.centre_camera_mm if e else _NONE3 for e in eyes]),
        "optical_axis": floats([e.direction_optical_camera if e else _NONE3 for e in eyes]),
        "visual_axis": floats([e.direction_visual_camera if e else _NONE3 for e in eyes]),
        "iris": floats([_ellipse(e.iris if e else None, cut) for e in eyes]),
        "pupil": floats([_ellipse(e.pupil if e else None, cut) for e in eyes]),
    }


def _things(truth: Truth, cut: Cut) -> Row:
    """Phone and the cut-out's own side and hand."""
    phone = max((t.visible for t in truth.things if t.kind == "phone"), default=0.0)
    hand = cut.hand
    points = np.full((21, 2), np.nan) if hand is None else cut.points(np.array(hand.points_px))
    return {
        "phone_visible": floats(phone),
        "side": word("side", cut.eye or (hand.side if hand else None)),
        "hand_visible": number(hand.visible if hand else None),
        "hand_points": floats(points),
        "shape": word("shape", hand.shape if hand else None),
        "gesture": word("gesture", hand.gesture if hand else None),
    }


def _marks(truth: Truth, cut: Cut, names: Sequence[str]) -> Row:
    """(k, 3): x, y, visible."""
    found = {mark.name: mark for mark in truth.landmarks}
    table: Array = np.full((len(names), 3), np.nan)
    for place, name in enumerate(names):
        if mark := found.get(name):
            table[place] = (*mark.px, mark.visible)
    table[:, :2] = cut.points(table[:, :2])
    return {"landmarks": floats(table)}


def _ellipse(found: Ellipse | None, cut: Cut) -> tuple[float, ...]:
    """x, y, a, b, angle in degrees, visible share."""
    return _NONE6 if found is None else (*cut.ellipse(found), found.visible)


def word(column: str, text: str | None) -> NDArray[np.uint8]:
    """A word's number; 255 for none or one that is not in ``WORDS``."""
    known = WORDS[column]
    return np.array(known.index(text) if text in known else UNKNOWN, np.uint8)


def number(value: float | None) -> NDArray[np.float32]:
    """NaN for none."""
    return floats(np.nan if value is None else value)


def floats(values: ArrayLike) -> NDArray[np.float32]:
    """Single precision, which is plenty for a label."""
    return np.asarray(values, np.float32)


def stack(rows: Sequence[Row]) -> dict[str, NDArray[Any]]:
    """Rows to columns."""
    return {name: np.stack([r[name] for r in rows]) for name in rows[0]}
