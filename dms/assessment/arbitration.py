"""One warning at a time (P-17, GSR-02): the most important class that any rule demands, with its highest stage."""

from collections.abc import Iterable, Sequence

from dms.assessment.policies.base import Demand, Policy
from dms.assessment.signals import Signals
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

    def __init__(self, policies: Sequence[Policy]) -> None:
        self._policies = policies
        self._held: list[Demand] = []
        self.demands: list[Demand] = []
        """All that hold now, most important first."""

    def step(self, now: Signals) -> None:
        """Take one moment."""
        self._held = [demand for policy in self._policies for demand in policy.step(now)]
        self._choose(now.inform)

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

    @property
    def requests(self) -> Requests:
        """What is asked of the driver."""
        return joined(demand.requests for demand in self.demands) if self.demands else _NO_REQUESTS


def _importance(demand: Demand) -> tuple[int, int]:
    return _RANK[demand.warning], -demand.stage


def joined(requests: Iterable[Requests]) -> Requests:
    """The strongest of each request."""
    found = list(requests)
    if len(found) == 1:
        return found[0]
    return Requests(
        hands_on=max(r.hands_on for r in found), eyes_on=max(r.eyes_on for r in found),
        take_control=any(r.take_control for r in found), safe_stop=any(r.safe_stop for r in found),
        wake_up=max(r.wake_up for r in found),
    )  # fmt: skip
