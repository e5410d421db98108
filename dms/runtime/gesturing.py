"""The gesture stage: hands of judged pictures to gesture events, on a thread of its own.

It hangs on the readiness path by a mailbox with one place: leaving a picture there is an assignment, and a picture nobody had
time for is overwritten. Whatever goes wrong here ends gestures, and nothing else.
"""

import logging
import threading
from collections.abc import Callable

from msgspec.structs import replace

from dms.bus.infotainment import HeadUnitReceiver
from dms.bus.port import CanFrame
from dms.bus.samples import GestureEvent
from dms.gesture import Act, GestureSession, Interaction
from dms.records import Observation, TakeoverReadiness
from dms.records.words import L3State
from dms.runtime import clock
from dms.runtime.chain import Judged
from dms.runtime.worker import Worker

POLL_S = 0.1
LOG = logging.getLogger(__name__)


def event_of(act: Act) -> GestureEvent:
    """As the publisher sends it."""
    return GestureEvent(
        name=act.gesture,
        side=act.side,
        confidence=act.sure,
        value=act.value,
        function=act.function,
        phase=act.phase,
        reason=act.reason,
    )


class Gesturing(Worker):
    """A context manager that owns the thread.

    Args:
        session: hands to acts.
        rules: its numbers.
        head_unit: context and acknowledgements.
        l3_state: the controller's state, by time.
        post: where events go: the publisher's mailbox.
        told: told of each act, with the picture's time; on this thread.
    """

    def __init__(
        self,
        session: GestureSession,
        rules: Interaction,
        head_unit: HeadUnitReceiver,
        l3_state: Callable[[float], L3State | None],
        post: Callable[[GestureEvent], None],
        told: Callable[[Act, float], None] | None = None,
    ) -> None:
        super().__init__("dms-gestures")
        self.error: Exception | None = None
        """Why no gesture is told any more."""
        self._session, self._rules, self._head_unit = session, rules, head_unit
        self._l3_state, self._post, self._told = l3_state, post, told
        self._judged: Judged | None = None
        self._state: TakeoverReadiness | None = None
        self._size = (1, 1)
        self._arrived = threading.Event()
        self._seen_at: float | None = None
        self._unheard = False

    def offer(self, judged: Judged) -> None:
        """Leave the newest picture; never waits."""
        self._judged = judged
        self._arrived.set()

    def heard(self, frame: CanFrame, t: float) -> None:
        """A frame from the bus; called on the thread that listens."""
        self._head_unit.feed(frame, t)

    def work(self) -> None:
        """Until the end, or the first failure."""
        try:
            while not self._stop.is_set():
                if self._arrived.wait(POLL_S):
                    self._arrived.clear()
                self._look()
        except Exception as error:  # the readiness goes on without gestures
            self.error = error
            LOG.exception("gestures are off")

    def _look(self) -> None:
        judged, self._judged = self._judged, None
        if judged is not None:
            self._state, self._size = judged.state, (judged.frame.width, judged.frame.height)
            self._seen_at = clock.now()
            self._step(judged.sight.observation)
        elif self._seen_at is not None and clock.now() - self._seen_at > self._rules.unknown_s:
            self._seen_at = None
            self._step(Observation(t=clock.now()))  # no picture: nobody can say what the hand does

    def _step(self, observation: Observation) -> None:
        now = clock.now()
        if observation.hands_t is not None:
            observation = replace(observation, t=observation.hands_t)  # what hands do is timed by the picture that shows them
        context = self._context(now, observation)
        for act in self._session.step(observation, self._size, self._state, self._l3_state(now), context):
            self._post(event_of(act))
            if self._told is not None:
                self._told(act, observation.t)

    def _context(self, now: float, observation: Observation) -> str | None:
        """What the head unit shows; that nobody hears one is told once, when a hand is shown."""
        context = self._head_unit.status(now).context
        if context is None and observation.hands and not self._unheard:
            LOG.warning("a hand is shown, but no head unit is heard (HMI_Status): gestures command nothing")
        if context is not None or observation.hands:
            self._unheard = context is None
        return context
