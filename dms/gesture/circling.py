"""How far a hand has gone round: what tells one turn of a circle from the next."""

import math
from collections import deque

WHOLE = 2.0 * math.pi
FIRST = 0.8 * WHOLE
"""Less than so far round is no first turn, whatever it looks like: a turn, less what a slow beginning hides."""
AGAIN = 0.88 * WHOLE
"""Each further turn comes so far after the one before, or what that one was short of or beyond a whole turn."""
KEPT_S = 1.75
CARRIED = (-0.12 * WHOLE, 0.3 * WHOLE)
"""No more than so far before or beyond the end of a turn was it told."""


class Circling:
    """Fed with by how much the hand's way has turned since the look before, radians."""

    def __init__(self) -> None:
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
        while not 0.0 <= t - self._turns[0][0] <= KEPT_S:
            self._turns.popleft()

    def first(self) -> bool:
        """Has it gone round once; from here on the next turn is counted."""
        round_s = abs(sum(turned for _, turned in self._turns))
        if round_s < FIRST:
            return False
        sign = math.copysign(1.0, sum(turned for _, turned in self._turns))
        self._since = sign * min(CARRIED[1], max(CARRIED[0], round_s - WHOLE))
        return True

    def again(self) -> bool:
        """Has it gone round once more; from here on the next turn is counted."""
        if abs(self._since) < AGAIN:
            return False
        self._since -= math.copysign(WHOLE, self._since)
        return True
