"""States of ``dms assess`` for people: one profile with its causes, or several side by side."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms.records import TakeoverReadiness

WIDTH = 36
"""Columns of one profile."""


class Tally:
    """Words and warnings of one profile."""

    def __init__(self) -> None:
        self.words, self.warnings = Counter[str](), Counter[str]()
        self.last: TakeoverReadiness | None = None

    def add(self, record: "TakeoverReadiness") -> bool:
        """Count a state; answers whether it differs from the one before."""
        before, self.last = self.last, record
        self.words[record.readiness] += 1
        name = record.warning.class_
        self.warnings[name or ""] += name is not None and (before is None or name != before.warning.class_)
        return before is None or _key(before) != _key(record)

    def summary(self) -> str:
        """One line."""
        number = self.words.total()
        until = "" if self.last is None else f" until t={self.last.t:.3f} s"
        shares = ", ".join(f"{word} {100 * n / number:.1f} %" for word, n in self.words.most_common())
        given = ", ".join(f"{name} x{n}" for name, n in sorted(self.warnings.items()) if n) or "none"
        return f"{number} states{until}: {shares}; warnings: {given}"


def people(records: Iterable["TakeoverReadiness"]) -> int:
    """A line for each change, and a summary; returns the number of states."""
    tally = Tally()
    for record in records:
        if tally.add(record):
            print(change_line(record))
    if tally.last is not None:
        print(tally.summary())
    return tally.words.total()


def side_by_side(records: Iterable[list["TakeoverReadiness"]]) -> int:
    """A line wherever any profile's state changes, a column for each, and a summary for each; returns the number of states."""
    tallies: dict[str, Tally] = {}
    for group in records:
        known = len(tallies)
        changed = [tallies.setdefault(_name(record), Tally()).add(record) for record in group]
        if len(tallies) > known:  # not all give a state from the first line on
            print(_columns(f"{'t':>9}", tallies))
        if any(changed):
            print(_columns(f"{group[0].t:9.3f}", [_cell(tally.last) for tally in tallies.values()]))
    width = max(map(len, tallies), default=0)
    for name, tally in tallies.items():
        print(f"{name:<{width}}  {tally.summary()}")
    return sum(tally.words.total() for tally in tallies.values())


def change_line(record: "TakeoverReadiness") -> str:
    """One state change for people: time, readiness, level, warning, first two causes."""
    warning = f"  warning={_warning(record)}" if record.warning.class_ else ""
    return f"{record.t:9.3f}  {record.readiness:<13} level {record.level}{warning}  {'; '.join(record.because[:2])}"


def _columns(head: str, cells: Iterable[str]) -> str:
    return "  ".join([head, *(f"{cell:<{WIDTH}}" for cell in cells)]).rstrip()


def _cell(record: "TakeoverReadiness | None") -> str:
    return "" if record is None else f"{record.level} {record.readiness} {_warning(record)}".rstrip()


def _warning(record: "TakeoverReadiness") -> str:
    return f"{record.warning.class_}/{record.warning.stage}" if record.warning.class_ else ""


def _key(record: "TakeoverReadiness") -> tuple[object, ...]:
    return record.readiness, record.level, record.warning.class_, record.warning.stage


def _name(record: "TakeoverReadiness") -> str:
    return "" if record.profile is None else record.profile.name
