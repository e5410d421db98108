"""How far a hand has gone round: what tells one turn of a circle from the next."""

import math
from collections import deque

from dms.gesture.settings import Interaction

WHOLE = 2.0 * math.pi


class Circling:
    """Fed with by how much the hand's way has turned since the look before, radians.

    Args:
        rules: ``first_turn``, ``next_turn``, ``turn_early``, ``turn_late``, ``turning_s``.
    """

    def __init__(self, rules: Interaction) -> None:
        self._rules = rules
        self._turns: deque[tuple[float, float]] = deque()
        self.reset()

    def reset(self) -> None:
        """Another hand, or none."""
        self._turns.clear()
        self._since = 0.0

    def add(self, t: float, turned: float) -> None:
        """In order of time."""
        self._turns.append((t, turned))
        self._since += turned
        while not 0.0 <= t - self._turns[0][0] <= self._rules.turning_s:
            self._turns.popleft()

    def first(self) -> bool:
        """Has it gone round once; from here on the next turn is counted."""
        turned = sum(turned for _, turned in self._turns)
        if abs(turned) < self._rules.first_turn * WHOLE:
            return False
        rules = self._rules
        beyond = min(rules.turn_late * WHOLE, max(-rules.turn_early * WHOLE, abs(turned) - WHOLE))
        self._since = math.copysign(1.0, turned) * beyond
        return True

    def again(self) -> bool:
        """Has it gone round once more; from here on the next turn is counted."""
        if abs(self._since) < self._rules.next_turn * WHOLE:
            return False
        self._since -= math.copysign(WHOLE, self._since)
        return True
