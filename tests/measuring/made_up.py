"""Made-up pictures, labels and records of heads and eyes."""

from typing import Any

import numpy as np

from dms.records.angles import direction_from

Record = dict[str, Any]
NAMES = ("a.png", "b.png")
BOX = (20, 10, 24, 28)


def picture(number: int = 0) -> np.ndarray:
    """A bright blob on a dark colour ramp, 64 x 48."""
    y, x = np.mgrid[:48, :64].astype(np.float32)
    light = np.exp(-((x - 32) ** 2 + (y - 24) ** 2) / 200)
    return np.stack([light * 90 + x, light * 150, light * 200 + y / 2], axis=2).astype(np.uint8) + np.uint8(number)


def head_row(name: str, yaw_deg: float, pitch_deg: float = 0.0) -> Record:
    """The label of a head with no roll."""
    forward = direction_from(yaw_deg, pitch_deg)
    up = direction_from(yaw_deg, pitch_deg + 90.0)
    angles = {"yaw_deg": yaw_deg, "pitch_deg": pitch_deg, "roll_deg": 0.0}
    return {"file": name, "forward_camera": list(forward), "up_camera": list(up), "face_box_px": list(BOX), **angles}


def head_record(name: str, yaw_deg: float, pitch_deg: float = 0.0, box: tuple[float, ...] = BOX) -> Record:
    """An observation of such a head."""
    row = head_row(name, yaw_deg, pitch_deg)
    keys = ("forward_camera", "up_camera", "yaw_deg", "pitch_deg", "roll_deg")
    head = {key: row[key] for key in keys} | {"std_deg": 5.0}
    return {"source": f"/somewhere/{name}", "face": {"present": True, "box_px": list(box)}, "head": head}


def eyes_record(name: str, closed: float | None, visible: float = 0.9) -> Record:
    """An observation of two like eyes."""
    eye = {"visible": visible, "closed": closed, "opening_mm": None}
    return {"source": name, "face": {"present": True, "box_px": list(BOX)}, "eyes": {"left": eye, "right": eye}}
