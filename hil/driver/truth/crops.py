"""Pictures cut out for training: the whole picture, the face, each eye, each hand."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dms.records.frame import Grey
from hil.driver.pose import Side
from hil.driver.truth.geometry import Array, pinhole
from hil.driver.truth.labels import Ellipse, EyeTruth, HandTruth, Truth

Kind = Literal["full", "face", "eyes", "hand"]
SIZES: dict[str, tuple[int, int]] = {"full": (320, 240), "face": (128, 128), "eyes": (96, 64), "hand": (96, 96)}
"""Default width and height of a cut-out."""

EYE_WIDTH_MM = 48.0
FACE_MARGIN, HAND_MARGIN = 1.4, 1.5
FACE_SHARE, HAND_SHARE = 0.15, 0.3
"""Least visible share for a cut-out to be worth making."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One cut-out.

    Attributes:
        matrix: 2 x 3, pixels of the picture to pixels of the cut-out.
        eye: whose eye it is, ``left`` or ``right``; ``None`` for other kinds.
        hand: the hand it shows.
    """

    matrix: Array
    eye: Side | None = None
    hand: HandTruth | None = None

    @property
    def scale(self) -> float:
        """Pixels of the cut-out a pixel of the picture."""
        return math.sqrt(abs(float(np.linalg.det(self.matrix[:, :2]))))

    def points(self, pixels: Array) -> Array:
        """(n, 2) pixels of the picture in pixels of the cut-out."""
        return np.asarray(pixels @ self.matrix[:, :2].T + self.matrix[:, 2])

    def ellipse(self, found: Ellipse) -> tuple[float, float, float, float, float]:
        """x, y, half axes a and b, angle in degrees of an ellipse in the cut-out."""
        x, y = self.points(np.array([found.centre_px]))[0]
        turn = math.degrees(math.atan2(self.matrix[1, 0], self.matrix[0, 0]))
        a, b = (self.scale * r for r in found.radii_px)
        return float(x), float(y), a, b, (found.angle_deg + turn + 90.0) % 180.0 - 90.0

    def take(self, grey: Grey, width: int, height: int) -> Grey:
        """The pixels; smoothed first where the cut-out is much coarser than the picture, black outside of it."""
        import cv2

        source = grey if self.scale > 0.7 else cv2.GaussianBlur(grey, (0, 0), 0.45 / self.scale)
        picture: NDArray[np.uint8] = cv2.warpAffine(source, self.matrix, (width, height), flags=cv2.INTER_LINEAR)
        return picture


def cuts(truth: Truth, kind: Kind, width: int, height: int, picture: tuple[int, int]) -> Iterator[Cut]:
    """The cut-outs a label has to give; none where the picture does not show the thing. ``picture``: its width and height."""
    if kind == "full":
        middle, scale = ((picture[0] - 1) / 2, (picture[1] - 1) / 2), min(width / picture[0], height / picture[1])
        yield Cut(_matrix(*middle, scale, 0.0, width, height))
    elif kind == "face" and truth.face is not None and truth.face.visible >= FACE_SHARE:
        yield Cut(_round_box(truth.face.box_px, FACE_MARGIN, width, height))
    elif kind == "eyes" and truth.eyes is not None:
        yield from (Cut(matrix, eye=side) for side, matrix in _eyes(truth, truth.eyes, width, height, picture))
    elif kind == "hand":
        for hand in truth.hands:
            if hand.visible >= HAND_SHARE:
                points = np.array(hand.points_px)
                low, size = points.min(axis=0), np.ptp(points, axis=0)
                box = (float(low[0]), float(low[1]), float(size[0]), float(size[1]))
                yield Cut(_round_box(box, HAND_MARGIN, width, height), hand=hand)


def _eyes(
    truth: Truth, eyes: dict[Side, EyeTruth], width: int, height: int, picture: tuple[int, int]
) -> Iterator[tuple[Side, Array]]:
    """Each eye whose centre lies in the picture, level with the line through both, the same width in mm for everyone."""
    centres = np.array([eyes["right"].centre_camera_mm, eyes["left"].centre_camera_mm])
    pixels = pinhole(truth.camera, centres)
    if not np.isfinite(pixels).all():
        return
    dx, dy = pixels[1] - pixels[0]
    angle = -math.atan2(dy, dx)
    sides: tuple[Side, Side] = ("right", "left")
    for side, (x, y), z in zip(sides, pixels, centres[:, 2], strict=True):
        if 0 <= x < picture[0] and 0 <= y < picture[1]:
            yield side, _matrix(x, y, width * z / (EYE_WIDTH_MM * truth.camera.fx), angle, width, height)


def _round_box(box: tuple[float, float, float, float], margin: float, width: int, height: int) -> Array:
    x, y, w, h = box
    scale = min(width, height) / max(1.0, margin * max(w, h))
    return _matrix(x + w / 2, y + h / 2, scale, 0.0, width, height)


def _matrix(x: float, y: float, scale: float, angle: float, width: int, height: int) -> Array:
    """The similarity that puts (x, y) into the middle, turning by ``angle`` (rad, from x towards y)."""
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    turn = np.array([[c, -s], [s, c]])
    return np.concatenate([turn, (middle - turn @ (x, y))[:, None]], axis=1)
