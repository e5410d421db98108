"""What the driver monitoring says on the bus, as the car tells it to the driver: warnings and requests, checked before believed.

The car's cockpit hears DMS_TakeoverReady (requests) and DMS_DriverState (kind of distraction). A frame that fails its protection,
or is older than ``TIMEOUT_S``, says nothing: the driver then hears no warning.
"""

from dms.bus.e2e import Checker
from dms.bus.layout import Layout, Message
from dms.bus.port import Bus, BusCounts, CanFrame
from dms.records.words import WarningClass
from hil.driver.behaviour.takeover import Heard

TIMEOUT_S = 0.3
_REQUEST = {"Request": 1, "Escalated": 2}
_WAKE_UP = {"Stage1": 1, "Stage2": 2, "Stage3": 3}
_DISTRACTION: dict[str, WarningClass] = {
    "LongDistraction": "long_distraction", "ShortDistraction": "short_distraction", "Phone": "phone", "HandsOff": "hands_off",
}  # fmt: skip


class Ears:
    """Listens to one monitoring; give it every frame with ``feed``, ask with ``heard``."""

    def __init__(self, layout: Layout) -> None:
        self.frames = self.readiness_frames = 0
        self.last: CanFrame | None = None
        """Newest DMS_TakeoverReady."""
        self._messages: dict[tuple[int, bool], tuple[Message, Checker]] = {}
        for name in ("DMS_TakeoverReady", "DMS_DriverState"):
            message = layout[name]
            assert message.protection is not None, f"{name} has no E2E profile"
            self._messages[message.can_id, message.extended] = message, Checker(message.protection)
        self._labels: dict[str, tuple[float, str]] = {}

    def feed(self, frame: CanFrame, t: float) -> None:
        """Take one frame, received at ``t``."""
        self.frames += 1
        found = self._messages.get((frame.can_id, frame.extended))
        if found is None or len(frame.data) != found[0].length:
            return
        message, checker = found
        if message.name == "DMS_TakeoverReady":
            self.readiness_frames, self.last = self.readiness_frames + 1, frame
        if not checker.check(frame.data).good:
            return
        for name, code in message.unpack(frame.data).items():
            if label := message.signals[name].label(code):
                self._labels[name] = t, label
            else:
                self._labels.pop(name, None)

    def heard(self, t: float) -> Heard:
        """What the car tells the driver at ``t``."""
        eyes, wake = _REQUEST.get(self._label("Req_EyesOn", t), 0), _WAKE_UP.get(self._label("Req_WakeUp", t), 0)
        warning = self._warning(t, eyes, wake)
        return Heard(
            warning=warning,
            stage=max(eyes, wake, 1) if warning is not None else 0,
            take_control=self._label("Req_TakeControl", t) == "Yes",
            hands_on=_REQUEST.get(self._label("Req_HandsOn", t), 0),
            eyes_on=eyes,
            wake_up=wake,
        )

    def _warning(self, t: float, eyes: int, wake: int) -> WarningClass | None:
        """The bus tells requests, not classes: those with a wake-up differ by its stage and by the eyes being asked for."""
        if wake == 1:
            return "microsleep" if eyes else "drowsy"
        if wake:
            return "sleep" if wake == 2 else "unresponsive"
        return _DISTRACTION.get(self._label("Distr_Type", t))

    def _label(self, name: str, t: float) -> str:
        at, label = self._labels.get(name, (-1e9, ""))
        return label if 0.0 <= t - at <= TIMEOUT_S else ""


class TappedBus:
    """A port whose received frames also go to ears; ``now`` is the time they are heard at."""

    def __init__(self, bus: Bus, ears: Ears) -> None:
        self.now = 0.0
        self._bus, self._ears = bus, ears

    @property
    def counts(self) -> BusCounts:
        """Those of the port."""
        return self._bus.counts

    @counts.setter
    def counts(self, value: BusCounts) -> None:
        self._bus.counts = value

    def send(self, frame: CanFrame) -> bool:
        """Hand over one frame."""
        return self._bus.send(frame)

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        """The next frame."""
        frame = self._bus.receive(timeout_s)
        if frame is not None:
            self._ears.feed(frame, self.now)
        return frame

    def close(self) -> None:
        """Release the port."""
        self._bus.close()
