"""Moved gestures: the motion network asked along a hand's track, and an event where it is sure that one has just ended."""

import math
from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dms.gesture.circling import Circling
from dms.gesture.drag import Drag
from dms.gesture.events import MOVED_WORDS, PINCH, TURNS, HandSeen, Moved
from dms.gesture.motion_window import STEP_S, Track
from dms.gesture.settings import Interaction

SLOT: Final = "gesture_motion"
WORDS: Final = ("none", *MOVED_WORDS)
"""In the order of the network's output."""
AGAIN = 2
"""So many answers at least, however far apart pictures come."""
OPPOSITE: Final = {
    "swipe_left": "swipe_right", "swipe_right": "swipe_left", "swipe_up": "swipe_down", "swipe_down": "swipe_up",
}  # fmt: skip
STROKES: Final = (*OPPOSITE, "push")
"""Told of one way of the hand, which many an ordinary hand goes, too."""
STROKE_S = 0.8
"""A stroke takes no longer."""
LEAST_S = 0.4
"""No gesture is told of a hand that has been seen for a shorter time."""

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""A window, 1 x ROWS x STEPS, to the probability of each word."""


class NetworkMotion:
    """Implements ``MotionReader``.

    Args:
        network: the engine of the slot ``gesture_motion`` as a function.
        rules: ``moved_sure``, ``stroke_sure``, ``moved_over_s``, ``refractory_s``, ``back_s``, ``wound_up``; of circles
            ``turn_s``, ``first_turn``, ``next_turn``; of a pinch ``pinch_gap``, ``pinch_open``, ``drag_reach``.
    """

    def __init__(self, network: Network, rules: Interaction) -> None:
        self._network, self._rules = network, rules
        self._track, self._drag, self._circling = Track(), Drag(rules), Circling(rules)
        self._answers: deque[tuple[float, NDArray[np.float64]]] = deque()
        self.reset()

    def reset(self) -> None:
        """Another hand, or none."""
        self._track.clear()
        self._drag.reset()
        self._circling.reset()
        self._answers.clear()
        self._asked = self._told_at = self._seen_at = -math.inf
        self._told, self._told_way = "none", 0.0

    def step(self, t: float, hand: HandSeen) -> Moved | None:
        """One look later. Asked at most every ``STEP_S``; told when the answers of the last moment are sure on the whole."""
        self._track.add(t, hand.points)
        self._drag.add(t, hand.points)
        if 0.0 <= t - self._asked < 0.8 * STEP_S or self._track.length_s < LEAST_S:
            return None
        self._circling.add(t, self._track.turned(self._asked))
        self._asked = t
        word, sure = self._heard(t)
        if word == "none" or (word == PINCH and not self._drag.closed()) or not self._new(t, word):
            return None
        if word == PINCH:
            self._drag.begin()
        return Moved(word, sure, self._drag.value() if word == PINCH else None)

    def drag(self) -> float | None:
        """How far the pinched hand is dragged by now."""
        return self._drag.value()

    def _heard(self, t: float) -> tuple[str, float]:
        """The word of the last moment's answers together. One answer is not enough: winding up for a stroke looks like a stroke
        the other way."""
        answer = np.asarray(self._network(self._track.window()[None]), dtype=np.float64).reshape(-1)
        self._answers.append((t, answer))
        while not 0.0 <= t - self._answers[0][0] <= self._rules.moved_over_s:
            self._answers.popleft()
        shares = np.mean([answer for _, answer in self._answers], axis=0)
        best = int(shares[1:].argmax()) + 1
        sure = min(float(shares[best]), float(answer[best]))
        needed = self._rules.stroke_sure if WORDS[best] in STROKES else self._rules.moved_sure
        told = len(self._answers) >= AGAIN and sure >= needed
        return (WORDS[best], sure) if told else ("none", sure)

    def _new(self, t: float, word: str) -> bool:
        """Is this another gesture than the one told last? A circle is told with each turn."""
        rules, since, gone = self._rules, t - self._told_at, t - self._seen_at
        same = word == self._told
        if same:
            self._seen_at = t
        if same and word in TURNS and gone < rules.refractory_s:
            new = since >= rules.turn_s and self._circling.again()
        elif OPPOSITE.get(word) == self._told:
            new = since >= rules.back_s or self._way(word) > rules.wound_up * self._told_way  # else the hand goes back
        else:
            new = since >= rules.refractory_s and (not same or gone >= rules.refractory_s / 2)
            new = new and (word not in TURNS or self._circling.first())
        if new:
            self._told, self._told_at, self._seen_at, self._told_way = word, t, t, self._way(word)
        return new

    def _way(self, word: str) -> float:
        """Length of the stroke that has just ended, hand radii."""
        return self._track.way(0 if word in ("swipe_left", "swipe_right") else 1, STROKE_S)
