"""How the driver answers the car: warnings, and requests to take over.

Sources of the figures. Mean take-over time over 129 studies about 2.7 s, longer with a hand-held device, a visual task or little
urgency, standard deviation growing with the mean (Zhang, de Winter, Varotto, Happee, Martens 2019, Transportation Research F 64);
about 0.3 s more for each second of time budget (McDonald et al. 2019, Human Factors 61, from memory); without time pressure 2 to
26 s (Eriksson and Stanton 2017, Human Factors 59, from memory); motor readiness does not depend on the task, understanding does
(Zeeb, Buchner, Schrauf 2015, Accident Analysis and Prevention 78); after sleep several seconds are not enough (Hirsch et al.
2020, IJTST; Schwarze et al. 2023). How sleepiness and waking enter is our own estimate.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from dms.records.words import L3State, WarningClass
from hil.driver.behaviour.glances import SPELLS, Away, Watch
from hil.driver.behaviour.hands import ON_WHEEL, QUICK_S, Hold
from hil.driver.behaviour.motion import Spell
from hil.driver.behaviour.scenario import TakeoverSetup
from hil.driver.pose import Side

_PERCEIVE = Spell(0.65, 0.35, 0.3, 2.5)
_ANSWER = Spell(0.9, 0.35, 0.4, 3.0)
_WAKING = Spell(1.4, 0.35, 0.7, 4.0)
_INERTIA = Spell(4.0, 0.4, 2.0, 12.0)
_ALARM_S = 2.0
_HOLD_S = (4.0, 8.0)
_LOOK_UP: tuple[WarningClass, ...] = ("long_distraction", "short_distraction", "phone")
_WAKE_UP: tuple[WarningClass, ...] = ("drowsy", "microsleep", "sleep", "unresponsive")
ALERTED = Watch(
    "alerted", "road", Spell(1.6, 0.35, 0.8, 3.0),
    (Away("cluster", 0.4, SPELLS["cluster"]), Away("rear_mirror", 0.3, SPELLS["rear_mirror"]),
     Away("driver_mirror", 0.3, SPELLS["driver_mirror"])),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the car tells the driver at one instant.

    Attributes:
        warning: class of the warning shown, and its ``stage`` 0..3.
        take_control: direct control alert.
        hands_on, eyes_on: requests 0..2; ``wake_up`` 0..3.
        demand: a transition demand is active; ``budget_s`` its time budget.
        l3_state: state of the Level 3 function, if somebody else than the scenario rules it.
    """

    warning: WarningClass | None = None
    stage: int = 0
    take_control: bool = False
    hands_on: int = 0
    eyes_on: int = 0
    wake_up: int = 0
    demand: bool = False
    budget_s: float | None = None
    l3_state: L3State | None = None


SILENCE = Heard()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The driver's state as far as it matters for an answer."""

    kss: float = 2.0
    handheld: bool = False
    eyes_off: bool = False
    asleep: bool = False
    deaf: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds from the request to: eyes up, hands on the wheel, steering or braking."""

    eyes: float
    hands: float
    control: float


@dataclass(slots=True)
class Answer:
    """What the driver does about it at one instant; ``control``: the driver takes the car over now."""

    watch: Watch | None = None
    hands: Mapping[Side, Hold] = field(default_factory=dict)
    wake: bool = False
    drop: bool = False
    pause: bool = False
    look_up: bool = False
    control: Literal["steer", "brake"] | None = None


def draw_times(rng: np.random.Generator, condition: Condition, budget_s: float, slowness: float = 1.0) -> Times:
    """Times of one take-over by somebody awake."""
    mean = 2.2 + (1.4 if condition.handheld else 0.0) + (0.5 if condition.eyes_off else 0.0)
    mean += 0.28 * (min(budget_s, 20.0) - 7.0) * (1.0 if budget_s > 7.0 else 0.5)
    mean += 0.2 * max(0.0, condition.kss - 5.0)
    mean = max(1.2, mean) * slowness
    spread = 0.38
    control = min(25.0, max(0.9, mean * math.exp(spread * float(rng.standard_normal()) - spread * spread / 2.0)))
    slow = slowness * (1.0 + 0.06 * max(0.0, condition.kss - 5.0))
    eyes = min(_PERCEIVE.draw(rng, slow * (1.25 if condition.eyes_off else 1.0)), 0.6 * control)
    hands = max(eyes + 0.15, control * float(rng.uniform(0.55, 0.85)))
    return Times(eyes=eyes, hands=min(hands, control), control=control)


class Reaction:
    """The driver's answers over a run; ``step`` is called in order of time.

    Args:
        setup: how quick, how obedient.
        rng: the person's own chance.
    """

    def __init__(self, setup: TakeoverSetup, rng: np.random.Generator) -> None:
        self._setup, self._rng = setup, rng
        self._last = SILENCE
        self._demand, self._budget = False, 10.0
        self._due: list[tuple[float, str]] = []
        self._alarm_at: float | None = None
        self._alarms = 0
        self._times: Times | None = None
        self._hold_until = self._hands_until = -1.0
        self.taking_over = self._controls = False
        self.seen: str | None = None
        """The warning the driver has noticed, as long as it stands."""

    def step(
        self, t: float, heard: Heard, demand: bool, scripted: Times | None, condition: Condition, budget_s: float | None = None
    ) -> Answer:
        """What to do at ``t``. ``demand``: a request is open, with ``budget_s``; ``scripted`` replaces the drawn times."""
        self._budget = budget_s or 10.0
        if demand and not self._demand:
            self._asked(t, scripted, condition)
        elif not demand and self._demand:
            self._over(t)
        self._demand = demand
        self._warned(t, heard, condition)
        self._last = heard
        answer = Answer()
        self._ring(t, heard, condition, answer)
        for when, what in [d for d in self._due if d[0] <= t]:
            self._due.remove((when, what))
            self._do(t, what, heard, answer)
        if self.taking_over or t < self._hold_until:
            answer.watch = ALERTED
        if t < self._hands_until:
            answer.hands = {"left": ON_WHEEL, "right": ON_WHEEL}
        answer.pause = t < self._hold_until or self.taking_over
        return answer

    def _asked(self, t: float, scripted: Times | None, condition: Condition) -> None:
        if condition.deaf or condition.asleep:
            self._alarm_at, self._alarms = t + _WAKING.draw(self._rng), 0
            return
        self._plan(t, scripted, condition)

    def _plan(self, t: float, scripted: Times | None, condition: Condition, inertia: float = 0.0) -> None:
        drawn = draw_times(self._rng, condition, self._budget, self._setup.slowness)
        times = scripted or Times(eyes=drawn.eyes, hands=drawn.hands + inertia, control=drawn.control + inertia)
        reach = 0.75 * QUICK_S + (QUICK_S if condition.handheld else 0.0)
        self._due += [
            (t + times.eyes, "look"), (t + max(times.eyes + 0.05, times.hands - reach), "hands"), (t + times.control, "control"),
        ]  # fmt: skip

    def _over(self, t: float) -> None:
        """The request is gone, one way or the other; who has taken control lets go of the wheel a moment later, not before."""
        if self._controls:
            self._hands_until, self._controls = t + 3.0, False
        self._due = [d for d in self._due if d[1] not in ("look", "hands", "control")]
        self._alarm_at, self.taking_over = None, False

    def _ring(self, t: float, heard: Heard, condition: Condition, answer: Answer) -> None:
        """An alarm that rings on may wake a sleeper; an empty or unconscious seat stays silent."""
        if self._alarm_at is None or t < self._alarm_at:
            return
        self._alarms += 1
        louder = 1 + self._alarms // 2 + heard.wake_up // 2
        if condition.deaf or (condition.asleep and self._rng.random() < self._setup.sleeps_through**louder):
            self._alarm_at = t + _ALARM_S
            return
        self._alarm_at, answer.wake, answer.drop = None, True, True
        self._hold_until = t + 3.0
        if self._demand:
            inertia = _INERTIA.draw(self._rng, self._setup.slowness) if condition.asleep else 0.0
            self._plan(t, None, condition, inertia)

    def _warned(self, t: float, heard: Heard, condition: Condition) -> None:
        """A warning that is new, or has become more urgent."""
        last = self._last
        if heard.warning is None:
            self.seen = None
        new = heard.warning is not None and (heard.warning != last.warning or heard.stage > last.stage)
        asked = heard.eyes_on > last.eyes_on or heard.hands_on > last.hands_on or heard.wake_up > last.wake_up
        if not (new or asked or (heard.take_control and not last.take_control)) or condition.deaf:
            return
        if condition.asleep:
            if self._alarm_at is None:
                self._alarm_at, self._alarms = t + _WAKING.draw(self._rng), 0
            return
        if self._rng.random() >= self._setup.ignores ** (1 + heard.stage // 2):
            self._due.append((t + _ANSWER.draw(self._rng, self._setup.slowness), "answer"))

    def _do(self, t: float, what: str, heard: Heard, answer: Answer) -> None:
        if what == "look":
            self.taking_over = answer.look_up = answer.drop = True
        elif what == "hands":
            self._hands_until = t + 1e6
        elif what == "control":
            answer.control = "brake" if self._rng.random() < 0.3 else "steer"
            self._controls = True
            self._hold_until = t + 4.0
        else:
            self._answer(t, heard, answer)

    def _answer(self, t: float, heard: Heard, answer: Answer) -> None:
        self.seen = heard.warning or self.seen
        if heard.warning in _WAKE_UP or heard.wake_up:
            answer.wake = True
        if heard.warning in _LOOK_UP or heard.eyes_on or heard.take_control:
            answer.look_up, answer.drop = True, not self._setup.resumes
            self._hold_until = t + float(self._rng.uniform(*_HOLD_S))
        if heard.warning == "hands_off" or heard.hands_on or heard.take_control:
            self._hands_until = t + float(self._rng.uniform(8.0, 15.0))
