"""One tile of a contact sheet: a cut-out of the picture with truth (green) and answer (orange) drawn in, and a caption."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from measuring import answers
from measuring.answers import Record, get
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Point = tuple[float, float]
TRUTH, ANSWER, TEXT = (80, 220, 80), (40, 150, 255), (235, 235, 235)
SIDE, LINE = 300, 17
ROOM = 0.5
"""Of the box's size, left round it."""


@dataclass(frozen=True)
class Cut:
    """Where the cut-out lies: tile = (frame - origin) * zoom."""

    x: float
    y: float
    zoom: float

    def place(self, point: Any) -> tuple[int, int]:
        return round((float(point[0]) - self.x) * self.zoom), round((float(point[1]) - self.y) * self.zoom)


def tile(picture: Picture, kind: str, record: Record | None, row: Record) -> Picture:
    """The tile of one case."""
    whole = (0.0, 0.0, float(picture.shape[1]), float(picture.shape[0]))
    box = row.get("face_box_px") or get(record, "face", "box_px") or whole
    shown, cut = cut_out(picture, box, whole)
    for colour, drawn in ((TRUTH, row.get("face_box_px")), (ANSWER, get(record, "face", "box_px"))):
        if drawn:
            x, y, w, h = drawn
            cv2.rectangle(shown, cut.place((x, y)), cut.place((x + w, y + h)), colour, 1, cv2.LINE_AA)
    if kind == "headpose":
        draw_head(shown, cut.place((box[0] + box[2] / 2, box[1] + box[3] / 2)), record, row)
    if kind == "gaze":
        draw_gaze(shown, cut, record, row)
    return captioned(shown, caption(kind, record, row))


def cut_out(picture: Picture, box: tuple[float, ...], whole: tuple[float, ...]) -> tuple[Picture, Cut]:
    """A square round the box, drawn at the tile's size; beyond the picture it is dark."""
    side = max(box[2], box[3]) * (1 + 2 * ROOM)
    side = min(side, max(whole[2], whole[3])) if box != whole else max(whole[2], whole[3])
    cut = Cut(box[0] + box[2] / 2 - side / 2, box[1] + box[3] / 2 - side / 2, SIDE / side)
    move = np.array([[cut.zoom, 0, -cut.x * cut.zoom], [0, cut.zoom, -cut.y * cut.zoom]], np.float32)
    how = cv2.INTER_AREA if cut.zoom < 1 else cv2.INTER_LINEAR
    return cv2.warpAffine(picture, move, (SIDE, SIDE), flags=how, borderValue=(40, 40, 40)), cut


def draw_head(shown: Picture, start: tuple[int, int], record: Record | None, row: Record) -> None:
    """Long arrow: where the nose points; short line: up."""
    answer = answers.head(record, row)
    for colour, head in ((TRUTH, (row["forward_camera"], row["up_camera"])), (ANSWER, answer)):
        if head is not None:
            arrow(shown, start, head[0], 0.42 * SIDE, colour)
            cv2.line(shown, start, tip(start, head[1], 0.25 * SIDE), colour, 2, cv2.LINE_AA)


def draw_gaze(shown: Picture, cut: Cut, record: Record | None, row: Record) -> None:
    """Arrows from the true middle between the eyes."""
    origin, camera = row.get("origin_camera_mm"), row.get("camera")
    start: tuple[int, int] = (SIDE // 2, SIDE // 3)
    if origin and camera:
        start = cut.place(
            [camera["fx"] * origin[0] / origin[2] + camera["cx"], camera["fy"] * origin[1] / origin[2] + camera["cy"]]
        )
    for colour, direction in ((TRUTH, row["direction_camera"]), (ANSWER, answers.gaze(record))):
        if direction is not None:
            arrow(shown, start, direction, 0.6 * SIDE, colour)


def arrow(shown: Picture, start: tuple[int, int], direction: Any, reach: float, colour: tuple[int, int, int]) -> None:
    """A direction of the camera frame, seen along the camera's axis."""
    cv2.arrowedLine(shown, start, tip(start, direction, reach), (0, 0, 0), 4, cv2.LINE_AA, tipLength=0.12)
    cv2.arrowedLine(shown, start, tip(start, direction, reach), colour, 2, cv2.LINE_AA, tipLength=0.12)


def tip(start: tuple[int, int], direction: Any, reach: float) -> tuple[int, int]:
    return round(start[0] + float(direction[0]) * reach), round(start[1] + float(direction[1]) * reach)


def caption(kind: str, record: Record | None, row: Record) -> list[str]:
    """Error, truth and answer in words."""
    wrong = answers.error(kind, record, row)
    if kind in ("headpose", "gaze"):
        part = "head" if kind == "headpose" else "gaze"
        keys = ("yaw_deg", "pitch_deg", "roll_deg") if kind == "headpose" else ("yaw_deg", "pitch_deg")
        found = get(record, part) if wrong is not None else None
        first = f"{wrong:.1f} deg off (std {get(found, 'std_deg')})" if wrong is not None else missing(record, row)
        return [row["file"], first, "true " + angles(row, keys), "said " + (angles(found, keys) if found else "nothing")]
    if kind in ("yawn", "nir_cabin"):
        first = f"off by {wrong:.2f}" if wrong is not None else missing(record, row)
        said = f"said yawn {text(answers.yawn(record))}, opening {text(get(record, 'mouth', 'opening_mm'), 0)} mm"
        return [row["file"], first, f"true {'yawn' if row['yawn'] else 'no yawn'}", said]
    first = f"off by {wrong:.2f}" if wrong is not None else missing(record, row)
    return [row["file"], f"{first}; true {row['eyes']}", *(eye_words(record) or ["said nothing"])]


def missing(record: Record | None, row: Record) -> str:
    """Why there is no answer."""
    if record is None:
        return "no record"
    if not answers.holds(row.get("face_box_px"), get(record, "face", "box_px")):
        return "another face taken"
    return "no answer" if answers.present(record) or not get(record, "face") else "no face found"


def eye_words(record: Record | None) -> list[str]:
    return [
        f"{side}: visible {text(eye.get('visible'))} closed {text(eye.get('closed'))} {text(eye.get('opening_mm'), 1)} mm"
        for side, eye in (get(record, "eyes") or {}).items()
    ]


def angles(values: Record, keys: tuple[str, ...]) -> str:
    return " ".join(f"{key.removesuffix('_deg')} {text(values.get(key), 0, '+')}" for key in keys)


def text(value: Any, digits: int = 2, sign: str = "") -> str:
    return "-" if not isinstance(value, int | float) else f"{value:{sign}.{digits}f}"


def captioned(shown: Picture, lines: list[str]) -> Picture:
    strip = np.full((LINE * 4 + 8, SIDE, 3), 24, np.uint8)
    for number, line in enumerate(lines, 1):
        cv2.putText(strip, line, (5, LINE * number), cv2.FONT_HERSHEY_SIMPLEX, 0.42, TEXT, 1, cv2.LINE_AA)
    return np.vstack([shown, strip])
