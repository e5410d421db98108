"""The UDS server: a request's bytes in, the answer's bytes out. Which service, allowed now, refused with which code.

Order of the checks as in ISO 14229-1, general server response behaviour: service, session, security, length, sub-function.
Reading is free; whatever changes something needs the extended session and security access.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dms.diagnostics.conversation import Conversation, Session, Timing
from dms.diagnostics.memory import Memory
from dms.diagnostics.nrc import SILENT_WHEN_FUNCTIONAL, Nrc, Refusal
from dms.diagnostics.security import Security
from dms.diagnostics.services import Context, control, data, release, trouble
from dms.diagnostics.unit import Unit

NEGATIVE = 0x7F
SUPPRESS = 0x80
"""Bit of the sub-function: no positive answer wanted."""

ECU_RESET = 0x11


@dataclass(frozen=True, slots=True)
class Service:
    """What may be asked, and when.

    Attributes:
        serve: called with the bytes behind the service identifier, and behind the sub-function where there is one.
        shortest: length of a request, service identifier included.
        subs: sub-functions; ``None``: the service has none.
        extended: only in the extended session.
        unlocked: only after security access.
    """

    serve: Callable[..., bytes]
    shortest: int = 2
    subs: frozenset[int] | None = None
    extended: bool = False
    unlocked: bool = False


SERVICES: Mapping[int, Service] = {
    0x10: Service(control.session, subs=frozenset(Session)),
    ECU_RESET: Service(control.reset, subs=frozenset({0x01, 0x03}), extended=True, unlocked=True),
    0x14: Service(trouble.clear, 4, extended=True, unlocked=True),
    0x19: Service(trouble.read, subs=frozenset(trouble.REPORTS)),
    0x22: Service(data.read, 3),
    0x27: Service(control.security, subs=frozenset({0x01, 0x02}), extended=True),
    0x28: Service(control.communication, subs=frozenset({0x00, 0x01}), extended=True, unlocked=True),
    0x2E: Service(data.write, 4, extended=True, unlocked=True),
    0x31: Service(control.routine, 4, frozenset({0x01, 0x02, 0x03}), extended=True, unlocked=True),
    0x3E: Service(control.tester_present, subs=frozenset({0x00})),
    0x85: Service(trouble.setting, subs=frozenset({0x01, 0x02}), extended=True, unlocked=True),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send.

    Attributes:
        data: the answer.
        wanted: should it be sent; after "response pending" it must be all the same.
        then: to be called when it is out.
    """

    data: bytes
    wanted: bool = True
    then: Callable[[], None] | None = None


class Server:
    """Serves any number of conversations, one request at a time.

    Args:
        unit: the driver monitoring.
        memory: trouble codes.
        clock: s, monotonic.
        secret: of security access; ``None``: nothing can be changed.
        random: random bytes for seeds.
        timing: see ``Timing``.
    """

    def __init__(
        self,
        unit: Unit,
        memory: Memory,
        clock: Callable[[], float],
        secret: bytes | None,
        random: Callable[[int], bytes],
        timing: Timing | None = None,
    ) -> None:
        self.timing = timing or Timing()
        self._unit, self._memory, self._clock, self._secret, self._random = unit, memory, clock, secret, random
        self._talks: list[Conversation] = []
        self._lock = threading.Lock()

    def open(self) -> Conversation:
        """A tester's connection."""
        talk = Conversation(Security(self._secret, self._memory, self._random, self._clock()))
        with self._lock:
            self._talks.append(talk)
        return talk

    def close(self, talk: Conversation) -> None:
        """The tester is gone."""
        with self._lock:
            self._end(talk)
            self._talks.remove(talk)

    def tick(self) -> None:
        """End sessions whose S3 has run out; to be called often."""
        with self._lock:
            self._expire(self._clock())

    def answer(self, talk: Conversation, request: bytes, functional: bool = False) -> Answer | None:
        """Serve one request; ``None``: it is met with silence. ``functional``: it was sent to all control units."""
        if not request:
            return None
        with self._lock:
            now = self._clock()
            self._expire(now)
            try:
                return self._serve(talk, request, now)
            except Refusal as refusal:
                if functional and refusal.code in SILENT_WHEN_FUNCTIONAL:
                    return None
                return Answer(bytes([NEGATIVE, request[0], refusal.code]))
            finally:
                talk.touch(self._clock())

    def _serve(self, talk: Conversation, request: bytes, now: float) -> Answer:
        service = _allowed(talk, request)
        context = Context(self._unit, self._memory, talk, self.timing, self._alone(talk), now)
        positive = request[0] + 0x40
        if service.subs is None:
            return Answer(bytes([positive]) + service.serve(context, request[1:]))
        sub = request[1] & ~SUPPRESS
        answer = bytes([positive, sub]) + service.serve(context, sub, request[2:])
        then = self._unit.reset if request[0] == ECU_RESET else None
        return Answer(answer, not request[1] & SUPPRESS, then)

    def _alone(self, talk: Conversation) -> bool:
        return all(one is talk or one.session is Session.DEFAULT for one in self._talks)

    def _expire(self, now: float) -> None:
        for talk in self._talks:
            if talk.expired(now, self.timing.s3_s):
                self._end(talk)

    def _end(self, talk: Conversation) -> None:
        if talk.session is not Session.DEFAULT:
            talk.enter(Session.DEFAULT)
            release(self._unit, self._memory)


def _allowed(talk: Conversation, request: bytes) -> Service:
    """The service asked for.

    Raises:
        Refusal: there is no such service, or it may not be used now, or the request cannot be one for it.
    """
    service = SERVICES.get(request[0])
    if service is None:
        raise Refusal(Nrc.SERVICE_NOT_SUPPORTED)
    if service.extended and talk.session is not Session.EXTENDED:
        raise Refusal(Nrc.SERVICE_NOT_SUPPORTED_IN_SESSION)
    if service.unlocked and not talk.security.unlocked:
        raise Refusal(Nrc.SECURITY_ACCESS_DENIED)
    if service.subs is not None and len(request) < 2:
        raise Refusal(Nrc.INCORRECT_LENGTH)
    if service.subs is not None and request[1] & ~SUPPRESS not in service.subs:
        raise Refusal(Nrc.SUB_FUNCTION_NOT_SUPPORTED)
    if len(request) < service.shortest:
        raise Refusal(Nrc.INCORRECT_LENGTH)
    return service
