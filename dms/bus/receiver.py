"""The reference receiver: what a Level 3 controller runs to hear the driver monitoring.

Whatever is missing, late, repeated, corrupt, not available or of unknown meaning is "not ready". It cannot tell a recorded drive
that is played back in full from a live one: that takes message authentication, which end-to-end protection is not.

It hears the message set for CAN FD and the one for classic CAN; what the short frame lacks stays ``None``. Times are taken in
whole microseconds, so that a receiver in another language decides the same at every limit.
"""

from dataclasses import dataclass, field

from dms.bus.codes import REASONS
from dms.bus.e2e import Check, Checker, E2EParameters, State, StateMachine
from dms.bus.layout import Layout, Message
from dms.bus.port import CanFrame
from dms.errors import UsageError

READY_LEVEL = 4
"""Attentive; see the level's value table in the DBC."""
NO_REASONS = 0xFFFF
"""TkoRdy_Reason not available, or not in the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverParameters:
    """Limits of the receiver, as data.

    Attributes:
        deadline_s: without a good frame for longer there is no statement (three cycles of 50 ms).
        max_sample_age_s: an older picture behind the statement is no evidence.
        e2e: limits of the end-to-end check.
    """

    deadline_s: float = 0.150
    max_sample_age_s: float = 0.200
    e2e: E2EParameters = field(default_factory=E2EParameters)

    @property
    def deadline_us(self) -> int:
        """``deadline_s`` in microseconds."""
        return microseconds(self.deadline_s)

    @property
    def max_sample_age_us(self) -> int:
        """``max_sample_age_s`` in microseconds."""
        return microseconds(self.max_sample_age_s)


def microseconds(seconds: float) -> int:
    """The nearest whole microsecond."""
    return round(seconds * 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverStatement:
    """What the controller may believe at one moment; the default is "not ready".

    All fields but ``ready``, ``because``, ``e2e`` and ``check`` are ``None`` (or empty) unless the communication is trusted.

    Attributes:
        ready: the driver can take over now. Everything else is for display and strategy.
        because: why not ready, most important first; empty when ready.
        e2e: state of the communication.
        check: verdict on the last expected frame.
        operating: name of the monitoring's operating state.
        readiness: name of the readiness.
        level: 0..5.
        score: 0..1.
        confidence: 0..1.
        takeover_time_s: estimate; ``inf`` is "longer than can be sent".
        reasons: words against readiness.
        sample_age_s: age of the picture now: when the frame was built and since; ``inf`` is "older than can be sent".
        frame_counter: of that picture.
        available: in the sense of UN R157.
        present: driver seen in the seat.
        acknowledged: counter of the takeover request last heard.
        take_control: the monitoring asks for a direct control alert.
        safe_stop: the monitoring asks for a safe stop.
    """

    ready: bool = False
    because: tuple[str, ...] = ("no data",)
    e2e: State = State.NODATA
    check: Check = Check.NO_NEW_DATA
    operating: str | None = None
    readiness: str | None = None
    level: int | None = None
    score: float | None = None
    confidence: float | None = None
    takeover_time_s: float | None = None
    reasons: tuple[str, ...] = ()
    sample_age_s: float | None = None
    frame_counter: int | None = None
    available: bool | None = None
    present: bool | None = None
    acknowledged: int | None = None
    take_control: bool | None = None
    safe_stop: bool | None = None


class TakeoverReceiver:
    """Hears DMS_TakeoverReady. Give it every frame with ``feed``, ask with ``statement``; both take the receiver's own time."""

    def __init__(self, layout: Layout, parameters: ReceiverParameters | None = None) -> None:
        """Start with nothing heard.

        Raises:
            UsageError: DMS_TakeoverReady is not in the message set, or not protected.
        """
        self.parameters = parameters or ReceiverParameters()
        self.verdicts = dict.fromkeys(Check, 0)
        self._message: Message = layout["DMS_TakeoverReady"]
        if self._message.protection is None:
            raise UsageError(f"{self._message.name} has no E2EProfile in the DBC; nothing of it could be trusted")
        self._checker = Checker(self._message.protection, self.parameters.e2e.max_delta_counter)
        self._machine = StateMachine(self.parameters.e2e)
        self._check = Check.NO_NEW_DATA
        self._data: bytes | None = None
        self._counter: float | None = None
        self._cycle = microseconds(self._message.cycle_s)
        self._deadline, self._max_age = self.parameters.deadline_us, self.parameters.max_sample_age_us
        self._counter_at: int | None = None
        self._good_at = 0
        self._expected: int | None = None

    @property
    def state(self) -> State:
        """State of the communication as of the last call."""
        return self._machine.state

    def feed(self, frame: CanFrame, t: float) -> Check | None:
        """Take one frame from the bus, received at ``t``; ``None``: it is another message.

        A wrong length, or the right id in another frame format, counts as ERROR like a wrong CRC.
        """
        if (frame.can_id, frame.extended) != (self._message.can_id, self._message.extended):
            return None
        now = microseconds(t)
        self._note_silence(now)
        whole = len(frame.data) == self._message.length and frame.fd == self._message.fd
        verdict = self._checker.check(frame.data) if whole else Check.ERROR
        self._take(verdict)
        self._expected = now + self._cycle
        if verdict.good:
            self._data, self._good_at = frame.data, now
            self._note_counter(now)
        return verdict

    def statement(self, t: float) -> TakeoverStatement:
        """What may be believed at time ``t``."""
        now = microseconds(t)
        self._note_silence(now)
        doubts = self._doubts(now)
        if doubts or self._data is None:
            return TakeoverStatement(because=doubts, e2e=self.state, check=self._check)
        return self._decode(self._message.unpack(self._data), now)

    def _note_counter(self, now: int) -> None:
        """When the camera's counter last moved: a picture told again and again is no fresh evidence, whatever age it claims."""
        assert self._data is not None
        counter = self._number(self._message.unpack(self._data), "Smpl_FrameCnt")
        if self._counter_at is None or counter != self._counter:
            self._counter, self._counter_at = counter, now

    def _take(self, verdict: Check) -> None:
        self._check = verdict
        self.verdicts[verdict] += 1
        self._machine.step(verdict)

    def _note_silence(self, now: int) -> None:
        """One NO_NEW_DATA for each frame that is overdue by half a cycle; no more than matter after a long pause."""
        if self._expected is None:
            self._expected = now
        overdue = max(0, (now - self._expected + self._cycle // 2) // self._cycle)
        for _ in range(min(overdue, self.parameters.e2e.window)):
            self._take(Check.NO_NEW_DATA)
        self._expected += overdue * self._cycle
        if self._data is not None and now - self._good_at > self._deadline:
            self._machine.time_out()

    def _doubts(self, now: int) -> tuple[str, ...]:
        """Why the communication itself cannot be trusted."""
        if self._data is None:
            return ("no data",)
        since = now - self._good_at
        found = []
        if self.state is not State.VALID:
            found.append(f"communication {self.state.value}")
        if not 0 <= since <= self._deadline:
            found.append(f"last good frame {since / 1e6:.3f} s ago")
        return tuple(found)

    def _decode(self, codes: dict[str, int], now: int) -> TakeoverStatement:
        label, number = self._label, self._number
        age = number(codes, "Smpl_Age")
        counter = number(codes, "Smpl_FrameCnt")
        level, ack = _whole(number(codes, "TkoRdy_Lvl")), _whole(number(codes, "TOR_AckCnt"))
        score, confidence = number(codes, "TkoRdy_Score"), number(codes, "TkoRdy_Conf")
        age_us = None if age is None else age * 1e3 + now - self._good_at  # at build, and what has passed since
        operating, readiness = label(codes, "DMS_OperSt"), label(codes, "TkoRdy_St")
        against = self._against(operating, readiness, age_us, counter) + self._contradictions(codes, level, now)
        return TakeoverStatement(
            ready=not against,
            because=against,
            e2e=self.state,
            check=self._check,
            operating=operating,
            readiness=readiness,
            level=level,
            score=None if score is None else score / 100.0,
            confidence=None if confidence is None else confidence / 100.0,
            takeover_time_s=number(codes, "TkoRdy_TimeEst"),
            reasons=reasons(codes.get("TkoRdy_Reason", NO_REASONS)),
            sample_age_s=None if age_us is None else age_us / 1e6,
            frame_counter=_whole(counter),
            available=self._flag(codes, "DrvAvail_St"),
            present=self._flag(codes, "DrvPresent_St"),
            acknowledged=ack,
            take_control=self._flag(codes, "Req_TakeControl"),
            safe_stop=self._flag(codes, "Req_SafeStop"),
        )

    def _against(
        self, operating: str | None, readiness: str | None, age_us: float | None, counter: float | None
    ) -> tuple[str, ...]:
        """Why a trusted frame does not say "ready"."""
        found = []
        if operating != "Active":
            found.append(f"monitoring {operating}")
        if readiness != "Ready":
            found.append(f"driver {readiness}")
        if age_us is None or counter is None:
            found.append("picture age or counter not available")
        elif age_us > self._max_age:
            found.append(f"picture {age_us / 1e6:.3f} s old")
        return tuple(found)

    def _contradictions(self, codes: dict[str, int], level: int | None, now: int) -> tuple[str, ...]:
        """What else in the frame does not go with "ready"."""
        found = []
        still = now - (self._counter_at or 0)
        if still > self._max_age:
            found.append(f"camera counter stands still for {still / 1e6:.3f} s")
        if level is None or level < READY_LEVEL:
            found.append(f"level {level}")
        if self._flag(codes, "DrvAvail_St") is not True or self._flag(codes, "DrvPresent_St") is not True:
            found.append("driver not present and available")
        return tuple(found)

    def _label(self, codes: dict[str, int], name: str) -> str | None:
        """Name of the code; SNA and codes without a name are ``None``."""
        found = self._message.signals[name].label(codes[name])
        return None if found == "SNA" else found

    def _number(self, codes: dict[str, int], name: str) -> float | None:
        """Physical value; Longer and Older are infinity; SNA, Error and a signal the message lacks ``None``."""
        signal = self._message.signals.get(name)
        if signal is None:
            return None
        if signal.label(codes[name]) in ("Longer", "Older"):
            return float("inf")
        return signal.value(codes[name])

    def _flag(self, codes: dict[str, int], name: str) -> bool | None:
        return {"Yes": True, "No": False}.get(self._label(codes, name) or "")


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def reasons(bits: int) -> tuple[str, ...]:
    """Words of the reason bit field; ``not_available`` when the field is."""
    if bits == NO_REASONS:
        return ("not_available",)
    return tuple(name for bit, name in enumerate(REASONS) if bits >> bit & 1)
