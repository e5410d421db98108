"""``dms hil controller``: the simulated Level 3 controller as a process of its own, on a real or a virtual bus, in real time."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from dms.bus.layout import Layout
    from hil.controller.serve import Act, Served
    from hil.controller.vehicle import Vehicle

STATES = ("inactive", "available", "active")


def add_controller(kinds: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """``dms hil controller``."""
    parser = kinds.add_parser(
        "controller",
        help="the simulated Level 3 controller as a process of its own: hears the monitoring on a CAN bus and speaks back",
        description="Exit code 0; 1 when nothing of a monitoring was heard.",
    )
    parser.add_argument("--interface", default="udp_multicast", help="CAN interface (default: %(default)s, between processes)")
    parser.add_argument("--channel", help="CAN channel, e.g. can0")
    car = parser.add_mutually_exclusive_group()
    car.add_argument("--drive", metavar="FILE", help="drive profile (YAML); default: 90 km/h, belted, hands off")
    car.add_argument("--trace", metavar="FILE", help="the vehicle from a CAN trace (candump .log, .asc, .blf)")
    parser.add_argument(
        "--mapping", metavar="FILE", help="with --trace: which CAN signal is which input (default: the example's)"
    )
    parser.add_argument("--rules", metavar="FILE", help="limits of the controller (default: the shipped ones of UN R157)")
    parser.add_argument("--state", choices=STATES, default="inactive", help="Level 3 state at the start (default: %(default)s)")
    parser.add_argument("--activate-at", type=_seconds, metavar="S", help="the driver's button, s from the start")
    parser.add_argument("--request-at", type=_seconds, metavar="S", help="a planned takeover, s from the start")
    parser.add_argument("--budget", type=_seconds, default=10.0, metavar="S", help="its time budget (default: %(default)s)")
    parser.add_argument("--fail-at", type=_seconds, metavar="S", help="a severe failure, s from the start")
    parser.add_argument("--seconds", type=_seconds, metavar="S", help="stop after so long (default: until stopped)")
    parser.add_argument("--log", metavar="FILE", help="also write the log as JSON Lines")
    parser.add_argument("--jsonl", action="store_true", help="print the log as JSON Lines")


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 1 nothing heard, 2 wrong usage, 3 unreadable drive, trace or rules, 4 no such bus."""
    from dms.bus.layout import load
    from dms.bus.port import BusConfig, open_bus
    from dms.runtime import clock
    from hil.controller.handover import Handover
    from hil.controller.rules import DEFAULT, load_rules
    from hil.controller.serve import Server

    if args.mapping is not None and args.trace is None:
        raise UsageError("--mapping goes with --trace")
    layout = load()
    vehicle = _vehicle(args, layout)
    handover = Handover(load_rules(DEFAULT if args.rules is None else Path(args.rules)), args.state)
    with ExitStack() as stack:
        log = None if args.log is None else stack.enter_context(_open(args.log))
        bus = open_bus(BusConfig(interface=args.interface, channel=args.channel))
        stack.callback(bus.close)
        server = Server(bus, layout, handover, vehicle, clock.now, clock.sleep, _teller(args.jsonl, log))
        try:
            served = server.run(args.seconds, _acts(args))
        except KeyboardInterrupt:
            served = server.served
    print(_closing(served), file=sys.stderr)
    return 0 if served.heard else 1


def _vehicle(args: argparse.Namespace, layout: "Layout") -> "Vehicle":
    from dms.bus.vehicle_inputs import EXAMPLE
    from hil.controller.vehicle import DriveProfile, TraceVehicle, read_drive

    if args.trace is not None:
        return TraceVehicle(args.trace, layout, EXAMPLE if args.mapping is None else Path(args.mapping))
    return DriveProfile() if args.drive is None else read_drive(args.drive)


def _acts(args: argparse.Namespace) -> "list[Act]":
    from hil.controller.serve import Act

    asked = [
        Act(args.activate_at, "activate"), Act(args.request_at, "request_takeover", args.budget), Act(args.fail_at, "fail"),
    ]  # fmt: skip
    return [act for act in asked if act.at is not None]


def _open(name: str) -> TextIO:
    try:
        return Path(name).open("w", encoding="utf-8")
    except OSError as error:
        raise InputError(f"--log {name} cannot be written: {error.strerror}") from None


def _teller(as_json: bool, log: TextIO | None) -> Any:
    """A function that prints a line for people or for machines, and for the log."""
    import msgspec

    def tell(line: dict[str, Any]) -> None:
        """One event of the controller."""
        text = msgspec.json.encode(line).decode()
        if log is not None:
            print(text, file=log, flush=True)
        if as_json:
            print(text, flush=True)
            return
        after = "" if line["after_s"] is None else f"  {line['after_s']:.2f} s after it began"
        cause = f"  ({line['cause']})" if line["cause"] else ""
        print(f"{line['t']:8.2f} s  {line['event']:<21} {line['now']}{after}{cause}", flush=True)

    return tell


def _closing(served: "Served") -> str:
    verdicts = ", ".join(f"{name} {count}" for name, count in served.verdicts.items()) or "none"
    return (
        f"{served.heard} DMS_TakeoverReady in {served.seconds:.1f} s, longest gap {served.longest_gap_s * 1e3:.0f} ms; "
        f"E2E: {verdicts}; ready for {served.ready_s:.1f} s; own cycle late by at most {served.late_s * 1e3:.0f} ms"
    )


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value
