"""The last moments of one hand as the motion network sees them: even steps of time, lengths in hands. Training shares this."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

STEPS, STEP_S = 32, 0.05
ROWS = 12
"""Place x, y in hand sizes; log of the size; how far each finger is out (5); thumb to index finger tip; direction of the hand
x, y; is there anything."""
FAR_S = 0.15
"""A step so far from any look at the hand is empty."""
WAY_S = 0.12
"""The direction of a hand's way is that of so long."""
LEAST_WAY = 0.12
"""Hand radii in that time, below which it is trembling."""
_MIDDLES, _TIPS = (2, 6, 10, 14, 18), (4, 8, 12, 16, 20)
_KNUCKLES = (5, 9, 13, 17)

Array = NDArray[np.float64]


def looks(points: Array) -> Array:
    """N x 21 x 2 in one unit for both directions -> N x 11: place x, y, size, five fingers, pinch, direction x, y."""
    wrist = points[:, 0]
    middle = points.mean(axis=1)
    size = np.sqrt(((points - middle[:, None]) ** 2).sum(axis=2).mean(axis=1))
    tips = np.linalg.norm(points[:, list(_TIPS)] - wrist[:, None], axis=2)
    joints = np.linalg.norm(points[:, list(_MIDDLES)] - wrist[:, None], axis=2)
    out = (tips - joints) / np.maximum(size, 1e-9)[:, None]
    pinch = np.linalg.norm(points[:, 4] - points[:, 8], axis=1) / np.maximum(size, 1e-9)
    along = points[:, list(_KNUCKLES)].mean(axis=1) - wrist
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    palm = points[:, [0, *_KNUCKLES]].mean(axis=1)
    return np.concatenate([palm, size[:, None], out, pinch[:, None], along], axis=1)


def window(times: Array, rows: Array, end: float) -> NDArray[np.float32]:
    """The steps up to ``end``, ROWS x STEPS, from N looks (``looks``) at N rising times."""
    grid = end - STEP_S * np.arange(STEPS - 1, -1, -1)
    right = np.clip(np.searchsorted(times, grid), 0, len(times) - 1)
    left = np.maximum(right - 1, 0)
    near = np.minimum(np.abs(times[right] - grid), np.abs(times[left] - grid)) <= FAR_S
    even = np.stack([np.interp(grid, times, rows[:, k]) for k in range(rows.shape[1])])
    if not near.any():
        return np.zeros((ROWS, STEPS), dtype=np.float32)
    size = float(np.median(even[2, near]))
    place = (even[:2] - even[:2, near].mean(axis=1, keepdims=True)) / max(size, 1e-9)
    grown = 4.0 * np.log(np.maximum(even[2:3], 1e-9) / max(size, 1e-9))
    found = np.concatenate([place, grown, even[3:], np.ones((1, STEPS))]) * near
    return np.asarray(np.clip(found, -8.0, 8.0), dtype=np.float32)


class Track:
    """Looks at one hand over the length of a window."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, Array]] = deque()

    def add(self, t: float, points: Array) -> None:
        """One look, 21 x 2; out of order it begins anew."""
        if self._looks and t <= self._looks[-1][0]:
            self._looks.clear()
        self._looks.append((t, looks(points[None])[0]))
        while t - self._looks[0][0] > STEPS * STEP_S + FAR_S:
            self._looks.popleft()

    def clear(self) -> None:
        """Another hand, or none."""
        self._looks.clear()

    @property
    def length_s(self) -> float:
        """From the first look to the last."""
        return self._looks[-1][0] - self._looks[0][0] if self._looks else 0.0

    def turned(self, since: float) -> float:
        """By how much the hand's way has turned since a time, radians, -pi to pi; clockwise in the picture is positive. A hand
        that hardly moves has no way."""
        if len(self._looks) < 3 or since < self._looks[0][0] + WAY_S:
            return 0.0
        late = [(t, row) for t, row in self._looks if t >= since - WAY_S - FAR_S]
        times, place = np.array([t for t, _ in late]), np.stack([row[:2] for _, row in late])
        now = float(times[-1])
        at = np.stack([np.interp([now, now - WAY_S, since, since - WAY_S], times, place[:, k]) for k in (0, 1)], axis=1)
        new, old = at[0] - at[1], at[2] - at[3]
        if min(np.hypot(*new), np.hypot(*old)) < LEAST_WAY * self._looks[-1][1][2]:
            return 0.0
        return float(np.arctan2(old[0] * new[1] - old[1] * new[0], old @ new))

    def way(self, axis: int, over_s: float) -> float:
        """Between the ends of the hand's way in the last moments, hand radii; axis 0 is the picture's width, 1 its height."""
        now, last = self._looks[-1]
        places = [row[axis] for t, row in self._looks if now - t <= over_s]
        return float((max(places) - min(places)) / max(last[2], 1e-9))

    def window(self) -> NDArray[np.float32]:
        """Up to the last look."""
        times = np.array([t for t, _ in self._looks])
        return window(times, np.stack([row for _, row in self._looks]), float(times[-1]))
