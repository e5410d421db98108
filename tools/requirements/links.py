"""Which tests show which rows: asked of pytest's own collection; whether they passed: read from a JUnit report."""

import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from tools.requirements.rows import ROOT, TableError

Links = dict[str, list[str]]
"""Node id of a test to the ids it shows."""
Outcome = Literal["passed", "failed", "skipped", "not run"]
Outcomes = dict[tuple[str, str], Outcome]
"""Class name and name as JUnit writes them, to the outcome."""

_MARK = "mark.requirement("


def collect_links(tests: Path = ROOT / "tests") -> Links:
    """Collect the files that hold marks, in a process of its own.

    Raises:
        TableError: the collection failed; the message is pytest's last lines.
    """
    files = sorted(path for path in tests.rglob("test_*.py") if _MARK in path.read_text())
    if not files:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "links.json"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider",
             "--requirement-links", str(out), *map(str, files)],
            cwd=tests.parent, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode != 0 or not out.exists():
            said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
            raise TableError(f"the tests could not be collected: {' '.join(said[-2:])}")
        links: Links = json.loads(out.read_text())
    return links


def function_of(node: str) -> str:
    """The test function of a node id: without its parameters."""
    return node.partition("[")[0]


def by_row(links: Links) -> dict[str, dict[str, list[str]]]:
    """Row id to test function to its node ids."""
    found: dict[str, dict[str, list[str]]] = {}
    for node, ids in sorted(links.items()):
        for one in ids:
            found.setdefault(one, {}).setdefault(function_of(node), []).append(node)
    return found


def read_junit(path: Path) -> Outcomes:
    """Outcomes of a ``pytest --junit-xml`` report.

    Raises:
        TableError: not readable, or no such report.
    """
    try:
        cases = list(ET.parse(path).getroot().iter("testcase"))
    except (OSError, ET.ParseError) as error:
        raise TableError(f"{path}: {error}") from None
    if not cases:
        raise TableError(f"{path}: no test in this report")
    return {(case.get("classname", ""), case.get("name", "")): _outcome(child.tag for child in case) for case in cases}


def _outcome(tags: Iterable[str]) -> Outcome:
    said = set(tags)
    if said & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in said else "passed"


def junit_key(node: str) -> tuple[str, str]:
    """A node id as pytest's JUnit report names it."""
    function, bracket, parameters = node.partition("[")
    path, *names = function.split("::")
    module = path.removesuffix(".py").replace("/", ".")
    return ".".join([module, *names[:-1]]), names[-1] + bracket + parameters
