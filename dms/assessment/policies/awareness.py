"""openpilot's leaky timer as a reference: awareness runs out while the driver is distracted, and comes back faster than it fell.

Written from a description of its numbers and test scenarios (P-21), not from its code. Two paths: by camera, and by touch of the
wheel where no face can be used. It follows the head and gaze against fixed limits: no neutral pose is learned, and the limits are
the strict ones at all times, for nothing here predicts how likely the driver is to brake.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from dms.assessment.policies.base import Demand
from dms.assessment.signals import Signals
from dms.assessment.windows import TINY
from dms.assessment.zones import Sight
from dms.profiles.policies import Awareness
from dms.records import Requests, VehicleState
from dms.records.words import WarningClass

Path = Literal["vision", "touch"]
_CLASSES: dict[Path, tuple[WarningClass, str]] = {
    "vision": ("long_distraction", "eyes off"), "touch": ("hands_off", "no usable face, wheel not touched"),
}  # fmt: skip
_REQUESTS: dict[Path, tuple[Requests, Requests, Requests]] = {
    "vision": (Requests(eyes_on=1), Requests(eyes_on=2), Requests(eyes_on=2, take_control=True)),
    "touch": (Requests(hands_on=1), Requests(hands_on=2), Requests(hands_on=2, take_control=True)),
}
_LAST = 3


class Look(NamedTuple):
    """What one moment tells the timer. ``unsure``: the face is there, but where it points is not known well enough."""

    engaged: bool
    face: bool = False
    distracted: bool = False
    unsure: bool = False
    touch: bool = False
    standing: bool = False


class Reserve:
    """What is left of the awareness on one path: 1 is full, 0 is the last level.

    Args:
        limits_s: seconds until each of the three levels.
        rules: of the profile.
    """

    def __init__(self, limits_s: Sequence[float], rules: Awareness) -> None:
        first, second, self._last_s = limits_s
        self.first, self.second = 1.0 - first / self._last_s, 1.0 - second / self._last_s
        self._recovery = rules.recovery_min, rules.recovery_max - rules.recovery_min
        self.left = 1.0

    def fall(self, seconds: float) -> None:
        """Awareness lost."""
        self.left -= seconds / self._last_s

    def recover(self, seconds: float) -> None:
        """Awareness gained; faster the less is left."""
        least, more = self._recovery
        self.left = min(1.0, self.left + (least + more * (1.0 - self.left)) * seconds / self._last_s)

    def would_warn(self, seconds: float) -> bool:
        """Would so many seconds more reach the first level?"""
        return self.left - seconds / self._last_s <= self.first

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self.left <= 0.0

    @property
    def level(self) -> int:
        """Level 0 to 3."""
        return _LAST if self.spent else (self.left <= self.first) + (self.left <= self.second)


class AwarenessTimer:
    """Levels 1 to 3 as warning stages: ``long_distraction`` by camera, ``hands_off`` by touch.

    It runs in steps of ``step_s`` whatever the frame rate, each with the newest picture. Level 3 holds until the assistance is
    switched off; how many of them lock the driver out is for ``dms.assessment.cycle``.
    """

    def __init__(self, rules: Awareness, torque_nm: float) -> None:
        self._rules, self._torque_nm = rules, torque_nm
        self._share = rules.step_s / (rules.filter_s + rules.step_s)
        self._next: float | None = None
        self._reserves = {"vision": Reserve(rules.vision_s, rules), "touch": Reserve(rules.touch_s, rules)}
        self._reset()

    def _reset(self) -> None:
        for reserve in self._reserves.values():
            reserve.left = 1.0
        self.path: Path = "vision"
        self.level = 0
        self._filtered = self._unsure_s = 0.0

    def step(self, now: Signals) -> Sequence[Demand]:
        """Take one moment."""
        look, t = self._look(now), now.tick.t
        upcoming = t if self._next is None else self._next
        if now.tick.gap:
            upcoming = self._bridge(upcoming, t, look.engaged)
        while upcoming <= t + TINY:
            self._count(look)
            upcoming += self._rules.step_s
        self._next = upcoming
        return self._demands() if self.level else ()

    def _bridge(self, upcoming: float, t: float, engaged: bool) -> float:
        """Nobody looked until now: no face, and no more of that than empties every reserve. Answers when the next step is due."""
        start, step_s = max(upcoming, t - self._rules.touch_s[-1]), self._rules.step_s
        missed = max(0, math.ceil((t - start) / step_s - TINY))
        for _ in range(missed):
            self._count(Look(engaged))
        return start + missed * step_s

    def _look(self, now: Signals) -> Look:
        told = now.sight is not None and now.sight.by == "record"  # a zone without a picture needs no face
        unsure = self._unsure(now.sight) and not (now.sight is None and now.closure.shut)
        return Look(
            engaged=(now.inputs.l3_state or "unknown") in self._rules.engaged_states,
            face=told or now.face is True, distracted=not unsure and self._distracted(now), unsure=unsure,
            touch=self._touches(now.inputs), standing=self._stands(now.inputs),
        )  # fmt: skip

    def _unsure(self, sight: Sight | None) -> bool:
        if sight is None or (sight.by == "record" and sight.zone == "unknown"):
            return True
        return sight.std_deg is not None and sight.std_deg > self._rules.std_high_deg

    def _distracted(self, now: Signals) -> bool:
        if now.closure.shut or now.sight is None:
            return bool(now.closure.shut)
        yaw, pitch = now.sight.yaw_deg, now.sight.pitch_deg
        if yaw is None or pitch is None:
            return now.sight.zone != "road"
        return abs(yaw) > self._yaw_max(yaw, now.inputs.steering_angle_deg) or -pitch > self._rules.pitch_down_max_deg

    def _yaw_max(self, yaw: float, steering_deg: float | None) -> float:
        """More room to the side into which the driver steers (steering angles are positive to the left, yaw to the right)."""
        rules = self._rules
        turned = -steering_deg if steering_deg is not None else 0.0
        if turned * yaw <= 0.0:
            return rules.yaw_max_deg
        more = rules.steering_factor * max(0.0, abs(turned) - rules.steering_from_deg)
        return rules.yaw_max_deg + min(rules.steering_max_deg, more)

    def _touches(self, inputs: VehicleState) -> bool:
        torque = inputs.steering_torque_nm
        return bool(inputs.hands_on) or (torque is not None and abs(torque) >= self._torque_nm)

    def _stands(self, inputs: VehicleState) -> bool:
        return inputs.speed_kmh is not None and inputs.speed_kmh <= self._rules.standstill_kmh

    def _count(self, look: Look) -> None:
        """One step of ``step_s``."""
        rules = self._rules
        if not look.engaged:
            self._reset()
            return
        self._filtered += self._share * ((look.face and look.distracted) - self._filtered)
        self._unsure_s = self._unsure_s + rules.step_s if look.face and look.unsure else 0.0
        if self.level == _LAST:  # only switching off ends it
            return
        self._choose_path(look)
        rising = self._follow(look, self._reserves[self.path])
        self._settle(self._reserves[self.path], rising)

    def _choose_path(self, look: Look) -> None:
        """By camera while the face can be used. Once it is at level 2, hiding the face (or showing it) changes nothing."""
        reserve = self._reserves[self.path]
        if reserve.left > reserve.second:
            usable = look.face and self._unsure_s <= self._rules.std_high_for_s + TINY
            self.path = "vision" if usable else "touch"

    def _follow(self, look: Look, reserve: Reserve) -> bool:
        """Move the awareness; answers whether it recovers."""
        step_s = self._rules.step_s
        sees = look.face and not look.unsure
        attentive = sees and self._filtered < self._rules.attentive_under
        if look.touch and (attentive or self.path == "touch"):
            reserve.left = 1.0
            return True
        if attentive:
            self._recover(step_s)
            return True
        if look.standing and reserve.would_warn(step_s):
            if reserve.level:
                reserve.recover(step_s)
            return True
        if self.path == "touch" or (sees and look.distracted and self._filtered > self._rules.distracted_over):
            reserve.fall(step_s)
        return False

    def _recover(self, step_s: float) -> None:
        """The path in use; the other one too once that is full."""
        reserve = self._reserves[self.path]
        other = self._reserves["touch" if self.path == "vision" else "vision"]
        (other if reserve.left >= 1.0 else reserve).recover(step_s)

    def _settle(self, reserve: Reserve, rising: bool) -> None:
        """The level; a recovering driver is left alone from where level 2 ends."""
        self.level = 0 if rising and reserve.left > reserve.second else reserve.level

    def _demands(self) -> Sequence[Demand]:
        name, why = _CLASSES[self.path]
        limits = self._rules.vision_s if self.path == "vision" else self._rules.touch_s
        rule = f"openpilot {why} {limits[self.level - 1]:g} s"
        return (Demand(name, self.level, rule, _REQUESTS[self.path][self.level - 1]),)
