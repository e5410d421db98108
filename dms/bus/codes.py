"""Records -> raw signal codes of the readiness and driver state messages. ``None`` is sent as SNA, never as 0.

Every function takes the message description and gives a code for each of its signals.
"""

import math

from dms.bus.layout import COUNTER, CRC, Message
from dms.bus.samples import EncodingParameters, Sample
from dms.records import Eye, Health, Observation, TakeoverReadiness

REASONS = (
    "eyes_off_road", "eyes_closed", "head_away", "drowsy", "microsleep", "asleep", "phone", "hands_busy", "out_of_seat",
    "no_face", "several_faces", "eyes_occluded", "camera_degraded", "unresponsive", "not_calibrated",
    "system_degraded",
)  # fmt: skip
"""Names of the bits of TkoRdy_Reason. A word of ``health.reasons`` that is one of these sets its bit."""

_OPERATING = {
    "init": "Init", "calibrating": "Calibrating", "ready": "Active", "degraded": "Degraded", "blocked": "Blocked",
    "fault": "Fault", "off": "Off",
}  # fmt: skip
_READINESS = {
    "ready": "Ready", "ready_delayed": "ReadyDelayed", "not_ready": "NotReady", "impaired": "Impaired",
    "unresponsive": "Unresponsive", "unknown": "NotDetermined",
}  # fmt: skip
_ENGAGEMENT = ("NotDetermined", "Disengaged", "Disengaged", "Distracted", "Attentive", "Attentive")
_REQUEST = ("None", "Request", "Escalated")
_WAKE_UP = ("None", "Stage1", "Stage2", "Stage3")
_ZONES = {
    "road": "Road", "cluster": "Cluster", "infotainment": "Infotainment", "rear_mirror": "RearMirror",
    "driver_mirror": "DriverMirror", "passenger_mirror": "PassengerMirror", "driver_window": "DriverWindow",
    "passenger_window": "PassengerWindow", "lap": "LapOrFootwell", "knee": "LapOrFootwell", "footwell": "LapOrFootwell",
    "phone": "Phone", "passenger": "PassengerSide", "glovebox": "PassengerSide", "rear_seat": "RearSeat", "roof": "Other",
    "other": "Other", "unknown": "NotDetermined",
}  # fmt: skip
_DISTRACTION = {
    None: "None", "long_distraction": "LongDistraction", "short_distraction": "ShortDistraction", "phone": "Phone",
    "hands_off": "HandsOff",
}  # fmt: skip
_CRITERIA = {
    "vehicle_input": "Avail_AgeVehicle", "blink": "Avail_AgeBlink", "eye_closure": "Avail_AgeEye",
    "head_movement": "Avail_AgeHead", "body_movement": "Avail_AgeBody",
}  # fmt: skip
_WARNING_REASON = {
    "drowsy": "drowsy", "microsleep": "microsleep", "sleep": "asleep", "phone": "phone", "unresponsive": "unresponsive",
    "camera": "camera_degraded",
}  # fmt: skip


class Codes(dict[str, int]):
    """Codes of one message under construction; starts as "nothing available". A signal that a short message lacks is left out."""

    def __init__(self, message: Message) -> None:
        super().__init__({name: signal.code(None) for name, signal in message.signals.items() if name not in (CRC, COUNTER)})
        self._signals = message.signals

    def raw(self, name: str, code: int) -> None:
        """A code as it is."""
        if name in self._signals:
            self[name] = code

    def number(self, name: str, value: float | None) -> None:
        """A physical value."""
        if name in self._signals:
            self[name] = self._signals[name].code(value)

    def word(self, name: str, label: str | None) -> None:
        """A value by its name in the value table."""
        if name in self._signals:
            self[name] = self._signals[name].names["SNA" if label is None else label]

    def flag(self, name: str, value: bool | None) -> None:
        """Unknown, No, Yes of two bits."""
        self.word(name, None if value is None else "Yes" if value else "No")

    def wrapped(self, name: str, count: int | None) -> None:
        """A free running counter: as many steps as the signal's range has."""
        if name in self._signals:
            span = int(self._signals[name].high) + 1
            self.number(name, None if count is None else count % span)


def percent(probability: float | None) -> float | None:
    """0..1 -> 0..100."""
    return None if probability is None else probability * 100.0


def likely(probability: float | None, limit: float) -> bool | None:
    """Yes or no of a probability; ``None`` stays unknown."""
    return None if probability is None else probability >= limit


def takeover_ready(message: Message, sample: Sample | None, now: float, ack: int | None, p: EncodingParameters) -> Codes:
    """DMS_TakeoverReady. Only a fresh sample of a healthy chain can say Ready; no sample at all says Init.

    Args:
        message: the message description.
        sample: the newest one, or ``None`` before the first.
        now: s, when this frame is built; the sample age is measured to here.
        ack: counter of the last takeover request received.
        p: limits.
    """
    codes = Codes(message)
    codes.number("TOR_AckCnt", ack)
    codes.word("DMS_OperSt", "Init")
    codes.word("TkoRdy_St", "NotDetermined")
    codes.word("TkoRdy_Lvl", "Unknown")
    if sample is None:
        return codes
    age = now - sample.captured
    codes.raw("Smpl_Age", _age_code(message, age))
    codes.wrapped("Smpl_FrameCnt", sample.frame_counter)
    fresh = 0.0 <= age <= p.stale_after_s  # NaN and the future are not fresh
    operating = _OPERATING[sample.state.health.state]
    if not fresh and operating in ("Active", "Degraded"):
        operating = "TempUnavailable"
    codes.word("DMS_OperSt", operating)
    if operating not in ("Active", "Degraded"):
        _void(codes, sample, operating)
    else:
        _statement(codes, sample, operating, p)
    return codes


def _void(codes: Codes, sample: Sample, operating: str) -> None:
    """No evidence about the driver: all else stays SNA."""
    codes.raw("TkoRdy_Reason", _bits(set(sample.state.health.reasons) | _unwell(sample.state.health, operating)))
    if operating == "Fault":
        codes.word("TkoRdy_St", "Faulty")


def _unwell(health: Health, operating: str) -> set[str]:
    """Which part is not well. A picture too old is the camera's until something else is known to be the cause."""
    if operating in ("Init", "Off", "Calibrating"):
        return {"not_calibrated"} if operating == "Calibrating" else set()
    parts = health.parts or (["camera"] if operating != "Active" else [])
    return {f"{part}_degraded" for part in parts}


def _age_code(message: Message, age: float) -> int:
    """Rounded up: never younger than the truth. A picture from the future (or NaN) has no usable age."""
    if not age >= 0.0:
        return message.signals["Smpl_Age"].code(None)
    step = message.signals["Smpl_Age"].factor
    return message.signals["Smpl_Age"].code(min(math.ceil(age * 1e3 / step - 1e-6) * step, 1e6))


def _statement(codes: Codes, sample: Sample, operating: str, p: EncodingParameters) -> None:
    state = sample.state
    readiness = _READINESS[state.readiness]
    codes.word("TkoRdy_St", readiness)
    codes.number("TkoRdy_Score", percent(state.readiness_score))
    codes.number("TkoRdy_Conf", percent(state.confidence))
    codes.number("TkoRdy_TimeEst", state.takeover_time_s)
    codes.raw("TkoRdy_Reason", _bits(reasons(sample, p)))
    codes.number("TkoRdy_Lvl", state.level)
    codes.word("DrvEngage_St", _ENGAGEMENT[state.level])
    codes.flag("DrvPresent_St", _present(sample))
    codes.flag("DrvHandsFree_St", _hands_free(sample, p))
    codes.flag("DrvAvail_St", state.availability.available)
    codes.word("Req_HandsOn", _REQUEST[state.requests.hands_on])
    codes.word("Req_EyesOn", _REQUEST[state.requests.eyes_on])
    codes.flag("Req_TakeControl", state.requests.take_control)
    codes.flag("Req_SafeStop", state.requests.safe_stop)
    codes.word("Req_WakeUp", _WAKE_UP[state.requests.wake_up])


def _present(sample: Sample) -> bool | None:
    """A face not seen is not yet an empty seat: only level 1 says absent."""
    if sample.state.level:
        return sample.state.level > 1
    face = sample.observation.face if sample.observation else None
    return True if face and face.present else None


def _hands_free(sample: Sample, p: EncodingParameters) -> bool | None:
    objects = sample.observation.objects if sample.observation else None
    if objects and likely(objects.phone, p.likely):
        return False
    return True if sample.state.level == 5 else None


def reasons(sample: Sample, p: EncodingParameters) -> set[str]:
    """Names of the reasons against readiness that the records show."""
    state, observation = sample.state, sample.observation
    eyes = eyes_state(observation, p)
    found = {
        "eyes_off_road": (state.attention.eyes_off_road_s or 0.0) > 0.0,
        "eyes_closed": eyes == "Closed",
        "microsleep": state.drowsiness.event == "microsleep",
        "asleep": state.drowsiness.event == "sleep",
        "phone": state.attention.zone == "phone",
        "out_of_seat": state.level == 1,
        "no_face": bool(observation and observation.face and not observation.face.present),
        "eyes_occluded": eyes == "Occluded",
        "unresponsive": state.readiness == "unresponsive",
    }
    words = {name for name, seen in found.items() if seen} | set(state.health.reasons)
    words |= _unwell(state.health, _OPERATING[state.health.state])
    if state.warning.class_ in _WARNING_REASON:
        words.add(_WARNING_REASON[state.warning.class_])
    return words


def _bits(words: set[str]) -> int:
    return sum(1 << bit for bit, name in enumerate(REASONS) if name in words)


def eyes_state(observation: Observation | None, p: EncodingParameters) -> str | None:
    """Open, Closed, OneClosed, Occluded or NotDetermined; ``None`` without a face or eyes."""
    if observation is None or not observation.eyes:
        return None
    shut = [_shut(eye, p) for eye in observation.eyes.values()]
    seen = [s for s in shut if s is not None]
    if not seen:
        hidden = all(e.visible is not None and e.visible < p.likely for e in observation.eyes.values())
        return "Occluded" if hidden else "NotDetermined"
    if all(seen):
        return "Closed" if len(seen) == len(shut) else "OneClosed"
    return "OneClosed" if any(seen) else "Open"


def _shut(eye: Eye, p: EncodingParameters) -> bool | None:
    return None if eye.visible is not None and eye.visible < p.likely else likely(eye.closed, p.likely)


def driver_state(message: Message, sample: Sample | None, now: float, p: EncodingParameters) -> Codes:
    """DMS_DriverState; all SNA without a fresh sample."""
    codes = Codes(message)
    if sample is None or not 0.0 <= now - sample.captured <= p.stale_after_s:
        return codes
    state = sample.state
    _drowsiness(codes, state)
    _attention(codes, state)
    _availability(codes, state, p)
    if sample.observation is not None:
        _face(codes, sample.observation, p)
    codes.flag("Belt_St", sample.vehicle.belt if sample.vehicle else None)
    return codes


def _drowsiness(codes: Codes, state: TakeoverReadiness) -> None:
    d = state.drowsiness
    codes.number("Drows_Lvl", d.kss)
    codes.number("Drows_Conf", percent(state.confidence))
    codes.number("Perclos", percent(d.perclos_60s))
    codes.number("BlinkRate", d.blinks_60s)
    codes.number("BlinkDur", None if d.mean_closure_s is None else d.mean_closure_s * 1e3)
    codes.word("Impair_Lvl", _impairment(state))


def _impairment(state: TakeoverReadiness) -> str | None:
    if state.readiness == "unresponsive":
        return "Incapacitated"
    event, kss = state.drowsiness.event, state.drowsiness.kss
    if event in ("microsleep", "sleep"):
        return "Microsleep" if event == "microsleep" else "Asleep"
    if kss is None:
        return None
    if round(kss) >= 5:
        return f"Drowsy{round(kss) - 4}"
    return None if state.drowsiness.baseline == "learning" else "Alert"


def _attention(codes: Codes, state: TakeoverReadiness) -> None:
    a = state.attention
    codes.number("EyesOff_Dur", a.eyes_off_road_s)
    codes.number("EyesOff_Cum30", a.cumulative_off_30s)
    codes.word("Attn_Zone", _ZONES[a.zone])
    codes.flag("Attn_St", a.attentive)
    # A warning of another class (drowsiness, camera) says nothing about distraction.
    codes.word("Distr_Type", _DISTRACTION.get(state.warning.class_, "NotDetermined"))


def _availability(codes: Codes, state: TakeoverReadiness, p: EncodingParameters) -> None:
    ages = state.availability.criteria
    bits = 0
    for bit, (criterion, signal) in enumerate(_CRITERIA.items()):
        age = ages.get(criterion)
        codes.number(signal, age)
        bits |= (age is not None and age <= p.availability_window_s) << bit
    codes.raw("Avail_Criteria", bits)
    codes.number("Avail_Valid", state.availability.valid)
    codes.number("Avail_Monitorable", state.availability.monitorable)


def _face(codes: Codes, observation: Observation, p: EncodingParameters) -> None:
    eyes = observation.eyes or {}
    for side, signal in (("left", "EyeOpen_L"), ("right", "EyeOpen_R")):
        codes.number(signal, percent(eyes[side].openness) if side in eyes else None)
    codes.word("Eyes_St", eyes_state(observation, p))
    if observation.mouth is not None:
        codes.flag("Yawn_St", likely(observation.mouth.yawn, p.likely))
    if observation.objects is not None:
        codes.flag("Phone_St", likely(observation.objects.phone, p.likely))
        codes.flag("Mask_St", likely(observation.objects.mask, p.likely))
        codes.flag("Sungls_St", likely(observation.objects.sunglasses, p.likely))
