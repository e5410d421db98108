"""Sleepiness on the Karolinska scale: an estimator that is handed in, asked only with enough seen evidence, checked by PERCLOS.

The assessment knows no engine. Whoever builds it may hand in an ``Estimator``; without one KSS stays unknown.
"""

import math
from typing import NamedTuple, Protocol

from dms.assessment.blinks import Blinks
from dms.assessment.eyes import Lids
from dms.assessment.lid_history import Features, LidHistory, Sample
from dms.assessment.windows import TINY, Tick
from dms.profiles.rules import DrowsinessRules, PerclosRules
from dms.records import Observation

LOWEST, HIGHEST = 1.0, 9.0


class Estimate(NamedTuple):
    """KSS with its standard deviation, and the probability of each event within the next minute."""

    kss: float
    std: float
    microsleep: float
    sleep: float
    nod: float


class Estimator(Protocol):
    """From the arrays of ``LidHistory.features`` to an estimate. Same arrays, same answer."""

    def __call__(self, features: Features) -> Estimate:
        """Estimate."""


class Sleepiness:
    """Follows one driver; ``estimate`` is ``None`` without an estimator, without a driver's lids, or without enough of them."""

    def __init__(self, rules: DrowsinessRules, perclos: PerclosRules, estimator: Estimator | None) -> None:
        self._rules, self._perclos, self._estimator = rules, perclos, estimator
        self._history = LidHistory(rules)
        self._scale: str | None = None
        self._asked: float | None = None
        self._seen: float | None = None
        self.estimate: Estimate | None = None

    def step(self, tick: Tick, lids: Lids, blinks: Blinks, observation: Observation | None, share: float | None) -> None:
        """Add one picture.

        Args:
            tick: time.
            lids: of this picture.
            blinks: after this picture.
            observation: ``None`` where no driver's face is seen.
            share: PERCLOS, ``None`` while unknown.
        """
        if self._estimator is None:
            return
        self._follow(tick, lids, blinks, observation)
        if self._seen is None or tick.t - self._seen > self._rules.unseen_max_s + TINY:
            self.estimate, self._asked = None, None
        elif self._asked is None or tick.t - self._asked >= self._rules.every_s - TINY:
            self._asked = tick.t
            self.estimate = self._ask(self._estimator, tick.t, share)

    @property
    def sleepy(self) -> bool:
        """KSS where drivers by PERCLOS are drowsy; ``False`` while unknown."""
        return self.estimate is not None and self.estimate.kss >= self._rules.kss_at_drowsy

    def _follow(self, tick: Tick, lids: Lids, blinks: Blinks, observation: Observation | None) -> None:
        if lids.scale is not None and lids.scale != self._scale:
            self._scale, self._history = lids.scale, LidHistory(self._rules)
        told = lids.opening is not None and lids.scale != "shut"  # open or shut alone has no depth and no speed
        if told:
            self._seen = tick.t
        sample = Sample(
            lids.opening if told else None, blinks.level, blinks.down_s(tick.t), blinks.finished if told else None,
            _angles(observation.head.forward_camera) if told and observation and observation.head else None,
            _angles(observation.gaze.direction_camera) if told and observation and observation.gaze else None,
        )  # fmt: skip
        self._history.step(tick, sample)

    def _ask(self, estimator: Estimator, t: float, share: float | None) -> Estimate | None:
        rules, history = self._rules, self._history
        if history.seen_s < rules.seen_min_s or history.closures(t) < rules.blinks_min:
            return None
        found = estimator(history.features(t))
        if not (math.isfinite(found.kss) and math.isfinite(found.std)):
            return None
        kss = max(LOWEST, min(HIGHEST, found.kss))
        std = math.hypot(found.std, self._disagreement(kss, share))
        return found._replace(kss=kss, std=std) if std <= rules.std_max else None

    def _disagreement(self, kss: float, share: float | None) -> float:
        """By how much PERCLOS speaks against it, KSS: drowsy by PERCLOS and awake here, or the other way round."""
        if share is None:
            return 0.0
        if share >= self._perclos.drowsy:
            return max(0.0, self._rules.kss_at_drowsy - kss)
        return max(0.0, kss - self._rules.kss_at_low) if share <= self._rules.perclos_low else 0.0


def _angles(direction: tuple[float, float, float]) -> tuple[float, float]:
    """Pitch (up) and yaw (to the driver's right) of a unit vector in the camera frame, degrees."""
    x, y, z = direction
    return math.degrees(math.asin(max(-1.0, min(1.0, -y)))), math.degrees(math.atan2(-x, -z))
