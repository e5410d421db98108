"""The head unit on the bus: hears protected gestures, each event once, acts, and tells its context with the acknowledgement."""

from dataclasses import dataclass

from dms.bus.e2e import Checker
from dms.bus.layout import Layout, Message
from dms.bus.messages import Protector
from dms.bus.port import Bus, CanFrame
from dms.bus.receiver import TakeoverReceiver
from dms.errors import InputError
from hil.cockpit.head_unit import HeadUnit

STATUS_S = 0.1
_ACTS = ("Start", "Repeat")


@dataclass(slots=True)
class Heard:
    """The last gesture event, for the page."""

    gesture: str = ""
    phase: str = ""
    function: str = ""
    events: int = 0
    inhibited: str = ""
    """Why the last one was without effect; empty when it was not."""


class HeadUnitNode:
    """``step`` it often; it hears what waits on the bus and speaks when it is time.

    Args:
        unit: what is steered.
        bus: its port.
        layout: message set.
    """

    def __init__(self, unit: HeadUnit, bus: Bus, layout: Layout) -> None:
        self.unit, self.heard = unit, Heard()
        self.readiness = TakeoverReceiver(layout)
        self._bus, self._layout = bus, layout
        self._message: Message = layout["DMS_Gesture"]
        protection = self._message.protection
        assert protection is not None
        self._checker = Checker(protection)
        self._protector = Protector(layout)
        self._count: int | None = None
        self._done: bool | None = None
        self._told_at = float("-inf")

    def step(self, t: float, wait_s: float = 0.0) -> None:
        """Hear everything that waits (for the first frame up to ``wait_s``), act, speak."""
        changed = False
        frame = self._bus.receive(wait_s)
        while frame is not None:
            changed |= self._hear(frame, t)
            frame = self._bus.receive(0.0)
        if changed or t - self._told_at >= STATUS_S:
            self._told_at = t
            self._bus.send(self._status())

    def _hear(self, frame: CanFrame, t: float) -> bool:
        self.readiness.feed(frame, t)
        message = self._message
        if (frame.can_id, frame.extended) != (message.can_id, message.extended) or len(frame.data) != message.length:
            return False
        if not self._checker.check(frame.data).good:
            return False
        try:
            codes = message.unpack(frame.data)
        except InputError:
            return False
        return self._act(codes)

    def _act(self, codes: dict[str, int]) -> bool:
        """An event once, however often it is repeated."""
        count = codes["Gest_EvtCnt"]
        if count == self._count or self._label(codes, "Gest_EvtCnt") in ("Error", "SNA"):
            return False
        self._count = count
        phase, function = self._label(codes, "Gest_Phase"), _snake(self._label(codes, "Gest_Fn"))
        heard = self.heard
        heard.events += 1
        heard.gesture, heard.phase = _snake(self._label(codes, "Gest_Id")), phase.lower()
        heard.inhibited = function.removeprefix("inh_") if function.startswith("inh_") else ""
        heard.function = "" if heard.inhibited else function
        if phase in _ACTS and not heard.inhibited:
            self._done = self.unit.apply(function)
        else:
            self._done = phase != "Inhibited"
            if heard.inhibited:
                self.unit.note(f"{heard.gesture}: inhibited, {heard.inhibited}")
        return True

    def _label(self, codes: dict[str, int], name: str) -> str:
        return self._message.signals[name].label(codes[name]) or ""

    def _status(self) -> CanFrame:
        names = self._layout["HMI_Status"].signals
        word = "".join(part.capitalize() for part in self.unit.context.split("_"))
        ack = "Unknown" if self._done is None else "Done" if self._done else "Refused"
        codes = {
            "Hmi_Ctx": names["Hmi_Ctx"].names[word],
            "Hmi_GestAck": names["Hmi_GestAck"].names[ack],
            "Hmi_GestCnt": names["Hmi_GestCnt"].code(None if self._count is None else float(self._count)),
        }
        return self._protector.frame("HMI_Status", codes)


def _snake(label: str) -> str:
    """``VolumeUp`` -> ``volume_up``."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in label).lstrip("_")
