"""What one observation record says about one labelled picture, and how wrong that is."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dms.records.angles import roll_deg, unit, yaw_pitch_deg

Record = Mapping[str, Any]
SLACK = 0.1
"""A face belongs to the label when its middle is in the label's box, this share larger all round."""


def get(record: Record | None, *path: str) -> Any:
    """A value deep in a record; ``None`` where anything on the way is missing."""
    value: Any = record
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def vector(value: Any) -> np.ndarray | None:
    """A usable direction, or ``None``."""
    if not isinstance(value, list | tuple) or len(value) != 3 or not all(isinstance(v, int | float) for v in value):
        return None
    found = np.array(value, float)
    return found if np.isfinite(found).all() and np.linalg.norm(found) > 1e-6 else None


def present(record: Record | None) -> bool:
    return bool(get(record, "face", "present"))


def holds(box: Any, other: Any, slack: float = SLACK) -> bool:
    """Does the middle of ``other`` lie in ``box``? True where one of them is not known."""
    if not box or not other:
        return True
    x, y = other[0] + other[2] / 2, other[1] + other[3] / 2
    return bool(-slack * box[2] <= x - box[0] <= (1 + slack) * box[2] and -slack * box[3] <= y - box[1] <= (1 + slack) * box[3])


def angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    """Between two directions."""
    return math.degrees(math.atan2(float(np.linalg.norm(np.cross(a, b))), float(np.dot(a, b))))


def turn_deg(forward: np.ndarray, up: np.ndarray, true_forward: np.ndarray, true_up: np.ndarray) -> float:
    """The one turn that takes one head pose to the other."""
    between = _axes(forward, up).T @ _axes(true_forward, true_up)
    return math.degrees(math.acos(max(-1.0, min(1.0, (float(np.trace(between)) - 1) / 2))))


def _axes(forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    forward = unit(forward)
    up = unit(up - forward * (forward @ up))
    return np.stack([np.cross(up, forward), up, forward], axis=1)


def head(record: Record | None, row: Record) -> tuple[np.ndarray, np.ndarray] | None:
    """Forward and up of the labelled person's head, if answered."""
    if not present(record) or not holds(row.get("face_box_px"), get(record, "face", "box_px")):
        return None
    forward, up = vector(get(record, "head", "forward_camera")), vector(get(record, "head", "up_camera"))
    return None if forward is None or up is None else (unit(forward), unit(up))


def head_error(record: Record | None, row: Record) -> tuple[float, float, float, float] | None:
    """Whole turn, and signed yaw, pitch and roll errors in degrees; ``None`` without an answer."""
    answer = head(record, row)
    if answer is None:
        return None
    forward, up = answer
    yaw, pitch = yaw_pitch_deg(forward)
    errors = yaw - row["yaw_deg"], pitch - row["pitch_deg"], roll_deg(forward, up) - row["roll_deg"]
    whole = turn_deg(forward, up, np.array(row["forward_camera"]), np.array(row["up_camera"]))
    return whole, *((e + 180) % 360 - 180 for e in errors)  # type: ignore[return-value]


def true_yaw(row: Record) -> float:
    """Yaw that sorts a picture into a band: as published with the set where that is known."""
    euler = row.get("euler_3ddfa_deg")
    return float(euler[1] if euler else row["yaw_deg"])


def gaze(record: Record | None) -> np.ndarray | None:
    return vector(get(record, "gaze", "direction_camera"))


def gaze_error(record: Record | None, row: Record) -> float | None:
    answer = gaze(record)
    return None if answer is None else angle_deg(answer, np.array(row["direction_camera"]))


def closed(record: Record | None) -> float | None:
    """Mean over the eyes that were judged."""
    values = [get(record, "eyes", side, "closed") for side in ("left", "right", "unknown")]
    known = [v for v in values if isinstance(v, int | float)]
    return float(np.mean(known)) if known else None


def yawn(record: Record | None) -> float | None:
    value = get(record, "mouth", "yawn")
    return float(value) if isinstance(value, int | float) else None


def error(kind: str, record: Record | None, row: Record) -> float | None:
    """How wrong the record is on one picture, larger is worse; ``None`` without an answer.

    Raises:
        KeyError: no error is defined for topics of this kind.
    """
    if kind == "headpose":
        whole = head_error(record, row)
        return None if whole is None else whole[0]
    if kind == "gaze":
        return gaze_error(record, row)
    if kind in ("eyes_face", "eyes_crop", "nir_face"):
        value, true = closed(record), row["eyes"] == "closed"
    elif kind in ("yawn", "nir_cabin"):
        value, true = yawn(record), row["yawn"]
    else:
        raise KeyError(kind)
    return None if value is None else abs(value - float(true))
