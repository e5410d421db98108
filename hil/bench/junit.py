"""JUnit XML of a suite, in the form that the common readers agree on: testsuite, testcase, failure, error, skipped."""

import re
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from hil.bench.result import Result
from hil.bench.scenario import load

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold."""


def junit(results: Sequence[Result]) -> bytes:
    """The whole document. A test case is one run; times are what it took, simulated times stand in the output."""
    failures = sum(result.outcome == "failed" for result in results)
    errors = sum(result.outcome == "error" for result in results)
    skipped = sum(result.outcome == "waiting" for result in results)
    counts = {
        "tests": str(len(results)), "failures": str(failures), "errors": str(errors), "skipped": str(skipped),
        "time": f"{sum(result.wall_s for result in results):.3f}",
    }  # fmt: skip
    root = Xml.Element("testsuites", {"name": "dms hil", **{k: v for k, v in counts.items() if k != "skipped"}})
    suite = Xml.SubElement(root, "testsuite", {"name": "dms hil", **counts})
    for result in results:
        _case(suite, result)
    Xml.indent(root)
    document: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _case(suite: Xml.Element, result: Result) -> None:
    name = result.name if result.level == "signal" else f"{result.name} ({result.level})"
    group = load(result.name).scenario.group
    case = Xml.SubElement(
        suite, "testcase", {"classname": f"dms.hil.{group}", "name": _clean(name), "time": f"{result.wall_s:.3f}"}
    )  # fmt: skip
    text = _clean("\n".join([*result.why(), f"seed {result.seed}", f"repeat: {result.repeat}"]))
    if result.outcome in ("failed", "error"):
        kind = "failure" if result.outcome == "failed" else "error"
        first = result.why()[0] if result.why() else "failed"
        Xml.SubElement(case, kind, {"message": _clean(first), "type": result.outcome}).text = text
    elif result.outcome == "waiting":
        Xml.SubElement(case, "skipped", {"message": _clean(f"waits for {result.waits_for}")})
    lines = [f"{'met' if v.passed else 'NOT MET'}: {v.expectation.text}: {v.measured}" for v in result.verdicts]
    Xml.SubElement(case, "system-out").text = _clean("\n".join([*lines, f"seed {result.seed}", f"repeat: {result.repeat}"]))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
