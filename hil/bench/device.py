"""The product in lock-step: perception (with pictures), judgement and publisher, with the seams between them.

Rooms of the product do the work: ``dms.perception``, ``dms.assessment``, ``dms.readiness``, ``dms.bus``. What ``dms.runtime``
adds with threads (newest frame wins, supervisor, restarts) is not in here; what it decides is: a silent camera is told to the
rules, a picture that is late or out of order is refused, a room that raises is a fault on the bus.
"""

from collections.abc import Callable

from dms.assessment import Assessor
from dms.bus.layout import Layout
from dms.bus.messages import Encoder
from dms.bus.port import Bus, BusCounts, CanFrame
from dms.bus.publisher import Publisher
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.perception.pipeline import Perception
from dms.profiles import Profile
from dms.readiness import ready_for_takeover
from dms.records import DriverState, Frame, Observation, TakeoverReadiness
from dms.records.cabin import Cabin, DriverBaseline
from dms.runtime.judging import MARGIN_S
from dms.runtime.picture_check import PictureCheck
from dms.runtime.stages import void
from hil.bench.seams import Seam, Seams, Seen
from hil.cockpit.lock_step import LockStepGestures

SIGNAL_PICTURE = (640, 480)
"""Size of the picture that observations without one speak of."""


class SeamedBus:
    """The product's port of the bus, with the seams ``bus_out`` and ``bus_in`` in it.

    ``now`` and ``mute`` (nothing goes out) are set by whoever steps.
    """

    def __init__(self, bus: Bus, seams: Seams) -> None:
        self.now, self.mute = 0.0, False
        self._bus, self._seams = bus, seams
        self._waiting: list[CanFrame] = []

    @property
    def counts(self) -> BusCounts:
        """Those of the port."""
        return self._bus.counts

    @counts.setter
    def counts(self, value: BusCounts) -> None:
        self._bus.counts = value

    def send(self, frame: CanFrame) -> bool:
        """Through ``bus_out``."""
        return not self.mute and all([self._bus.send(one) for one in self._seams.bus_out.give(frame, self.now)])

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """Through ``bus_in``."""
        while not self._waiting:
            frame = self._bus.receive(timeout_s)
            if frame is None:
                return None
            self._waiting = self._seams.bus_in.give(frame, self.now)
        return self._waiting.pop(0)

    def due(self, t: float) -> None:
        """Let go what was held back until ``t``."""
        self.now = t
        for frame in self._seams.bus_out.due(t):
            self._bus.send(frame)
        self._waiting += self._seams.bus_in.due(t)

    def close(self) -> None:
        """Release the port."""
        self._bus.close()


class Judgement:
    """Rules and readiness; the same for both levels."""

    def __init__(self, profile: Profile, cabin: Cabin, driver: DriverBaseline | None) -> None:
        self.profile, self.assessor = profile, Assessor(profile, cabin, driver)
        self.silence_s = profile.rules.camera.silence_s

    def state(self, driver: DriverState) -> TakeoverReadiness:
        """The statement of a state."""
        return ready_for_takeover(driver, self.profile)


class LockStepDevice:
    """The product, stepped by the bench: ``cycle`` at ``next_cycle``, ``show`` with each picture, ``listen`` at every step.

    Args:
        bus: its port.
        layout: message set.
        cabin: vehicle file.
        judgement: rules.
        seams: what is put in between.
        perception: for pictures; ``None`` at signal level.
        compute_s: from a picture to its statement.
        told: told of each statement, with its time.
    """

    def __init__(
        self,
        bus: Bus,
        layout: Layout,
        cabin: Cabin,
        judgement: Judgement,
        seams: Seams,
        perception: Perception | None = None,
        compute_s: float = 0.0,
        told: Callable[[TakeoverReadiness, float], None] = lambda state, t: None,
    ) -> None:
        self.bus, self.seams = SeamedBus(bus, seams), seams
        self.inputs = VehicleInputs()
        self.trouble: str | None = None
        """Why the last picture gave nothing: it was refused, or a room raised."""
        self.gestures: LockStepGestures | None = None
        """Cockpit control by gesture, where the scenario has it."""
        self.picture_size = SIGNAL_PICTURE
        self._judgement, self._perception, self._told = judgement, perception, told
        self._computing: Seam[Sample] = Seam()
        self._computing.add(lambda sample, t: [(sample, compute_s)])
        self._t, self._cycles = 0.0, 0
        encoder = Encoder(layout, cabin=cabin)
        self.publisher = Publisher(self.bus, encoder, lambda: self._t, lambda seconds: None, guard=self._guard)
        self._check = PictureCheck(encoder.parameters.stale_after_s)
        self._last: tuple[float, int] | None = None
        self._told_t: float | None = None

    @property
    def next_cycle(self) -> float:
        """When the publisher's next cycle is."""
        return self._cycles * self.publisher.parameters.cycle_s

    def next_due(self) -> float | None:
        """When something held back goes on."""
        return min((due for due in (self.seams.next_due(), self._computing.next_due()) if due is not None), default=None)

    def cycle(self, t: float) -> None:
        """One cycle of the publisher; before it, the rules are told if no picture came."""
        self._t = t
        self._silence(t)
        self.publisher.step(self._cycles)
        self._cycles += 1
        self.bus.mute = False

    def show(self, content: Frame | Observation, counter: int, t: float) -> None:
        """A picture, or what is seen in it."""
        if isinstance(content, Frame):
            for frame in self.seams.camera.give(content, t):
                self._see(frame, t)
        else:
            for seen in self.seams.perception.give(Seen(content, counter), t):
                self._judge(seen, t)

    def listen(self, t: float) -> None:
        """Go on with what was held back until now, and read what waits on the bus."""
        self._t = t
        self.bus.due(t)
        for frame in self.seams.camera.due(t):
            self._see(frame, t)
        for seen in self.seams.perception.due(t):
            self._judge(seen, t)
        for sample in self._computing.due(t):
            self._post(sample, t)
        for sample in self.seams.judgement.due(t):
            self.publisher.post(sample)
        while (received := self.bus.receive()) is not None:
            if self.gestures is not None:
                self.gestures.heard(received, t)
            if self.inputs.feed(received, t):
                self.publisher.acknowledge(self.inputs.snapshot(t).takeover_request_count)

    def health(self, health: BusHealth, t: float) -> None:
        """New health for the bus."""
        for one in self.seams.health.give(health, t):
            self.publisher.post_health(one)

    def gesture(self, event: GestureEvent, t: float) -> None:
        """A gesture was recognised."""
        for one in self.seams.gesture.give(event, t):
            self.publisher.post_gesture(one)

    def _see(self, frame: Frame, t: float) -> None:
        self.trouble = self._check.fault(frame, t, self._told_t)
        if self.trouble is not None or self._perception is None:
            return
        self.picture_size = (frame.width, frame.height)
        try:
            observation = self._perception.see(frame).observation
        except Exception as error:  # as in the loop: whatever ends a room is a fault on the bus
            self.trouble = f"{type(error).__name__}: {error}"
            return
        counter = frame.index if frame.counter is None else frame.counter
        for seen in self.seams.perception.give(Seen(observation, counter), t):
            self._judge(seen, t)

    def _judge(self, seen: Seen, t: float) -> None:
        observation, assessor = seen.observation, self._judgement.assessor
        try:
            for inputs in self.seams.inputs.give(self.inputs.snapshot(observation.t), t):
                assessor.take_inputs(inputs)
            state = assessor.step(observation)
        except Exception as error:
            self.trouble = f"{type(error).__name__}: {error}"
            return
        assert state is not None  # an observation always gives a state
        self.trouble = None
        self._told_t, self._last = observation.t, (observation.t, seen.counter)
        self._state(self._judgement.state(state), observation, t)

    def _silence(self, t: float) -> None:
        """No picture for too long: the rules go on with vehicle inputs alone."""
        if self._last is None or t - self._last[0] <= self._judgement.silence_s + MARGIN_S:
            return
        self._told_t = t
        for inputs in self.seams.inputs.give(self.inputs.snapshot(t), t):
            state = self._judgement.assessor.step(inputs)
            if state is not None:
                self._state(self._judgement.state(state), None, t)

    def _state(self, state: TakeoverReadiness, observation: Observation | None, t: float) -> None:
        captured, counter = self._last or (state.t, 0)
        vehicle = self.inputs.snapshot(t)
        sample = Sample(state=state, captured=captured, frame_counter=counter, observation=observation, vehicle=vehicle)
        for one in self._computing.give(sample, t):
            self._post(one, t)

    def _post(self, sample: Sample, t: float) -> None:
        self._told(sample.state, t)
        if self.gestures is not None and sample.observation is not None:
            l3_state = None if sample.vehicle is None else sample.vehicle.l3_state
            for event in self.gestures.look(sample.observation, self.picture_size, sample.state, l3_state, t):
                self.gesture(event, t)
        for one in self.seams.judgement.give(sample, t):
            self.publisher.post(one)

    def _guard(self, sample: Sample | None, now: float) -> Sample | None:
        """The watchdog's place: trouble voids what would be sent."""
        if sample is not None and self.trouble is not None:
            sample = void(sample, "fault", [self.trouble])
        given = self.seams.publisher.give(sample, now)
        self.bus.mute = not given
        return given[-1] if given else sample
