"""The eye patch: what the eye networks are shown. The same function cuts it when they are trained and when they run.

51 mm wide, level with the corners of the lids, the middle between them in the centre: 48 x 32 pixels for the state of the eye,
64 x 40 for the line of sight. A right eye is mirrored, so a network always sees a left one (temple on the right in the picture).
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.perception import landmarks as lm
from dms.perception.roi import Points, Roi

WIDTH, HEIGHT = 48, 32
GAZE_SIZE = (64, 40)
"""Width and height of the patches the gaze network is shown."""
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


def cut_eye(grey: Grey, roi: Roi, side: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Grey:
    """Patch of ``size`` (width, height); area-averaged from twice the size, so that a large eye is not aliased."""
    width, height = size
    large = roi.cut(grey, 2 * width)[width - height : width + height]
    patch = np.asarray(cv2.resize(large, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(patch[:, ::-1]) if side == "right" else patch


def to_patch(points: Points, roi: Roi, side: str, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Points:
    """Picture points (n x 2) in pixels of a patch of ``size`` (whole numbers at pixel corners, as ``Roi``)."""
    width, height = size
    c, s = math.cos(roi.angle), math.sin(roi.angle)
    turned = (points - (roi.cx, roi.cy)) @ np.array([[c, -s], [s, c]]) * (width / roi.size)
    if side == "right":
        turned = turned * (-1.0, 1.0)
    return np.asarray(turned + np.array([width / 2, height / 2]))
