"""Test vectors for a receiver that somebody else writes: protected frames, and traces with what to believe of them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from dms.bus.codes import REASONS
from dms.bus.contract.c_source import MEMBERS, STATEMENT, e2e_fields
from dms.bus.e2e_profiles import Profile, Profile1, Profile2, Profile5, Profile11, Profile22
from dms.bus.layout import Layout, Message
from dms.bus.messages import Encoder
from dms.bus.port import CanFrame
from dms.bus.receiver import TakeoverReceiver, TakeoverStatement
from dms.bus.samples import EncodingParameters, Sample
from dms.records import Availability, Health, TakeoverReadiness

DOUBTS = (
    "no data", "communication ", "last good frame ", "monitoring ", "driver ", "picture age ", "picture ", "camera counter ",
    "level ", "driver not present",
)  # fmt: skip
"""Beginnings of the receiver's words; the position is the bit of ``DMS_DOUBT_`` in C."""

_IDS = bytes(range(1, 17))
_LENGTHS = (3, 8, 12, 16, 24, 32, 48, 64)


def e2e_vectors() -> Iterator[str]:
    """Lines: profile, data id mode, data id, data id list or ``-``, counter, payload, protected frame."""
    profiles: list[Profile] = [Profile1(0x123, mode) for mode in ("both", "alternating", "low", "nibble")]
    profiles += [Profile2(_IDS), Profile5(0x1234), Profile11(0x123), Profile11(0x123, "nibble"), Profile22(_IDS)]
    for profile in profiles:
        mode, data_id, data_ids = e2e_fields(profile)
        for number, length in enumerate(_LENGTHS):
            counter = (number * 37) % profile.counter_period if number else 0
            payload = bytes(length) if number % 2 == 0 else bytes((7 * i + number) % 256 for i in range(length))
            golden = profile.protect(payload, counter)
            listed = data_ids.hex() or "-"
            yield f"{profile.name} {mode} {data_id:x} {listed} {counter} {payload.hex()} {golden.hex()}"


def line(t: float, check: str, statement: TakeoverStatement, message: Message) -> str:
    """What ``dms_monitor`` in C prints of a statement; ``check`` is the verdict on the frame, or ``other``."""
    doubts = sum(1 << bit for bit in {_doubt(words) for words in statement.because})
    words = [str(round(t * 1e6)), check, statement.e2e.value, "ready" if statement.ready else "no", f"{doubts:03x}"]
    age = statement.sample_age_s
    words.append("-" if age is None else "+" if age == float("inf") else str(round(age * 1e6)))
    words += [_code(message, member, value) for member, value in _values(statement).items()]
    words.insert(-2, _reasons(statement) if not doubts & _UNTRUSTED else "-")
    flags = (statement.present, statement.available, statement.take_control, statement.safe_stop)
    return " ".join(words + ["-" if flag is None else "yes" if flag else "no" for flag in flags])


_UNTRUSTED = 0b111
"""The doubts about the communication itself."""


def _doubt(words: str) -> int:
    """Bit of a doubt; the longest beginning that fits."""
    return max((bit for bit, start in enumerate(DOUBTS) if words.startswith(start)), key=lambda bit: len(DOUBTS[bit]))


def _values(statement: TakeoverStatement) -> dict[str, str | float | None]:
    return {
        "level": statement.level, "operating": statement.operating, "readiness": statement.readiness,
        "score": _percent(statement.score), "confidence": _percent(statement.confidence),
        "takeover_time": statement.takeover_time_s, "frame_counter": statement.frame_counter,
        "acknowledged": statement.acknowledged,
    }  # fmt: skip


def _code(message: Message, member: str, value: str | float | None) -> str:
    """The raw code that stands for a value."""
    if value is None:
        return "-"
    signal = message.signals[MEMBERS[member]]
    if isinstance(value, str):
        return str(signal.names[value])
    return "+" if value == float("inf") else str(signal.code(value))


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100.0


def _reasons(statement: TakeoverStatement) -> str:
    if "not_available" in statement.reasons:
        return "-"
    return str(sum(1 << REASONS.index(word) for word in statement.reasons))


def lines(layout: Layout, trace: Iterable[tuple[float, CanFrame]]) -> Iterator[str]:
    """What a receiver has to believe after each frame of a trace."""
    receiver, message = TakeoverReceiver(layout), layout[STATEMENT]
    for t, frame in trace:
        verdict = receiver.feed(frame, t)
        statement = receiver.statement(t)
        yield line(t, "other" if verdict is None else verdict.value, statement, message)


class Story:
    """A trace with everything a receiver has to cope with, each for so many cycles; built by an encoder, so always the same."""

    def __init__(self, layout: Layout) -> None:
        self.trace: list[tuple[float, CanFrame]] = []
        # It sends old pictures as they are, so that the receiver has to see to them.
        self._encoder, self._message = Encoder(layout, EncodingParameters(stale_after_s=1.0)), layout[STATEMENT]
        self._cycle, self._count = 0, 0

    def tell(self) -> list[tuple[float, CanFrame]]:
        """The whole of it."""
        bent, whole = self._bent, self._message.length
        self.cycles(8).cycles(3, level=3, readiness="ready_delayed").cycles(4)
        self.cycles(1, keep=lambda _: None).cycles(4)  # one lost
        self.cycles(2, keep=lambda _: None).cycles(4).cycles(4, keep=lambda _: None).cycles(8)  # two lost, silence, trust again
        self.cycles(3, keep=lambda _: self.trace[-1][1]).cycles(8)  # repeated
        self.cycles(2, keep=bent(lambda data: data[:-1] + bytes([data[-1] ^ 1]))).cycles(4)  # flipped bits
        self.cycles(4, keep=bent(lambda _: bytes(whole))).cycles(8).cycles(4, keep=bent(lambda _: b"\xff" * whole)).cycles(8)
        self.cycles(1, keep=bent(lambda data: data[:-1])).cycles(4)  # too short
        self.cycles(4, age=0.14).cycles(4, age=0.3).cycles(8)  # an old picture
        self.cycles(8, still=True).cycles(4)  # a camera that stands still
        self.cycles(4, counter=False).cycles(4)  # no camera counter
        self.cycles(3, health=Health(state="fault")).cycles(8).cycles(3, health=Health(state="degraded")).cycles(4)
        old = self.trace[-20][1]
        self.cycles(1, keep=lambda _: old).cycles(8).cycles(3, availability=Availability()).cycles(4)  # replayed, not available
        self._cycle += 100
        self.cycles(8)
        return self.trace

    def cycles(
        self, number: int, keep: Callable[[CanFrame], CanFrame | None] = lambda frame: frame, age: float = 0.04,
        still: bool = False, counter: bool = True, **state: object,
    ) -> "Story":  # fmt: skip
        """So many cycles of 50 ms; ``keep`` gives what reaches the receiver, a frame of another id stands for silence."""
        for _ in range(number):
            t = 10.0 + self._cycle * 0.05
            self._cycle += 1
            self._count += not still
            frame = self._encoder.takeover_ready(self._sample(t - age, self._count if counter else None, state), t)
            self.trace.append((t, keep(frame) or CanFrame(0x7FF, b"")))
        return self

    def _sample(self, captured: float, counter: int | None, changes: dict[str, object]) -> Sample:
        usual: dict[str, object] = {
            "t": captured, "readiness": "ready", "level": 4, "readiness_score": 0.9, "confidence": 0.8, "takeover_time_s": 1.5,
            "health": Health(state="ready"), "availability": Availability(available=True),
        }  # fmt: skip
        return Sample(state=TakeoverReadiness(**{**usual, **changes}), captured=captured, frame_counter=counter)  # type: ignore[arg-type]

    @staticmethod
    def _bent(change: Callable[[bytes], bytes]) -> Callable[[CanFrame], CanFrame]:
        return lambda frame: replace(frame, data=change(frame.data))
