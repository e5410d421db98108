"""What the car does: speed, route, Level 3 state, requests to take over, and the vehicle record of each instant."""

import math
from bisect import bisect_right

import numpy as np

from dms.records import VehicleState
from dms.records.words import L3State
from hil.driver.behaviour.motion import Course, Wobble
from hil.driver.behaviour.parts import Part, TakeoverRequest
from hil.driver.behaviour.scenario import CarSetup

_STOPPING_MS2 = 3.0
_HANDS_OFF: tuple[L3State, ...] = ("active", "takeover_request", "minimum_risk")


class Car:
    """The car of one run; ``step`` is called in order of time.

    Args:
        setup: keyframes of the scenario.
        parts: its parts; only requests to take over matter here.
        rng: chance of the route and of small steering.
    """

    def __init__(self, setup: CarSetup, parts: list[Part], rng: np.random.Generator) -> None:
        self._speed = Course([(f.at, f.value) for f in setup.speed])
        self._frames, self._hands = setup.l3_state, setup.hands_on
        self._requests = sorted((p for p in parts if isinstance(p, TakeoverRequest)), key=lambda p: p.at)
        self._route = Wobble(rng, 45.0 if setup.route == "turning" else 1.5, 1 / 150, 1 / 35)
        self._hold = Wobble(rng, 0.35, 0.2, 1.0)
        self._forced: tuple[L3State, float] | None = None
        self._open_until: float | None = None
        self._taken_at: float | None = None
        self._control: tuple[str, float] | None = None
        self._told = False
        self.count = 0
        self.request: TakeoverRequest | None = None
        """The request of the scenario that is open."""
        self.l3: L3State = self._frames[0].value
        self.speed_kmh = self._speed.at(0.0)
        self.travelled_m = 0.0
        self.yaw_rate = 0.0

    def step(self, t: float, dt: float, demanded: bool = False, told: L3State | None = None) -> None:
        """One instant. ``demanded``, ``told``: what a controller outside says about a request and the Level 3 state."""
        self._scripted(t)
        if demanded and not self._told:
            self._ask(t, None)
        elif self._told and not demanded and self.l3 == "takeover_request" and self.request is None:
            self._force("inactive", t)
        self._told = demanded
        before = self.l3
        self.l3 = told or self._state(t)
        if self.l3 == "takeover_request" and before != "takeover_request":
            self.count = (self.count + 1) % 15
        self._drive(t, dt)

    @property
    def demand(self) -> bool:
        """The driver is being asked to take over."""
        return self.l3 == "takeover_request"

    @property
    def wheel_deg(self) -> float:
        """Steering wheel, positive to the right."""
        return 2.2 * self.yaw_rate * 90.0 / max(25.0, self.speed_kmh)

    @property
    def curve_deg(self) -> float:
        """Where the road goes about two seconds ahead, yaw."""
        return max(-14.0, min(14.0, 1.2 * self.yaw_rate))

    def heading_deg(self, t: float) -> float:
        """Heading against the start, positive to the right."""
        return self._route.at(t) - self._route.at(0.0)

    def wheel_word(self, t: float) -> str:
        """Which hands belong on the wheel: both, left, right, none."""
        asked = [f for f in self._hands if f.at <= t]
        if self._taken_at is not None and (not asked or asked[-1].at < self._taken_at) and self.l3 not in _HANDS_OFF:
            return "both"
        if asked:
            return asked[-1].value
        return "none" if self.l3 in _HANDS_OFF else "both"

    def taken(self, t: float, how: str) -> None:
        """The driver steers or brakes: the car is the driver's."""
        self._control, self._taken_at = (how, t), t
        self.request, self._open_until = None, None
        self._force("inactive", t)

    def record(self, t: float, seat: bool, belt: bool, hands_on: bool) -> VehicleState:
        """The vehicle record of ``t``."""
        how, since = self._control or ("", -math.inf)
        torque = (self._hold.at(t) + 0.03 * self.wheel_deg) if hands_on else 0.0
        if how == "steer" and t - since < 1.0:
            torque += 2.5 * math.sin(math.pi * (t - since))
        return VehicleState(
            t=t, speed_kmh=round(self.speed_kmh, 2), gear="D", l3_state=self.l3, belt=belt, seat=seat, hands_on=hands_on,
            steering_torque_nm=round(torque, 2), brake=how == "brake" and t - since < 1.6, ignition="on",
            takeover_request_count=self.count,
        )  # fmt: skip

    def _scripted(self, t: float) -> None:
        while self._requests and self._requests[0].at <= t + 1e-9:
            part = self._requests.pop(0)
            self._ask(t, part)
        if self._open_until is not None and t >= self._open_until:
            self._open_until, self.request = None, None
            self._force("minimum_risk", t)

    def _ask(self, t: float, part: TakeoverRequest | None) -> None:
        self.request = part
        self._open_until = t + part.budget_s if part is not None else None
        self._force("takeover_request", t)

    def _force(self, state: L3State, t: float) -> None:
        self._forced = (state, t)

    def _state(self, t: float) -> L3State:
        i = max(0, bisect_right([f.at for f in self._frames], t) - 1)
        if self._forced is not None and self._forced[1] >= self._frames[i].at:
            return self._forced[0]
        return self._frames[i].value

    def _drive(self, t: float, dt: float) -> None:
        if self.l3 == "minimum_risk":
            self.speed_kmh = max(0.0, self.speed_kmh - 3.6 * _STOPPING_MS2 * dt)
        else:
            self.speed_kmh = self._speed.at(t)
        self.travelled_m += self.speed_kmh / 3.6 * dt
        self.yaw_rate = (self._route.at(t + 0.05) - self._route.at(t - 0.05)) / 0.1
