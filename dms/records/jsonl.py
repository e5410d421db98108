"""Records to JSON Lines and back. A line that cannot be used is refused with its number."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import msgspec

from dms.errors import RecordError
from dms.records.base import Part
from dms.records.observation import Observation
from dms.records.takeover import TakeoverReadiness
from dms.records.vehicle import VehicleState

InputRecord = Observation | VehicleState
_ENCODER = msgspec.json.Encoder()
_INPUT = msgspec.json.Decoder(Observation | VehicleState)
_STATE = msgspec.json.Decoder(TakeoverReadiness)
T = TypeVar("T", bound=Part)
R = TypeVar("R", Observation | VehicleState, TakeoverReadiness)


def encode(record: Part) -> bytes:
    """One record as one JSON object, without the line end."""
    return _ENCODER.encode(record)


def decode_input(line: bytes | str, number: int = 0) -> InputRecord:
    """One line of ``dms assess`` input: an observation or a vehicle record.

    Raises:
        RecordError: not JSON, NaN, wrong type, out of range or unknown schema; the message starts with the line number.
    """
    record: InputRecord = _decode(_INPUT, line, number)
    return record


def decode_state(line: bytes | str, number: int = 0) -> TakeoverReadiness:
    """One published state record.

    Raises:
        RecordError: as ``decode_input``.
    """
    return _decode(_STATE, line, number)


def _decode(decoder: "msgspec.json.Decoder[T]", line: bytes | str, number: int) -> T:
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, RecordError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"line {number}: {' '.join(str(error).split())}") from None


def read_input(lines: Iterable[bytes]) -> Iterator[tuple[int, InputRecord]]:
    """(line number from 1, record) of each non-blank line, checking that time does not run backwards.

    Raises:
        RecordError: see ``decode_input``; also when ``t`` is smaller than the record's before.
    """
    return _in_order(lines, decode_input)


def read_states(lines: Iterable[bytes]) -> Iterator[tuple[int, TakeoverReadiness]]:
    """As ``read_input``, for published state records."""
    return _in_order(lines, decode_state)


def _in_order(lines: Iterable[bytes], decode: Callable[[bytes, int], R]) -> Iterator[tuple[int, R]]:
    last = float("-inf")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        record = decode(line, number)
        if record.t < last:
            raise RecordError(f"line {number}: time runs backwards, t = {record.t} after {last}")
        last = record.t
        yield number, record
