"""``dms hil faults``: the matrix of fault by state of the drive."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dms.cli.inputs import add_engine_arguments, open_engines
from dms.errors import InputError

if TYPE_CHECKING:
    from hil.faults.cell import Cell


def add_faults(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``dms hil faults``."""
    parser = kinds.add_parser(
        "faults",
        help="put faults into the closed loop and measure how soon the receiver knows",
        description="Each fault in each state of the drive, in simulated time. Exit code 0: all measured and in time, else 1.",
    )
    parser.add_argument("--only", action="append", default=[], metavar="FAULT", help="only this fault (may be repeated)")
    parser.add_argument("--state", action="append", default=[], metavar="STATE", help="only this state (may be repeated)")
    parser.add_argument(
        "--pictures",
        choices=("no", "some", "all"),
        default="some",
        help="faults in the pixels go through the networks, 15 s of CPU each: in two states, none or all (default: some)",
    )
    parser.add_argument("--live", action="store_true", help="also kill and stop a running product, on the clock (a minute)")
    parser.add_argument(
        "--list", action="store_true", help="instead, what there is: faults, states, and what can be put in where"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes; results do not depend on it (default 1)")
    parser.add_argument("--report", metavar="DIR", help="write faults.html and faults.json there")
    parser.add_argument("--plant", metavar="NAME", help="self-test: a bug put into the product, so exit code 1 is right")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 1 a cell is missing or over its limit, 2 wrong usage, 3 unwritable report, 4 no engines or renderer."""
    import msgspec

    from hil.faults import matrix, report

    if args.list:
        print("\n".join(_listing()))
        return 0
    folder = _folder(args.report)
    work = matrix.jobs(args.only, args.state, args.pictures, args.plant, args.live)

    def show(cell: "Cell") -> None:
        if not args.json:
            print(report.line(cell), flush=True)

    begin = time.perf_counter()
    cells = matrix.run(work, max(1, args.jobs), lambda: open_engines(args, _slots()), show)
    if args.json:
        print(msgspec.json.encode(report.plain(cells)).decode())
    if folder is not None:
        _write(folder / "faults.html", report.html(cells).encode())
        _write(folder / "faults.json", msgspec.json.format(msgspec.json.encode(report.plain(cells)), indent=1))
    print(report.closing(cells, time.perf_counter() - begin), file=sys.stderr)
    return 0 if cells and all(cell.outcome in ("passed", "blind") for cell in cells) else 1


def _listing() -> list[str]:
    from hil.faults.catalogue import faults, states
    from hil.faults.effects import TARGETS

    lines = ["faults:"]
    for fault in faults():
        asks = fault.blind or f"{fault.hears} within {fault.within_s:g} s ({fault.source})"
        lines.append(f"  {fault.name:<28}{fault.target} {fault.failure}: {asks}")
    lines += ["states:", *(f"  {name:<28}{loaded.scenario.about}" for name, loaded in states().items())]
    lines += ["targets, and what can happen to them:"]
    return lines + [f"  {name:<28}{', '.join(one.effects)}: {one.about}" for name, one in TARGETS.items()]


def _slots() -> tuple[str, ...]:
    from dms.perception.pipeline import SLOTS

    return SLOTS


def _folder(name: str | None) -> Path | None:
    if name is None:
        return None
    try:
        Path(name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--report {name} cannot be made: {error.strerror}") from None
    return Path(name)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputError(f"--report {path} cannot be written: {error.strerror}") from None
