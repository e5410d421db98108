"""The wake posture over time: an open hand held up before the camera, on purpose."""

import math

import numpy as np
from numpy.typing import NDArray

from dms.gesture.events import HandSeen
from dms.gesture.settings import Interaction

_WRIST, _KNUCKLES = 0, (5, 9, 13, 17)


class WakePosture:
    """Fed with each look at the hand. Whatever rests, reaches or talks is often open, too: the posture is upright and stays where
    it is all the while. Which of the wake signs it shows may change meanwhile, and it may flicker.

    Args:
        rules: ``wake_signs``, ``wake_sure``, ``wake_upright_deg``, ``wake_still``, ``wake_dwell_s``, ``gap_s``.
    """

    def __init__(self, rules: Interaction) -> None:
        self._rules = rules
        self._least_up = math.cos(math.radians(rules.wake_upright_deg))
        self.reset()

    def reset(self) -> None:
        """Another hand, or none."""
        self.since = math.inf
        """From when on it has been held still; infinite: it is not shown."""
        self._seen = -math.inf
        self._place: NDArray[np.float64] | None = None
        self.spent = False
        """It has woken already and was not let go since."""

    def add(self, t: float, hand: HandSeen | None) -> None:
        """One look later; ``None``: the hand is not seen just now."""
        if hand is None or not self._shows(hand):
            if t - self._seen > self._rules.gap_s:
                self.reset()
            return
        place = hand.points.mean(axis=0)
        if t - self._seen > self._rules.gap_s:
            self.reset()
        if self._place is None or float(np.linalg.norm(place - self._place)) > self._rules.wake_still * hand.size:
            self.since, self._place = t, place
        self._seen = t

    def wakes(self) -> bool:
        """Has it been held for long enough; once each time it is shown."""
        if self.spent or self._seen - self.since < self._rules.wake_dwell_s:
            return False
        self.spent = True
        return True

    def _shows(self, hand: HandSeen) -> bool:
        rules = self._rules
        if hand.sign not in rules.wake_signs or hand.sure < rules.wake_sure:
            return False
        along = hand.points[list(_KNUCKLES)].mean(axis=0) - hand.points[_WRIST]
        return float(-along[1]) >= self._least_up * float(np.linalg.norm(along))
