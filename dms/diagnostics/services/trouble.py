"""Trouble codes: clear (0x14), read (0x19), stop and start their memory (0x85)."""

from collections.abc import Callable, Mapping

from dms.diagnostics.fields import encode
from dms.diagnostics.identifiers import EXTENDED_DATA, FREEZE_FRAME, snapshot_values
from dms.diagnostics.nrc import Nrc, Refusal
from dms.diagnostics.services import Context, exactly
from dms.diagnostics.status import AVAILABLE
from dms.diagnostics.store import Snapshot, StoredCode
from dms.diagnostics.table import Row

FORMAT = 0x00
"""DTCFormatIdentifier: SAE J2012-DA, two bytes and the failure type."""

FIRST, LATEST, EVERY = 0x01, 0x02, 0xFF
"""Freeze frame record numbers."""

EXTENDED = 0x01


def clear(context: Context, data: bytes) -> bytes:
    """Forget all codes or one; gone from the disk before the answer."""
    exactly(data, 3)
    if not context.memory.clear(int.from_bytes(data, "big")):
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    if not context.unit.save():
        raise Refusal(Nrc.GENERAL_PROGRAMMING_FAILURE)
    return b""


def setting(context: Context, sub: int, data: bytes) -> bytes:
    """Let the memory go on (0x01) or stand still (0x02) until the session ends; effects go on."""
    exactly(data, 0)
    context.memory.setting = sub == 0x01
    return b""


def read(context: Context, sub: int, data: bytes) -> bytes:
    """The reports in ``REPORTS``."""
    return REPORTS[sub](context, data)


def _number_of_codes(context: Context, data: bytes) -> bytes:
    exactly(data, 1)
    return bytes([AVAILABLE, FORMAT]) + len(context.memory.matching(data[0])).to_bytes(2, "big")


def _codes(context: Context, data: bytes) -> bytes:
    exactly(data, 1)
    return bytes([AVAILABLE]) + _listed(context.memory.matching(data[0]))


def _supported(context: Context, data: bytes) -> bytes:
    exactly(data, 0)
    return bytes([AVAILABLE]) + _listed(context.memory.every())


def _frames_there_are(context: Context, data: bytes) -> bytes:
    exactly(data, 0)
    found = [(row, context.memory.of(row.number)) for row, _ in context.memory.every()]
    return b"".join(_number(row) + bytes([record]) for row, code in found if code for record in _frames(code[1]))


def _frames_of(context: Context, data: bytes) -> bytes:
    exactly(data, 4)
    row, code, _ = _of(context, data)
    if data[3] not in (FIRST, LATEST, EVERY):
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    chosen = {record: frame for record, frame in _frames(code).items() if data[3] in (record, EVERY)}
    return _listed([(row, code.life.status)]) + b"".join(_frame(record, frame) for record, frame in chosen.items())


def _extended_of(context: Context, data: bytes) -> bytes:
    exactly(data, 4)
    row, code, counter = _of(context, data)
    if data[3] not in (EXTENDED, EVERY):
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    life = code.life
    values = {"occurrences": life.occurrences, "aged_cycles": life.aged, "trips": life.trips, "fault_detection_counter": counter}
    return _listed([(row, life.status)]) + bytes([EXTENDED]) + encode(EXTENDED_DATA, values)


def _detection_counters(context: Context, data: bytes) -> bytes:
    exactly(data, 0)
    return b"".join(_number(row) + bytes([counter]) for row, counter in context.memory.detecting())


REPORTS: Mapping[int, Callable[[Context, bytes], bytes]] = {
    0x01: _number_of_codes,
    0x02: _codes,
    0x03: _frames_there_are,
    0x04: _frames_of,
    0x06: _extended_of,
    0x0A: _supported,
    0x14: _detection_counters,
}


def _number(row: Row) -> bytes:
    return row.number.to_bytes(3, "big")


def _listed(codes: list[tuple[Row, int]]) -> bytes:
    return b"".join(_number(row) + bytes([status & AVAILABLE]) for row, status in codes)


def _of(context: Context, data: bytes) -> tuple[Row, StoredCode, int]:
    found = context.memory.of(int.from_bytes(data[:3], "big"))
    if found is None:
        raise Refusal(Nrc.REQUEST_OUT_OF_RANGE)
    return found


def _frames(code: StoredCode) -> dict[int, Snapshot]:
    return {record: frame for record, frame in ((FIRST, code.first), (LATEST, code.latest)) if frame is not None}


def _frame(record: int, frame: Snapshot) -> bytes:
    values = snapshot_values(frame)
    parts = [one.number.to_bytes(2, "big") + encode(one.fields, values) for one in FREEZE_FRAME]
    return bytes([record, len(parts)]) + b"".join(parts)
