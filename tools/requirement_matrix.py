"""Which test shows which requirement: writes ``docs/requirements.md`` and, if asked, one self-contained HTML page.

    python -m tools.requirement_matrix                                          docs/requirements.md, and the count on stdout
    python -m tools.requirement_matrix --check                                  is it up to date? exit 1 if not
    python -m tools.requirement_matrix --junit report.xml --html matrix.html    with outcomes of pytest --junit-xml=report.xml

Rows come from ``docs/requirements.yaml``, tests from pytest's own collection. Exit codes: 0 ok; 1 out of date, or a marked test
failed; 2 usage; 3 an input cannot be used.
"""

import argparse
import sys
from pathlib import Path

from tools.requirements.links import collect_links, read_junit
from tools.requirements.markdown import markdown
from tools.requirements.matrix import join, summary
from tools.requirements.page import page
from tools.requirements.rows import ROOT, TableError, load_table

COMMITTED = ROOT / "docs" / "requirements.md"


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m tools.requirement_matrix", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if docs/requirements.md is out of date")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write one self-contained page")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="outcomes for the page, from pytest --junit-xml=FILE")
    args = parser.parse_args(arguments)
    try:
        table = load_table()
        links = collect_links()
        text = markdown(table, join(table, links))
        entries = join(table, links, None if args.junit is None else read_junit(args.junit))
        if args.html is not None:
            args.html.write_text(page(table, entries), encoding="utf-8")
        current = COMMITTED.exists() and COMMITTED.read_text(encoding="utf-8") == text
        if not args.check:
            COMMITTED.write_text(text, encoding="utf-8")
    except (TableError, OSError) as error:
        print(f"requirement_matrix: {error}", file=sys.stderr)
        return 3
    print(summary(entries))
    if args.check and not current:
        print("requirement_matrix: docs/requirements.md is out of date; run: python -m tools.requirement_matrix", file=sys.stderr)
        return 1
    return int(any(entry.status == "failed" for entry in entries))


if __name__ == "__main__":
    sys.exit(main())
