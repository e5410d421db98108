"""AUTOSAR end-to-end profiles 1, 2, 5, 11 and 22: where counter and CRC stand in a frame, and how they are computed.

Each profile is one small object for one message: it knows the data id that is never sent, writes the header (``protect``) and
tests it (``crc_ok``). What a counter step means is the receiver's business: ``dms.bus.e2e``.

=========  ======================  =========  =====================================================================
profile    CRC                     counter    data id
=========  ======================  =========  =====================================================================
P01, P11   CRC-8 SAE J1850, byte   4 bit in   16 bit, in the CRC; ``nibble``: bits 8 to 11 of it are sent in the
           0                       byte 1,    high half of byte 1, the rest is in the CRC
                                   0 to 14
P02, P22   CRC-8 0x2F, byte 0      4 bit in   one of 16 bytes, chosen by the counter, in the CRC
                                   byte 1,
                                   0 to 15
P05        CRC-16 CCITT, bytes 0   8 bit,     16 bit, in the CRC
           and 1, low byte first   byte 2
=========  ======================  =========  =====================================================================

P11 differs from P01, and P22 from P02, in the receiver's state machine of the standard and in a header offset that is not
offered here; the bytes on the bus are the same. Checked against the ``autosar-e2e`` package, not against the standard's text.
"""

from binascii import crc_hqx
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from dms.errors import UsageError

Bytes = bytes | bytearray
DATA_ID_MODES = ("both", "alternating", "low", "nibble")
"""Of profile 1; profile 11 has the first and the last."""


class Profile(Protocol):
    """Protection of one message's frames."""

    @property
    def name(self) -> str:
        """Such as ``P05``."""

    @property
    def header_bytes(self) -> int:
        """A frame has at least so many bytes."""

    @property
    def counter_period(self) -> int:
        """The counter runs from 0 to one less than this."""

    def protect(self, data: Bytes, counter: int) -> bytes:
        """The frame with counter and CRC written into its header; what stood there is overwritten.

        Raises:
            UsageError: the frame is too short or the counter out of range.
        """

    def crc_ok(self, data: Bytes) -> bool:
        """Does the header fit the content and the data id."""

    def counter(self, data: Bytes) -> int:
        """The counter of a frame that is long enough."""


def _table(polynomial: int) -> tuple[int, ...]:
    """What one byte does to an 8-bit CRC."""
    found = []
    for value in range(256):
        for _ in range(8):
            value = value << 1 ^ (polynomial if value & 0x80 else 0)
        found.append(value & 0xFF)
    return tuple(found)


_J1850, _H2F = _table(0x11D), _table(0x12F)


def _crc8(table: tuple[int, ...], data: Bytes, start: int) -> int:
    for byte in data:
        start = table[start ^ byte]
    return start


def _refuse(profile: Profile, data: Bytes, counter: int) -> None:
    if len(data) < profile.header_bytes or not 0 <= counter < profile.counter_period:
        raise UsageError(f"e2e {profile.name}: cannot protect {len(data)} bytes with counter {counter}")


def _data_id(name: str, data_id: int) -> None:
    if not 0 <= data_id <= 0xFFFF:
        raise UsageError(f"e2e {name}: data id {data_id:#x} is outside 0..0xffff")


@dataclass(frozen=True)
class Profile5:
    """Profile 5, for CAN FD: 16-bit CRC, 8-bit counter."""

    data_id: int
    name: str = "P05"
    header_bytes = 3
    counter_period = 256

    def __post_init__(self) -> None:
        """Refuse a data id that is none."""
        _data_id(self.name, self.data_id)

    @cached_property
    def _tail(self) -> bytes:
        return self.data_id.to_bytes(2, "little")

    def _crc(self, data: Bytes) -> int:
        return crc_hqx(self._tail, crc_hqx(memoryview(data)[2:], 0xFFFF))

    def protect(self, data: Bytes, counter: int) -> bytes:
        """See ``Profile``."""
        _refuse(self, data, counter)
        frame = bytearray(data)
        frame[2] = counter
        frame[0:2] = self._crc(frame).to_bytes(2, "little")
        return bytes(frame)

    def crc_ok(self, data: Bytes) -> bool:
        """See ``Profile``."""
        return len(data) >= self.header_bytes and data[0] | data[1] << 8 == self._crc(data)

    def counter(self, data: Bytes) -> int:
        """See ``Profile``."""
        return data[2]


@dataclass(frozen=True)
class _Profile8:
    """What the profiles with an 8-bit CRC in byte 0 and a counter in the low half of byte 1 share."""

    header_bytes = 2

    def _crc(self, data: Bytes) -> int:
        raise NotImplementedError

    def _nibble(self) -> int | None:
        """What the high half of byte 1 must hold, ``None``: payload."""
        return None

    def protect(self, data: Bytes, counter: int) -> bytes:
        """See ``Profile``."""
        _refuse(self, data, counter)  # type: ignore[arg-type]
        frame, nibble = bytearray(data), self._nibble()
        frame[1] = counter | (frame[1] & 0xF0 if nibble is None else nibble << 4)
        frame[0] = self._crc(frame)
        return bytes(frame)

    def crc_ok(self, data: Bytes) -> bool:
        """See ``Profile``."""
        if len(data) < self.header_bytes or self._nibble() not in (None, data[1] >> 4):
            return False
        return data[1] & 0x0F < self.counter_period and data[0] == self._crc(data)  # type: ignore[attr-defined]

    def counter(self, data: Bytes) -> int:
        """See ``Profile``."""
        return data[1] & 0x0F


@dataclass(frozen=True)
class Profile11(_Profile8):
    """Profile 11, and profile 1 with its further data id modes."""

    data_id: int
    mode: str = "both"
    name: str = "P11"
    counter_period = 15

    def __post_init__(self) -> None:
        """Refuse a data id that is none and a mode the profile lacks."""
        _data_id(self.name, self.data_id)
        known = DATA_ID_MODES if self.name == "P01" else ("both", "nibble")
        if self.mode not in known:
            raise UsageError(f"e2e {self.name}: no data id mode {self.mode!r}; one of: {', '.join(known)}")
        if self.mode == "nibble" and self.data_id > 0xFFF:
            raise UsageError(f"e2e {self.name}: data id {self.data_id:#x} has more than the 12 bits of mode nibble")

    def _nibble(self) -> int | None:
        return self.data_id >> 8 if self.mode == "nibble" else None

    def _crc(self, data: Bytes) -> int:
        low, high = self.data_id & 0xFF, self.data_id >> 8
        head = {"both": (low, high), "low": (low,), "nibble": (low, 0)}.get(self.mode) or ((high if data[1] & 1 else low),)
        return _crc8(_J1850, data[1:], _crc8(_J1850, bytes(head), 0))


def Profile1(data_id: int, mode: str = "both") -> Profile11:
    """Profile 1: the bytes of profile 11, and two more data id modes."""
    return Profile11(data_id, mode, "P01")


@dataclass(frozen=True)
class Profile22(_Profile8):
    """Profile 22 and, under the name P02, profile 2: 16 bytes of data ids, one for each counter."""

    data_ids: bytes
    name: str = "P22"
    counter_period = 16

    def __post_init__(self) -> None:
        """Refuse a list of another length."""
        if len(self.data_ids) != 16:
            raise UsageError(f"e2e {self.name}: the data id list has {len(self.data_ids)} bytes, 16 are needed")

    def _crc(self, data: Bytes) -> int:
        return _H2F[_crc8(_H2F, data[1:], 0xFF) ^ self.data_ids[data[1] & 0x0F]] ^ 0xFF


def Profile2(data_ids: bytes) -> Profile22:
    """Profile 2: the bytes of profile 22."""
    return Profile22(data_ids, "P02")


_MAKERS: dict[str, Callable[[int, bytes, str], Profile]] = {
    "P01": lambda data_id, _, mode: Profile1(data_id, mode),
    "P02": lambda _, data_ids, __: Profile2(data_ids),
    "P05": lambda data_id, _, __: Profile5(data_id),
    "P11": lambda data_id, _, mode: Profile11(data_id, mode),
    "P22": lambda _, data_ids, __: Profile22(data_ids),
}


def profile(name: str, data_id: int = 0, data_ids: bytes = b"", mode: str = "both") -> Profile:
    """The profile of that name with its data id or its 16 data ids.

    Raises:
        UsageError: unknown profile, or data ids that it cannot take.
    """
    if name not in _MAKERS:
        raise UsageError(f"no E2E profile {name!r}; one of: {', '.join(_MAKERS)}")
    return _MAKERS[name](data_id, data_ids, mode)
