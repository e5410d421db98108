"""The rows of ``docs/requirements.yaml``, checked on loading."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "requirements.yaml"

Certainty = Literal["primary", "secondary", "recalled", "proposed", "measured"]
ShownBy = Literal["tests", "not_in_software", "open"]


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a source code stands for, and how near to the text itself it is."""

    name: str
    read: Certainty


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One requirement; ``why`` is missing only where tests show it all."""

    statement: str
    quantity: str
    value: str
    certainty: Certainty
    source: list[str]
    shown_by: ShownBy
    note: str | None = None
    why: str | None = None


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows by id, what their sources are, and the families in the order of the file."""

    sources: dict[str, Source]
    families: dict[str, str]
    rows: dict[str, Row]

    def of_family(self, family: str) -> Iterator[tuple[str, Row]]:
        """Ids and rows of one family."""
        return ((one, row) for one, row in self.rows.items() if one.rpartition("-")[0] == family)


class TableError(Exception):
    """The table cannot be used; the message is one line."""


def load_table(path: Path = TABLE) -> Table:
    """Read and check the table.

    Raises:
        TableError: not readable, a wrong field or word, an id of no family, a code of no source, or a ``why`` missing or idle.
    """
    try:
        table = msgspec.yaml.decode(path.read_bytes(), type=Table)
    except (OSError, msgspec.MsgspecError) as error:
        raise TableError(f"{path.name}: {' '.join(str(error).split())}") from None
    for one, row in table.rows.items():
        if mistake := _mistake(one, row, table):
            raise TableError(f"{path.name}: {one}: {mistake}")
    return table


def _mistake(one: str, row: Row, table: Table) -> str | None:
    if one.rpartition("-")[0] not in table.families:
        return "no family of this id"
    if unknown := [code for code in row.source if code not in table.sources]:
        return f"no source {unknown[0]}"
    if not row.source:
        return "no source"
    if (row.why is None) != (row.shown_by == "tests"):
        return "why goes with open and not_in_software, and only with them"
    return None
