"""The controller's ears: DMS_TakeoverReady, checked and decoded by its own code, to what it may believe.

Whatever is missing, late, repeated, corrupt, not available or of unknown meaning is "not ready". Limits are held in whole
microseconds, as by the product's receivers.
"""

from typing import Any

from dms.bus.codes import REASONS
from dms.bus.e2e import Check, State
from dms.bus.layout import Layout
from dms.bus.port import CanFrame
from dms.bus.receiver import ReceiverParameters, TakeoverStatement
from hil.controller.e2e import Sequence, Trust

_ATTENTIVE = 4
_UNKNOWN = ("SNA", "Error", None)


class Hearing:
    """Give it every frame with ``feed``, ask with ``statement``; both take the controller's own time."""

    def __init__(self, layout: Layout, parameters: ReceiverParameters | None = None) -> None:
        self.parameters = parameters or ReceiverParameters()
        self.verdicts = dict.fromkeys(Check, 0)
        message = layout["DMS_TakeoverReady"]
        self._id, self._length, self._fd = (message.can_id, message.extended), message.length, message.fd
        self._cycle, self._codec = round(message.cycle_s * 1e6), message.codec
        self._deadline = round(self.parameters.deadline_s * 1e6)
        self._oldest = round(self.parameters.max_sample_age_s * 1e6)
        self._sequence = Sequence(message.protection, self.parameters.e2e.max_delta_counter)
        self._trust = Trust(self.parameters.e2e)
        self._last = Check.NO_NEW_DATA
        self._values: dict[str, Any] | None = None
        self._good_at = self._picture_at = 0
        self._due: int | None = None

    @property
    def state(self) -> State:
        """Trust in the sender as of the last call."""
        return self._trust.state

    def feed(self, frame: CanFrame, t: float) -> Check | None:
        """Take one frame, received at ``t``; ``None``: another message."""
        if (frame.can_id, frame.extended) != self._id:
            return None
        now = round(t * 1e6)
        self._missing(now)
        fits = len(frame.data) == self._length and frame.fd == self._fd
        verdict = self._sequence.verdict(frame.data) if fits else Check.ERROR
        self._note(verdict)
        self._due = now + self._cycle
        if verdict in (Check.OK, Check.OK_SOME_LOST):
            self._take(frame.data, now)
        return verdict

    def statement(self, t: float) -> TakeoverStatement:
        """What may be believed at ``t``."""
        now = round(t * 1e6)
        self._missing(now)
        values, silent = self._values, now - self._good_at
        if values is None or self.state is not State.VALID:
            return TakeoverStatement(because=(f"communication {self.state.value}",), e2e=self.state, check=self._last)
        if silent > self._deadline:
            return TakeoverStatement(because=(f"nothing heard for {silent / 1e6:.3f} s",), e2e=self.state, check=self._last)
        return self._believed(values, now)

    def _take(self, data: bytes, now: int) -> None:
        before = None if self._values is None else self._values["Smpl_FrameCnt"]
        self._values = {name: str(v) if hasattr(v, "name") else v for name, v in self._codec.decode(data).items()}
        self._good_at = now
        if self._values["Smpl_FrameCnt"] != before:
            self._picture_at = now

    def _note(self, verdict: Check) -> None:
        self._last = verdict
        self.verdicts[verdict] += 1
        self._trust.note(verdict)

    def _missing(self, now: int) -> None:
        """Count what is overdue by half a cycle; give up trust when the deadline has passed."""
        if self._due is None:
            self._due = now
        overdue = max(0, (2 * (now - self._due) + self._cycle) // (2 * self._cycle))
        for _ in range(min(overdue, self.parameters.e2e.window)):
            self._note(Check.NO_NEW_DATA)
        self._due += overdue * self._cycle
        if self._values is not None and now - self._good_at > self._deadline and self.state is State.VALID:
            self._trust.lose()

    def _believed(self, v: dict[str, Any], now: int) -> TakeoverStatement:
        score, sure, count = (_number(v.get(name)) for name in ("TkoRdy_Score", "TkoRdy_Conf", "TOR_AckCnt"))
        level = _LEVELS.get(str(v["TkoRdy_Lvl"]))
        against, age = self._against(v, level, now), self._age(v, now)
        bits = _number(v.get("TkoRdy_Reason"))  # the classic frame has no such field
        picture = _number(v["Smpl_FrameCnt"])
        return TakeoverStatement(
            ready=not against, because=against, e2e=self.state, check=self._last, operating=_word(v["DMS_OperSt"]),
            readiness=_word(v["TkoRdy_St"]), level=level,
            score=None if score is None else score / 100.0, confidence=None if sure is None else sure / 100.0,
            takeover_time_s=_number(v.get("TkoRdy_TimeEst")),
            reasons=("not_available",) if bits is None else tuple(n for i, n in enumerate(REASONS) if int(bits) >> i & 1),
            sample_age_s=None if age is None else age / 1e6, frame_counter=None if picture is None else int(picture),
            available=_yes(v["DrvAvail_St"]), present=_yes(v["DrvPresent_St"]),
            acknowledged=None if count is None else int(count),
            take_control=_yes(v.get("Req_TakeControl")), safe_stop=_yes(v.get("Req_SafeStop")),
        )  # fmt: skip

    def _age(self, v: dict[str, Any], now: int) -> float | None:
        """Of the picture, us."""
        age = _number(v["Smpl_Age"])
        return None if age is None else age * 1e3 + now - self._good_at

    def _against(self, v: dict[str, Any], level: int | None, now: int) -> tuple[str, ...]:
        """Why a trusted frame does not say "ready"."""
        age, still = self._age(v, now), now - self._picture_at
        found = {
            f"monitoring {v['DMS_OperSt']}": v["DMS_OperSt"] != "Active",
            f"driver {v['TkoRdy_St']}": v["TkoRdy_St"] != "Ready",
            "picture without age or counter": age is None or _number(v["Smpl_FrameCnt"]) is None,
            f"picture {(age or 0.0) / 1e6:.3f} s old": age is not None and age > self._oldest,
            f"picture counter stands for {still / 1e6:.3f} s": still > self._oldest,
            f"level {level}": level is None or level < _ATTENTIVE,
            "driver not present and available": not (_yes(v["DrvAvail_St"]) and _yes(v["DrvPresent_St"])),
        }
        return tuple(text for text, holds in found.items() if holds)


_LEVELS = {"Unknown": 0, "Absent": 1, "Unavailable": 2, "AvailableEyesOff": 3, "Attentive": 4, "AttentiveHandsOn": 5}


def _number(value: Any) -> float | None:
    """A measurement; what has a name is none, but for those beyond the range."""
    if value is None or isinstance(value, str):
        return float("inf") if value in ("Longer", "Older") else None
    return float(value)


def _word(value: Any) -> str | None:
    return None if value in _UNKNOWN or not isinstance(value, str) else value


def _yes(value: Any) -> bool | None:
    return {"Yes": True, "No": False}.get(str(value))
