"""The ``dms`` command: finds the sub-command's module, runs it, turns errors into one line and an exit code."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from dms import __version__
from dms.errors import DmsError, UsageError

COMMANDS = {
    "demo": "the main job on a sample drive log: camera picture in, protected CAN frames out",
    "run": "the real-time loop: camera, engines, CAN",
    "replay": "a recorded drive through the same pipeline: summary, CAN trace, states",
    "observe": "pictures, folders, videos or logs to one observation record a frame",
    "assess": "observation and vehicle records to state records, without pictures",
    "explain": "the chain of causes of the state at a time",
    "engines": "list, build and check the networks",
    "profiles": "rule profiles: list, show, check, compare; hash manifests and signatures",
    "calibrate": "a driver's gaze from spans in which the driver looks at known points",
    "scenario": "scripted synthetic drivers to pictures, labels, drive logs, training sets",
    "camera": "which cameras there are, and what one of them really delivers",
    "can": "the CAN contract as a package (DBC, C receiver, vectors, pages), and what a recorded trace says",
    "hil": "the test bench: scenarios in closed loop with a simulated Level 3 controller, the never-false-ready machine",
    "jetson-accept": "acceptance on a Jetson: eleven parts in one record with a hash",
    "diag": "diagnostics: read a running system and its trouble codes, start routines",
    "doctor": "what is usable on this machine, what is not, and the command that mends it",
    "bench": "latency and CPU time per stage, publisher jitter",
}
"""Name and one line of help; the module is ``dms.cli.<name>``, a hyphen an underscore, and is imported only when asked for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime from 1.29 on sends usage data unless told not to
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()  # here, where a reader that has gone can still be told from a bug
        return code
    except DmsError as error:
        print(f"dms: {error}", file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        print(f"dms: this command needs the package '{error.name}'; run: pip install 'dms[cpu]'", file=sys.stderr)
        return 4
    except BrokenPipeError:  # the reader of our output has gone, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("dms: stopped", file=sys.stderr)
        return 130


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0 if arguments else 2
    name, *rest = arguments
    if name in ("-V", "--version"):
        print(f"dms {__version__}")
        return 0
    if name not in COMMANDS:
        raise UsageError(f"there is no command '{name}'; one of: {', '.join(COMMANDS)}")
    module = importlib.import_module(f"dms.cli.{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(
        prog=f"dms {name}", description=module.__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    module.add_arguments(parser)
    try:
        options = parser.parse_args(rest)
    except SystemExit as stop:  # help or a usage message was printed
        return int(stop.code or 0)
    return int(module.run(options))


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, text in COMMANDS.items()]
    return "\n".join(["usage: dms COMMAND [options]     dms COMMAND --help for the options", "", *lines])


def entry() -> None:
    """Console script."""
    sys.exit(main())


if __name__ == "__main__":
    entry()
