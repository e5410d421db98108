"""Yawns: the mouth wide open for seconds, perhaps behind a hand. They support a finding of drowsiness and make none (MET-12)."""

from dms.assessment.windows import TINY, Tick
from dms.profiles.rules import YawnRules
from dms.records import Observation


class Yawns:
    """Counts them. A hand before the mouth carries a yawn on that was seen to begin, but begins none."""

    def __init__(self, rules: YawnRules) -> None:
        self._rules = rules
        self._wide_s = self._covered_s = self._not_s = 0.0
        self.count = 0

    def step(self, tick: Tick, observation: Observation | None) -> None:
        """Add one picture; ``None`` without the driver's face."""
        mouth = None if observation is None else observation.mouth
        yawn = None if mouth is None else mouth.yawn
        wide = yawn is not None and yawn >= self._rules.probability
        if self._wide_s == 0.0 and not wide:
            return
        if tick.gap:
            self._over()
        elif wide:
            self._wide_s += tick.dt
            self._not_s = 0.0
        elif yawn is None or (observation is not None and _covered(observation)):
            self._covered_s += tick.dt
        else:
            self._not_s += tick.dt
        if self._not_s > self._rules.pause_s + TINY:
            self._over()

    def _over(self) -> None:
        rules = self._rules
        length = self._wide_s + self._covered_s
        self.count += self._wide_s >= rules.seen_min_s - TINY and rules.min_s - TINY <= length <= rules.max_s
        self._wide_s = self._covered_s = self._not_s = 0.0


def _covered(observation: Observation) -> bool:
    """Does a hand lie over the lower half of the face?"""
    box = observation.face.box_px if observation.face is not None else None
    if box is None or not observation.hands:
        return False
    left, top, width, height = box
    for hand in observation.hands:
        points = hand.landmarks_px or []
        inside = sum(left <= x <= left + width and top + height / 2 <= y <= top + height for x, y in points)
        if points and 2 * inside >= len(points):
            return True
    return False
