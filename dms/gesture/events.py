"""What goes into the interaction grammar and what comes out."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dms.records.observation import Hand

Side = Literal["left", "right"]
Phase = Literal["start", "repeat", "release", "cancel", "inhibited"]
"""``start`` once, ``repeat`` while it is held, ``release`` when the hand lets go, ``cancel`` when it was broken off;
``inhibited``: it would have started, but may not."""

MOVED_WORDS = (
    "swipe_left", "swipe_right", "swipe_up", "swipe_down", "circle_cw", "circle_ccw", "pinch", "push", "wave",
)  # fmt: skip
TURNS = ("circle_cw", "circle_ccw")
"""May be told again with each turn."""
PINCH = "pinch"
"""Is held from its event on, and may be dragged, until the fingers open."""
SIGN_WORDS = (
    "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock", "mute",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class HandSeen:
    """One hand in one picture; lengths in picture heights, so that both directions have one unit.

    Attributes:
        side: the hand's own side, as far as known.
        points: 21 x 2, x right, y down, from the picture's upper left corner.
        centre: middle of the points as a fraction of the picture's width and height.
        size: larger side of the box round the points.
        sign: gesture word; ``None``: nobody could tell.
        sure: its probability.
    """

    side: Side | None
    points: NDArray[np.float64]
    centre: tuple[float, float]
    size: float
    sign: str | None
    sure: float


@dataclass(frozen=True, slots=True)
class Moved:
    """A moved gesture that has just ended. ``value``: 0..1 where it has one (how far a pinch was dragged; 0.5: nowhere)."""

    word: str
    sure: float
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a hand did that somebody may react to.

    Attributes:
        phase: see ``Phase``.
        gesture: the word.
        side: whose of the driver's own hands.
        sure: probability.
        value: 0..1 where the gesture has one.
        function: what it means in the present context; ``None``: nothing.
        reason: why it is inhibited.
    """

    phase: Phase
    gesture: str
    side: Side | None = None
    sure: float | None = None
    value: float | None = None
    function: str | None = None
    reason: str | None = None


def hand_seen(hand: Hand, width: int, height: int) -> HandSeen | None:
    """From a record; ``None`` where its points are not known."""
    if hand.landmarks_px is None:
        return None
    points = np.asarray(hand.landmarks_px, dtype=np.float64) / height
    if points.shape != (21, 2) or not np.isfinite(points).all():
        return None
    x, y = points.mean(axis=0)
    side: Side | None = "left" if hand.side == "left" else "right" if hand.side == "right" else None
    size = float(np.ptp(points, axis=0).max())
    return HandSeen(side, points, (float(x) * height / width, float(y)), size, hand.gesture, hand.gesture_confidence or 0.0)
