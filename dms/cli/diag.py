"""Diagnostics of a running system over CAN, and of a trouble code memory in a folder.

    dms diag read --config run.yaml                     everything a tester may read, in plain words
    dms diag read --bus socketcan --channel can0 --json
    dms diag store /var/lib/dms/trouble                 the memory's files, without a running system
    dms diag codes                                      the table: trouble code, operating state, readiness
    dms diag clear --config run.yaml                    forget all codes; needs the secret (security_key, or --key FILE)
    dms diag routine camera --config run.yaml           check the camera, the lamp, the networks; calibrate the gaze
    dms diag write vin WDB12345678901234 --config run.yaml
    dms diag reset --config run.yaml                    end and start again

Exit code 1 when a request is refused or a routine fails, 4 when nobody answers.
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from dms.diagnostics.tester import Tester
    from dms.runtime.config import DiagnosticsSection, RunConfig

HELP = "diagnostics: read a running system, its trouble codes, start routines"
ROUTINES = ("camera", "lamp", "calibration", "engines")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms diag``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    read = actions.add_parser("read", help="everything a tester may read")
    clear = actions.add_parser("clear", help="forget all trouble codes")
    routine = actions.add_parser("routine", help=f"start a routine and wait for its end: {', '.join(ROUTINES)}")
    routine.add_argument("name", choices=ROUTINES)
    write = actions.add_parser("write", help="write vin or workshop")
    write.add_argument("name")
    write.add_argument("value")
    reset = actions.add_parser("reset", help="end in order and start again")
    for one in (read, clear, routine, write, reset):
        _add_bus(one)
    for one in (clear, routine, write, reset):
        one.add_argument("--key", metavar="FILE", help="secret of security access; by default the configuration's security_key")
    store = actions.add_parser("store", help="the files of a trouble code memory")
    store.add_argument("folder")
    codes = actions.add_parser("codes", help="the table of trouble codes")
    for one in (read, routine, store, codes):
        one.add_argument("--json", action="store_true", help="one JSON object")


def _add_bus(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", metavar="FILE", help="configuration of dms run: bus, identifiers, secret")
    parser.add_argument("--bus", metavar="INTERFACE", help="python-can interface: socketcan, udp_multicast, ...")
    parser.add_argument("--channel", help="its channel")
    parser.add_argument("--classic", action="store_true", help="no CAN FD")


def run(args: argparse.Namespace) -> int:
    """One action; the exit code."""
    actions = {
        "read": _read, "store": _store, "codes": _codes, "clear": _clear, "routine": _routine, "write": _write, "reset": _reset,
    }  # fmt: skip
    return actions[args.action](args)


def _settings(args: argparse.Namespace) -> "tuple[RunConfig, DiagnosticsSection]":
    """Bus and identifiers from the configuration or the options."""
    from dms.runtime.config import DiagnosticsSection, RunConfig, read_config

    if (args.config is None) == (args.bus is None):
        raise UsageError("say where: --config FILE of the running system, or --bus INTERFACE [--channel NAME]")
    if args.config is None:
        config = RunConfig(source="")
        config.bus.interface, config.bus.channel, config.bus.fd = args.bus, args.channel, not args.classic
        return config, DiagnosticsSection(store="")
    config = read_config(args.config)
    if config.diagnostics is None:
        raise UsageError(f"{args.config} has no section diagnostics")
    if config.bus.interface == "virtual":
        raise UsageError(f"{args.config}: a virtual bus ends with its process; socketcan and udp_multicast reach further")
    return config, config.diagnostics


@contextmanager
def _tester(args: argparse.Namespace) -> "Iterator[tuple[Tester, str | None]]":
    """(a tester on the bus, path of the secret)."""
    from dms.bus.port import open_bus
    from dms.diagnostics.isotp_link import IsoTp, filtered
    from dms.diagnostics.tester import Tester
    from dms.runtime import clock

    config, section = _settings(args)
    addresses, bus_config = section.addresses(), config.bus_config()
    with ExitStack() as stack:
        bus = open_bus(filtered(bus_config, (addresses.response,)))
        stack.callback(bus.close)
        link = IsoTp(bus, bus_config.fd, addresses.response, addresses.request)
        whom = f"0x{addresses.response:X} on CAN {bus_config.interface} {bus_config.channel or ''}".rstrip()
        tester = Tester(link, clock.now, whom)
        stack.callback(tester.close)
        yield tester, section.security_key


@contextmanager
def _unlocked(args: argparse.Namespace) -> "Iterator[Tester]":
    from dms.diagnostics.security import read_secret

    with _tester(args) as (tester, configured):
        path = args.key or configured
        if path is None:
            raise UsageError("this changes something and needs the secret of security access: --key FILE")
        tester.unlock(read_secret(Path(path)))
        yield tester


def _read(args: argparse.Namespace) -> int:
    from dms.cli.diag_text import everything_text

    with _tester(args) as (tester, _):
        values, codes = tester.everything(), tester.codes()
    if args.json:
        return _print_json({"schema": "dms.diag/1", "data": values, "codes": codes})
    print(everything_text(values, codes))
    return 0


def _store(args: argparse.Namespace) -> int:
    from dms.cli.diag_text import codes_text
    from dms.diagnostics.store import NAMES, Store
    from dms.diagnostics.tester import stored_codes

    folder = Path(args.folder)
    if not any((folder / name).exists() for name in NAMES):
        raise InputError(f"{folder} holds no trouble code memory ({' and '.join(NAMES)})")
    stored, whole = Store(folder).load()
    codes = stored_codes(stored)
    if args.json:
        return _print_json({"schema": "dms.diag.store/1", "cycle": stored.cycle, "whole": whole, "codes": codes})
    if not whole:
        print("one of the two files is damaged; what follows is the newest whole state")
    print(codes_text(codes))
    return 0


def _codes(args: argparse.Namespace) -> int:
    from dms.cli.diag_text import table_text
    from dms.diagnostics.table import load

    if args.json:
        return _print_json({"schema": "dms.diag.codes/1", "age_after": load().age_after, "codes": load().codes})
    print(table_text())
    return 0


def _clear(args: argparse.Namespace) -> int:
    with _unlocked(args) as tester:
        tester.clear()
    print("all trouble codes are cleared")
    return 0


def _routine(args: argparse.Namespace) -> int:
    from dms.runtime import clock
    from dms.runtime.diagnosis.routines import CameraCheck, EngineIntegrity, GazeCalibration, LampCheck

    chosen = {one.name: one for one in (CameraCheck, LampCheck, GazeCalibration, EngineIntegrity)}[args.name]
    with _unlocked(args) as tester:
        values = tester.routine(chosen.number, chosen.fields, clock.sleep)
    passed = values["state"] == "passed"
    if args.json:
        _print_json({"schema": "dms.diag.routine/1", "routine": args.name, **values})
    else:
        told = [f"{name} {value}" for name, value in values.items() if name not in ("state", "text") and value is not None]
        print("; ".join(filter(None, [f"{args.name}: {values['state']}", ", ".join(told), values["text"]])))
    return 0 if passed else 1


def _write(args: argparse.Namespace) -> int:
    with _unlocked(args) as tester:
        tester.write(args.name, args.value)
    print(f"{args.name} is written")
    return 0


def _reset(args: argparse.Namespace) -> int:
    with _unlocked(args) as tester:
        tester.reset()
    print("it ends and starts again")
    return 0


def _print_json(document: object) -> int:
    import msgspec

    print(msgspec.json.encode(document).decode())
    return 0
