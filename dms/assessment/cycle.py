"""What must be remembered for a whole ignition cycle: failures that lock the assistance out, warnings that were acknowledged,
how far the driver's eyes are open.

The memory is plain data: whoever runs the assessment may keep it across a restart of the process. Times are ages, because another
process may count its seconds from another zero.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from dms.assessment.policies.base import Demand
from dms.assessment.windows import TINY
from dms.profiles.policies import Journey, LockOut
from dms.records import LockedOut, VehicleState
from dms.records.base import Count, Duration
from dms.records.words import WarningClass

TRANSIENT: frozenset[WarningClass] = frozenset({"long_distraction", "short_distraction", "phone"})
_ESCALATED, _CONTROL_ALERT = 2, 3


class CycleMemory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One ignition cycle so far; ages in seconds. A restart adds no age: a lock lasts rather longer than shorter."""

    responses: Count = 0
    control_alerts: list[Duration] = []
    control_alerts_s: Duration = 0.0
    escalated: list[Duration] = []
    locked: str | None = None
    locked_age_s: Duration = 0.0
    suppressed: bool = False
    open_levels: dict[str, Annotated[float, msgspec.Meta(gt=0, le=30)]] = {}
    """The driver's own open level by unit, see ``dms.assessment.open_baseline``."""


class IgnitionCycle:
    """Counts failures and acknowledgements, and forgets them when the ignition comes on again after it was seen off."""

    def __init__(self, lock_out: LockOut | None, journey: Journey | None, memory: CycleMemory | None = None) -> None:
        self._rules, self._journey = lock_out, journey
        self._memory = memory
        self.revision = 0
        """Rises with everything that ought to be kept."""
        self._clear()
        self.revision = 0

    def _clear(self) -> None:
        self._responses = 0
        self._alerts: list[float] = []
        self._alerts_s = 0.0
        self._alert_t: float | None = None
        self._escalated: list[float] = []
        self._locked: str | None = None
        self._locked_since = 0.0
        self._suppressed = False
        self._off = False
        self._stages: dict[WarningClass, int] = {}
        self._escalated_since: float | None = None
        self.revision += 1
        self._driven_since: float | None = None

    def step(self, t: float, inputs: VehicleState, demands: Sequence[Demand]) -> Sequence[Demand]:
        """Take one moment; answers the demands that this journey still allows."""
        self._restore(t)
        if self._rules is not None:
            self._count(self._rules, t, demands)
        return self._allowed(self._journey, t, inputs, demands) if self._journey is not None else demands

    def memory(self, t: float, open_levels: dict[str, float]) -> CycleMemory:
        """What to keep at ``t``."""
        self._restore(t)
        return CycleMemory(
            responses=self._responses, control_alerts=[t - at for at in self._alerts], control_alerts_s=self._alerts_s,
            escalated=[t - at for at in self._escalated], locked=self._locked,
            locked_age_s=t - self._locked_since if self._locked else 0.0, suppressed=self._suppressed,
            open_levels=open_levels,
        )  # fmt: skip

    def locked_out(self, t: float) -> LockedOut | None:
        """Why and for how long no more assistance is to be offered; ``None`` when it may be."""
        if self._rules is None or self._locked is None:
            return None
        left = None if self._rules.lock_s is None else max(0.0, round(self._locked_since + self._rules.lock_s - t, 1))
        return LockedOut(reason=self._locked, remaining_s=left)

    def _restore(self, t: float) -> None:
        memory, self._memory = self._memory, None
        if memory is None:
            return
        self._responses, self._locked, self._suppressed = memory.responses, memory.locked, memory.suppressed
        self._alerts = [t - age for age in memory.control_alerts]
        self._escalated = [t - age for age in memory.escalated]
        self._alerts_s = memory.control_alerts_s
        self._locked_since = t - memory.locked_age_s

    def ignition(self, inputs: VehicleState) -> bool:
        """Take vehicle inputs as they come, with the ignition off there may be no pictures; did a new cycle begin with them?"""
        self._restore(inputs.t)
        if inputs.ignition == "off":
            self._off = True
        elif self._off and inputs.ignition in ("on", "start"):
            self._clear()
            return True
        return False

    def _count(self, rules: LockOut, t: float, demands: Sequence[Demand]) -> None:
        stages = {demand.warning: demand.stage for demand in demands}
        for name, stage in stages.items():
            before = self._stages.get(name, 0)
            if name == "unresponsive" and before == 0:
                self._responses += 1
                self.revision += 1
            elif name in ("long_distraction", "hands_off"):
                if before < _ESCALATED <= stage:
                    self._escalated.append(t)
                    self.revision += 1
                if before < _CONTROL_ALERT <= stage:
                    self._alerts.append(t)
        self._stages = stages
        stage = max(stages.get("long_distraction", 0), stages.get("hands_off", 0))
        held = stage >= _ESCALATED
        self._escalated_since = (self._escalated_since if self._escalated_since is not None else t) if held else None
        self._alerts_s += 0.0 if self._alert_t is None else t - self._alert_t
        self._alert_t = t if stage >= _CONTROL_ALERT else None
        self._lock(rules, t)

    def _lock(self, rules: LockOut, t: float) -> None:
        if rules.lock_s is not None and self._locked is not None and t - self._locked_since >= rules.lock_s - TINY:
            self._locked, self._responses, self._alerts, self._alerts_s, self._escalated = None, 0, [], 0.0, []
        if rules.window_s is not None:
            self._alerts = [at for at in self._alerts if t - at <= rules.window_s + TINY]
            self._escalated = [at for at in self._escalated if t - at <= rules.window_s + TINY]
        if self._locked is None:
            self._locked, self._locked_since = self._why(rules, t), t
            self.revision += self._locked is not None

    def _why(self, rules: LockOut, t: float) -> str | None:
        held = 0.0 if self._escalated_since is None else t - self._escalated_since
        if rules.responses is not None and self._responses >= rules.responses:
            return f"{self._responses} unavailability responses"
        if rules.control_alerts is not None and len(self._alerts) >= rules.control_alerts:
            return f"{len(self._alerts)} direct control alerts"
        if rules.control_alerts_s is not None and self._alerts_s >= rules.control_alerts_s - TINY:
            return f"direct control alerts for {self._alerts_s:.0f} s"
        if rules.escalated is not None and len(self._escalated) >= rules.escalated:
            return f"{len(self._escalated)} escalated requests"
        if rules.escalated_hold_s is not None and held >= rules.escalated_hold_s - TINY:
            return f"escalated request for {held:.0f} s"
        return None

    def _allowed(self, journey: Journey, t: float, inputs: VehicleState, demands: Sequence[Demand]) -> Sequence[Demand]:
        """Without what this journey does not measure yet, or the driver has silenced."""
        if inputs.acknowledged and journey.suppress_transient and any(demand.warning in TRANSIENT for demand in demands):
            self.revision += not self._suppressed
            self._suppressed = True
        if self._driven_since is None and (inputs.speed_kmh is None or inputs.speed_kmh >= journey.measure_from_kmh - TINY):
            self._driven_since = t
        measured = self._driven_since is not None and t - self._driven_since >= journey.measure_after_s - TINY
        if not measured and inputs.speed_kmh is not None:
            return ()
        return [demand for demand in demands if demand.warning not in TRANSIENT] if self._suppressed else demands
