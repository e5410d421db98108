"""The parts of a scenario as they run: which are going on, and what they ask for together."""

from dataclasses import dataclass, field

import numpy as np

from dms.records.words import Zone
from hil.driver.behaviour.activity import Acting, Actor, actor
from hil.driver.behaviour.face import Face, merged
from hil.driver.behaviour.glances import Watch
from hil.driver.behaviour.hands import Hold
from hil.driver.behaviour.parts import Doing, Part
from hil.driver.pose import Activity, Side


@dataclass(slots=True)
class Asked:
    """What all running parts ask for; a later part wins where two ask for the same."""

    part: str = ""
    activity: Activity = "driving"
    watch: Watch | None = None
    hands: dict[Side, Hold] = field(default_factory=dict)
    face: Face = field(default_factory=dict)
    narrow: float = 0.0
    lean: dict[str, float] = field(default_factory=dict)
    lean_over: float = 0.6
    speaking: bool = False
    yawning: bool = False
    gesture: tuple[str, Side] | None = None
    loose: bool = False
    deaf: bool = False
    present: bool = True
    blink_rate: float = 1.0

    def add(self, name: str, acting: Acting, zones: frozenset[Zone]) -> None:
        """One part more."""
        self.part = name
        self.activity = acting.activity or self.activity
        home = acting.watch.home if acting.watch is not None else None
        if home is not None and (home == "lens" or not isinstance(home, str) or home in zones):
            self.watch = acting.watch
        self.hands.update(acting.hands)
        self.face = merged(self.face, acting.face)
        self.narrow = max(self.narrow, acting.narrow)
        self.lean.update(acting.lean)
        self.lean_over = acting.lean_over if acting.lean else self.lean_over
        self.speaking = self.speaking or acting.speaking
        self.yawning = self.yawning or acting.yawning
        if acting.gesture is not None:
            self.gesture = acting.gesture, next(iter(acting.hands))
        self.loose, self.deaf = self.loose or acting.loose, self.deaf or acting.deaf
        self.present = self.present and acting.present
        self.blink_rate = min(self.blink_rate, acting.blink_rate)


@dataclass(slots=True)
class Running:
    """A part that is going on."""

    part: Doing
    act: Actor
    name: str


class Timeline:
    """Starts, ends and drops parts; ``step`` is called in order of time."""

    def __init__(self, parts: list[Part], seed: int, zones: frozenset[Zone]) -> None:
        self._zones = zones
        lasting = [(i, part) for i, part in enumerate(parts) if isinstance(part, Doing)]
        self._waiting = sorted(lasting, key=lambda entry: entry[1].at)
        self._seed = seed
        self._running: list[Running] = []

    def step(self, t: float, paused: bool = False) -> tuple[Asked, list[Doing]]:
        """What is asked for at ``t``, and the parts that have just begun. ``paused``: they go on, but are not heeded."""
        begun: list[Doing] = []
        self._running = [r for r in self._running if t < r.part.at + r.part.for_s]
        while self._waiting and self._waiting[0][1].at <= t + 1e-9:
            i, part = self._waiting.pop(0)
            act = actor(part, np.random.default_rng([self._seed, 77, i]))
            self._running.append(Running(part, act, part.name or word(part)))
            begun.append(part)
        asked = Asked()
        for running in self._running:
            acting = running.act(t - running.part.at)
            if not paused or acting.deaf or not acting.present:
                asked.add(running.name, acting, self._zones)
        return asked, begun

    def drop(self) -> None:
        """The driver stops whatever he can stop."""
        self._running = [r for r in self._running if r.act(0.0).deaf or word(r.part) in _FIXED]

    def running(self, kind: type[Doing]) -> Doing | None:
        """The newest running part of a kind."""
        return next((r.part for r in reversed(self._running) if isinstance(r.part, kind)), None)


_FIXED = ("slump", "absent", "leave_seat", "yawn", "slow_closures")


def word(part: Doing) -> str:
    """The word of ``do``."""
    return str(part.__struct_config__.tag)
