"""UN R157 availability: each criterion with the age of its last evidence, and how many can be monitored now."""

import math

from dms.assessment.windows import TINY
from dms.profiles.rules import AvailabilityRules
from dms.records import Availability
from dms.records.base import Vector

CRITERIA = ("vehicle_input", "blink", "eye_closure", "head_movement", "body_movement")


class Movement:
    """Tells a deliberate movement: at least ``threshold`` away from where it was at most ``within_s`` ago."""

    def __init__(self, threshold: float, within_s: float, directions: bool) -> None:
        self._threshold = threshold
        self._within = within_s
        self._distance = _degrees_between if directions else math.dist
        self._from: Vector | None = None
        self._since = 0.0

    def step(self, t: float, now: Vector | None) -> bool:
        """Add one sample; ``None`` or an old reference starts afresh."""
        if now is None or self._from is None or t - self._since > self._within:
            self._from, self._since = now, t
            return False
        if self._distance(self._from, now) < self._threshold:
            return False
        self._from, self._since = now, t
        return True


def _degrees_between(one: Vector, two: Vector) -> float:
    cosine = one[0] * two[0] + one[1] * two[1] + one[2] * two[2]
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


class AvailabilityCriteria:
    """Ages of evidence and the verdict."""

    def __init__(self, rules: AvailabilityRules) -> None:
        self._rules = rules
        self._seen: dict[str, float] = {}
        self._since: float | None = None

    def evidence(self, t: float, criterion: str) -> None:
        """This criterion showed the driver available at ``t``."""
        self._seen[criterion] = t

    def clear(self) -> None:
        """Forget all evidence: it was another driver's, or nobody's."""
        self._seen.clear()
        self._since = None

    def state(self, t: float, monitorable: int) -> Availability:
        """The verdict at ``t`` when so many criteria can be monitored.

        Fewer than two monitorable is "unavailable" at once. With two or more, missing evidence is "unavailable" after the
        window has passed, and cannot be told before.
        """
        oldest = t - self._rules.window_s - TINY
        ages: dict[str, float | None] = dict.fromkeys(CRITERIA)
        valid = 0
        for name, seen in self._seen.items():
            ages[name] = int((t - seen) * 1e3 + 0.5) / 1e3  # whole milliseconds, cheaper than round()
            valid += seen >= oldest
        if monitorable < self._rules.valid_min:
            self._since = None
            available: bool | None = False
        else:
            self._since = t if self._since is None else self._since
            available = self._verdict(t - self._since, valid)
        return Availability(available=available, criteria=ages, valid=valid, monitorable=monitorable)

    def _verdict(self, monitored_s: float, valid: int) -> bool | None:
        if valid >= self._rules.valid_min:
            return True
        never_long_enough = monitored_s < self._rules.window_s - TINY
        return None if never_long_enough else False
