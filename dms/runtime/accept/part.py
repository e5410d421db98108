"""What a part is, what it found, and how that is held against its limits."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from dms.errors import InputError

LIMITS = Path(__file__).with_name("limits.yaml")
SCHEMA = "dms.accept-limits/1"

Status = Literal["pass", "fail", "not run"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Values by name, and what of the part could not be measured, with the reason."""

    values: dict[str, Any]
    not_measured: dict[str, str] = field(default_factory=dict)


class NotRun(Exception):
    """The part cannot be run with this configuration; the text says why."""


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One limit. ``real``: judged on a device only. ``source``: where it comes from."""

    source: str
    min: float | None = None
    max: float | None = None
    is_: bool | int | str | None = msgspec.field(default=None, name="is")
    one_of: list[str] | None = None
    unit: str = ""
    real: bool = False

    def holds(self, value: Any) -> bool:
        """Is the value known and within; a NaN never is."""
        if value is None:
            return False
        if self.min is not None and not value >= self.min:
            return False
        if self.max is not None and not value <= self.max:
            return False
        if self.is_ is not None and value != self.is_:
            return False
        return self.one_of is None or value in self.one_of

    def __str__(self) -> str:
        told = [f"at least {self.min:g}"] if self.min is not None else []
        told += [f"at most {self.max:g}"] if self.max is not None else []
        told += [f"is {self.is_!r}"] if self.is_ is not None else []
        told += [f"one of {', '.join(self.one_of)}"] if self.one_of is not None else []
        return " and ".join(told) + (f" {self.unit}" if self.unit else "")


class Check(msgspec.Struct, frozen=True):
    """One value against its limit; ``ok`` is ``None`` where it is not judged in a dry run."""

    name: str
    value: Any
    limit: str
    source: str
    ok: bool | None


class Result(msgspec.Struct, frozen=True):
    """What became of a part. ``fakes``: what stood in the device's place; empty in a real run."""

    number: int
    name: str
    status: Status
    reason: str = ""
    fakes: str = ""
    seconds: float = 0.0
    values: dict[str, Any] = {}
    not_measured: dict[str, str] = {}
    checks: list[Check] = []


class _File(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    parts: dict[int, dict[str, Limit]]


@functools.cache
def load_limits(path: Path = LIMITS) -> Mapping[int, Mapping[str, Limit]]:
    """Limits by part and value.

    Raises:
        InputError: unreadable or incomplete.
    """
    try:
        data = msgspec.yaml.decode(path.read_bytes(), type=_File)
    except (OSError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: not usable: {' '.join(str(error).split())}") from error
    if data.schema != SCHEMA:
        raise InputError(f"{path}: schema is {data.schema!r}, expected {SCHEMA!r}")
    return data.parts


def judge(number: int, values: Mapping[str, Any], dry: bool) -> list[Check]:
    """Every limit of a part against what was measured."""
    return [
        Check(name, values.get(name), str(limit), limit.source, None if dry and limit.real else limit.holds(values.get(name)))
        for name, limit in load_limits()[number].items()
    ]
