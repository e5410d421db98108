"""The record of an acceptance run: JSON with a hash, the same for people, and the check of one.

The SHA-256 shows that the content was not changed after it was written by whoever wrote it; it is no signature.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from dms.errors import DmsError, HardwareError, InputError
from dms.inference.cache import write_synced
from dms.runtime.accept.part import Result

RECORD, SUMMARY = "record.json", "summary.txt"


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is hashed. ``time``: wall clock, UTC. ``engines``: slot to SHA-256 of the file."""

    time: str
    dry_run: bool
    dms: str
    config: str
    engines: dict[str, str]
    profile: str
    parts: list[Result]

    @property
    def passed(self) -> int:
        """Parts that passed."""
        return sum(part.status == "pass" for part in self.parts)

    @property
    def accepted(self) -> bool:
        """Nothing failed and nothing was left out, on a device."""
        return not self.dry_run and self.passed == len(self.parts)

    @property
    def verdict(self) -> str:
        """The last line; a dry run can never be read as an acceptance."""
        word = "DRY RUN" if self.dry_run else "PASS" if self.accepted else "FAIL"
        return f"ACCEPT: {word} {self.passed}/{len(self.parts)}"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. ``sha256``: of ``content`` as canonical JSON (keys sorted, no blanks, UTF-8)."""

    schema: Literal["dms.accept/1"]
    content: Content
    sha256: str


def digest(content: Any) -> str:
    """SHA-256 of what JSON values say, whatever their order and blanks."""
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def seal(content: Content) -> Record:
    """The record of this content."""
    return Record("dms.accept/1", content, digest(content))


def write(record: Record, folder: Path) -> Path:
    """Write record and summary.

    Raises:
        HardwareError: the disk is full or may not be written.
    """
    path = folder / RECORD
    try:
        write_synced(path, msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=1) + b"\n")
        write_synced(folder / SUMMARY, (text(record) + "\n").encode())
    except OSError as error:
        raise HardwareError(f"{path}: cannot be written ({error.strerror}); choose another --out") from error
    return path


def verify(path: Path) -> Record:
    """A record whose hash fits its content.

    Raises:
        InputError: unreadable, or no such record.
        DmsError: it was changed.
    """
    try:
        data = path.read_bytes()
        raw = msgspec.json.decode(data)
        record = msgspec.json.decode(data, type=Record)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not a record of dms jetson-accept: {' '.join(str(error).split())[:160]}") from None
    if digest(raw["content"]) != record.sha256:
        raise DmsError(f"{path}: the record was changed: its content does not have the SHA-256 it states")
    if [part.number for part in record.content.parts] != list(range(1, len(PARTS) + 1)):
        raise DmsError(f"{path}: the record does not hold the parts 1 to {len(PARTS)}")
    if any(part.status == "pass" and not sound(part, record.content.dry_run) for part in record.content.parts):
        raise DmsError(f"{path}: a part that is called passed holds a check that is not")
    return record


PARTS = (
    "identity", "power state", "GPU", "networks", "parity", "plan cache", "soak", "camera", "CAN", "fault drills", "record",
)  # fmt: skip
"""Names of the parts, from 1."""


def sound(part: Result, dry: bool) -> bool:
    """Does a passed part's checks say so too; on a device each of them was judged."""
    return bool(part.checks) and all(check.ok or (dry and check.ok is None) for check in part.checks)


def text(record: Record) -> str:
    """The record for people; its last line is the verdict."""
    content = record.content
    lines = [
        f"acceptance of dms {content.dms}, {content.time}",
        f"configuration {content.config}; profile {content.profile}; {len(content.engines)} engines",
    ]
    if content.dry_run:
        lines.append("DRY RUN ON FAKES: this tests the program and says nothing about any device")
    for part in content.parts:
        lines += _part_lines(part)
    return "\n".join([*lines, f"SHA-256 {record.sha256}", content.verdict])


def _part_lines(part: Result) -> Sequence[str]:
    told = f"; dry run on fakes: {part.fakes}" if part.fakes and part.status != "not run" else ""
    why = f": {part.reason}" if part.reason else ""
    lines = [f"{part.number:>2} {part.name:<13}{part.status:<8}{part.seconds:8.1f} s{why}{told}"]
    for check in part.checks:
        word = "not judged" if check.ok is None else "ok" if check.ok else "FAIL"
        value = "not known" if check.value is None else str(check.value) or "''"
        lines.append(f"     {word:<11}{check.name} {value}, limit: {check.limit}")
    return [*lines, *(f"     not measured: {name} ({reason})" for name, reason in part.not_measured.items())]
