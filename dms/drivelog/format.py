"""Drive log, version 1: what is in the file. An MCAP file (mcap.dev) with the profile ``dms.drivelog/1``.

=================  =====================================================================================================
``/camera/cabin``  one picture a message; coding in the channel's metadata, see ``dms.drivelog.codec``
``/camera/meta``   JSON beside each picture: frame, counter, and where the camera tells them exposure_us, gain
``/can/BUS/rx``    a CAN frame received from bus BUS, binary as ``CAN_SCHEMA``; ``/can/BUS/tx`` one we sent
``/dms/...``       JSON records: ``observation``, ``vehicle``, ``state``
``/health``        JSON: frame rate, latency, temperature
``/truth``         JSON: what is really so (labels), one message a picture
=================  =====================================================================================================

``log_time`` is the time of receipt and ``publish_time`` the time of capture, both ns of one monotonic clock. Wall-clock time is
only in the header, which is the MCAP metadata record named ``dms.drivelog``.
"""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from dms.errors import InputError
from dms.records.cabin import Camera

VERSION = "dms.drivelog/1"
METADATA = "dms.drivelog"
CAMERA = "/camera/cabin"
CAMERA_META = "/camera/meta"
OBSERVATION = "/dms/observation"
VEHICLE = "/dms/vehicle"
STATE = "/dms/state"
HEALTH = "/health"
TRUTH = "/truth"
CAN_ENCODING = "dms.can"
CAN_SCHEMA_NAME = "dms.can/1"
CAN_SCHEMA = """dms.can/1, little-endian
uint32 id       11 or 29 bits
uint8  flags    1 extended id, 2 CAN FD, 4 bit rate switch, 8 error state indicator, 16 remote request, 32 error frame
uint8  length   data bytes, 0..64 (not the DLC code)
uint8  data[length]
"""
_CAN = struct.Struct("<IBB")
_FLAGS = ("extended", "fd", "brs", "esi", "remote", "error")
Direction = Literal["rx", "tx"]


def can_topic(bus: str, direction: Direction) -> str:
    """Topic of one bus and direction."""
    return f"/can/{bus}/{direction}"


def to_ns(seconds: float) -> int:
    """Whole nanoseconds.

    Raises:
        InputError: negative or not finite, which MCAP cannot hold.
    """
    if not 0.0 <= seconds < 1e10:
        raise InputError(f"time {seconds} s cannot be logged; give seconds of a monotonic clock from 0")
    return round(seconds * 1e9)


def to_s(nanoseconds: int) -> float:
    """Seconds."""
    return nanoseconds / 1e9


@dataclass(frozen=True, slots=True)
class CanRecord:
    """One CAN or CAN FD frame as on the wire."""

    id: int
    data: bytes
    extended: bool = False
    fd: bool = False
    brs: bool = False
    esi: bool = False
    remote: bool = False
    error: bool = False

    def __post_init__(self) -> None:
        """Refuse what no bus carries.

        Raises:
            InputError: naming the value.
        """
        limit = 64 if self.fd else 8
        if not 0 <= self.id < (1 << 29 if self.extended else 1 << 11):
            raise InputError(f"CAN id {self.id:#x} does not fit {29 if self.extended else 11} bits")
        if len(self.data) > limit:
            raise InputError(f"CAN frame {self.id:#x} has {len(self.data)} data bytes, at most {limit} fit")

    def pack(self) -> bytes:
        """The message's bytes, as ``CAN_SCHEMA``."""
        flags = sum(1 << bit for bit, name in enumerate(_FLAGS) if getattr(self, name))
        return _CAN.pack(self.id, flags, len(self.data)) + self.data

    @classmethod
    def unpack(cls, raw: bytes) -> "CanRecord":
        """A message's bytes as a frame.

        Raises:
            InputError: too short, too long, or a frame no bus carries.
        """
        if len(raw) < _CAN.size:
            raise InputError(f"a CAN record of {len(raw)} bytes is too short")
        number, flags, length = _CAN.unpack_from(raw)
        data = bytes(raw[_CAN.size :])
        if len(data) != length or flags >> len(_FLAGS):
            raise InputError(f"CAN record {number:#x} is damaged: {len(data)} data bytes, {length} announced, flags {flags:#x}")
        return cls(number, data, **{name: bool(flags & 1 << bit) for bit, name in enumerate(_FLAGS)})


class LogHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about the whole log.

    ``driver``: name of the shipped driver file that belongs to the person in the log. ``profile``: name and hash of the rules in
    use while recording; ``engines``: hash of the set of networks. ``wall_start`` is the UTC wall-clock time
    (ISO 8601) at ``start_s`` of the monotonic clock: the only one in the log.
    """

    schema: str = VERSION
    software: str = ""
    camera: Camera | None = None
    vehicle: str = ""
    driver: str = ""
    dbc: str = ""
    dbc_sha256: str = ""
    profile: str | None = None
    engines: str | None = None
    start_s: float = 0.0
    wall_start: str = ""
    note: str = ""

    def to_metadata(self) -> dict[str, str]:
        """As MCAP metadata: text by text."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {k: v if isinstance(v, str) else msgspec.json.encode(v).decode() for k, v in values.items() if v is not None}

    @classmethod
    def from_metadata(cls, data: dict[str, str]) -> "LogHeader":
        """Header of a log; unknown keys of later minor versions are left alone.

        Raises:
            InputError: another version, or a value that does not fit.
        """
        if data.get("schema") != VERSION:
            raise InputError(f"drive log version {data.get('schema', 'unknown')!r} is not readable here; wanted {VERSION}")
        try:
            values = {k: msgspec.json.decode(v) if k in ("camera", "start_s") else v for k, v in data.items()}
            return msgspec.convert(values, cls)
        except msgspec.MsgspecError as error:
            raise InputError(f"drive log header: {error}") from None


def file_sha256(path: Path) -> str:
    """Hash of a DBC or vehicle file, for the header."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
