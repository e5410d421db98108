"""What the labels say about a driver's fitness over time: eyes shut how long, away from the road how long."""

from dataclasses import dataclass
from typing import Literal

from dms.records.words import Zone
from hil.driver.truth.labels import Truth

Condition = Literal["absent", "eyes_shut", "looking_away", "eyes_hidden", "brief", "attentive"]
CONDITIONS: tuple[Condition, ...] = ("attentive", "brief", "looking_away", "eyes_shut", "eyes_hidden", "absent")
SHUT_S = 0.5
"""Longer is no blink."""

AWAY_S = 2.0
TASK_ZONES: frozenset[Zone] = frozenset({"road", "rear_mirror", "driver_mirror", "passenger_mirror"})
"""What belongs to driving."""

HIDDEN = 0.5
"""An eye of which less is seen cannot be judged."""


@dataclass(frozen=True, slots=True)
class Fitness:
    """At one picture. ``shut_s``: lids shut since; ``away_s``: gaze neither on the road nor on a mirror since; s.

    ``condition``: ``brief`` is a blink or a glance away of at most ``SHUT_S`` and ``AWAY_S``.
    """

    condition: Condition
    shut_s: float
    away_s: float


class TruthWatch:
    """Takes labels in order of time."""

    def __init__(self) -> None:
        self._away_at: float | None = None

    def step(self, truth: Truth) -> Fitness:
        """The next picture's."""
        if truth.story.zone in TASK_ZONES:
            self._away_at = None
        elif self._away_at is None:
            self._away_at = truth.t
        away = 0.0 if self._away_at is None else truth.t - self._away_at
        shut = truth.drowsy.closed_s
        return Fitness(self._condition(truth, shut, away), shut, away)

    def _condition(self, truth: Truth, shut: float, away: float) -> Condition:
        if not truth.present:
            return "absent"
        if shut > SHUT_S:
            return "eyes_shut"
        if away > AWAY_S:
            return "looking_away"
        if truth.eyes is not None and all(eye.visible < HIDDEN for eye in truth.eyes.values()):
            return "eyes_hidden"
        return "brief" if shut > 0.0 or self._away_at is not None else "attentive"
