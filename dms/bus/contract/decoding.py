"""What a recorded trace says: each message checked and in physical values, and what the reference receiver believes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dms.bus.contract.c_source import STATEMENT
from dms.bus.contract.vss import LEAVES, Value
from dms.bus.e2e import Check, Checker
from dms.bus.layout import COUNTER, CRC, Layout, Message
from dms.bus.port import CanFrame
from dms.bus.receiver import TakeoverReceiver, TakeoverStatement
from dms.errors import InputError


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame of the message set, or (``message`` is ``None``) the moment at which silence ended a statement.

    Attributes:
        t: time in the trace, s.
        message: description of the frame's message.
        check: verdict of the end-to-end check; ``None``: the message is not protected.
        values: physical values and names by signal, ``None`` where not available; empty unless the frame has the right length.
        statement: what may be believed now.
    """

    t: float
    message: Message | None
    check: Check | None
    values: dict[str, float | str | None]
    statement: TakeoverStatement


@dataclass(slots=True)
class MessageCount:
    """Frames of one message: how many, from when to when, with which verdicts."""

    frames: int = 0
    first: float = 0.0
    last: float = 0.0
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, t: float, check: Check | None) -> None:
        """One more."""
        self.first = t if not self.frames else self.first
        self.last, self.frames = t, self.frames + 1
        self.verdicts[check.value if check else "not protected"] += 1

    @property
    def period_s(self) -> float | None:
        """Mean time between two frames."""
        return (self.last - self.first) / (self.frames - 1) if self.frames > 1 else None


class Decoder:
    """Reads the frames of one message set."""

    def __init__(self, layout: Layout) -> None:
        self.counts: dict[str, MessageCount] = {}
        self._layout = layout
        self._receiver = TakeoverReceiver(layout)
        self._checkers = {
            name: Checker(message.protection)
            for name, message in layout.by_name.items()
            if message.protection and name != STATEMENT
        }
        self._last: float | None = None

    def read(self, trace: Iterable[tuple[float, CanFrame]]) -> Iterator[Heard]:
        """The frames that belong to the message set, in order."""
        for t, frame in trace:
            yield from self._silence(t)
            message = self._layout.by_id.get((frame.can_id, frame.extended))
            if message is not None:
                yield self._frame(t, frame, message)

    def _silence(self, t: float) -> Iterator[Heard]:
        """The deadline may pass before the next frame of the trace."""
        if self._last is None:
            return
        ends = self._last + self._receiver.parameters.deadline_s + 1e-6
        if t > ends:
            self._last = None
            yield Heard(ends, None, None, {}, self._receiver.statement(ends))

    def _frame(self, t: float, frame: CanFrame, message: Message) -> Heard:
        whole = len(frame.data) == message.length and frame.fd == message.fd
        check: Check | None
        if message.name == STATEMENT:
            check, self._last = self._receiver.feed(frame, t), t
        elif message.name in self._checkers:
            check = self._checkers[message.name].check(frame.data) if whole else Check.ERROR
        else:
            check = None
        self.counts.setdefault(message.name, MessageCount()).add(t, check)
        values = _values(message, frame.data) if whole else {}
        return Heard(t, message, check, values, self._receiver.statement(t))


def _values(message: Message, data: bytes) -> dict[str, float | str | None]:
    """Names where the table has one for a value, else physical values."""
    found: dict[str, float | str | None] = {}
    for name, code in message.unpack(data).items():
        if name in (CRC, COUNTER):
            continue
        signal = message.signals[name]
        label = signal.label(code)
        found[name] = None if label == "SNA" else label if label is not None else signal.value(code)
    return found


def message_set(layouts: Iterable[Layout], trace: Iterable[tuple[float, CanFrame]], source: str) -> Layout:
    """The message set that a trace was recorded from: the one whose readiness is in it, by id and frame format.

    Raises:
        InputError: none of them.
    """
    choices = [(layout[STATEMENT], layout) for layout in layouts]
    for _, frame in trace:
        for message, layout in choices:
            if (frame.can_id, frame.extended, frame.fd) == (message.can_id, message.extended, message.fd):
                return layout
    told = " or ".join(f"0x{m.can_id:X} {'CAN FD' if m.fd else 'classic'}" for m, _ in choices)
    raise InputError(f"{source} has no {STATEMENT} ({told}); other ids: --dbc FILE")


def vss_changes(heard: Iterable[Heard]) -> Iterator[tuple[float, str, Value]]:
    """Time, VSS path and value whenever one changes; only frames that pass their check are read."""
    known: dict[str, Value] = {}
    for one in heard:
        if one.message is None or one.check is None or not one.check.good:
            continue
        for leaf in LEAVES:
            if leaf.message != one.message.name:
                continue
            found = one.values.get(leaf.signal)
            value = leaf.read(found if isinstance(found, str) else None, found if isinstance(found, (int, float)) else None)
            if value is not None and known.get(leaf.path) != value:
                known[leaf.path] = value
                yield one.t, leaf.path, value
