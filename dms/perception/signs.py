"""Hand signs: 21 points to a gesture word with its probability. Signs that are moved are told over time, in ``dms.gesture``."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from dms.inference.base import Engine
from dms.perception.hand_frame import normalised
from dms.records.observation import Hand

SLOT: Final = "gesture"
WORDS: Final = (
    "none", "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock",
    "mute",
)  # fmt: skip
"""In the order of the engine's output."""

ROUNDING: Final = 1e-3
"""By which shares of an engine in a lower precision may add up to more than 1."""

PROPORTIONS: Final = (9 / 16, 3 / 4, 1.0, 4 / 3)
"""Width over height of usual pictures, for points given as fractions of a picture whose size nobody told."""


_POINT, _MUTE = WORDS.index("point"), WORDS.index("mute")
_INDEX = (6, 7, 8)


class Lips(NamedTuple):
    """Where the driver's lips are, pixels; ``reach``: a finger so near lies before them."""

    x: float
    y: float
    reach: float

    def touched(self, points: NDArray[np.float64]) -> bool:
        """Does the index finger, from its middle joint to its tip, pass so near."""
        return min(_apart(self, a, b) for a, b in pairwise(points[list(_INDEX)])) <= self.reach

    def reached(self, points: NDArray[np.float64]) -> bool:
        """Is any point of the hand so near."""
        return bool(np.hypot(*(points - self[:2]).T).min() <= self.reach)


def _apart(lips: Lips, a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """From the lips to the nearest point between two points."""
    at, way = np.array(lips[:2]), b - a
    share = float(np.clip((at - a) @ way / max(float(way @ way), 1e-9), 0.0, 1.0))
    return float(np.linalg.norm(a + share * way - at))


class SignReader:
    """Names the signs of hands.

    Args:
        engines: loaded engines by slot; without ``gesture`` nothing is named.
        sure: probability below which a sign is ``none``.
    """

    def __init__(self, engines: Mapping[str, Engine], sure: float) -> None:
        self._engine = engines.get(SLOT)
        self._sure = sure

    def named(self, hands: Sequence[Hand], lips: Lips | None = None) -> list[Hand]:
        """The same hands with ``gesture`` and ``gesture_confidence``, where their points are known."""
        return [self._named(hand, lips) for hand in hands]

    def word(self, looks: Iterable[NDArray[np.float64]], before_lips: bool | None = None) -> tuple[str, float] | None:
        """Word and confidence of one hand from its 21 points (x right, y down, same unit in both directions); of several
        ``looks`` at it the one that shows a sign most clearly counts. ``None`` without an engine.

        ``before_lips``: does the index finger lie before the lips. Then it is ``mute`` and else ``point``; where nobody knows,
        the hand's turn tells them apart.
        """
        if self._engine is None:
            return None
        rows = normalised(np.stack(list(looks)))
        if not np.isfinite(rows).all():
            return None
        answers = [_settled(self._engine.run({"hand": row[None]})["words"][0], before_lips) for row in rows]
        shares = max(answers, key=lambda words: float(words[1:].max()))
        best = 1 + int(shares[1:].argmax())
        sign = float(shares[best])
        if not 0.0 <= sign <= 1.0 + ROUNDING:  # no probability is no evidence
            return "none", 0.0
        sign = min(1.0, sign)
        if sign < max(self._sure, float(shares[0])):
            return "none", 1.0 - sign
        return WORDS[best], sign

    def _named(self, hand: Hand, lips: Lips | None) -> Hand:
        if hand.landmarks_px is None:
            return hand
        points = np.asarray(hand.landmarks_px, dtype=np.float64)
        found = self.word([points], None if lips is None else lips.touched(points))
        if found is None:
            return hand
        return replace(hand, gesture=found[0], gesture_confidence=round(found[1], 3))


def _settled(shares: NDArray[np.float32], before_lips: bool | None) -> NDArray[np.float32]:
    """Pointing and a finger before the lips are one shape: where the lips are known, one word gets what both had."""
    if before_lips is None:
        return shares
    shares = shares.copy()
    both, shares[_POINT], shares[_MUTE] = shares[_POINT] + shares[_MUTE], 0.0, 0.0
    shares[_MUTE if before_lips else _POINT] = both
    return shares


def proportioned(points: NDArray[np.float64], size: tuple[float, float] | None) -> list[NDArray[np.float64]]:
    """Points given as fractions of a picture, in one unit for both directions: one look where ``size`` (width, height) is known,
    else one for each of ``PROPORTIONS``."""
    shapes = PROPORTIONS if size is None else (size[0] / size[1],)
    return [points * (shape, 1.0) for shape in shapes]
