"""Eye state from the picture of an eye: can it be judged, is it shut, how far is it open, where are iris and pupil."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine, Tensors
from dms.perception.eye_patch import HEIGHT, WIDTH, cut_eye
from dms.perception.head_net import probability
from dms.perception.roi import Roi

GAP_MAX_MM = 18.0

SIGMA = 1.25
"""Standard deviation over mean absolute error of a normal distribution; the network learns the latter."""


@dataclass(frozen=True, slots=True)
class EyeReading:
    """What the network says of one eye.

    Attributes:
        visible: probability that the eye can be judged (not behind a dark lens, glare, a hand, hair, not out of the picture).
        closed: probability that the lids are shut, whatever way the eye looks.
        gap_mm, gap_std_mm: between the lid margins at the pupil, and its one-sigma uncertainty.
        openness: gap as a share of a relaxed eye's that looks the same way; 0..2.
        iris_px, pupil_px: centre x, y and radius (larger half axis) in picture pixels, as the cornea shows them.
    """

    visible: float
    closed: float
    gap_mm: float
    gap_std_mm: float
    openness: float
    iris_px: tuple[float, float, float]
    pupil_px: tuple[float, float, float]


def read_eye_state(engine: Engine, grey: NDArray[np.uint8], roi: Roi, side: str) -> EyeReading:
    """Run the network on one eye; ``side`` "right" is mirrored first, anything else is taken as a left eye."""
    return decode(engine.run(eye_feeds(grey, roi, side)), roi, side)


def eye_feeds(grey: NDArray[np.uint8], roi: Roi, side: str) -> Tensors:
    """The network's input for one eye."""
    return {"image": cut_eye(grey, roi, side).reshape(1, HEIGHT, WIDTH, 1)}


def decode(out: Tensors, roi: Roi, side: str) -> EyeReading:
    """``state``: visible and closed (logits), gap in mm, natural log of its mean error in mm, openness. ``points``: iris centre
    x, y from the patch's middle, iris radius, pupil radius, in patch pixels. A network gone wrong has seen nothing."""
    visible, closed, gap, log_std, openness = (float(v) for v in out["state"].reshape(-1))
    x, y, iris, pupil = (float(v) for v in out["points"].reshape(-1))
    if not all(math.isfinite(v) for v in (visible, closed, gap, log_std, openness, x, y, iris, pupil)):
        return EyeReading(0.0, 0.5, 0.0, GAP_MAX_MM, 0.0, (roi.cx, roi.cy, 0.0), (roi.cx, roi.cy, 0.0))
    scale = roi.size / WIDTH
    c, s = math.cos(roi.angle) * scale, math.sin(roi.angle) * scale
    x = -x if side == "right" else x
    centre = (roi.cx + c * x - s * y, roi.cy + s * x + c * y)
    return EyeReading(
        visible=probability(visible),
        closed=probability(closed),
        gap_mm=max(0.0, min(GAP_MAX_MM, gap)),
        gap_std_mm=SIGMA * math.exp(max(-4.0, min(3.0, log_std))),
        openness=max(0.0, min(2.0, openness)),
        iris_px=(*centre, max(0.0, iris) * scale),
        pupil_px=(*centre, max(0.0, pupil) * scale),
    )
