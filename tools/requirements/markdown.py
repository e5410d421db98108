"""The matrix as Markdown: what is committed as ``docs/requirements.md``. Names only, so it changes only with rows and marks."""

from itertools import groupby

from tools.requirements.matrix import Entry, summary
from tools.requirements.rows import Table

_HEAD = """# Requirement matrix

Made by `python -m tools.requirement_matrix` from [requirements.yaml](requirements.yaml) and the tests' marks.
Not edited by hand.

{summary}

The tests support evidence for a row; no row claims conformity with any text. Before a number enters a claim, a person reads the
clause behind it. What the words of the third column mean: *primary*: read in the text or code itself; *secondary*: quoted by a
named secondary text; *recalled*: from memory, checked nowhere; *proposed*: an engineering value, no norm behind it; *measured*:
computed by this project. Codes after it are the sources at the end.

A test shows a row with the mark `@pytest.mark.requirement("R157-03")`; an id of no row fails the collection.
`pytest --junit-xml=report.xml` and `python -m tools.requirement_matrix --junit report.xml --html matrix.html` make the page with
outcomes.
"""


def markdown(table: Table, entries: list[Entry]) -> str:
    """The whole file."""
    parts = [_HEAD.format(summary=f"**{summary(entries)}**")]
    by_family = {family: [e for e in entries if e.id.rpartition("-")[0] == family] for family in table.families}
    for family, rows in by_family.items():
        parts.append(
            f"## {table.families[family]}\n\n| id | what is asked | certainty, source | shown by |\n| --- | --- | --- | --- |"
        )
        parts.append("\n".join(_row(entry) for entry in rows) + "\n")
    parts.append("## Sources\n\n| code | stands for | read as |\n| --- | --- | --- |")
    parts.append("\n".join(f"| {code} | {_cell(s.name)} | {s.read} |" for code, s in table.sources.items()) + "\n")
    return "\n".join(parts)


def _row(entry: Entry) -> str:
    row = entry.row
    asked = f"{row.statement} **{row.quantity}: {row.value}**" if row.value != "-" else row.statement
    if row.note:
        asked += f" ({row.note})"
    return f"| {entry.id} | {_cell(asked)} | {row.certainty}: {', '.join(row.source)} | {_cell(_shown(entry))} |"


def _shown(entry: Entry) -> str:
    lines = []
    if entry.row.shown_by == "not_in_software":
        lines.append(f"*not in software*: {entry.row.why}")
    elif entry.row.shown_by == "open":
        lines.append(f"*{'in part' if entry.tests else 'open'}*: {entry.row.why}")
    for path, names in groupby(sorted(entry.tests), key=lambda test: test.partition("::")[0]):
        lines.append(f"{path}: " + ", ".join(f"`{name.partition('::')[2]}`" for name in names))
    return "<br>".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
