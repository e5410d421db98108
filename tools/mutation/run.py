"""Mutation testing of modules of the rules with Cosmic Ray: score, and every mutant that no test noticed.

    pip install -r tools/mutation/requirements.txt
    python -m tools.mutation.run                                  every module of tools/mutation/modules.toml
    python -m tools.mutation.run dms/assessment/closure.py        one of them

The tests of ``modules.toml`` run against a copy of the tree (in a temporary folder), so the working tree is never changed. Takes
minutes a module. Exit codes: 0 ok; 1 a score below ``--at-least``; 2 usage; 3 the tests fail without a mutant; 4 Cosmic Ray is
missing.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("dms", "tests", "docs", "tools/__init__.py", "tools/requirements", "pyproject.toml")
LINKED = ("engines", "calibration", "hil")
TOOL = Path(sys.executable).with_name("cosmic-ray")
WALL_LIMIT_S = 3600
"""For Cosmic Ray's own stopwatch; the server ends a run by its CPU time."""


class Survivor(NamedTuple):
    """A mutant that no test noticed."""

    operator: str
    diff: str


class Equivalent(NamedTuple):
    """Mutants that change nothing anybody could notice: patterns of their operator and of their changed line."""

    operator: str
    line: str
    why: str

    def matches(self, survivor: Survivor) -> bool:
        """Is it one of these?"""
        return bool(re.fullmatch(self.operator, survivor.operator) and re.search(self.line, survivor.diff))


class Report(NamedTuple):
    """What came of one module; ``equivalent`` mutants are not among ``mutants``."""

    module: str
    mutants: int
    equivalent: int
    survivors: list[Survivor]

    @property
    def score(self) -> float:
        """Share of mutants noticed, 0..1."""
        return 1.0 - len(self.survivors) / self.mutants if self.mutants else 1.0


class BaselineFails(Exception):
    """The tests fail on the unchanged module."""


def main() -> int:
    """Run the program; returns its exit code."""
    assert __doc__ is not None
    plan = tomllib.loads((ROOT / "tools" / "mutation" / "modules.toml").read_text())
    parser = argparse.ArgumentParser(prog="python -m tools.mutation.run", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="files named in tools/mutation/modules.toml; default: all")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="SHARE", help="exit 1 if a module scores less (0..1)")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N mutants of a module")
    args = parser.parse_args()
    unknown = [name for name in args.modules if name not in plan["modules"]]
    if unknown:
        parser.error(f"{unknown[0]} is not in tools/mutation/modules.toml")
    if not TOOL.exists():
        print("mutation: Cosmic Ray is missing; run: pip install -r tools/mutation/requirements.txt", file=sys.stderr)
        return 4
    low = False
    for module in args.modules or plan["modules"]:
        try:
            report = mutate(module, plan, args.limit)
        except BaselineFails as error:
            print(f"mutation: {error}", file=sys.stderr)
            return 3
        show(report)
        low = low or report.score < args.at_least
    return int(low)


def show(report: Report) -> None:
    """The survivors as differences, then the score."""
    for survivor in report.survivors:
        print(f"--- {report.module}: {survivor.operator}\n{survivor.diff}")
    noticed = report.mutants - len(report.survivors)
    same = f" ({report.equivalent} equivalent ones left out)" if report.equivalent else ""
    print(f"{report.module}: {noticed} of {report.mutants} mutants noticed, {report.score:.1%}{same}", flush=True)


def mutate(module: str, plan: dict[str, Any], limit: int | None = None) -> Report:
    """All mutants of one module.

    Raises:
        BaselineFails: the tests fail on the unchanged module.
    """
    tests, equivalent = plan["modules"][module], [Equivalent(**one) for one in plan["equivalent"]]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        tree = Path(folder) / "tree"
        copy_tree(tree)
        door, session, config = Path(folder) / "door", Path(folder) / "session.sqlite", Path(folder) / "config.toml"
        config.write_text(configuration(module, door, plan["exclude"]))
        tool = [str(TOOL)]
        with server(tree, door, tests):
            if subprocess.run([sys.executable, "-S", str(ROOT / "tools/mutation/ask.py"), str(door)]).returncode:
                raise BaselineFails(f"{module}: its tests fail without a mutant: {' '.join(tests)}")
            call([*tool, "init", str(config), str(session)], tree)
            call([str(TOOL.with_name("cr-filter-operators")), str(session), str(config)], tree)
            if limit is not None:
                cut(session, limit)
            call([*tool, "exec", str(config), str(session)], tree)
        return read(module, call([*tool, "dump", str(session)], tree), equivalent)


def copy_tree(tree: Path) -> None:
    """What the tests need: copies of what may be changed, links to the rest."""
    tree.mkdir()
    for name in COPIED:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, tree / name)
    for name in LINKED:
        (tree / name).symlink_to(ROOT / name)


def configuration(module: str, door: Path, exclude: list[str]) -> str:
    """Cosmic Ray's configuration file."""
    command = f"{sys.executable} -S {ROOT / 'tools/mutation/ask.py'} {door}"
    return (
        f'[cosmic-ray]\nmodule-path = "{module}"\ntimeout = {WALL_LIMIT_S}.0\nexcluded-modules = []\ntest-command = "{command}"\n'
        f'[cosmic-ray.distributor]\nname = "local"\n'
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = {json.dumps(exclude)}\n"
    )


@contextmanager
def server(tree: Path, door: Path, tests: list[str]) -> Iterator[None]:
    """The server of ``tools.mutation.server`` in ``tree``."""
    environment = {"PYTHONPATH": f"{tree}:{tree / 'tests'}", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "tools/mutation/server.py"), str(door), *tests], cwd=tree, env=environment
    )
    try:
        while not door.exists():
            if running.poll() is not None:
                raise BaselineFails("the test server did not start")
            time.sleep(0.05)
        yield
    finally:
        running.kill()
        running.wait()


def cut(session: Path, limit: int) -> None:
    """Leave only the first mutants of a session."""
    import sqlite3

    with sqlite3.connect(session) as base:
        kept = "SELECT job_id FROM work_items ORDER BY rowid LIMIT ?"
        for table in ("mutation_specs", "work_results", "work_items"):
            base.execute(f"DELETE FROM {table} WHERE job_id NOT IN ({kept})", (limit,))


def call(command: list[str], cwd: Path) -> str:
    """Output of a program that must succeed."""
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def read(module: str, dump: str, equivalent: list[Equivalent]) -> Report:
    """The report from ``cosmic-ray dump``: a mutant counts when it was tried."""
    survivors, tried = [], 0
    for line in dump.splitlines():
        item, result = json.loads(line)
        if result is None or result["worker_outcome"] == "skipped":
            continue
        tried += 1
        if result["test_outcome"] == "survived":
            spec = item["mutations"][0]
            survivors.append(Survivor(spec["operator_name"], only_changes(result["diff"] or "")))
    real = [one for one in survivors if not any(same.matches(one) for same in equivalent)]
    left_out = len(survivors) - len(real)
    return Report(module, tried - left_out, left_out, real)


def only_changes(diff: str) -> str:
    """The changed lines with their place."""
    kept = [line for line in diff.splitlines() if re.match(r"@@|[-+](?![-+])", line)]
    return "\n".join(kept)


if __name__ == "__main__":
    sys.exit(main())
