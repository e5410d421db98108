"""Moved gestures: the motion network asked along a hand's track, and an event where it is sure that one has just ended."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dms.gesture.events import MOVED_WORDS, TURNS, HandSeen, Moved
from dms.gesture.motion_window import STEP_S, Track
from dms.gesture.settings import Interaction

SLOT: Final = "gesture_motion"
WORDS: Final = ("none", *MOVED_WORDS)
"""In the order of the network's output."""
AGAIN = 3
"""So many answers in a row must agree: winding up for a stroke looks like a stroke the other way, for a moment."""
FULL_TURN = 0.75 * 2.0 * math.pi
"""A circle that goes on is told again when the hand has gone at least so far round since: three quarters and what noise takes."""
LEAST_S = 0.4
"""No gesture is told of a hand that has been seen for a shorter time."""

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A window, 1 x ROWS x STEPS, to the probability of each word."""


class NetworkMotion:
    """Implements ``MotionReader``.

    Args:
        network: the engine of the slot ``gesture_motion`` as a function.
        rules: ``moved_sure``, ``refractory_s``.
    """

    def __init__(self, network: Network, rules: Interaction) -> None:
        self._network, self._rules = network, rules
        self._track = Track()
        self.reset()

    def reset(self) -> None:
        """Another hand, or none."""
        self._track.clear()
        self._asked = self._told_at = -math.inf
        self._word, self._row, self._told = "none", 0, "none"

    def step(self, t: float, hand: HandSeen) -> Moved | None:
        """One look later. Asked at most every ``STEP_S``; told after ``AGAIN`` equal answers."""
        self._track.add(t, hand.points)
        if t - self._asked < 0.8 * STEP_S or self._track.length_s < LEAST_S:
            return None
        self._asked = t
        shares = np.asarray(self._network(self._track.window()[None])).reshape(-1)
        best = int(shares[1:].argmax()) + 1
        word = WORDS[best] if shares[best] >= self._rules.moved_sure else "none"
        self._row = self._row + 1 if word == self._word else 1
        self._word = word
        if word == "none" or self._row < AGAIN or not self._may(t, word):
            return None
        self._told, self._told_at = word, t
        return Moved(word, float(shares[best]))

    def _may(self, t: float, word: str) -> bool:
        """The hand going back after a stroke is no stroke; a circle is told once a turn."""
        since = t - self._told_at
        if word in TURNS and word == self._told and since < 3.0 * self._rules.refractory_s:
            return since >= self._rules.turn_s and self._track.turned(self._told_at) >= FULL_TURN
        return since >= self._rules.refractory_s
