"""The tester's side, for ``dms diag``: the library ``udsoncan`` over our ISO-TP link, answers as plain records."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dms.diagnostics.fields import Field, Value, decode
from dms.diagnostics.identifiers import ALL, EXTENDED_DATA, FREEZE_FRAME, Identifier
from dms.diagnostics.isotp_link import IsoTp
from dms.diagnostics.security import key_of
from dms.diagnostics.status import Status
from dms.diagnostics.store import Stored
from dms.diagnostics.table import Row, load
from dms.errors import DmsError, HardwareError, UsageError

ANSWER_S = 2.0
"""Longest time until the first sign of an answer; a busy machine takes longer than the P2 it promises."""

Values = dict[str, Value]


@dataclass(slots=True)
class ReadCode:
    """One trouble code as a tester sees it."""

    code: str
    text: str
    status: int
    frames: dict[str, Values] = field(default_factory=dict)
    counters: Values = field(default_factory=dict)

    @property
    def words(self) -> list[str]:
        """Names of the status bits."""
        return [bit.name.lower() for bit in Status if self.status & bit and bit.name]


class Tester:
    """Asks one control unit.

    Args:
        link: to it.
        clock: s, monotonic.
        whom: for messages: what should have answered.

    Raises:
        HardwareError: the package udsoncan is missing.
    """

    def __init__(self, link: IsoTp, clock: Callable[[], float], whom: str) -> None:
        try:
            import udsoncan
            from udsoncan.client import Client
        except ModuleNotFoundError:
            raise HardwareError("dms diag needs the package udsoncan; run: pip install 'dms[diag]'") from None
        self._uds, self._whom = udsoncan, whom
        self._secret = b""
        config: Any = {
            **udsoncan.configs.default_client_config,
            "data_identifiers": {one.number: codec(udsoncan, one) for one in ALL},
            "extended_data_size": {row.number: sum(f.size for f in EXTENDED_DATA) for row in load().codes.values()},
            "security_algo": lambda level, seed, params: key_of(self._secret, seed),
            "request_timeout": 10.0,
            "p2_timeout": ANSWER_S,
            "use_server_timing": False,
        }
        logging.getLogger("UdsClient").setLevel(logging.CRITICAL)  # the library logs what becomes one line here
        self._client: Any = Client(connection(link, clock), config=config)
        self._client.open()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """The library's errors as ours.

        Raises:
            HardwareError: no answer, or one that cannot be understood.
            DmsError: refused.
        """
        errors = self._uds.exceptions
        try:
            yield
        except errors.TimeoutException:
            raise HardwareError(f"no answer from {self._whom}; does dms run with a section diagnostics run there?") from None
        except errors.NegativeResponseException as error:
            raise DmsError(f"refused: {_name(error.response)}") from None
        except (errors.InvalidResponseException, errors.UnexpectedResponseException) as error:
            raise HardwareError(f"{self._whom} answers what is no answer of ours: {error}") from None

    def everything(self) -> dict[str, Values]:
        """All data identifiers by name, but for those that only make up freeze frames."""
        with self._told():
            return {one.name: self._read(one) for one in ALL if one not in FREEZE_FRAME}

    def _read(self, one: Identifier) -> Values:
        values: Values = self._client.read_data_by_identifier(one.number).service_data.values[one.number]
        return values

    def codes(self, mask: int = Status.CONFIRMED | Status.PENDING | Status.TEST_FAILED) -> list[ReadCode]:
        """Codes with any of these status bits, with freeze frames and counters."""
        rows = {row.number: row for row in load().codes.values()}
        with self._told():
            listed = self._client.get_dtc_by_status_mask(int(mask)).service_data.dtcs
            return [self._code(rows.get(one.id), one.id, one.status.get_byte_as_int()) for one in listed]

    def _code(self, row: Row | None, number: int, status: int) -> ReadCode:
        if row is None:
            return ReadCode(f"{number:06X}", "unknown to this version", status)
        code = ReadCode(row.code, row.text, status)
        frames = self._client.get_dtc_snapshot_by_dtc_number(number, 0xFF).service_data.dtcs[0].snapshots
        for one in frames:
            code.frames.setdefault("first" if one.record_number == 1 else "latest", {}).update(one.data)
        extended = self._client.get_dtc_extended_data_by_dtc_number(number, 1).service_data.dtcs[0].extended_data
        code.counters = decode(EXTENDED_DATA, bytes(extended[0].raw_data))
        return code

    def unlock(self, secret: bytes) -> None:
        """Extended session and security access.

        Raises:
            DmsError: wrong key, or locked out.
        """
        self._secret = secret
        with self._told():
            self._client.change_session(3)
            self._client.unlock_security_access(1)

    def clear(self) -> None:
        """Forget all codes."""
        with self._told():
            self._client.clear_dtc()

    def write(self, name: str, text: str) -> None:
        """Write a data identifier.

        Raises:
            UsageError: there is no such one to write, or the text has another length.
        """
        one = next((one for one in ALL if one.writable and name in (one.name, one.fields[0].name)), None)
        if one is None:
            raise UsageError(f"nothing called {name} can be written; {' or '.join(o.fields[0].name for o in ALL if o.writable)}")
        data = text.encode("ascii", "replace")
        if len(data) != one.length:
            raise UsageError(f"{name} has {one.length} characters, not {len(data)}")
        with self._told():
            self._client.write_data_by_identifier(one.number, data)

    def routine(self, number: int, fields: tuple[Field, ...], wait: Callable[[float], None]) -> Values:
        """Start a routine and wait for its end; its results."""
        with self._told():
            self._client.start_routine(number)
            while True:
                wait(0.3)
                data = self._client.get_routine_result(number).service_data.routine_status_record
                values = decode(fields, bytes(data))
                if values["state"] != "running":
                    return values

    def reset(self) -> None:
        """Let the service end and start again."""
        with self._told():
            self._client.ecu_reset(1)

    def close(self) -> None:
        """Hang up."""
        self._client.close()


def stored_codes(stored: Stored) -> list[ReadCode]:
    """Codes of a memory read from its files, as a tester would see them."""
    found = []
    for name, code in stored.codes.items():
        row = load().codes.get(name)
        frames = {
            word: {n: getattr(frame, n) for n in frame.__struct_fields__}
            for word, frame in (("first", code.first), ("latest", code.latest))
            if frame is not None
        }
        counters = {"occurrences": code.life.occurrences, "aged_cycles": code.life.aged, "trips": code.life.trips}
        told = (row.code, row.text) if row else (name, "unknown to this version")
        found.append(ReadCode(*told, code.life.status, frames, counters))
    return [code for code in found if code.status & (Status.CONFIRMED | Status.PENDING | Status.TEST_FAILED)]


def codec(udsoncan: Any, one: Identifier) -> Any:
    """A data identifier as udsoncan wants it."""

    class Codec(udsoncan.DidCodec):  # type: ignore[misc]
        """Our fields as the library wants them."""

        def encode(self, value: bytes) -> bytes:
            return value

        def decode(self, data: bytes) -> Values:
            return decode(one.fields, bytes(data))

        def __len__(self) -> int:
            if one.length is None:
                raise udsoncan.DidCodec.ReadAllRemainingData
            return one.length

    return Codec()


def connection(link: IsoTp, clock: Callable[[], float]) -> Any:
    """What udsoncan's ``Client`` takes for a connection."""
    from udsoncan.connections import BaseConnection
    from udsoncan.exceptions import TimeoutException

    class Connection(BaseConnection):
        """The library's connection over our link."""

        def specific_send(self, payload: bytes, timeout: float | None = None) -> None:
            link.send(payload)

        def specific_wait_frame(self, timeout: float | None = None) -> bytes:
            end = clock() + (timeout or ANSWER_S)
            while clock() < end:
                heard = link.poll()
                if heard is not None:
                    return heard[0]
            raise TimeoutException("no answer")  # type: ignore[no-untyped-call]

        def open(self) -> "Connection":
            return self

        def close(self) -> None:
            """The link is its owner's to close."""

        def empty_rxqueue(self) -> None:
            """What is still there belongs to an older request."""
            while link.poll(0.0) is not None:
                pass

        def is_open(self) -> bool:
            return True

    return Connection()


def _name(response: Any) -> str:
    """``SecurityAccessDenied`` as words with its number."""
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in response.code_name).strip()
    return f"{text} (0x{response.code:02X})"
