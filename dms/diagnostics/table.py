"""The fixed table: trouble code -> operating state and readiness. The data are in ``trouble_codes.yaml``."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from dms.diagnostics.debounce import Debounce
from dms.records.words import HealthPart

FILE = Path(__file__).with_name("trouble_codes.yaml")
OperatingState = Literal["as_judged", "degraded", "blocked", "fault"]
Limit = Literal["as_judged", "never_ready"]


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One trouble code.

    Attributes:
        number: three bytes, the last is the failure type.
        text: what is wrong, for people.
        source: what is tested.
        part: what is not well: the camera with its lamp, or the system behind it.
        debounce: evidence needed.
        operating_state: what the bus says while the test fails; ``as_judged``: what it would say anyway.
        readiness: what the readiness may be while the test fails; ``never_ready``: ready and ready-delayed become unknown.
        confirm_after: operation cycles with a failure until the code is confirmed.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=0xFFFFFE)]
    text: str
    source: str
    part: HealthPart
    debounce: Debounce
    operating_state: OperatingState
    readiness: Limit
    confirm_after: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1

    @property
    def code(self) -> str:
        """As workshops write it: letter, four digits, failure type; ``B1A00-31``."""
        letter = "PCBU"[self.number >> 22]
        return f"{letter}{self.number >> 20 & 3}{self.number >> 8 & 0xFFF:03X}-{self.number & 0xFF:02X}"


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows by name, and after how many clean operation cycles a code is forgotten."""

    age_after: Annotated[int, msgspec.Meta(ge=1, le=255)]
    codes: dict[str, Row]

    def by_number(self) -> Mapping[int, str]:
        """Number to name."""
        return {row.number: name for name, row in self.codes.items()}


@cache
def load() -> Table:
    """The shipped table."""
    table = msgspec.yaml.decode(FILE.read_bytes(), type=Table)
    assert len(table.by_number()) == len(table.codes), "two codes have the same number"
    return table


class Effect(msgspec.Struct, frozen=True):
    """What the failing tests together do to the published statement; ``reasons`` say why, ``parts`` what is not well."""

    operating_state: OperatingState = "as_judged"
    readiness: Limit = "as_judged"
    reasons: tuple[str, ...] = ()
    parts: tuple[HealthPart, ...] = ()


_WORST: tuple[OperatingState, ...] = ("as_judged", "degraded", "blocked", "fault")


def effect_of(rows: list[Row]) -> Effect:
    """The worst of all rows."""
    if not rows:
        return Effect()
    state = max((row.operating_state for row in rows), key=_WORST.index)
    never = any(row.readiness == "never_ready" for row in rows)
    told = [row for row in rows if (row.operating_state, row.readiness) != ("as_judged", "as_judged")]
    return Effect(
        state,
        "never_ready" if never else "as_judged",
        tuple(f"{row.code} {row.text}" for row in told),
        tuple(sorted({row.part for row in told})),
    )
