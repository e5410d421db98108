"""The plan of the mutation runs names what exists, and a report counts what was tried."""

import json
import re
import sys
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.mutation.run import ROOT, Equivalent, only_changes, read

PLAN = tomllib.loads((ROOT / "tools/mutation/modules.toml").read_text())
DIFF = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n def f():\n-    return a >= b - TINY\n+    return a > b - TINY\n"


@pytest.mark.parametrize("module", PLAN["modules"])
def test_modules_and_their_tests_exist(module: str) -> None:
    assert (ROOT / module).is_file()
    assert PLAN["modules"][module] and all((ROOT / test).exists() for test in PLAN["modules"][module])


def test_every_equivalent_has_a_reason_and_patterns_that_compile() -> None:
    for one in PLAN["equivalent"]:
        assert one["why"] and re.compile(one["operator"]) and re.compile(one["line"])
    for pattern in PLAN["exclude"]:
        re.compile(pattern)


def line(outcome: str, worker: str = "normal", diff: str = DIFF) -> str:
    item = {"job_id": "1", "mutations": [{"operator_name": "core/ReplaceComparisonOperator_GtE_Gt"}]}
    return json.dumps([item, {"worker_outcome": worker, "test_outcome": outcome, "diff": diff}])


def test_a_report_counts_mutants_that_were_tried() -> None:
    other = DIFF.replace("TINY", "1.0")
    dump = "\n".join(
        [line("killed"), line("survived"), line("survived", diff=other), line("survived", "skipped"), '[{"job_id": "2"}, null]']
    )
    same = Equivalent("core/ReplaceComparisonOperator_GtE_Gt", "TINY", "rounding")
    report = read("dms/x.py", dump, [same])
    assert (report.mutants, report.equivalent, len(report.survivors), report.score) == (2, 1, 1, 0.5)
    assert report.survivors[0].diff == "@@ -1,2 +1,2 @@\n-    return a >= b - 1.0\n+    return a > b - 1.0"
    assert only_changes("") == ""
