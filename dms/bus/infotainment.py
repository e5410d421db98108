"""What the head unit tells: its context, and what became of gestures. Protected; what is late or corrupt is unknown."""

from dataclasses import dataclass

from dms.bus.e2e import Checker
from dms.bus.layout import Layout, Message
from dms.bus.port import CanFrame
from dms.errors import InputError

TIMEOUT_S = 0.35
"""Three cycles and a little: an older context is unknown."""
_ACK = {"Done": True, "Refused": False}


@dataclass(frozen=True, slots=True)
class HeadUnitStatus:
    """As told at one moment. ``context``: ``None`` unknown; ``count``: event number acknowledged; ``done``: ``False`` refused."""

    context: str | None = None
    count: int | None = None
    done: bool | None = None


class HeadUnitReceiver:
    """Hears HMI_Status. A message set without it knows no context."""

    def __init__(self, layout: Layout) -> None:
        self._message: Message | None = layout.by_name.get("HMI_Status")
        protection = None if self._message is None else self._message.protection
        self._checker = None if protection is None else Checker(protection)
        self._latest: tuple[float, HeadUnitStatus] | None = None

    def feed(self, frame: CanFrame, t: float) -> bool:
        """Take one frame, received at ``t``; ``False``: another message, or refused."""
        message = self._message
        if message is None or self._checker is None or (frame.can_id, frame.extended) != (message.can_id, message.extended):
            return False
        if len(frame.data) != message.length or not self._checker.check(frame.data).good:
            return False
        try:
            codes = message.unpack(frame.data)
        except InputError:
            return False
        context = message.signals["Hmi_Ctx"].label(codes["Hmi_Ctx"])
        count = message.signals["Hmi_GestCnt"].value(codes["Hmi_GestCnt"])
        done = _ACK.get(message.signals["Hmi_GestAck"].label(codes["Hmi_GestAck"]) or "")
        status = HeadUnitStatus(_word(context), None if count is None else int(count), done)
        self._latest = (t, status)
        return True

    def status(self, t: float) -> HeadUnitStatus:
        """As known at ``t``; another thread may be feeding."""
        latest = self._latest
        if latest is None or not 0.0 <= t - latest[0] <= TIMEOUT_S:
            return HeadUnitStatus()
        return latest[1]


def _word(label: str | None) -> str | None:
    """``CallIncoming`` -> ``call_incoming``; what says nothing is ``None``."""
    if label in (None, "NotDetermined", "Error", "SNA"):
        return None
    assert label is not None
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in label).lstrip("_")
