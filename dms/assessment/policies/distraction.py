"""Distraction after Euro NCAP: one long glance, and short glances that add up (the phone among them)."""

from collections.abc import Sequence

from dms.assessment.policies.base import Demand, SpeedGate
from dms.assessment.signals import Signals
from dms.assessment.windows import TINY
from dms.profiles.policies import LongDistraction, ShortDistraction
from dms.records import Requests
from dms.records.words import WarningClass

_LOOK = Requests(eyes_on=1)
_LOOK_NOW = Requests(eyes_on=2)
_STOP = Requests(eyes_on=2, wake_up=3, safe_stop=True)


class LongGlance:
    """Warns of one long glance until the eyes have been back on the road for long enough (NCAP-01, NCAP-04, NCAP-09)."""

    def __init__(self, rules: LongDistraction) -> None:
        self._rules = rules
        self._gate = SpeedGate(rules.speed_from_kmh)
        self._warned: float | None = None
        self._stage = 0
        self._gone = False
        self._looked_back = False
        """Since the warning, however shortly."""

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        if not self._gate.step(now.tick.t, now.inputs):
            self._forget()
            return ()
        off_s = min(now.glances.off_s, self._gate.open_s(now.tick.t))
        self._release(now, off_s)
        if now.glances.judged:
            self._raise(now.tick.t, off_s)
        return self._demands()

    def _release(self, now: Signals, off_s: float) -> None:
        back = now.glances.road_s >= self._rules.release_s - TINY
        if self._warned is not None and back and off_s < self._rules.warn_s - TINY:
            self._forget()

    def _forget(self) -> None:
        self._warned, self._stage, self._gone, self._looked_back = None, 0, False, False

    def _raise(self, t: float, off_s: float) -> None:
        rules = self._rules
        if off_s >= rules.warn_s - TINY:
            self._warned = t if self._warned is None else self._warned
            self._stage = max(self._stage, 1)
        elif off_s == 0.0:
            self._looked_back = True
        if rules.escalate_s is not None and off_s >= rules.escalate_s - TINY:
            self._stage = 2
        self._gone = self._gone or self._unresponsive(t, off_s)

    def _unresponsive(self, t: float, off_s: float) -> bool:
        rules, warned = self._rules, self._warned
        if rules.unresponsive_s is not None and off_s >= rules.unresponsive_s - TINY:
            return True
        after = rules.unresponsive_after_warning_s
        return after is not None and warned is not None and not self._looked_back and t - warned >= after - TINY

    def _demands(self) -> Sequence[Demand]:
        if self._stage == 0:
            return ()
        rules = self._rules
        limit = rules.escalate_s if self._stage > 1 else rules.warn_s
        looked = Demand(
            "long_distraction", self._stage, f"euro_ncap long distraction {limit:.1f} s", _LOOK_NOW if self._stage > 1 else _LOOK
        )
        if not self._gone:
            return (looked,)
        return Demand("unresponsive", 3, "euro_ncap no look back after a long distraction", _STOP), looked


class ShortGlances:
    """Warns of glances that add up within the window (NCAP-02), as ``phone`` where a phone is seen or looked at (NCAP-03)."""

    def __init__(self, rules: ShortDistraction, window_s: float) -> None:
        self._rules, self._window_s = rules, window_s
        self._gate = SpeedGate(rules.speed_from_kmh)
        self._active: WarningClass | None = None
        self._phone = False

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        if not self._gate.step(now.tick.t, now.inputs):
            self._active = None
            return ()
        if now.glances.off_road:
            self._phone = now.phone
        summed = min(now.glances.cumulative_s, self._gate.open_s(now.tick.t))
        too_much = summed >= self._rules.cumulative_s - TINY
        if not too_much and now.glances.road_s >= self._rules.release_s - TINY:
            self._active = None
        if too_much and now.glances.judged and self._active is None:
            self._active = "phone" if self._phone else "short_distraction"
        if self._active is None:
            return ()
        limit = f"{self._rules.cumulative_s:.0f} s away within {self._window_s:.0f} s"
        return (Demand(self._active, 1, f"euro_ncap short distraction, {limit}", _LOOK),)
