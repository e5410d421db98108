"""Rows and tests together: what is shown, what is shown in part, what cannot be shown in software, what is open."""

from collections import Counter
from typing import Literal, NamedTuple

from tools.requirements.links import Links, Outcome, Outcomes, by_row, junit_key
from tools.requirements.rows import Row, Table, TableError

Status = Literal["shown", "in part", "not in software", "open", "failed", "not run"]
STATUSES: tuple[Status, ...] = ("shown", "in part", "not in software", "open", "failed", "not run")


class Entry(NamedTuple):
    """One row of the matrix; ``tests``: test function to its outcomes (none without a report)."""

    id: str
    row: Row
    status: Status
    tests: dict[str, Counter[Outcome]]


def join(table: Table, links: Links, outcomes: Outcomes | None = None) -> list[Entry]:
    """One entry a row, in the order of the table.

    Raises:
        TableError: a row that says ``tests`` has none, or one ``not_in_software`` has some.
    """
    found = by_row(links)
    entries = []
    for one, row in table.rows.items():
        nodes = found.get(one, {})
        if row.shown_by == "tests" and not nodes:
            raise TableError(f"{one} is said to be shown by tests, and no test carries its mark")
        if row.shown_by == "not_in_software" and nodes:
            raise TableError(f"{one} is said not to be shown in software, and {next(iter(nodes))} carries its mark")
        tests = {name: _counted(cases, outcomes) for name, cases in nodes.items()}
        entries.append(Entry(one, row, _status(row, tests, outcomes is not None), tests))
    return entries


def _counted(cases: list[str], outcomes: Outcomes | None) -> Counter[Outcome]:
    if outcomes is None:
        return Counter()
    return Counter(outcomes.get(junit_key(node), "not run") for node in cases)


def _status(row: Row, tests: dict[str, Counter[Outcome]], ran: bool) -> Status:
    if row.shown_by == "not_in_software":
        return "not in software"
    if ran and any(counted["failed"] for counted in tests.values()):
        return "failed"
    if ran and tests and not all(counted["passed"] for counted in tests.values()):
        return "not run"
    if row.shown_by == "tests":
        return "shown"
    return "in part" if tests else "open"


def summary(entries: list[Entry]) -> str:
    """The one line that counts."""
    counted = Counter(entry.status for entry in entries)
    parts = [
        f"{counted['shown']} shown by tests",
        f"{counted['in part']} shown in part",
        f"{counted['not in software']} named as not to be shown in software",
        f"{counted['open']} open",
    ]
    parts += [f"{counted[name]} with tests {name}" for name in ("failed", "not run") if counted[name]]  # type: ignore[index]
    return f"{len(entries)} rows: {', '.join(parts)}."
