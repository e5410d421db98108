"""Lines of ``dms assess`` to records: observations, vehicle records, and vehicle keys on an observation's line."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from dms.assessment.assessor import Assessor
from dms.errors import RecordError
from dms.records import DriverState, Observation, VehicleState
from dms.records.jsonl import InputRecord, decode_input

Skipped = Callable[[RecordError], None]


_KEYS = frozenset(VehicleState.__struct_fields__) - {"t"}


def decode_line(line: bytes, number: int) -> list[InputRecord]:
    """The records of one line: one, or a vehicle record and then an observation where the line holds both.

    Raises:
        RecordError: not JSON, NaN, wrong type, out of range, nested too deep or unknown schema, with the line number.
    """
    try:
        record = decode_input(line, number)
        inputs = _vehicle_part(line, record.t) if isinstance(record, Observation) else None
    except (RecordError, msgspec.MsgspecError, RecursionError, ValueError) as error:
        text = " ".join(str(error).removeprefix(f"line {number}:").split())  # the line itself may hold line ends
        raise RecordError(f"line {number}: {text}") from None
    return [record] if inputs is None else [inputs, record]


def _vehicle_part(line: bytes, t: float) -> VehicleState | None:
    """Vehicle keys of an observation's line: flat, or in an object ``vehicle`` (which wins); what neither names is unknown."""
    whole = msgspec.json.decode(line, type=dict[str, Any])
    nested = msgspec.convert(whole.get("vehicle"), dict[str, Any] | None)
    given = {key: whole[key] for key in _KEYS & whole.keys()}
    if nested is not None:
        given.update((key, nested[key]) for key in _KEYS & nested.keys())
    if nested is None and not given:
        return None
    return msgspec.convert({"schema": "dms.vehicle/1", "t": t, **given}, VehicleState)


def assess_lines(assessor: Assessor, lines: Iterable[bytes], skipped: Skipped | None = None) -> Iterator[DriverState]:
    """States for all usable lines; an unusable line is refused, or handed to ``skipped`` and left out.

    A line left out never refreshes anything: the evidence stays as old as the last good line.

    Raises:
        RecordError: an unusable line, with its number, unless ``skipped`` takes it.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            *inputs, record = _in_order(assessor, decode_line(line, number), number)
            for vehicle in inputs:  # of the observation's own line
                assert isinstance(vehicle, VehicleState)
                assessor.take_inputs(vehicle)
            state = assessor.step(record)
        except RecordError as error:
            if skipped is None:
                raise
            skipped(error)
            continue
        if state is not None:
            yield state


def _in_order(assessor: Assessor, records: list[InputRecord], number: int) -> list[InputRecord]:
    try:
        assessor.check_time(records[0].t)
    except RecordError as error:
        raise RecordError(f"line {number}: {error}") from None
    return records
