"""How far something pinched is dragged: from where the fingers closed, in hand lengths, until they open."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.gesture.settings import Interaction

OPEN_LOOKS = 3
"""So many looks together say that the fingers are apart: one point may be wrong."""
_PALM = (0, 5, 9, 13, 17)
_THUMB_TIP, _INDEX_TIP, _WRIST, _KNUCKLE = 4, 8, 0, 9


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One look: the palm's place, its length, both in picture heights; gap of the tips in radii of the points."""

    t: float
    place: NDArray[np.float64]
    palm: float
    gap: float


class Drag:
    """Fed with each look at the hand; ``begin`` when a pinch is told."""

    def __init__(self, rules: Interaction) -> None:
        self._rules = rules
        self._looks: deque[_Look] = deque()
        self.reset()

    def reset(self) -> None:
        """Another hand, or none."""
        self._looks.clear()
        self._from: NDArray[np.float64] | None = None
        self._closed, self._hand = 0.0, 1.0

    def add(self, t: float, points: NDArray[np.float64]) -> None:
        """One look, 21 x 2 in one unit for both directions; in order of time."""
        middle = points - points.mean(axis=0)
        radius = max(float(np.sqrt((middle**2).sum(axis=1).mean())), 1e-9)
        palm = float(np.linalg.norm(points[_KNUCKLE] - points[_WRIST]))
        gap = float(np.linalg.norm(points[_THUMB_TIP] - points[_INDEX_TIP])) / radius
        self._looks.append(_Look(t, points[list(_PALM)].mean(axis=0), palm, gap))
        while not 0.0 <= t - self._looks[0].t <= self._rules.pinch_back_s:
            self._looks.popleft()
        if self._from is not None and self._opened():
            self._from = None

    def closed(self) -> bool:
        """Are the tips of thumb and index finger together. Fingers that close to another sign look like a pinch over time."""
        return self._gap() <= self._rules.pinch_gap

    def begin(self) -> None:
        """A pinch has just been told: it began where the fingers closed."""
        looks = list(self._looks)
        self._closed = self._gap()
        first = len(looks) - 1
        while first > 0 and looks[first - 1].gap <= self._closed + self._rules.pinch_open / 2:
            first -= 1
        self._from = looks[first].place
        self._hand = self._rules.hand_palms * max(float(np.median([look.palm for look in looks])), 1e-9)

    def lengths(self) -> NDArray[np.float64] | None:
        """Hand lengths to the picture's right and down since the fingers closed; ``None``: nothing is pinched."""
        return None if self._from is None else (self._looks[-1].place - self._from) / self._hand

    def value(self) -> float | None:
        """0..1, 0.5: nowhere; more is to the driver's right, who sits opposite the camera."""
        moved = self.lengths()
        if moved is None:
            return None
        return min(1.0, max(0.0, 0.5 - 0.5 * float(moved[0]) / self._rules.drag_reach))

    def _opened(self) -> bool:
        return self._gap() > self._closed + self._rules.pinch_open

    def _gap(self) -> float:
        return float(np.median([look.gap for look in list(self._looks)[-OPEN_LOOKS:]]))
