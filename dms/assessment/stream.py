"""Lines of ``dms assess`` to records: observations, vehicle records, and vehicle keys on an observation's line."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from dms.assessment.assessor import Assessor
from dms.assessment.driver_file import with_driver_file
from dms.errors import RecordError
from dms.records import DriverState, Observation, VehicleState
from dms.records.cabin import DriverBaseline
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
    """States for all usable lines, see ``assess_side_by_side``."""
    for (state,) in assess_side_by_side([assessor], lines, None, skipped):
        assert state is not None
        yield state


def assess_side_by_side(
    assessors: Sequence[Assessor], lines: Iterable[bytes], driver: DriverBaseline | None = None, skipped: Skipped | None = None
) -> Iterator[list[DriverState | None]]:
    """For each usable line that gives a state: that of every assessor, ``None`` from one that has none to give.

    An unusable line is refused, or handed to ``skipped`` and left out: it never refreshes anything, the evidence stays as old as
    the last good line.

    Args:
        assessors: at least one.
        lines: of the input.
        driver: file with which readings are corrected that are not yet.
        skipped: takes what cannot be used.

    Raises:
        RecordError: an unusable line, with its number, unless ``skipped`` takes it.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            *inputs, record = _usable(assessors[0], decode_line(line, number), driver, number)
        except RecordError as error:
            if skipped is None:
                raise
            skipped(error)
            continue
        states = [_step(assessor, inputs, record) for assessor in assessors]
        if any(state is not None for state in states):
            yield states


def _step(assessor: Assessor, inputs: list[InputRecord], record: InputRecord) -> DriverState | None:
    for vehicle in inputs:  # of the observation's own line
        assert isinstance(vehicle, VehicleState)
        assessor.take_inputs(vehicle)
    return assessor.step(record)


def _usable(assessor: Assessor, records: list[InputRecord], driver: DriverBaseline | None, number: int) -> list[InputRecord]:
    try:
        assessor.check_time(records[0].t)
        return [with_driver_file(r, driver) if isinstance(r, Observation) else r for r in records]
    except RecordError as error:
        raise RecordError(f"line {number}: {error}") from None
