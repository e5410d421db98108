"""The message set as loaded from a DBC: physical value <-> raw code, codes <-> protected bytes.

The DBC is the only description of the layout. Codes that are no measurement carry a name in its value tables: ``SNA`` (signal not
available), ``Error`` (out of range), ``Longer``/``Older`` (above the range, where the table has it).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import cantools
from cantools.database.errors import Error as CantoolsError

from dms.bus.e2e_profiles import Profile, profile
from dms.errors import InputError, UsageError

DBC = Path(__file__).with_name("dms.dbc")
"""The message set for CAN FD."""
CLASSIC_DBC = Path(__file__).with_name("dms_classic.dbc")
"""What of it fits frames of 8 bytes."""
CRC, COUNTER = "E2E_Crc", "E2E_Cnt"


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal. ``low`` and ``high`` are physical; ``names`` maps the value table's names to codes."""

    name: str
    bits: int
    factor: float
    offset: float
    low: float
    high: float
    unit: str
    names: Mapping[str, int]

    def code(self, value: float | None) -> int:
        """Raw code of a physical value: ``None`` is SNA, above the range Longer/Older or Error, else out of range Error.

        A signal without the code in question (a reserved bit field) gives 0.
        """
        if value is None:
            return self.names.get("SNA", 0)
        error = self.names.get("Error", self.names.get("SNA", 0))
        if math.isnan(value) or value < self.low:
            return error
        if value > self.high:
            return self.names.get("Longer", self.names.get("Older", error))
        return round((value - self.offset) / self.factor)

    def value(self, code: int) -> float | None:
        """Physical value of a code; ``None`` for SNA, Error and everything outside the range."""
        value = code * self.factor + self.offset
        inside = self.low - 1e-9 <= value <= self.high + 1e-9
        return value if inside and code not in (self.names.get("SNA"), self.names.get("Error")) else None

    def label(self, code: int) -> str | None:
        """Name of a code in the value table, ``None`` when the table lacks it."""
        return next((name for name, known in self.names.items() if known == code), None)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the set: id, protection (``None``: not protected), cycle time in seconds, signals."""

    name: str
    can_id: int
    extended: bool
    fd: bool
    length: int
    cycle_s: float
    protection: Profile | None
    comment: str
    signals: Mapping[str, Signal]
    codec: Any = field(repr=False)

    def pack(self, codes: Mapping[str, int], counter: int) -> bytes:
        """Raw codes of all signals but the E2E header -> protected frame bytes."""
        assert self.protection is not None, f"{self.name} has no E2E profile"
        plain = self.codec.encode({**codes, CRC: 0, COUNTER: 0}, scaling=False, strict=False)
        return self.protection.protect(plain, counter)

    def unpack(self, data: bytes) -> dict[str, int]:
        """Raw codes of all signals.

        Raises:
            InputError: the frame has the wrong length, or a multiplexer value the DBC lacks.
        """
        if len(data) != self.length:
            raise InputError(f"{self.name} has {self.length} bytes, the frame {len(data)}")
        try:
            return cast(dict[str, int], self.codec.decode(data, scaling=False, decode_choices=False))
        except CantoolsError as error:
            raise InputError(f"{self.name} cannot be decoded: {' '.join(str(error).split())}") from None

    def decode(self, data: bytes) -> dict[str, float | None]:
        """Physical values of all signals, ``None`` where not available; checks no CRC.

        Raises:
            InputError: the frame has the wrong length.
        """
        return {name: self.signals[name].value(code) for name, code in self.unpack(data).items()}


class Layout:
    """All messages of a DBC by name and by CAN id."""

    def __init__(self, messages: list[Message]) -> None:
        self.by_name = {message.name: message for message in messages}
        self.by_id = {(message.can_id, message.extended): message for message in messages}
        if len(self.by_id) != len(messages):
            raise UsageError("two messages share one CAN id; give each its own in can_ids")

    def __getitem__(self, name: str) -> Message:
        """The message of that name.

        Raises:
            UsageError: the DBC has no such message.
        """
        try:
            return self.by_name[name]
        except KeyError:
            raise UsageError(f"no message {name!r} in the DBC; it has {', '.join(self.by_name)}") from None


def load(path: Path = DBC, can_ids: Mapping[str, int] | None = None, data_ids: Mapping[str, int] | None = None) -> Layout:
    """Read a DBC; ``can_ids`` and ``data_ids`` replace the ids in it, by message name.

    A message's attributes name its protection: ``E2EProfile`` (P01, P02, P05, P11, P22) with ``E2EDataId``, or for P02 and P22
    with ``E2EDataIdList``, 16 bytes in hexadecimal.

    Raises:
        InputError: the file is missing or no DBC (also overlapping signals).
        UsageError: an id for an unknown message, out of range or used twice; a protection that cannot be.
    """
    try:
        # cantools checks that no signals overlap and none leaves its frame.
        database = cantools.database.load_file(str(path), database_format="dbc", strict=True)
    except OSError as error:
        raise InputError(f"cannot read DBC {path}: {error.strerror or error}") from None
    except (CantoolsError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path} is not a usable DBC: {' '.join(str(error).split())}") from None
    names = [message.name for message in database.messages]
    for kind, given, top in (("CAN", can_ids, 0x1FFFFFFF), ("data", data_ids, 0xFFFF)):
        for name, number in (given or {}).items():
            if name not in names or not 0 <= number <= top:
                raise UsageError(
                    f"{kind} id {number:#x} for {name!r}: unknown message or id above {top:#x}; messages: {', '.join(names)}"
                )
    return Layout([_message(m, (can_ids or {}).get(m.name), (data_ids or {}).get(m.name)) for m in database.messages])


def _message(source: Any, can_id: int | None, data_id: int | None) -> Message:
    number = source.frame_id if can_id is None else can_id
    return Message(
        name=source.name,
        can_id=number,
        extended=source.is_extended_frame if can_id is None else number > 0x7FF,
        fd=source.is_fd,
        length=source.length,
        cycle_s=(source.cycle_time or 0) / 1000.0,
        protection=_protection(source, data_id),
        comment=source.comment or "",
        signals={signal.name: _signal(signal) for signal in source.signals},
        codec=source,
    )


def _protection(source: Any, data_id: int | None) -> Profile | None:
    attributes = {name: found.value for name, found in (source.dbc.attributes if source.dbc else {}).items()}
    name = str(attributes.get("E2EProfile", ""))
    if not name:
        return None
    if name in ("P02", "P22") and data_id is not None:
        raise UsageError(
            f"{source.name} is protected by {name}, which takes a list of 16 data ids; change it in a DBC of your own"
        )
    try:
        listed = bytes.fromhex(str(attributes.get("E2EDataIdList", "")))
        return profile(name, int(attributes.get("E2EDataId", 0)) if data_id is None else data_id, listed)
    except (UsageError, ValueError) as error:
        raise UsageError(f"{source.name}: {error}") from None


def _signal(source: Any) -> Signal:
    full = 2**source.length - 1
    low, high = (-(full + 1) / 2, full // 2) if source.is_signed else (0.0, float(full))
    if source.is_float:
        low, high = -math.inf, math.inf
    ends = sorted((low * source.scale + source.offset, high * source.scale + source.offset))
    return Signal(
        name=source.name,
        bits=source.length,
        factor=float(source.scale),
        offset=float(source.offset),
        low=float(ends[0] if source.minimum is None else source.minimum),
        high=float(ends[1] if source.maximum is None else source.maximum),
        unit=source.unit or "",
        names={str(name): int(code) for code, name in (source.choices or {}).items()},
    )
