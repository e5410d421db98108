"""Head pose from the picture of a head: the network's input and how its answer is read. No mesh needed.

The same functions cut the picture when the network is trained and when it runs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Engine, Tensors
from dms.perception.roi import Points, Roi, around

SIDE = 96
"""Pixels of the network's square input."""

HEAD_FACTOR = 1.7
"""Side of the cut-out over the larger side of the face's box: ears, chin and hair line are in it."""

OTHER_SIZES = (0.9, 1.15, 1.3)
"""A single picture's head is cut out in these sizes, too: boxes of heads in profile vary by a quarter (one sigma)."""

LEVEL_FROM_DEG = 30.0
"""Roll from which a cut-out is set upright: a network that learned to 40 degrees under-read beyond 30. This one learned to 50."""

STD_MAX_DEG = 90.0
MIRROR = np.diag([-1.0, 1.0, 1.0])
"""``MIRROR @ rotation @ MIRROR`` is the rotation of the mirrored head; training takes it from here."""

Array = NDArray[np.float64]
Grey = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class HeadReading:
    """``view``: 3 x 3, head axes (x to the driver's left, y down, z backwards out of the face) to axes about the line of sight to
    the head, as in ``HeadFit``; ``std_deg``: the network's own one-sigma estimate of the angle by which it is off. ``yawn``,
    ``sunglasses``, ``mask``: probabilities."""

    view: Array
    std_deg: float
    yawn: float
    sunglasses: float
    mask: float


def head_roi(box: tuple[float, float, float, float]) -> Roi:
    """What the network is shown of a face whose box (x, y, w, h; mesh extent or detector box) is known."""
    x, y, w, h = box
    return Roi(x + w / 2, y + h / 2, max(w, h) * HEAD_FACTOR)


def level_roi(points: Points, angle: float) -> Roi:
    """The same of a face whose points (n x 2) and turn in the picture (radians) are known; one that leans far is set upright."""
    return around(points, angle if abs(angle) > math.radians(LEVEL_FROM_DEG) else 0.0, HEAD_FACTOR)


def cut_head(grey: Grey, roi: Roi) -> Grey:
    """``SIDE`` x ``SIDE`` cut-out; area-averaged from twice the size, so that a large face is not aliased."""
    return np.asarray(cv2.resize(roi.cut(grey, 2 * SIDE), (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def read_head(engine: Engine, grey: Grey, roi: Roi, mirrored: bool = False) -> HeadReading | None:
    """Run the network on one head; ``mirrored``: and on its mirror image, and take the mean of both views."""
    feeds = head_feeds(grey, roi)
    return head_reading(roi, engine.run(feeds), engine.run(mirrored_feeds(feeds)) if mirrored else None)


def head_feeds(grey: Grey, roi: Roi) -> Tensors:
    """The network's input for one head."""
    return {"image": cut_head(grey, roi).reshape(1, SIDE, SIDE, 1)}


def mirrored_feeds(feeds: Tensors) -> Tensors:
    """The same head in a mirror."""
    return {"image": np.ascontiguousarray(feeds["image"][:, :, ::-1])}


def head_reading(roi: Roi, answer: Tensors, mirrored: Tensors | None = None) -> HeadReading | None:
    """What the network says of the head in ``roi``; ``mirrored``: what it says of the mirror image."""
    read = decode(answer)
    if read is None:
        return None
    other = None if mirrored is None else decode(mirrored)
    if other is not None:
        read = replace(_signs((read, other)), view=nearest_rotation(read.view + MIRROR @ other.view @ MIRROR))
    c, s = math.cos(roi.angle), math.sin(roi.angle)
    return replace(read, view=np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]]) @ read.view)


def mean_reading(readings: Sequence[HeadReading | None]) -> HeadReading | None:
    """The first reading with the signs and the mean view of all; of the views one that is twice as sure counts sixteen times."""
    known = [reading for reading in readings if reading is not None]
    if len(known) < 2:
        return known[0] if known else None
    views = [reading.view / reading.std_deg**4 for reading in known]
    return replace(_signs(known), view=nearest_rotation(np.sum(views, axis=0)))


def _signs(readings: Sequence[HeadReading]) -> HeadReading:
    """The first reading with the signs of all: the mean of their log-odds."""
    yawn, sunglasses, mask = (
        probability(sum(log_odds(p) for p in told) / len(told))
        for told in zip(*((r.yawn, r.sunglasses, r.mask) for r in readings), strict=True)
    )
    return replace(readings[0], yawn=yawn, sunglasses=sunglasses, mask=mask)


def nearest_rotation(matrix: Array) -> Array:
    """The rotation closest to a 3 x 3 matrix."""
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray((u * (1.0, 1.0, float(np.sign(np.linalg.det(u @ vt))))) @ vt)


def decode(out: Tensors) -> HeadReading | None:
    """Six numbers (first two columns of the rotation, Zhou et al. 2019) to a rotation; ``log_std``: natural log of degrees;
    ``signs``: mouth opening in mm (not used), then logits of yawn, sunglasses, mask. ``None`` from a network gone wrong."""
    six = np.asarray(out["rotation"], np.float64).reshape(6)
    log_std = float(out["log_std"].reshape(-1)[0])
    mouth, *logits = (float(v) for v in out["signs"].reshape(-1))
    if not np.isfinite([*six, log_std, mouth, *logits]).all() or float(np.linalg.norm(six)) < 1e-3:
        return None
    yawn, sunglasses, mask = (probability(v) for v in logits)
    std = min(STD_MAX_DEG, math.exp(max(-1.0, min(5.2, log_std))))
    return HeadReading(rotation_of(six), std, yawn, sunglasses, mask)


def probability(logit: float) -> float:
    """Of a network's logit; a number gone wrong is as good as a coin."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, logit)))) if math.isfinite(logit) else 0.5


def log_odds(p: float) -> float:
    """The logit of a probability, within 9 on either side."""
    p = min(0.9999, max(0.0001, p))
    return math.log(p / (1.0 - p))


def rotation_of(six: Array) -> Array:
    """Gram-Schmidt; a degenerate answer becomes a frontal head rather than an error."""
    if not np.isfinite(six).all():
        return np.eye(3)
    first, second = six[:3], six[3:]
    length = float(np.linalg.norm(first))
    x = first / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])
    rest = second - (x @ second) * x
    length = float(np.linalg.norm(rest))
    if length < 1e-6:
        return np.eye(3)
    y = rest / length
    return np.stack([x, y, np.cross(x, y)], axis=1)
