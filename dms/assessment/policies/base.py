"""What every policy shares: the demand it makes, and the speed from which it applies."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from dms.assessment.signals import Signals
from dms.assessment.windows import TINY
from dms.records import Requests, VehicleState
from dms.records.words import WarningClass

NONE = Requests()


class Demand(NamedTuple):
    """A warning that a rule asks for now, with what is requested of the driver; ``rule`` names rule and limit in plain words."""

    warning: WarningClass
    stage: int
    rule: str
    requests: Requests = NONE


class Policy(Protocol):
    """One rule over time."""

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment; answers all demands that hold now."""


class SpeedGate:
    """Is the car fast enough for a rule, and since when?

    Args:
        from_kmh: the rule applies at this speed and above; 0: at any speed.
    """

    def __init__(self, from_kmh: float) -> None:
        self._from = from_kmh - TINY
        self._always = from_kmh <= 0.0
        self._since: float | None = None

    def step(self, t: float, inputs: VehicleState) -> bool:
        """Does the rule apply now? An unknown speed counts as fast enough."""
        speed = inputs.speed_kmh
        if self._always or speed is None or speed >= self._from:
            if self._since is None:
                self._since = t
            return True
        self._since = None
        return False

    def open_s(self, t: float) -> float:
        """For how long the rule has applied, s."""
        return 0.0 if self._since is None else t - self._since
