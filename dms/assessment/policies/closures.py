"""Warnings on shut eyes: microsleep, sleep, unresponsive; held until the eyes have been open and on the road (NCAP-04..06)."""

from collections.abc import Sequence

from dms.assessment.policies.base import Demand, SpeedGate
from dms.assessment.signals import Signals
from dms.assessment.windows import TINY
from dms.profiles.policies import Closures
from dms.profiles.rules import ClosureRules
from dms.records import Requests
from dms.records.words import WarningClass

_REQUESTS: dict[WarningClass, tuple[int, Requests]] = {
    "microsleep": (1, Requests(eyes_on=1, wake_up=1)),
    "sleep": (2, Requests(eyes_on=2, wake_up=2)),
    "unresponsive": (3, Requests(eyes_on=2, wake_up=3, safe_stop=True)),
}


class ShutEyes:
    """The ladder: each rung that was reached stays until released."""

    def __init__(self, rules: Closures, ladder: ClosureRules) -> None:
        self._rules = rules
        self._gate = SpeedGate(rules.speed_from_kmh)
        self._active: dict[WarningClass, Demand] = {}
        self._limit: dict[WarningClass, float] = {
            "microsleep": ladder.microsleep_s, "sleep": ladder.sleep_s, "unresponsive": ladder.unresponsive_s,
        }  # fmt: skip

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        if not self._gate.step(now.tick.t, now.inputs):
            self._active.clear()
            return ()
        closure, release_s = now.closure, self._rules.release_s - TINY
        if self._active and now.glances.road_s >= release_s and closure.open_s >= release_s:
            self._active.clear()
        if closure.event is not None:
            self._raise(closure.event)
        if closure.unresponsive:
            self._raise("unresponsive")
        return tuple(self._active.values())

    def _raise(self, name: WarningClass) -> None:
        if name not in self._active:
            stage, requests = _REQUESTS[name]
            self._active[name] = Demand(name, stage, f"euro_ncap {name}, eyes shut {self._limit[name]:.1f} s", requests)
