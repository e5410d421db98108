"""Time on task: how long the car has been driven in this journey, and since the last break. Unknown where no speed is told."""

from dms.profiles.rules import TaskRules
from dms.records import VehicleState


class TimeOnTask:
    """Follows the journey; ignition off ends it. While the speed is unknown the car counts as moving on if it was moving."""

    def __init__(self, rules: TaskRules) -> None:
        self._rules = rules
        self._t: float | None = None
        self._moving = self._told = False
        self._driven = self._since_break = self._standing = 0.0

    def step(self, t: float, inputs: VehicleState) -> None:
        """Take the inputs at ``t``; they stand for the time up to the next ones."""
        self._add(0.0 if self._t is None else t - self._t)
        self._t = t
        off = inputs.ignition == "off"
        self._told = off or inputs.speed_kmh is not None
        if off:
            self._moving, self._driven = False, 0.0
        elif inputs.speed_kmh is not None:
            self._moving = inputs.speed_kmh >= self._rules.moving_from_kmh

    def _add(self, dt: float) -> None:
        if self._moving:
            self._driven += dt
            self._since_break += dt
            self._standing = 0.0
        else:
            self._standing += dt
            rested = self._standing >= self._rules.break_s
            self._since_break = 0.0 if rested or self._since_break == 0.0 else self._since_break + dt

    @property
    def driven_s(self) -> float | None:
        """Seconds driven since the journey began."""
        return self._driven if self._told else None

    @property
    def since_break_s(self) -> float | None:
        """Seconds since driving began after the last break; short stops count."""
        return self._since_break if self._told else None
