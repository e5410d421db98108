"""Moved gestures: the motion network asked along a hand's track, and an event where it is sure that one has just ended."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dms.gesture.events import MOVED_WORDS, HandSeen, Moved
from dms.gesture.motion_window import STEP_S, Track
from dms.gesture.settings import Interaction

SLOT: Final = "gesture_motion"
WORDS: Final = ("none", *MOVED_WORDS)
"""In the order of the network's output."""
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
        self._asked = self._quiet_until = -math.inf
        self._before: str = "none"

    def step(self, t: float, hand: HandSeen) -> Moved | None:
        """One look later. Asked at most every ``STEP_S``; told after two answers in a row."""
        self._track.add(t, hand.points)
        if t - self._asked < 0.8 * STEP_S or self._track.length_s < LEAST_S:
            return None
        self._asked = t
        shares = np.asarray(self._network(self._track.window()[None])).reshape(-1)
        best = int(shares[1:].argmax()) + 1
        word = WORDS[best] if shares[best] >= self._rules.moved_sure else "none"
        again, self._before = word == self._before, word
        if word == "none" or not again or t < self._quiet_until:
            return None
        self._quiet_until = t + self._rules.refractory_s
        return Moved(word, float(shares[best]))
