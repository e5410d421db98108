"""The eye patch: what the eye networks are shown. The same function cuts it when they are trained and when they run.

48 x 32 pixels, 51 x 34 mm, level with the corners of the lids, the middle between them in the centre. A right eye is mirrored,
so a network always sees a left one (temple on the right in the picture).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception import landmarks as lm
from dms.perception.roi import Points, Roi

WIDTH, HEIGHT = 48, 32
WIDTH_MM = 51.0
PIXELS_A_MM = WIDTH / WIDTH_MM

EYE_WIDTH_MM = 29.0
"""Between the corners of the lids, adult mean; for a picture that shows an eye and no face."""

Grey = NDArray[np.uint8]


def eye_roi(corners: Points, scale: float) -> Roi:
    """Where the patch lies.

    Args:
        corners: 2 x 2 picture pixels, outer corner then inner corner.
        scale: picture pixels a millimetre.
    """
    outer, inner = corners
    line = outer - inner if outer[0] > inner[0] else inner - outer
    x, y = (outer + inner) / 2
    return Roi(float(x), float(y), WIDTH_MM * max(scale, 1e-3), math.atan2(line[1], line[0]))


def corners_of(contour: Points) -> Points:
    """Outer and inner corner of a refined eye contour (71 x 2)."""
    return contour[[lm.CONTOUR_OUTER, lm.CONTOUR_INNER]]


def cut_eye(grey: Grey, roi: Roi, side: str) -> Grey:
    """``HEIGHT`` x ``WIDTH`` patch; area-averaged from twice the size, so that a large eye is not aliased."""
    large = roi.cut(grey, 2 * WIDTH)[WIDTH - HEIGHT : WIDTH + HEIGHT]
    patch = np.asarray(cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(patch[:, ::-1]) if side == "right" else patch


def to_patch(points: Points, roi: Roi, side: str) -> Points:
    """Picture points (n x 2) in patch pixels (whole numbers at pixel corners, as ``Roi``)."""
    c, s = math.cos(roi.angle), math.sin(roi.angle)
    turned = (points - (roi.cx, roi.cy)) @ np.array([[c, -s], [s, c]]) * (WIDTH / roi.size)
    if side == "right":
        turned = turned * (-1.0, 1.0)
    return np.asarray(turned + np.array([WIDTH / 2, HEIGHT / 2]))
