"""Mouth opening in mm and the probability of a yawn in one picture."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from dms.perception import landmarks as lm
from dms.perception.face_mesh import FaceMesh
from dms.perception.head_net import log_odds, probability
from dms.perception.head_pose import HeadFit
from dms.perception.roi import Points
from dms.perception.signs import Lips as LipsPlace
from dms.records.observation import Hand, Mouth

YAWN_RATIO = 0.53
"""Height over width of the inner lips at which a yawn is as likely as speech or a bite: a yawning mouth is tall and narrow.
Published mouth aspect ratios for yawns begin between 0.5 and 0.6."""

YAWN_RATIO_WIDTH = 0.05

YAWN_GAP_MM = 16.0
"""No yawn opens less; speech stays under about 15 mm."""

YAWN_GAP_WIDTH_MM = 1.5


NETWORK_PRIOR = 0.12
"""Share of yawns in what the head-pose network was trained on: a mouth of which it says so much, it knows nothing of."""


class Lips(NamedTuple):
    """Inner lips: gap and width in mm."""

    gap_mm: float
    width_mm: float

    @property
    def ratio(self) -> float:
        """Height over width."""
        return self.gap_mm / max(self.width_mm, 5.0)


def read_mouth(mesh: FaceMesh, fit: HeadFit, network: float | None = None) -> Mouth:
    """Gap of the inner lips; of several looks at the mouth the one that saw it widest (lips stay shut by mistake, never open).

    ``network``: the head-pose network's probability of a yawn, see ``with_network``.
    """
    lips = max((measure(points, fit) for points in (mesh.lips, *mesh.further_lips)), key=lambda look: look.ratio)
    yawn = yawn_probability(lips)
    return Mouth(opening_mm=round(lips.gap_mm, 2), yawn=round(yawn if network is None else with_network(yawn, network), 3))


def beside_hands(mouth: Mouth, hands: Iterable[Hand], lips: LipsPlace) -> Mouth:
    """The same with the yawn unknown where a hand is at the lips: a bite or a drink looks like a yawn, and the mesh draws lips on
    anything. A yawn that was seen to begin is carried on behind a hand (``dms.assessment.yawns``)."""
    at_lips = any(hand.landmarks_px and lips.reached(np.array(hand.landmarks_px)) for hand in hands)
    return msgspec.structs.replace(mouth, yawn=None) if at_lips else mouth


def yawn_probability(lips: Lips) -> float:
    """Both the shape and the size have to be a yawn's."""
    return min(_rising(lips.ratio, YAWN_RATIO, YAWN_RATIO_WIDTH), _rising(lips.gap_mm, YAWN_GAP_MM, YAWN_GAP_WIDTH_MM))


def with_network(lips: float, network: float) -> float:
    """A yawn by the lips' points and by the picture of the whole face: two witnesses who saw the same by different means, so
    their log-odds add up."""
    return probability(log_odds(lips) + log_odds(network) - log_odds(NETWORK_PRIOR))


def measure(lips: Points, fit: HeadFit) -> Lips:
    """Along the head's own up axis; foreshortening by nod and turn is taken out."""
    gap = lips[list(lm.INNER_LIP_LOWER)].mean(axis=0) - lips[list(lm.INNER_LIP_UPPER)].mean(axis=0)
    up = -fit.view[:2, 1]
    length = float(np.linalg.norm(up))
    width = float(np.linalg.norm(lips[lm.INNER_LIP_CORNERS[0]] - lips[lm.INNER_LIP_CORNERS[1]])) / fit.scale
    turned = max(float(np.linalg.norm(fit.view[:2, 0])), 0.4)
    return Lips(max(0.0, float(gap @ -up) / (length * max(length, 0.4) * fit.scale)), width / turned)


def _rising(value: float, middle: float, width: float) -> float:
    return probability((value - middle) / width)
