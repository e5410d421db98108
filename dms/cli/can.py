"""``dms can``: the CAN contract as a package to hand over, and what a recorded trace says.

export  DBC and KCD, a page per message, receiver source in C99, test vectors, VSS overlay
decode  a candump, ASC, BLF or other trace: when the reference receiver believed what, and how each message did
"""

import argparse
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dms.bus.contract.decoding import Decoder, Heard
    from dms.bus.layout import Layout
    from dms.bus.port import CanFrame
    from dms.bus.receiver import TakeoverStatement

HELP = "the CAN contract as a package (DBC, C receiver, vectors, pages), and what a recorded trace says"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms can``."""
    commands = parser.add_subparsers(dest="can_command", required=True, metavar="{export,decode}")
    export = commands.add_parser("export", help="write the contract package into a folder")
    export.add_argument("folder", type=Path, metavar="DIR")
    export.add_argument("--json", action="store_true", help="one JSON document on stdout")
    decode = commands.add_parser("decode", help="what a recorded trace says")
    decode.add_argument("trace", metavar="TRACE", help=".log (candump), .asc, .blf, .csv, .mf4; - reads candump -L from stdin")
    form = decode.add_mutually_exclusive_group()
    form.add_argument("--jsonl", action="store_true", help="every frame as a JSON line: signals, verdict, statement")
    form.add_argument("--json", action="store_true", help="the summary as one JSON document")
    form.add_argument("--vss", action="store_true", help="changes under COVESA VSS names as JSON lines")
    for command in (export, decode):
        command.add_argument("--dbc", type=Path, metavar="FILE", help="a message set of your own instead of the shipped one")


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-command; the exit code."""
    return _export(args) if args.can_command == "export" else _decode(args)


def _export(args: argparse.Namespace) -> int:
    from dms.bus.contract.export import export

    files = export(args.folder, args.dbc)
    if args.json:
        print(json.dumps({"schema": "dms.contract/1", "folder": str(args.folder), "files": [str(f) for f in files]}, indent=1))
        return 0
    print(f"{len(files)} files in {args.folder}; begin with README.md; try the receiver: make -C {args.folder / 'c'} check")
    return 0


def _decode(args: argparse.Namespace) -> int:
    from dms.bus.contract.decoding import Decoder, vss_changes
    from dms.bus.trace import read_trace

    layout, trace = _layout(args, read_trace(args.trace))
    decoder = Decoder(layout)
    heard = decoder.read(trace)
    if args.vss:
        for t, path, value in vss_changes(heard):
            print(json.dumps({"t": t, "path": path, "value": value}))
    elif args.jsonl:
        for one in heard:
            print(json.dumps(_record(one)))
    elif args.json:
        told = [_change(change) for change in _changes(heard)]
        print(json.dumps({"schema": "dms.trace/1", "messages": _summary(decoder), "changes": told}, indent=1))
    else:
        _print(_changes(heard), decoder)
    return 0


def _print(changes: "Iterable[Heard]", decoder: "Decoder") -> None:
    for change in changes:
        print(f"{change.t:17.6f}  {_told(change.statement)}")
    for name, count in decoder.counts.items():
        period = "-" if count.period_s is None else f"{count.period_s * 1e3:.1f} ms"
        verdicts = ", ".join(f"{verdict} {number}" for verdict, number in count.verdicts.items())
        print(f"{name:18} {count.frames:6} frames, every {period}: {verdicts}")


def _layout(
    args: argparse.Namespace, trace: "Iterator[tuple[float, CanFrame]]"
) -> "tuple[Layout, Iterator[tuple[float, CanFrame]]]":
    """The message set of the trace, and the trace from its beginning."""
    from dms.bus.contract.decoding import message_set
    from dms.bus.contract.export import SETS
    from dms.bus.layout import load

    layouts = [load(args.dbc)] if args.dbc else [load(path) for path in SETS.values()]
    seen: list[tuple[float, CanFrame]] = []

    def noted() -> "Iterator[tuple[float, CanFrame]]":
        for item in trace:
            seen.append(item)
            yield item

    layout = message_set(layouts, noted(), args.trace)
    return layout, itertools.chain(seen, trace)


def _changes(heard: "Iterable[Heard]") -> "Iterator[Heard]":
    """Only what differs from the statement before in more than ages and counters."""
    before: tuple[object, ...] | None = None
    for one in heard:
        s = one.statement
        now = (s.ready, s.e2e, s.operating, s.readiness, s.level, s.reasons, tuple(word.split(" ")[0] for word in s.because))
        if now != before:
            before = now
            yield one


def _told(s: "TakeoverStatement") -> str:
    reasons = " ".join(reason for reason in s.reasons if reason != "not_available")
    detail = [f"level {s.level}" if s.level is not None else "", f"E2E {s.e2e.value}", reasons]
    against = "".join(f"; {word}" for word in s.because)
    return f"{'ready    ' if s.ready else 'not ready'}  {', '.join(filter(None, detail))}{against}"


def _statement(s: "TakeoverStatement") -> dict[str, object]:
    infinite = float("inf")
    found = {name: getattr(s, name) for name in type(s).__dataclass_fields__}
    plain = {name: None if value == infinite else value for name, value in found.items()}
    return {**plain, "e2e": s.e2e.value, "check": s.check.value}


def _record(one: "Heard") -> dict[str, object]:
    name = one.message.name if one.message else None
    check = one.check.value if one.check else None
    return {"t": one.t, "message": name, "check": check, "signals": one.values, "statement": _statement(one.statement)}


def _change(one: "Heard") -> dict[str, object]:
    return {"t": one.t, **_statement(one.statement)}


def _summary(decoder: "Decoder") -> dict[str, dict[str, object]]:
    return {
        name: {
            "frames": count.frames,
            "period_ms": None if count.period_s is None else count.period_s * 1e3,
            "verdicts": dict(count.verdicts),
        }
        for name, count in decoder.counts.items()
    }
