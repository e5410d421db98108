"""``dms assess``: observation records and vehicle inputs to state records, on the records' own time line."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dms.errors import BackendUnavailable, InputError, RecordError

if TYPE_CHECKING:
    from dms.assessment.sleepiness import Estimator
    from dms.records import TakeoverReadiness

HELP = "observation records (plus vehicle inputs) to state records, on a virtual clock, no images needed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("file", metavar="FILE.jsonl", help="observation and vehicle records, one JSON object a line; - for stdin")
    parser.add_argument("--profile", default="l3_default", metavar="NAME", help="rule profile or path (default: %(default)s)")
    parser.add_argument("--vehicle", default="example_lhd", metavar="FILE", help="vehicle file, example_lhd or example_rhd")
    parser.add_argument("--jsonl", action="store_true", help="one state record a line, for machines")
    parser.add_argument("--lenient", action="store_true", help="skip and count records that cannot be used, instead of refusing")


def run(args: argparse.Namespace) -> int:
    """Print a state for each observation, and for each vehicle record while the camera is silent.

    Raises:
        UsageError: unknown profile.
        InputError: the input or vehicle file cannot be read, a record cannot be used, or there is none.
    """
    skipped: list[RecordError] = []
    with open_lines(args.file) as lines:
        records = assess(lines, args.profile, args.vehicle, skipped if args.lenient else None)
        count = _machines(records, live=args.file == "-") if args.jsonl else _people(records)
    if skipped:
        print(f"skipped {len(skipped)} unusable records; the first: {skipped[0]}", file=sys.stderr)
    if count == 0:
        raise InputError(f"{args.file} gives no state: it holds no usable observation record")
    return 0


def assess(
    lines: Iterable[bytes], profile_name: str, vehicle: str, skipped: "list[RecordError] | None" = None
) -> Iterator["TakeoverReadiness"]:
    """Published records for lines of input; unusable lines are refused, or collected where a list is given."""
    from dms.assessment import Assessor, load_cabin
    from dms.assessment.stream import assess_lines
    from dms.profiles import load_profile
    from dms.readiness import ready_for_takeover

    profile = load_profile(profile_name)
    assessor = Assessor(profile, load_cabin(vehicle), estimator=_estimator())
    for state in assess_lines(assessor, lines, None if skipped is None else skipped.append):
        yield ready_for_takeover(state, profile)


def _estimator() -> "Estimator | None":
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
    """
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None
    with file:
        yield file


def _machines(records: Iterable["TakeoverReadiness"], live: bool) -> int:
    from dms.records.jsonl import encode

    out, count = sys.stdout.buffer, 0
    for record in records:
        out.write(encode(record) + b"\n")
        count += 1
        if live:
            out.flush()
    out.flush()
    return count


def _people(records: Iterable["TakeoverReadiness"]) -> int:
    shown, words, warnings, last = None, Counter[str](), Counter[str](), None
    for record in records:
        words[record.readiness] += 1
        key = (record.readiness, record.level, record.warning.class_, record.warning.stage)
        if key != shown:
            print(change_line(record))
            if record.warning.class_ is not None and (shown is None or record.warning.class_ != shown[2]):
                warnings[record.warning.class_] += 1
        shown, last = key, record
    if last is not None:
        shares = ", ".join(f"{word} {100 * number / words.total():.1f} %" for word, number in words.most_common())
        given = ", ".join(f"{name} x{number}" for name, number in sorted(warnings.items())) or "none"
        print(f"{words.total()} states until t={last.t:.3f} s: {shares}; warnings: {given}")
    return words.total()


def change_line(record: "TakeoverReadiness") -> str:
    """One state change for people: time, readiness, level, warning, first two causes."""
    warning = f"  warning={record.warning.class_}/{record.warning.stage}" if record.warning.class_ else ""
    return f"{record.t:9.3f}  {record.readiness:<13} level {record.level}{warning}  {'; '.join(record.because[:2])}"
