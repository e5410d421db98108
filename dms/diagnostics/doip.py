"""DoIP (ISO 13400-2) over TCP: the same server for testers with Ethernet. From memory of the standard, tried with ``doipclient``.

Routing activation, diagnostic messages, alive check; no discovery by UDP and no encryption, so it listens on this machine alone
unless told otherwise.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Protocol

from dms.errors import HardwareError

PORT = 13400
_HEADER = struct.Struct(">BBHI")
_VERSIONS = (0x02, 0x03)
_NACK, _ACTIVATE, _ACTIVATED, _ALIVE, _ALIVE_ANSWER = 0x0000, 0x0005, 0x0006, 0x0007, 0x0008
_MESSAGE, _MESSAGE_ACK, _MESSAGE_NACK = 0x8001, 0x8002, 0x8003
_LONGEST = 4 + 4095
_MOST_TESTERS = 2
_WRONG_PATTERN, _UNKNOWN_TYPE, _TOO_LARGE = 0x00, 0x01, 0x02
_ACTIVE, _WRONG_SOURCE, _UNKNOWN_TARGET = 0x10, 0x02, 0x03


class Tester(Protocol):
    """What a connection's requests go to; see ``dms.diagnostics.responder``."""

    def handle(self, request: bytes, functional: bool = False) -> None:
        """Answer one request."""

    def close(self) -> None:
        """The tester is gone."""


Opener = Callable[[Callable[[bytes], None]], Tester]
"""Makes a ``Tester`` from a function that sends an answer."""


class DoipServer:
    """A thread that listens, and one for each of two testers at most.

    Args:
        host: address to listen on.
        port: TCP port; 0: any that is free.
        address: logical address of this control unit.
        opened: see ``Opener``.

    Raises:
        HardwareError: the port cannot be had.
    """

    def __init__(self, host: str, port: int, address: int, opened: Opener) -> None:
        self._address, self._opened = address, opened
        try:
            self._socket = socket.create_server((host, port), backlog=2)
        except OSError as error:
            raise HardwareError(f"DoIP {host}:{port}: {error.strerror}") from None
        self.port = int(self._socket.getsockname()[1])
        self._places = threading.BoundedSemaphore(_MOST_TESTERS)
        self._testers: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._listen, name="dms-doip", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        for one in (self._socket, *tuple(self._testers)):
            _shut(one)
        self._thread.join(2.0)

    def _listen(self) -> None:
        while True:
            try:
                tester, _ = self._socket.accept()
            except OSError:  # closed
                return
            if not self._places.acquire(blocking=False):
                _shut(tester)
                continue
            self._testers.add(tester)
            threading.Thread(target=self._serve, args=(tester,), name="dms-doip-tester", daemon=True).start()

    def _serve(self, tester: socket.socket) -> None:
        talk = _Talk(tester, self._address, self._opened)
        try:
            while talk.step():
                pass
        except OSError:  # the tester hung up in the middle
            pass
        finally:
            talk.close()
            self._testers.discard(tester)
            _shut(tester)
            self._places.release()


class _Talk:
    """One tester's connection."""

    def __init__(self, tester: socket.socket, address: int, opened: Opener) -> None:
        self._socket, self._address, self._opened = tester, address, opened
        self._source: int | None = None
        self._tester: Tester | None = None

    def close(self) -> None:
        if self._tester is not None:
            self._tester.close()

    def step(self) -> bool:
        """Take one message; ``False``: the connection is over."""
        head = self._exactly(_HEADER.size)
        if head is None:
            return False
        version, inverse, kind, length = _HEADER.unpack(head)
        if version not in _VERSIONS or inverse != version ^ 0xFF:
            return self._refuse(_WRONG_PATTERN)
        if length > _LONGEST:
            return self._refuse(_TOO_LARGE)
        body = self._exactly(length)
        return body is not None and self._take(kind, body)

    def _take(self, kind: int, body: bytes) -> bool:
        if kind == _ACTIVATE and len(body) >= 7:
            self._activate(body)
        elif kind == _ALIVE:
            self._send(_ALIVE_ANSWER, self._address.to_bytes(2, "big"))
        elif kind == _MESSAGE and len(body) > 4:
            self._message(body)
        elif kind != _ALIVE_ANSWER:
            self._refuse(_UNKNOWN_TYPE)
        return True

    def _activate(self, body: bytes) -> None:
        if self._source is None:
            self._source = int.from_bytes(body[:2], "big")
            self._tester = self._opened(self._answer)
        same = self._source == int.from_bytes(body[:2], "big")
        self._send(_ACTIVATED, body[:2] + struct.pack(">HBI", self._address, _ACTIVE if same else _WRONG_SOURCE, 0))

    def _message(self, body: bytes) -> None:
        source, target = struct.unpack(">HH", body[:4])
        back = struct.pack(">HH", self._address, source)
        if self._tester is None or source != self._source:
            self._send(_MESSAGE_NACK, back + bytes([_WRONG_SOURCE]))
        elif target != self._address:
            self._send(_MESSAGE_NACK, back + bytes([_UNKNOWN_TARGET]))
        else:
            self._send(_MESSAGE_ACK, back + b"\0")
            self._tester.handle(body[4:])

    def _answer(self, data: bytes) -> None:
        assert self._source is not None
        self._send(_MESSAGE, struct.pack(">HH", self._address, self._source) + data)

    def _refuse(self, code: int) -> bool:
        self._send(_NACK, bytes([code]))
        return False

    def _send(self, kind: int, body: bytes) -> None:
        self._socket.sendall(_HEADER.pack(0x02, 0xFD, kind, len(body)) + body)

    def _exactly(self, number: int) -> bytes | None:
        data = bytearray()
        while len(data) < number:
            more = self._socket.recv(number - len(data))
            if not more:
                return None
            data += more
        return bytes(data)


def _shut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):  # not connected
        one.shutdown(socket.SHUT_RDWR)
    one.close()
