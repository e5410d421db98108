"""One warning at a time (P-17, GSR-02): the most important class that any rule demands, with its highest stage."""

from collections.abc import Sequence

from msgspec.structs import replace

from dms.assessment.cycle import IgnitionCycle
from dms.assessment.policies.base import Demand, Policy
from dms.assessment.signals import Signals
from dms.assessment.wake_up import WakeUpRequest
from dms.records import Requests
from dms.records.words import WarningClass

ORDER: tuple[WarningClass, ...] = (
    "unresponsive", "sleep", "microsleep", "long_distraction", "phone", "short_distraction", "hands_off", "drowsy", "camera",
)  # fmt: skip
"""Most important first."""

_RANK = {name: rank for rank, name in enumerate(ORDER)}
_CAMERA = Demand("camera", 1, "the view is too poor to judge the driver")
_NO_REQUESTS = Requests()


class Warnings:
    """Asks every policy, and picks; ``warning`` and ``stage`` are the one to give, ``requests`` what all rules ask together."""

    def __init__(self, policies: Sequence[Policy], cycle: IgnitionCycle, wake_up: WakeUpRequest) -> None:
        self._policies, self._cycle, self._wake_up = policies, cycle, wake_up
        self._held: Sequence[Demand] = ()
        self.demands: Sequence[Demand] = ()
        """All that hold now, most important first."""
        self.requests = _NO_REQUESTS
        """What is asked of the driver."""

    def step(self, now: Signals) -> None:
        """Take one moment."""
        demands = [demand for policy in self._policies for demand in policy.step(now)]
        self._held = self._cycle.step(now.tick.t, now.inputs, demands)
        self._choose(now.inform)
        asked = joined([demand.requests for demand in self.demands]) if self.demands else _NO_REQUESTS
        level = self._wake_up.step(now.tick.t, asked.wake_up, now.inputs.acknowledged is True, now.closure.shut is True)
        self.requests = asked if level == asked.wake_up else replace(asked, wake_up=level)

    def silent(self, inform: bool) -> None:
        """The camera is silent: what was demanded holds, nothing can be demanded or released but the camera's own warning."""
        self._choose(inform)

    def _choose(self, camera: bool) -> None:
        demands = [*self._held, _CAMERA] if camera else self._held
        if len(demands) > 1:
            demands = sorted(demands, key=_importance)
        self.demands = demands

    @property
    def warning(self) -> WarningClass | None:
        """The one warning to give."""
        return self.demands[0].warning if self.demands else None

    @property
    def stage(self) -> int:
        """Its stage, 0 without a warning."""
        return self.demands[0].stage if self.demands else 0


def _importance(demand: Demand) -> tuple[int, int]:
    return _RANK[demand.warning], -demand.stage


def joined(found: Sequence[Requests]) -> Requests:
    """The strongest of each request."""
    if len(found) == 1:
        return found[0]
    return Requests(
        hands_on=max(r.hands_on for r in found), eyes_on=max(r.eyes_on for r in found),
        take_control=any(r.take_control for r in found), safe_stop=any(r.safe_stop for r in found),
        wake_up=max(r.wake_up for r in found),
    )  # fmt: skip
