"""What is heard on the bus, as signals of the timeline: the controller's belief, the cockpit's, and which messages came."""

from dms.bus.layout import Layout
from dms.bus.port import CanFrame
from dms.bus.receiver import TakeoverReceiver, TakeoverStatement
from hil.bench.timeline import Timeline
from hil.controller.e2e import Sequence
from hil.controller.handover import Decision
from hil.driver.ears import Ears

TIMEOUT_S = 0.3
"""What DMS_DriverState said last is forgotten after so long."""
_READINESS = {"NotDetermined": "unknown"}
_REQUESTS = {"None": 0.0, "Request": 1.0, "Escalated": 2.0, "Stage1": 1.0, "Stage2": 2.0, "Stage3": 3.0}
_DRIVER_NUMBERS = {"kss": "Drows_Lvl", "perclos": "Perclos", "eyes_off_s": "EyesOff_Dur", "off_30s": "EyesOff_Cum30"}
_DRIVER_WORDS = {"zone": "Attn_Zone", "attentive": "Attn_St", "eyes": "Eyes_St", "impairment": "Impair_Lvl"}

_GESTURE = {"gesture": "Gest_Id", "gesture.phase": "Gest_Phase", "gesture.function": "Gest_Fn"}


def snake(name: str) -> str:
    """``ReadyDelayed`` to ``ready_delayed``."""
    return "".join(f"_{c.lower()}" if c.isupper() and n else c.lower() for n, c in enumerate(name))


def yes_no(value: bool | None) -> str:
    """In words."""
    return "unknown" if value is None else "yes" if value else "no"


class BusRecorder:
    """Every frame of the product and every belief about them onto the timeline.

    Args:
        layout: message set.
        timeline: where to.
    """

    def __init__(self, layout: Layout, timeline: Timeline) -> None:
        self.reference = TakeoverReceiver(layout)
        """The product's reference receiver hears everything too, and must agree with the controller."""
        self.disagreements: list[str] = []
        self.ears = Ears(layout)
        self._timeline = timeline
        names = [name for name in layout.by_name if name.startswith("DMS_")]
        self._messages = {(layout[n].can_id, layout[n].extended): layout[n] for n in names}
        self._checks = {key: Sequence(message.protection) for key, message in self._messages.items()}
        self._counts = dict.fromkeys(names, 0)
        self._driver_at: float | None = None
        self._compared = 0

    def frame(self, frame: CanFrame, t: float) -> None:
        """One frame, as the controller hears it."""
        self.ears.feed(frame, t)
        if self.reference.feed(frame, t) is not None:
            self._compared = 0
        key = (frame.can_id, frame.extended)
        message = self._messages.get(key)
        if message is None or not self._checks[key].verdict(frame.data).good:
            return
        self._counts[message.name] += 1
        self._timeline.set(f"message.{message.name}", t, self._counts[message.name])
        if message.name == "DMS_DriverState":
            self._driver(message.unpack(frame.data), message, t)
        elif message.name == "DMS_Gesture":
            codes = message.unpack(frame.data)
            for name, signal in _GESTURE.items():
                self._timeline.set(name, t, snake(message.signals[signal].label(codes[signal]) or "NotDetermined"))

    def belief(self, heard: TakeoverStatement, decision: Decision, t: float) -> None:
        """What the controller believes and decides now."""
        put = self._timeline.set
        trusted = heard.operating is not None or heard.readiness is not None
        readiness = heard.readiness or "unknown"
        put("readiness", t, _READINESS.get(readiness, snake(readiness)) if trusted else "no_data")
        put("operating", t, snake(heard.operating or "unknown") if trusted else "no_data")
        put("ready", t, yes_no(heard.ready))
        put("level", t, heard.level)
        put("score", t, heard.score)
        put("takeover_time_s", t, heard.takeover_time_s)
        put("reason", t, frozenset(heard.reasons))
        put("available", t, yes_no(heard.available))
        put("present", t, yes_no(heard.present))
        put("acknowledged", t, heard.acknowledged)
        put("e2e", t, heard.e2e.value)
        put("age_ms", t, None if heard.sample_age_s is None else round(heard.sample_age_s * 1e3, 1))
        put("request.safe_stop", t, yes_no(heard.safe_stop))
        self._cockpit(t)
        put("controller", t, decision.l3_state)
        put("controller.phase", t, snake(decision.phase))
        put("controller.warning", t, yes_no(decision.availability_warning))
        put("controller.handover_ok", t, yes_no(decision.handover_ok))
        put("controller.manoeuvre", t, snake(decision.manoeuvre))
        put("controller.count", t, decision.count)
        self._compare(heard, t)

    def _cockpit(self, t: float) -> None:
        put, told = self._timeline.set, self.ears.heard(t)
        put("warning", t, told.warning or "none")
        put("request.eyes_on", t, told.eyes_on)
        put("request.hands_on", t, told.hands_on)
        put("request.wake_up", t, told.wake_up)
        put("request.take_control", t, yes_no(told.take_control))
        if self._driver_at is not None and t - self._driver_at > TIMEOUT_S:
            self._driver_at = None
            for name in (*_DRIVER_NUMBERS, *_DRIVER_WORDS):
                put(name, t, None if name in _DRIVER_NUMBERS else "unknown")

    def _driver(self, codes: dict[str, int], message: object, t: float) -> None:
        signals = message.signals  # type: ignore[attr-defined]
        self._driver_at = t
        for name, signal in _DRIVER_NUMBERS.items():
            self._timeline.set(name, t, signals[signal].value(codes[signal]))
        for name, signal in _DRIVER_WORDS.items():
            label = signals[signal].label(codes[signal])
            known = label is not None and label not in ("SNA", "Error", "NotDetermined")
            self._timeline.set(name, t, snake(label) if known else "unknown")

    def _compare(self, heard: TakeoverStatement, t: float) -> None:
        """After each frame, and every fifth time while none comes."""
        self._compared += 1
        if self._compared % 5 != 1:
            return
        other = self.reference.statement(t)
        if (other.ready, other.readiness, other.level, other.e2e) != (heard.ready, heard.readiness, heard.level, heard.e2e):
            said = f"controller {heard.e2e.value} ready={heard.ready}, reference {other.e2e.value} ready={other.ready}"
            self.disagreements.append(f"{t:.2f} s: {said}")
