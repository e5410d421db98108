"""``dms hil evaluate``: trials with truth to sensitivity, gaze locations, points and exclusions, as regulations ask for it."""

import argparse
import re
import sys
from pathlib import Path

from dms.errors import UsageError

FUNCTIONS = ("long", "short", "phone", "microsleep", "sleep", "unresponsive", "drowsy", "attentive")
"""What synthetic participants can do; written down here because help must not load numpy."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the sub-command."""
    parser.add_argument("trials", nargs="?", metavar="TRIALS.jsonl", help="one trial a line; see docs/evaluation.md")
    parser.add_argument("--synthetic", type=_people, metavar="N", help="so many drawn participants instead of a file")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the drawn participants (default %(default)s)")
    parser.add_argument(
        "--functions", metavar="NAME,NAME", help=f"of the drawn participants: {', '.join(FUNCTIONS)} (default: all)"
    )
    parser.add_argument("--profile", default="euro_ncap_2026", metavar="NAME", help="rule profile or path (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """Exit code 0: all that was tried is met; 1: something is below; 2 wrong usage; 3 unreadable input.

    Raises:
        UsageError: neither a file nor a number of participants, or both.
        DmsError: an input cannot be used.
    """
    if (args.trials is None) == (args.synthetic is None):
        raise UsageError("give either TRIALS.jsonl or --synthetic N")
    if args.seed < 0:
        raise UsageError(f"--seed {args.seed} is below 0")
    functions = _functions(args.functions)
    from dms.cli.assess import open_sleepiness
    from dms.profiles import load_profile
    from hil.evaluation.report import lines
    from hil.evaluation.result import result_of
    from hil.evaluation.run import Evaluation
    from hil.evaluation.scheme import scheme

    profile = load_profile(args.profile)
    evaluation = Evaluation(profile, scheme(), open_sleepiness())
    if args.trials is None:
        verdicts = list(evaluation.of_synthetic(args.synthetic, args.seed, functions))
        print("synthetic participants: this tries the program and the rules, it is no evidence about people", file=sys.stderr)
    else:
        verdicts = list(evaluation.of_file(Path(args.trials)))
    result = result_of(verdicts, profile.name, scheme())
    if args.json:
        import msgspec

        print(msgspec.json.encode(result).decode())
    else:
        print("\n".join(lines(result)))
    return 0 if result["met"] else 1


def _functions(text: str | None) -> list[str]:
    names = list(FUNCTIONS) if text is None else text.split(",")
    unknown = next((name for name in names if name not in FUNCTIONS), None)
    if unknown is not None:
        raise UsageError(f"--functions: there is no {unknown or 'empty name'}; one of: {', '.join(FUNCTIONS)}")
    return names


def _people(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 9999")
    return int(text)
