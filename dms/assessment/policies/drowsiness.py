"""The drowsiness warning: share of shut eyes, and KSS where the profile asks for it (DDAW-01..05, NCAP-07)."""

from collections.abc import Sequence

from dms.assessment.policies.base import Demand, SpeedGate
from dms.assessment.signals import Signals
from dms.assessment.windows import TINY
from dms.profiles.policies import Drowsy
from dms.records import Requests

_STAGES = 3
_REQUESTS = tuple(Requests(wake_up=level) for level in range(_STAGES + 1))


class DrowsyDriver:
    """Warns while the driver is drowsy; climbs a stage each ``cascade_s`` until acknowledged, then is quiet for ``repeat_s``."""

    def __init__(self, rules: Drowsy) -> None:
        self._rules = rules
        self._gate = SpeedGate(rules.speed_from_kmh)
        self._by_kss = False
        self._since: float | None = None
        self._quiet_until = -1.0

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        t = now.tick.t
        why = self._drowsy(now) if self._gate.step(t, now.inputs) else None
        if why is None:
            self._since = None
            return ()
        self._acknowledge(t, now.inputs.acknowledged)
        if t < self._quiet_until - TINY:
            self._since = None
            return ()
        self._since = t if self._since is None else self._since
        return (Demand("drowsy", self._stage(t), f"eu_ddaw drowsy, {why}", _REQUESTS[self._stage(t)]),)

    def _acknowledge(self, t: float, acknowledged: bool | None) -> None:
        repeat = self._rules.repeat_s
        if acknowledged and repeat is not None and self._since is not None:
            self._quiet_until = t + repeat

    def _stage(self, t: float) -> int:
        cascade = self._rules.cascade_s
        if cascade is None or self._since is None:
            return 1
        return min(_STAGES, 1 + int((t - self._since + TINY) / cascade))

    def _drowsy(self, now: Signals) -> str | None:
        """Why the driver is drowsy now, ``None`` when nothing says so."""
        self._by_kss = self._sleepy(now)
        if now.perclos.drowsy:
            return "share of shut eyes"
        if now.lately.mostly:
            return "eyes shut most of the last seconds"
        return f"KSS {self._rules.kss_from:g}" if self._by_kss else None

    def _sleepy(self, now: Signals) -> bool:
        """KSS at the limit, until it has fallen under ``kss_back``; an unknown KSS says nothing."""
        rules, told = self._rules, now.sleepiness.estimate
        if rules.kss_from is None or told is None:
            return False
        if rules.kss_std_max is not None and told.std > rules.kss_std_max + max(0.0, told.kss - rules.kss_from):
            return False  # a higher KSS may be less certain, or a sleepier driver could be warned less
        limit = rules.kss_from if not self._by_kss or rules.kss_back is None else rules.kss_back
        return told.kss >= limit - TINY
