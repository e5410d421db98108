"""Transition logic of UN R157 as a state machine: time, what the monitoring says and what the car knows in, decisions out.

inactive ⇄ available → active → takeover_request → minimum_risk; back to inactive when the driver takes over with hands and eyes.
Pure: it reads no clock and no bus. Which rows of ``docs/requirements.yaml`` a step answers stands beside it.
"""

from dataclasses import dataclass
from typing import Literal

from dms.bus.receiver import READY_LEVEL, TakeoverStatement
from dms.records import VehicleState
from dms.records.words import L3State
from hil.controller.rules import HandoverRules, load_rules

Phase = Literal["None", "Planned", "Imminent", "Escalation", "MinimumRisk"]
Command = Literal["activate", "deactivate", "request_takeover", "fail"]
_TINY = 1e-9
_COUNTS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing the controller did or noticed, for its log. ``after_s``: since the demand (or the warning) began."""

    t: float
    what: Literal["state", "phase", "availability_warning", "takeover", "command"]
    now: str
    cause: str = ""
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the controller says at one instant.

    Attributes:
        l3_state, phase, budget_s, manoeuvre, count: as sent in HOC_Request.
        availability_warning: the distinctive warning of R157-03 to R157-06 is on.
        handover_ok: hands are on and the driver is attentive: a takeover would be accepted (R157-11).
        cause: why a demand or manoeuvre is on.
    """

    l3_state: L3State = "inactive"
    phase: Phase = "None"
    budget_s: float | None = None
    manoeuvre: Literal["Inactive", "Active", "Done"] = "Inactive"
    count: int = 0
    availability_warning: bool = False
    handover_ok: bool = False
    cause: str = ""


class _Since:
    """How long something has held without a break."""

    def __init__(self) -> None:
        self._begin: float | None = None

    def step(self, t: float, holds: bool) -> float | None:
        """Seconds, or ``None`` when it does not hold."""
        self._begin = (t if self._begin is None else self._begin) if holds else None
        return None if self._begin is None else t - self._begin


class Handover:
    """The state machine. Call ``step`` in order of time.

    Args:
        rules: limits.
        state: to begin with.
    """

    def __init__(self, rules: HandoverRules | None = None, state: L3State = "inactive") -> None:
        self.rules = rules or load_rules()
        self.log: list[Event] = []
        self._state: L3State = state
        self._phase: Phase = "None"
        self._asked: list[tuple[Command, float | None]] = []
        self._begin = self._budget = 0.0
        self._count = 0
        self._cause = ""
        self._stopped = self._warned = False
        names = ("empty", "unbuckled", "unavailable", "unresponsive", "taking_over")
        self._since = {name: _Since() for name in names}

    def command(self, do: Command, budget_s: float | None = None) -> None:
        """Somebody acts at the next step: the driver's button, the route (a planned takeover), a severe failure."""
        self._asked.append((do, budget_s))

    def step(self, t: float, heard: TakeoverStatement, car: VehicleState) -> Decision:
        """Decide at ``t``."""
        held = self._held(t, heard, car)
        ok = car.hands_on is True and heard.level is not None and heard.level >= READY_LEVEL
        self._warn(t, held["unavailable"])
        for do, budget in self._asked:
            self._obey(t, do, budget, heard, car)
        self._asked.clear()
        if self._state in ("inactive", "available"):
            self._go("available" if self._may_activate(heard, car) else "inactive", t, "conditions of activation")
        elif self._state == "active":
            self._watch(t, held, heard)
        elif self._state == "takeover_request":
            self._demand(t, held["taking_over"])
        elif self._state == "minimum_risk":
            self._manoeuvre(t, held["taking_over"], car)
        return self._decision(t, ok)

    def _held(self, t: float, heard: TakeoverStatement, car: VehicleState) -> dict[str, float | None]:
        """For how long each condition has held."""
        attentive = heard.level is not None and heard.level >= READY_LEVEL
        holds = {
            "empty": car.seat is not True,
            "unbuckled": car.belt is not True,
            "unavailable": heard.available is not True or heard.operating not in ("Active", "Degraded"),
            "unresponsive": heard.safe_stop is True or heard.readiness == "Unresponsive",
            "taking_over": car.hands_on is True and attentive,
        }
        return {name: since.step(t, holds[name]) for name, since in self._since.items()}

    def _may_activate(self, heard: TakeoverStatement, car: VehicleState) -> bool:
        """R157-12: in the seat, belted, available, no failure."""
        fast = car.speed_kmh is None or car.speed_kmh > self.rules["speed_max_kmh"]
        able = heard.available is True and heard.operating == "Active" and car.seat is True and car.belt is True
        return able and not fast and car.ignition == "on"

    def _obey(self, t: float, do: Command, budget_s: float | None, heard: TakeoverStatement, car: VehicleState) -> None:
        allowed = {
            "activate": self._state in ("inactive", "available") and self._may_activate(heard, car),
            "deactivate": self._state == "active" and car.hands_on is True,
            "request_takeover": self._state == "active",
            "fail": self._state in ("active", "takeover_request"),
        }[do]
        self.log.append(Event(t=t, what="command", now=do, cause="" if allowed else "refused"))
        if not allowed:
            return
        if do == "activate":
            self._go("active", t, "driver's button")
        elif do == "deactivate":
            self._go("inactive", t, "driver's button")
        elif do == "request_takeover":
            self._ask(t, "planned", "Planned", budget_s)
        else:
            if self._state == "active":
                self._ask(t, "severe failure", "Imminent", None)
            self._cause, self._budget = "severe failure", t - self._begin + self.rules["severe_minimum_risk_s"]

    def _warn(self, t: float, unavailable: float | None) -> None:
        """R157-03, R157-04, R157-06: the distinctive warning stands as long as availability cannot be shown."""
        on = self._state == "active" and unavailable is not None
        if on != self._warned:
            self._warned = on
            self.log.append(Event(t=t, what="availability_warning", now="on" if on else "off"))

    def _watch(self, t: float, held: dict[str, float | None], heard: TakeoverStatement) -> None:
        """While the car drives: what ends it (R157-01, R157-02, R157-05)."""
        limits = {
            "unbuckled": "belt_open_s", "empty": "seat_empty_s", "unresponsive": "unresponsive_s",
            "unavailable": "unavailable_warning_s",
        }  # fmt: skip
        for name, limit in limits.items():
            seconds, least = held[name], self.rules[limit]
            # the seat may be empty for its limit, not longer; the others act when theirs is reached
            if seconds is not None and (seconds > least + _TINY if name == "empty" else seconds >= least - _TINY):
                cause = "monitoring lost" if name == "unavailable" and heard.operating is None else name
                self._ask(t, cause, "Imminent", None)
                return

    def _ask(self, t: float, cause: str, phase: Phase, budget_s: float | None) -> None:
        """A transition demand begins; each has a count of its own."""
        self._begin, self._cause, self._phase = t, cause, phase
        self._budget = max(self.rules["minimum_risk_s"], budget_s or 0.0)
        self._count = (self._count + 1) % _COUNTS
        self._go("takeover_request", t, cause)

    def _demand(self, t: float, taking_over: float | None) -> None:
        """R157-07, R157-08, R157-11."""
        since = t - self._begin
        if taking_over is not None and taking_over >= self.rules["take_back_s"] - _TINY:
            self._taken(t)
        elif since >= self._budget - _TINY:
            self._phase = "MinimumRisk"
            self._go("minimum_risk", t, self._cause)
        elif since >= self.rules["escalate_s"] - _TINY and self._phase != "Escalation":
            self._phase = "Escalation"
            self.log.append(Event(t=t, what="phase", now="Escalation", cause=self._cause, after_s=round(since, 3)))

    def _manoeuvre(self, t: float, taking_over: float | None, car: VehicleState) -> None:
        """R157-09; the driver may still take over. At standstill the manoeuvre is done and the function stays off."""
        self._stopped = self._stopped or car.speed_kmh == 0.0
        if taking_over is not None and taking_over >= self.rules["take_back_s"] - _TINY:
            self._taken(t)

    def _taken(self, t: float) -> None:
        self.log.append(Event(t=t, what="takeover", now="accepted", cause=self._cause, after_s=round(t - self._begin, 3)))
        self._phase, self._stopped, self._cause = "None", False, ""
        self._go("inactive", t, "driver has taken over")

    def _go(self, state: L3State, t: float, cause: str) -> None:
        if state == self._state:
            return
        demanded = state == "minimum_risk" or self._state in ("takeover_request", "minimum_risk")
        after = round(t - self._begin, 3) if demanded else None
        self.log.append(Event(t=t, what="state", now=state, cause=cause, after_s=after))
        self._state = state

    def _decision(self, t: float, ok: bool) -> Decision:
        asking = self._state == "takeover_request"
        left = max(0.0, round(self._begin + self._budget - t, 1)) if asking else None
        manoeuvre: Literal["Inactive", "Active", "Done"] = "Inactive"
        if self._state == "minimum_risk":
            manoeuvre = "Done" if self._stopped else "Active"
        return Decision(
            l3_state=self._state, phase=self._phase, budget_s=left, manoeuvre=manoeuvre, count=self._count,
            availability_warning=self._warned, handover_ok=ok, cause=self._cause,
        )  # fmt: skip
