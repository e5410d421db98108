"""Draws what was seen onto the picture: mesh, lids, irises, head axes, gaze arrow, hands, and the numbers in words."""

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception.head_pose import HeadFit
from dms.perception.pipeline import Sight
from dms.records.frame import Frame
from dms.records.observation import Observation

Picture = NDArray[np.uint8]
MESH, LID, IRIS, GAZE, BOX, HAND, TEXT = (
    (150, 150, 90), (90, 230, 90), (60, 200, 255), (60, 60, 255), (255, 200, 60), (255, 120, 220), (240, 240, 240),
)  # fmt: skip
AXES = ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0))
"""Head axes drawn: to the driver's left, up, forward."""
AXIS_COLOURS = ((80, 80, 255), (80, 255, 80), (255, 160, 80))
BONES = ((0, 1, 2, 3, 4), (0, 5, 6, 7, 8), (5, 9, 10, 11, 12), (9, 13, 14, 15, 16), (0, 17, 18, 19, 20), (13, 17))
MIN_WIDTH = 480


def draw(frame: Frame, sight: Sight) -> Picture:
    """BGR picture with a caption below; small pictures are enlarged so that the drawing can be read."""
    zoom = max(1.0, MIN_WIDTH / frame.width)
    base = frame.grey if frame.colour is None else cv2.cvtColor(frame.colour, cv2.COLOR_RGB2BGR)
    picture = cv2.cvtColor(base, cv2.COLOR_GRAY2BGR) if base.ndim == 2 else base.copy()
    picture = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    _draw_face(picture, sight, zoom)
    _draw_hands(picture, sight.observation, zoom)
    return _captioned(picture, caption(sight.observation))


def caption(o: Observation) -> list[str]:
    """The observation in a few short lines."""
    if o.face is None or not o.face.present:
        lines = ["no face"]
    elif o.head is None:
        lines = ["face present, turned too far to read"]
    else:
        h = o.head
        lines = [f"head yaw {h.yaw_deg:+.0f} pitch {h.pitch_deg:+.0f} roll {h.roll_deg:+.0f} (+-{h.std_deg:.0f}) deg"]
        if o.gaze is not None:
            lines[0] += f"   gaze yaw {o.gaze.yaw_deg:+.0f} pitch {o.gaze.pitch_deg:+.0f} (+-{o.gaze.std_deg:.0f})"
    for side, eye in (o.eyes or {}).items():
        state = "not visible" if eye.closed is None else f"{eye.opening_mm} mm, closed {eye.closed:.2f}"
        lines.append(f"{side} eye: visible {eye.visible:.2f}, {state}")
    if o.mouth is not None:
        lines.append(f"mouth {o.mouth.opening_mm:.0f} mm, yawn {o.mouth.yawn:.2f}   hands {_hands_text(o)}")
    else:
        lines.append(f"hands {_hands_text(o)}")
    if o.image is not None:
        lines.append(f"image mean {o.image.mean:.0f}, sharpness {o.image.sharpness:.0f}, blocked {o.image.blocked:.2f}")
    return lines


def _hands_text(o: Observation) -> str:
    if o.hands is None:
        return "not looked for"
    return ", ".join(f"{h.side} {h.fingers} fingers" for h in o.hands) or "none"


def _draw_face(picture: Picture, sight: Sight, zoom: float) -> None:
    face = sight.observation.face
    if face is not None and face.box_px is not None:
        x, y, w, h = (v * zoom for v in face.box_px)
        cv2.rectangle(picture, _pixel((x, y)), _pixel((x + w, y + h)), BOX, 1, cv2.LINE_AA)
    mesh, fit = sight.mesh, sight.fit
    if mesh is None or fit is None:
        return
    for point in mesh.points[:, :2]:
        cv2.circle(picture, _pixel(point * zoom), 1, MESH, -1, cv2.LINE_AA)
    for side, eye in (sight.observation.eyes or {}).items():
        if eye.closed is None:
            continue  # an eye that cannot be seen is not drawn: the mesh would invent it
        cv2.polylines(
            picture,
            [(mesh.eye_contours[side][[*range(9), *range(15, 8, -1)]] * zoom).astype(np.int32)],
            True,
            LID,
            1,
            cv2.LINE_AA,
        )
        if eye.closed < 0.5:
            radius = float(np.linalg.norm(mesh.irises[side][1] - mesh.irises[side][3])) / 2 * zoom
            cv2.circle(picture, _pixel(mesh.irises[side][0] * zoom), max(1, round(radius)), IRIS, 1, cv2.LINE_AA)
    _draw_arrows(picture, sight.observation, fit, zoom)


def _draw_arrows(picture: Picture, o: Observation, fit: HeadFit, zoom: float) -> None:
    origin = fit.origin_px * zoom
    reach = 60.0 * fit.scale * zoom
    for axis, colour in zip(AXES, AXIS_COLOURS, strict=True):
        tip = origin + (fit.view @ np.array(axis))[:2] * reach
        cv2.line(picture, _pixel(origin), _pixel(tip), colour, 2, cv2.LINE_AA)
    if o.gaze is not None:
        seen = fit.view @ fit.rotation.T @ np.array(o.gaze.direction_camera)
        cv2.arrowedLine(picture, _pixel(origin), _pixel(origin + seen[:2] * 2.5 * reach), GAZE, 2, cv2.LINE_AA, tipLength=0.15)


def _draw_hands(picture: Picture, o: Observation, zoom: float) -> None:
    for hand in o.hands or []:
        points = np.array(hand.landmarks_px) * zoom
        for bone in BONES:
            cv2.polylines(picture, [points[list(bone)].astype(np.int32)], False, HAND, 2, cv2.LINE_AA)


def _captioned(picture: Picture, lines: list[str]) -> Picture:
    strip = np.full((18 * len(lines) + 8, picture.shape[1], 3), 24, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(strip, line, (6, 18 * (number + 1)), cv2.FONT_HERSHEY_SIMPLEX, 0.42, TEXT, 1, cv2.LINE_AA)
    return np.vstack([picture, strip])


def _pixel(point: object) -> tuple[int, int]:
    x, y = np.asarray(point, dtype=float)
    return round(float(x)), round(float(y))
