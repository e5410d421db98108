"""The driver of the sample log: scikit-image's public-domain portrait of an astronaut (NASA), moved by one warp a frame.

What can move: position, size and in-plane tilt of the person, a small turn of the head, both eyelids, the irises, a pair of
opaque glasses, the light. Not a person in a car: an existence proof and a demonstration, no basis for any accuracy figure.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from skimage import data

WIDTH, HEIGHT = 640, 480
SIZE = 1.46
"""Output pixels a portrait pixel: 64 px between the pupils, as a driver camera at 650 mm sees."""

FACE = (224.0, 125.0)
NECK = (222.0, 190.0)
OUTLINE = [
    (155, 75), (165, 45), (195, 22), (230, 15), (265, 22), (295, 50), (302, 90), (290, 120), (280, 135), (270, 142), (262, 165),
    (300, 215), (304, 235), (335, 255), (352, 300), (362, 345), (350, 511), (30, 511), (22, 440), (30, 380), (45, 310), (60, 270),
    (90, 232), (114, 212), (114, 192), (130, 168), (160, 149), (183, 148), (178, 132), (166, 118), (155, 95),
]  # fmt: skip

GLASSES = [
    (184, 91), (225, 94), (266, 93), (265, 108), (256, 114), (238, 114), (228, 104), (220, 104), (211, 112), (193, 112),
    (185, 106),
]  # fmt: skip


@dataclass(frozen=True)
class Eye:
    """One eye in portrait pixels: corners in the picture's order, lid edges and iris at the middle."""

    left: tuple[float, float]
    right: tuple[float, float]
    upper: float
    lower: float
    iris: tuple[float, float]


EYES = {  # the driver's own side
    "right": Eye((191.5, 101.0), (213.0, 102.3), 97.0, 104.9, (203.0, 101.0)),
    "left": Eye((236.0, 104.3), (258.5, 103.3), 98.6, 106.8, (246.6, 103.0)),
}


@dataclass(frozen=True)
class Pose:
    """One frame. Tilt positive towards the driver's right shoulder; shifts in output pixels, turn and iris in portrait pixels."""

    shift: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    tilt_deg: float = 0.0
    turn: float = 0.0
    openness: float = 1.0
    iris: tuple[float, float] = (0.0, 0.0)
    glasses: float | None = None
    """``None``: none; 1: far above the eyes; 0: on."""
    light: float = 1.0


class Driver:
    """Renders poses; everything is fixed by the pose."""

    def __init__(self) -> None:
        portrait = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
        self._portrait = cv2.resize(portrait, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
        self._mask = cv2.resize(_mask(), None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        self._seat = _seat()
        fine = (np.mgrid[0 : 2 * HEIGHT, 0 : 2 * WIDTH][::-1] - 0.5) / 2  # twice as fine as the output: smooth lash lines
        self._grid = fine.astype(np.float32)

    def render(self, pose: Pose) -> np.ndarray:
        """480 x 640, uint8."""
        x, y = self._portrait_places(pose)
        _turn(x, y, pose.turn)
        for eye in EYES.values():
            _move_iris(x, y, eye, pose.iris)
            _close(x, y, eye, pose.openness)
        at = (x * 2 + 0.5, y * 2 + 0.5)
        person = _half(cv2.remap(self._portrait, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        alpha = _half(cv2.remap(self._mask, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0))
        picture = self._seat + alpha * (person - self._seat)
        if pose.glasses is not None:
            _put_on(picture, pose)
        return np.clip(np.rint(picture * pose.light), 0, 255).astype(np.uint8)

    def _portrait_places(self, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        back = cv2.invertAffineTransform(matrix(pose)).astype(np.float32)
        x, y = self._grid
        return back[0, 0] * x + back[0, 1] * y + back[0, 2], back[1, 0] * x + back[1, 1] * y + back[1, 2]


def _half(fine: np.ndarray) -> np.ndarray:
    return cv2.resize(fine.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


def matrix(pose: Pose) -> np.ndarray:
    """2 x 3: portrait pixels to output pixels. The tilt turns about the neck."""
    turned = cv2.getRotationMatrix2D(NECK, pose.tilt_deg, SIZE * pose.scale)
    turned[:, 2] += (WIDTH / 2 - NECK[0] + pose.shift[0], HEIGHT / 2 - NECK[1] + (NECK[1] - FACE[1]) * SIZE + pose.shift[1])
    return turned


def eye_places(pose: Pose) -> dict[str, list[float]]:
    """Middle of each eye opening, output pixels (without the small shift of a head turn)."""
    turned = matrix(pose)
    out = {}
    for side, eye in EYES.items():
        middle = np.array([(eye.left[0] + eye.right[0]) / 2, (eye.left[1] + eye.right[1]) / 2, 1.0])
        out[side] = [round(float(v), 1) for v in turned @ middle]
    return out


def roll_deg(pose: Pose) -> float:
    """Head roll: the tilt and the portrait's own (the line between its irises is not level)."""
    right, left = EYES["right"].iris, EYES["left"].iris
    own = -math.degrees(math.atan2(left[1] - right[1], left[0] - right[0]))
    return round(own + pose.tilt_deg, 2)


def _turn(x: np.ndarray, y: np.ndarray, turn: float) -> None:
    if turn:
        x -= turn * np.exp(-(((x - FACE[0]) / 42) ** 2) - ((y - FACE[1]) / 48) ** 2)


def _box(x: np.ndarray, y: np.ndarray, eye: Eye) -> np.ndarray:
    return (x > eye.left[0]) & (x < eye.right[0]) & (y > eye.upper - 8) & (y < eye.lower + 3)


def _lids(x: np.ndarray, eye: Eye) -> tuple[np.ndarray, np.ndarray]:
    """Heights of both lid edges over the width of the eye: parabolas through the corners."""
    along = (x - eye.left[0]) / (eye.right[0] - eye.left[0])
    chord = eye.left[1] + along * (eye.right[1] - eye.left[1])
    bow = 4 * along * (1 - along)
    middle = (eye.left[1] + eye.right[1]) / 2
    return chord + bow * (eye.upper - middle), chord + bow * (eye.lower - middle)


def _move_iris(x: np.ndarray, y: np.ndarray, eye: Eye, shift: tuple[float, float]) -> None:
    """Slide the picture inside the opening; nothing moves at lids and corners."""
    if shift == (0.0, 0.0):
        return
    inside = _box(x, y, eye)
    px, py = x[inside], y[inside]
    upper, lower = _lids(px, eye)
    free = np.clip(4 * (py - upper) * (lower - py) / np.maximum(1.0, (lower - upper) ** 2) * 2.5, 0, 1)
    ends = np.clip(np.minimum(px - eye.left[0], eye.right[0] - px) / 5, 0, 1)
    x[inside] = px - shift[0] * free * ends
    y[inside] = py - shift[1] * free * ends


def _close(x: np.ndarray, y: np.ndarray, eye: Eye, openness: float) -> None:
    """Pull the skin above the upper lid down over the eye, its lash line unstretched."""
    if openness >= 0.999:
        return
    inside = _box(x, y, eye)
    px, py = x[inside], y[inside]
    upper, lower = _lids(px, eye)
    edge = upper + (1 - openness) * (lower - 0.4 - upper)
    top = upper - 5.0
    rigid = 1.2
    above = edge - py
    stretched = top + (py - top) * (upper - rigid - top) / np.maximum(0.1, edge - rigid - top)
    moved = np.where(above < rigid, upper + 0.6 - above * 1.5, stretched)
    y[inside] = np.where((above >= 0) & (py > top), moved, py)


def _put_on(picture: np.ndarray, pose: Pose) -> None:
    """Opaque glasses: a dark bar over both eyes, soft at its rim, that moves with the head."""
    turned = matrix(pose)
    lift = -(pose.glasses or 0.0) * 110.0
    corners = np.array(GLASSES, np.float64)
    corners[:, 1] += lift
    corners[:, 0] += pose.turn * 0.8
    places = np.c_[corners, np.ones(len(corners))] @ turned.T
    bar = np.zeros(picture.shape, np.float32)
    cv2.fillPoly(bar, [np.rint(places * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    bar = cv2.GaussianBlur(bar, (0, 0), 1.0)
    shine = 14.0 + 10.0 * np.linspace(1, 0, HEIGHT, dtype=np.float32)[:, None]
    picture += bar * (shine - picture)


def _mask() -> np.ndarray:
    """Where the person is, 0..1: a hand-drawn outline, refined where it is within a few pixels."""
    cv2.setRNGSeed(1)
    drawn = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(drawn, [np.array(OUTLINE, np.int32)], 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (13, 13))
    sure, most = cv2.erode(drawn, kernel), cv2.dilate(drawn, kernel)
    trimap = np.where(sure, cv2.GC_FGD, np.where(most, np.where(drawn, cv2.GC_PR_FGD, cv2.GC_PR_BGD), cv2.GC_BGD)).astype(
        np.uint8
    )
    cv2.grabCut(data.astronaut()[:, :, ::-1].copy(), trimap, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    person = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    person = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    person = cv2.erode(person, np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(person.astype(np.float32), (0, 0), 1.2)


def _seat() -> np.ndarray:
    """An empty seat in a light cabin."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    cabin = 150 - 0.05 * y + 18 * np.exp(-(((x - 60) / 90) ** 2 + ((y - 120) / 130) ** 2)) + 4 * np.sin(x / 37) * np.sin(y / 51)
    for box, tone in (((150, 330, 490, 560), 104), ((215, 95, 425, 330), 112)):
        shape = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.rectangle(shape, (box[0] + 20, box[1] + 20), (box[2] - 20, box[3] - 20), 1.0, -1)
        cv2.rectangle(shape, (box[0] + 20, box[1] + 20), (box[2] - 20, box[3] - 20), 1.0, 40, cv2.LINE_AA)
        shape = cv2.GaussianBlur(shape, (0, 0), 4)
        cabin += shape * (tone + 6 * np.cos((x - 320) / 70) - cabin)
    return cabin.astype(np.float32)
