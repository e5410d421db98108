"""Cockpit control in simulated time: the product's gesture session, and the head unit beside the car's other nodes."""

from collections.abc import Iterator
from contextlib import contextmanager

from dms.bus.infotainment import HeadUnitReceiver
from dms.bus.layout import Layout
from dms.bus.port import Bus, CanFrame, FakeBus
from dms.bus.samples import GestureEvent
from dms.gesture import GestureSession, load_commands, load_interaction
from dms.gesture.motion import SLOT, NetworkMotion
from dms.gesture.session import MotionReader
from dms.inference.engine_set import EngineSet
from dms.records import Observation, TakeoverReadiness
from dms.records.cabin import Cabin
from dms.records.words import L3State
from dms.runtime.gesturing import event_of
from hil.cockpit.head_unit import HeadUnit
from hil.cockpit.on_bus import HeadUnitNode


@contextmanager
def motion_reader() -> Iterator[NetworkMotion]:
    """The product's reader of moved gestures, with its network.

    Raises:
        DmsError: see ``EngineSet``.
    """
    with EngineSet((SLOT,)) as engines:
        yield NetworkMotion(lambda window: engines[SLOT].run({"track": window})["words"], load_interaction())


class LockStepGestures:
    """The product's side: ``heard`` with each frame off the bus, ``look`` with each judged picture."""

    def __init__(self, cabin: Cabin, layout: Layout, motion: MotionReader | None = None) -> None:
        self._session = GestureSession(load_interaction(), load_commands(), cabin, motion)
        self._head_unit = HeadUnitReceiver(layout)

    def heard(self, frame: CanFrame, t: float) -> None:
        """Off the bus."""
        self._head_unit.feed(frame, t)

    def look(
        self, observation: Observation, size: tuple[int, int], state: TakeoverReadiness, l3_state: L3State | None, t: float
    ) -> list[GestureEvent]:
        """What is to be sent now."""
        context = self._head_unit.status(t).context
        return [event_of(act) for act in self._session.step(observation, size, state, l3_state, context)]


class LockStepHeadUnit:
    """The head unit beside other nodes on one port: it hears what they heard (``heard``) and speaks through their port."""

    def __init__(self, port: Bus, layout: Layout) -> None:
        self.unit, self._port, self._own = HeadUnit(), port, FakeBus()
        self.node = HeadUnitNode(self.unit, self._own, layout)

    def heard(self, frame: CanFrame, t: float) -> None:
        """A frame came."""
        self._own.incoming.append(frame)

    def step(self, t: float) -> None:
        """Act and speak."""
        self.node.step(t)
        for frame in self._own.sent:
            self._port.send(frame)
        self._own.sent.clear()
