"""The services, one function each: what the request holds behind its identifier in, what the answer holds behind it out."""

from dataclasses import dataclass

from dms.diagnostics.conversation import Conversation, Timing
from dms.diagnostics.memory import Memory
from dms.diagnostics.nrc import Nrc, Refusal
from dms.diagnostics.unit import Unit


@dataclass(frozen=True, slots=True)
class Context:
    """What a service works with.

    Attributes:
        unit: the driver monitoring.
        memory: trouble codes.
        talk: the conversation the request came in.
        timing: of the server.
        alone: is no other tester in a session of its own.
        now: time of the request, s.
    """

    unit: Unit
    memory: Memory
    talk: Conversation
    timing: Timing
    alone: bool
    now: float


def release(unit: Unit, memory: Memory) -> None:
    """Undo what only lasts as long as a session."""
    memory.setting = True
    unit.quiet(False)


def exactly(data: bytes, length: int) -> None:
    """Refuse another length.

    Raises:
        Refusal: incorrect length.
    """
    if len(data) != length:
        raise Refusal(Nrc.INCORRECT_LENGTH)
