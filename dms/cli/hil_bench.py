"""The bench commands of ``dms hil``: list, run."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dms.cli.inputs import add_engine_arguments, open_engines
from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from hil.bench.result import Result
    from hil.bench.scenario import Loaded
    from hil.bench.suite import Job

PLANTS = ("last_ready_held", "shut_eyes_ignored", "slow_to_tell")
"""Names in ``hil.bench.plants``; written down here because help must not load numpy."""
TRACES = ("log", "asc", "blf")
GROUPS = ("gaze", "availability", "takeover", "drowsiness", "gesture", "eyewear", "light", "cabin", "seat", "bus")


def add_list(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``dms hil list``."""
    parser = kinds.add_parser("list", help="the shipped bench scenarios", description="The shipped bench scenarios.")
    parser.add_argument("--group", choices=GROUPS, help="only these")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--schema", action="store_true", help="instead, the JSON schema of scenario files")


def add_run(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``dms hil run``."""
    parser = kinds.add_parser(
        "run",
        help="play bench scenarios: driver, product, bus and controller in one loop",
        description="Plays scenarios in simulated time, without pictures. Exit code 0: every expectation met, else 1.",
    )
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help="names (see `dms hil list`) or files")
    parser.add_argument("--all", action="store_true", help="all shipped scenarios")
    parser.add_argument("--group", choices=GROUPS, help="all shipped scenarios of this group")
    parser.add_argument("--rendered", action="store_true", help="with pictures, through the networks; only scenarios marked so")
    parser.add_argument(
        "--bench", metavar="FILE", help="on a real bench, in real time (YAML; example: hil/bench/bench.example.yaml)"
    )
    parser.add_argument("--wall", action="store_true", help="in real time instead of simulated time")
    parser.add_argument("--seed", type=_seed, metavar="N", help="of driver and chance (default: each scenario's own)")
    parser.add_argument("--jobs", type=_jobs, default=1, metavar="N", help="processes; results do not depend on it (default 1)")
    parser.add_argument("--junit", metavar="FILE", help="also write JUnit XML")
    parser.add_argument("--out", metavar="DIR", help="write each run's CAN trace and its timeline as JSON")
    parser.add_argument("--trace", choices=TRACES, default="log", help="format of the trace (default: log, as candump writes)")
    parser.add_argument("--plant", choices=PLANTS, help="self-test: a bug put into the product, so exit code 1 is right")
    parser.add_argument("--json", action="store_true", help="one JSON object a run")
    add_engine_arguments(parser)


def show_list(args: argparse.Namespace) -> int:
    """Exit code 0."""
    import msgspec

    from hil.bench.scenario import load, schema, shipped

    if args.schema:
        print(msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode())
        return 0
    for name in shipped():
        loaded = load(name)
        if args.group not in (None, loaded.scenario.group):
            continue
        print(msgspec.json.encode(_entry(loaded)).decode() if args.json else _text(loaded))
    return 0


def _entry(loaded: "Loaded") -> dict[str, object]:
    one = loaded.scenario
    return {
        "schema": "dms.bench-scenario/1", "name": loaded.name, "group": one.group, "about": one.about, "covers": one.covers,
        "profile": one.profile, "vehicle": one.vehicle, "duration_s": one.duration_s, "expectations": len(one.expect),
        "rendered": one.rendered is not None, "waits_for": one.waits_for,
    }  # fmt: skip


def _text(loaded: "Loaded") -> str:
    one = loaded.scenario
    marks = ("rendered too" if one.rendered else "", f"waits for {one.waits_for}" if one.waits_for else "")
    marked = "; ".join(mark for mark in marks if mark)
    return f"{one.group:<13} {loaded.name:<34} {one.duration_s:4.0f} s  {one.about}{f' ({marked})' if marked else ''}"


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 1 an expectation is not met, 2 wrong usage, 3 unreadable scenario, 4 no engines or renderer."""
    from hil.bench import suite
    from hil.bench.report import closing, lines
    from hil.controller.trace import FORMATS

    assert FORMATS == TRACES
    work = _work(args)
    _folder(args.out)
    _try_junit(args.junit)

    def show(result: "Result") -> None:
        if args.json:
            import msgspec

            print(msgspec.json.encode(result.plain()).decode(), flush=True)
        else:
            print("\n".join(lines(result)), flush=True)

    begin = time.perf_counter()
    results = suite.run(work, args.jobs, lambda: open_engines(args, _slots()), show)
    if args.junit is not None:
        _junit(args.junit, results)
    if not args.json:
        print(closing(results, time.perf_counter() - begin), file=sys.stderr)
    return 0 if all(result.outcome in ("passed", "waiting") for result in results) else 1


def _work(args: argparse.Namespace) -> "list[Job]":
    from hil.bench import suite
    from hil.bench.scenario import load, shipped

    if args.scenario and args.all:
        raise UsageError("give scenarios or --all, not both")
    if bool(args.scenario) + args.all + (args.group is not None) != 1:
        raise UsageError("give scenarios, or --all, or --group NAME; `dms hil list` shows them")
    if args.bench is not None:
        from hil.bench.real import read_bench

        if args.rendered or args.plant is not None or args.jobs > 1:
            raise UsageError("--bench goes with none of --rendered, --plant, --jobs: the product is the box on the bench")
        read_bench(Path(args.bench))
    names = args.scenario or [name for name in shipped() if args.group in (None, load(name).scenario.group)]
    common = {
        "seed": args.seed,
        "wall": args.wall,
        "plant": args.plant,
        "out": args.out,
        "trace": args.trace,
        "bench": args.bench,
    }
    return suite.jobs(names, ["rendered" if args.rendered else "signal"], bool(args.scenario), **common)


def _slots() -> tuple[str, ...]:
    from dms.perception.pipeline import SLOTS

    return SLOTS


def _folder(name: str | None) -> None:
    try:
        if name is not None:
            Path(name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {name} cannot be made: {error.strerror}") from None


def _try_junit(name: str | None) -> None:
    """Minutes of runs are not to be lost for a file that cannot be written."""
    try:
        if name is not None:
            Path(name).open("ab").close()
    except OSError as error:
        raise InputError(f"--junit {name} cannot be written: {error.strerror}") from None


def _junit(name: str, results: "list[Result]") -> None:
    from hil.bench.junit import junit

    try:
        Path(name).write_bytes(junit(results))
    except OSError as error:
        raise InputError(f"--junit {name} cannot be written: {error.strerror}") from None


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 on")
    return int(text)


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 999:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 999")
    return int(text)
