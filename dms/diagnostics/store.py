"""What must outlive kill -9 and a power cut: two files, each replaced whole, each with a number and a checksum.

The older of the two is the one that is written. Whatever the disk does with a write that was cut short, the other file is still
the state before it, so a confirmed code that was once on the disk is never lost to a later write.
"""

import hashlib
import os
from pathlib import Path

import msgspec

from dms.diagnostics.status import Life
from dms.errors import HardwareError

MAGIC = b"dms-dtc/1"
NAMES = ("memory.a", "memory.b")


class Snapshot(msgspec.Struct, frozen=True):
    """Freeze frame: what was the case when a test surely failed; what was not known is ``None``.

    Attributes:
        running_s: since the program's start, s.
        operating_state: word of the health state.
        readiness: word of the readiness.
        level: of the state record, 0..5.
        speed_kmh: of the vehicle.
        temperature_degc: of the computer.
        frame_counter: the camera's, of the newest picture.
        causes: chain of causes.
    """

    running_s: float
    operating_state: str | None = None
    readiness: str | None = None
    level: int | None = None
    speed_kmh: float | None = None
    temperature_degc: float | None = None
    frame_counter: int | None = None
    causes: str = ""


class StoredCode(msgspec.Struct):
    """One code in the memory, with its first freeze frame and its newest."""

    life: Life = msgspec.field(default_factory=Life)
    first: Snapshot | None = None
    latest: Snapshot | None = None


class Stored(msgspec.Struct):
    """Everything that is kept: the operation cycle's name, codes by name, written data by identifier, failed unlock attempts."""

    cycle: str = ""
    codes: dict[str, StoredCode] = {}
    written: dict[str, str] = {}
    failed_attempts: int = 0


class Store:
    """A folder with two files. ``load`` first, then ``save`` as often as needed; not for two threads at once.

    Args:
        folder: where; made if it is missing.

    Raises:
        HardwareError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sequence = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HardwareError(f"trouble code memory {folder}: {error.strerror}") from None
        if not os.access(folder, os.W_OK):
            raise HardwareError(f"trouble code memory {folder} cannot be written")

    def load(self) -> tuple[Stored, bool]:
        """(the newest whole state, was the memory whole). An empty one where nothing was written yet."""
        raw = [self._bytes(name) for name in NAMES]
        found = [state for data in raw if data is not None and (state := decode(data)) is not None]
        whole = len(found) == sum(data is not None for data in raw)
        if not found:
            return Stored(), whole
        self._sequence, stored = max(found, key=lambda pair: pair[0])
        return stored, whole

    def save(self, stored: Stored) -> None:
        """Write through to the disk.

        Raises:
            HardwareError: it cannot be written; what is on the disk is still whole.
        """
        sequence = self._sequence + 1
        target = self.folder / NAMES[sequence % 2]
        beside = self.folder / "memory.new"
        try:
            with open(beside, "wb") as file:
                file.write(encode(stored, sequence))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, target)
            _sync_folder(self.folder)
        except OSError as error:
            raise HardwareError(f"trouble code memory {target}: {error.strerror}") from None
        self._sequence = sequence

    def _bytes(self, name: str) -> bytes | None:
        """A file's bytes; ``None`` where there is none. An unreadable one is a damaged one."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError:
            return b""


def encode(stored: Stored, sequence: int) -> bytes:
    """One line with number and checksum, then JSON."""
    body = msgspec.json.encode(stored)
    return b"%s %d %s\n%s" % (MAGIC, sequence, _digest(sequence, body), body)


def decode(data: bytes) -> tuple[int, Stored] | None:
    """(number, state), or ``None`` if a byte of it is missing or wrong."""
    head, _, body = data.partition(b"\n")
    parts = head.split(b" ")
    if len(parts) != 3 or parts[0] != MAGIC or not parts[1].isdigit() or len(parts[1]) > 18:
        return None
    sequence = int(parts[1])
    if parts[2] != _digest(sequence, body):
        return None
    try:
        return sequence, msgspec.json.decode(body, type=Stored)
    except msgspec.MsgspecError:
        return None


def _digest(sequence: int, body: bytes) -> bytes:
    return hashlib.sha256(b"%d\n%s" % (sequence, body)).hexdigest().encode()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
