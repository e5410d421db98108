"""Answers in time: what takes longer than P2 is announced with "response pending" (0x78), again and again within P2*."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet

from dms.diagnostics.conversation import Conversation
from dms.diagnostics.nrc import Nrc
from dms.diagnostics.server import NEGATIVE, Server

SHARE = 0.7
"""Of P2 and of P2*: so long the service itself is waited for; the rest is for the way."""


class Responder:
    """One tester's requests, one after the other.

    Args:
        server: answers them.
        send: puts an answer on its way.
        pool: where the server works; shared by all responders of a server.
        tell: told of bugs, in one line.
        rest: called after each request: the place to keep a tester that never pauses from taking the loop's time.
    """

    def __init__(
        self,
        server: Server,
        send: Callable[[bytes], None],
        pool: ThreadPoolExecutor,
        tell: Callable[[str], object] = str,
        rest: Callable[[], object] = bool,
    ) -> None:
        self._server, self._send, self._pool, self._tell, self._rest = server, send, pool, tell, rest
        self.talk: Conversation = server.open()

    def handle(self, request: bytes, functional: bool = False) -> None:
        """Answer one request; returns when that is done, and after a rest."""
        self._answer(request, functional)
        self._rest()

    def _answer(self, request: bytes, functional: bool) -> None:
        work = self._pool.submit(self._server.answer, self.talk, request, functional)
        patience, pending = SHARE * self._server.timing.p2_s, False
        while True:
            try:
                answer = work.result(patience)
                break
            except NotYet:
                self._send(bytes([NEGATIVE, request[0], Nrc.RESPONSE_PENDING]))
                patience, pending = SHARE * self._server.timing.p2_star_s, True
            except Exception as error:  # a bug of ours: the tester is answered, the next request served
                self._tell(f"service 0x{request[0]:02X}: {type(error).__name__}: {error}")
                self._send(bytes([NEGATIVE, request[0], Nrc.GENERAL_REJECT]))
                return
        if answer is None:
            return
        if answer.wanted or pending:
            self._send(answer.data)
        if answer.then is not None:
            answer.then()

    def close(self) -> None:
        """The tester is gone."""
        self._server.close(self.talk)
