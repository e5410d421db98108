"""The test bench.

dms hil list                                                the shipped bench scenarios
dms hil run --all                                           play them: driver, product, bus and controller in one loop
dms hil run takeover_phone --rendered                       with pictures, through the networks
dms hil faults --report OUT                                 put faults in: how soon does the receiver know?
dms hil controller --interface udp_multicast                the Level 3 controller as a process of its own
dms hil never-false-ready --hours 100 --jobs 2              simulated drives through the decision core: who is falsely ready?
dms hil never-false-ready --scenario 1:49 --out one.jsonl   one of these drives as a stream with its truth, for dms assess
dms hil evaluate TRIALS.jsonl                               trials with truth: sensitivity, gaze locations, points, exclusions
dms hil glances STATES.jsonl --task infotainment            glances as in ISO 15007, and the limits of a task on a display
"""

import argparse
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dms.cli import hil_bench, hil_controller, hil_evaluate, hil_faults, hil_glances
from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from hil.never_false_ready.campaign import Result

HELP = "the test bench: scenarios in closed loop with a simulated Level 3 controller, the never-false-ready machine"
BUGS = ("unknown_is_open", "stale_value_held", "visibility_ignored")
"""Names in ``hil.never_false_ready.plants``; written down here because help must not load numpy."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Sub-commands of ``dms hil``."""
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    hil_bench.add_list(kinds)
    hil_bench.add_run(kinds)
    hil_faults.add_faults(kinds)
    hil_controller.add_controller(kinds)
    never = kinds.add_parser(
        "never-false-ready",
        help="hours of simulated drives with ground truth: is anybody called ready who is not?",
        description="Exit code 0: aim met (no false ready beyond 0.5 s, at most 0.1 false warnings per attentive hour), else 1.",
    )
    never.add_argument("--hours", type=_hours, metavar="H", help="driving time (default 10)")
    never.add_argument("--seed", type=_seed, metavar="N", help="of the drives (default 1)")
    never.add_argument(
        "--jobs", type=_positive, default=1, metavar="N", help="processes; the result does not depend on it (default 1)"
    )
    never.add_argument("--profile", default="l3_default", metavar="NAME", help="rule profile (default: %(default)s)")
    never.add_argument("--family", metavar="NAME", help="only drives of this family, e.g. phone (default: all)")
    never.add_argument("--plant", choices=BUGS, help="self-test: a bug that must be caught, so exit code 1 is right")
    never.add_argument("--scenario", type=_scenario, metavar="SEED:NUMBER", help="only this drive")
    never.add_argument("--out", metavar="FILE.jsonl", help="write its records, with the truth beside each (needs --scenario)")
    never.add_argument("--json", action="store_true", help="one JSON object")
    evaluate = kinds.add_parser("evaluate", help="trials with truth: sensitivity, gaze locations, points, exclusions")
    hil_evaluate.add_arguments(evaluate)
    hil_glances.add_arguments(kinds.add_parser("glances", help="glances of a run, and a task's limits"))


def run(args: argparse.Namespace) -> int:
    """Exit code 0; 1 the aim is missed, 2 wrong usage, 3 unwritable output."""
    commands = {
        "list": hil_bench.show_list, "run": hil_bench.run, "faults": hil_faults.run, "controller": hil_controller.run,
        "evaluate": hil_evaluate.run, "glances": hil_glances.run,
    }  # fmt: skip
    return commands.get(args.what, _never_false_ready)(args)


def _never_false_ready(args: argparse.Namespace) -> int:
    from hil.never_false_ready import campaign

    if args.scenario is None:
        if args.out is not None:
            raise UsageError("--out writes one drive; name it with --scenario SEED:NUMBER")
        start = time.perf_counter()
        seed, hours = 1 if args.seed is None else args.seed, 10.0 if args.hours is None else args.hours
        result = campaign.run(seed, hours, args.jobs, args.profile, args.plant, args.family, _progress(hours))
        return _show(args, result, time.perf_counter() - start)
    if (args.hours, args.seed, args.family) != (None, None, None):
        raise UsageError("--scenario names one drive; leave --hours, --seed and --family out")
    seed, number = args.scenario
    if args.out is not None:
        _write(args.out, seed, number)
    start = time.perf_counter()
    result = campaign.run_one(seed, number, args.profile, args.plant)
    return _show(args, result, time.perf_counter() - start)


def _write(name: str, seed: int, number: int) -> None:
    from hil.never_false_ready.script import write
    from hil.never_false_ready.written import driver_file, stream_lines

    script, options = write(seed, number), ""
    try:
        with Path(name).open("wb") as file:
            file.writelines(stream_lines(script))
        if script.calibrated:
            Path(f"{name}.driver.yaml").write_bytes(driver_file())
            options = f" --driver {name}.driver.yaml"
    except OSError as error:
        raise InputError(f"--out {name} cannot be written: {error.strerror}") from None
    print(f"{name}: dms assess {name} --vehicle {script.cabin_name}{options} --jsonl", file=sys.stderr)


def _show(args: argparse.Namespace, result: "Result", wall_s: float) -> int:
    from hil.never_false_ready.report import as_plain, lines

    hours = result.total.seconds / 3600.0
    if args.json:
        import msgspec

        speed: dict[str, Any] = {"wall_s": round(wall_s, 2), "hours_per_minute": round(hours / wall_s * 60.0, 2)}
        print(msgspec.json.encode({**as_plain(result), **speed}).decode())
    else:
        print("\n".join(lines(result)))
        rate = f"{hours / wall_s * 60.0:.1f} hours of driving a minute"
        print(f"{result.total.pictures} pictures in {wall_s:.0f} s on {args.jobs} process(es): {rate}", file=sys.stderr)
    return 0 if result.aim_met else 1


def _progress(hours: float) -> Any:
    def show(done: float) -> None:
        if sys.stderr.isatty():
            print(f"\r{done:.1f} of {hours:g} h", end="\n" if done >= hours else "", file=sys.stderr, flush=True)

    return show


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hours above 0")
    return value


def _positive(text: str) -> int:
    if not re.fullmatch(r"\d{1,3}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 999")
    return int(text)


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text):
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 on")
    return int(text)


def _scenario(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,15}):(\d{1,9})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is not SEED:NUMBER, e.g. 1:49")
    return int(found[1]), int(found[2])
