"""Mouth opening in mm and the probability of a yawn in one picture."""

import math

import numpy as np

from dms.perception import landmarks as lm
from dms.perception.head_net import HeadReading
from dms.perception.head_pose import HeadFit
from dms.perception.roi import Points
from dms.records.observation import Mouth

YAWN_GAP_MM = 20.0
"""Gap between the inner lips where a yawn is as likely as speech; speech stays under about 15 mm."""

YAWN_WIDTH_MM = 2.5


def read_mouth(lips: Points, fit: HeadFit, looks: HeadReading | None = None) -> Mouth:
    """Gap of the inner lips, along the head's own up axis; foreshortening by nod is taken out.

    ``looks``: what the head-pose network says of the mouth; the mesh's lips sometimes stay shut on a wide-open mouth.
    """
    gap = lips[list(lm.INNER_LIP_LOWER)].mean(axis=0) - lips[list(lm.INNER_LIP_UPPER)].mean(axis=0)
    up = -fit.view[:2, 1]
    length = float(np.linalg.norm(up))
    opening = max(0.0, float(gap @ -up) / (length * max(length, 0.4) * fit.scale))
    yawn = 1.0 / (1.0 + math.exp(-(opening - YAWN_GAP_MM) / YAWN_WIDTH_MM))
    return Mouth(opening_mm=round(opening, 2), yawn=round(yawn, 3))
