"""``dms assess``: observation records and vehicle inputs to state records, on the records' own time line."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dms.cli.assess_view import people, side_by_side
from dms.cli.inputs import driver_of
from dms.errors import BackendUnavailable, InputError, RecordError, UsageError

if TYPE_CHECKING:
    from dms.assessment.sleepiness import Estimator
    from dms.records import TakeoverReadiness

DEFAULT_PROFILE = "l3_default"
HELP = "observation records (plus vehicle inputs) to state records, on a virtual clock, no images needed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("file", metavar="FILE.jsonl", help="observation and vehicle records, one JSON object a line; - for stdin")
    parser.add_argument(
        "--profile",
        action="append",
        metavar="NAME[,NAME]",
        help="rule profile or path (default: l3_default); several give a state each, side by side",
    )
    parser.add_argument("--vehicle", default="example_lhd", metavar="FILE", help="vehicle file, example_lhd or example_rhd")
    add_driver_argument(parser)
    parser.add_argument("--jsonl", action="store_true", help="one state record a line, for machines")
    parser.add_argument("--lenient", action="store_true", help="skip and count records that cannot be used, instead of refusing")


def add_driver_argument(parser: argparse.ArgumentParser) -> None:
    """``--driver``."""
    parser.add_argument(
        "--driver", metavar="FILE", help="driver file of 'dms calibrate gaze', or sample: corrects readings that are not yet"
    )


def run(args: argparse.Namespace) -> int:
    """Print a state for each observation, and for each vehicle record while the camera is silent.

    Raises:
        UsageError: unknown profile.
        InputError: the input, vehicle or driver file cannot be read, a record cannot be used, or there is none.
    """
    skipped: list[RecordError] = []
    names = profile_names(args.profile)
    with open_lines(args.file) as lines:
        records = assess(lines, names, args.vehicle, args.driver, skipped if args.lenient else None)
        if args.jsonl:
            count = _machines(records, live=args.file == "-")
        else:
            count = people(record for (record,) in records) if len(names) == 1 else side_by_side(records)
    if skipped:
        print(f"skipped {len(skipped)} unusable records; the first: {skipped[0]}", file=sys.stderr)
    if count == 0:
        raise InputError(f"{args.file} gives no state: it holds no usable observation record")
    return 0


def profile_names(given: Sequence[str] | None) -> list[str]:
    """Names of ``--profile NAME,NAME --profile NAME``.

    Raises:
        UsageError: an empty name.
    """
    names = [name for text in given or [DEFAULT_PROFILE] for name in text.split(",")]
    if "" in names:
        raise UsageError("--profile: give names with a comma between them, e.g. l3_default,eu_addw")
    return names


def assess(
    lines: Iterable[bytes],
    profile_names: Sequence[str],
    vehicle: str,
    driver: str | None = None,
    skipped: "list[RecordError] | None" = None,
) -> Iterator[list["TakeoverReadiness"]]:
    """For each line that gives a state: the published record of each profile that has one to give, in the profiles' order.

    Unusable lines are refused, or collected where a list is given.

    Raises:
        UsageError: two profiles of one name.
    """
    from dms.assessment import Assessor, load_cabin
    from dms.assessment.stream import assess_side_by_side
    from dms.profiles import load_profile
    from dms.readiness import ready_for_takeover

    profiles = [load_profile(name) for name in profile_names]
    if len({profile.name for profile in profiles}) < len(profiles):
        raise UsageError(f"--profile: two of {', '.join(profile_names)} have one name")
    cabin, baseline, estimator = load_cabin(vehicle), driver_of(driver), open_sleepiness()
    assessors = [Assessor(profile, cabin, baseline, estimator) for profile in profiles]
    for states in assess_side_by_side(assessors, lines, baseline, None if skipped is None else skipped.append):
        yield [ready_for_takeover(s, profile) for s, profile in zip(states, profiles, strict=True) if s is not None]


def open_sleepiness() -> "Estimator | None":
    """The drowsiness engine; ``None``, and said so, where no back end can run it."""
    from dms.runtime.sleepiness import open_estimator

    try:
        return open_estimator()
    except BackendUnavailable as error:
        print(f"KSS stays unknown: {error}", file=sys.stderr)
        return None


@contextmanager
def open_lines(name: str) -> Iterator[Iterable[bytes]]:
    """Lines of a file, or of stdin for ``-``.

    Raises:
        InputError: the file cannot be read.
        RecordError: from the caller's block, with the file's name put before the line's number.
    """
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    with file:
        try:
            yield file
        except RecordError as error:
            raise RecordError(f"{name} {error}") from None


def _machines(records: Iterable[list["TakeoverReadiness"]], live: bool) -> int:
    from dms.records.jsonl import encode

    out, count = sys.stdout.buffer, 0
    for group in records:
        out.writelines(encode(record) + b"\n" for record in group)
        count += len(group)
        if live:
            out.flush()
    out.flush()
    return count
