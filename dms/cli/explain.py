"""``dms explain``: the chain of causes of the state at a time."""

import argparse
import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from dms.cli.assess import DEFAULT_PROFILE, add_driver_argument, assess, open_lines
from dms.errors import UsageError

if TYPE_CHECKING:
    from dms.records import TakeoverReadiness

HELP = "the chain of causes of the state at time T"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "file",
        metavar="LOG_OR_JSONL",
        help="drive log (.mcap), state records, or observation records to assess first; - for stdin",
    )
    parser.add_argument("--at", type=seconds, required=True, metavar="T", help="time in seconds of the records; 83.2 or 83.2s")
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="rule profile for observations, or a path (default: l3_default); of states that several profiles gave, whose",
    )
    parser.add_argument("--vehicle", metavar="FILE", help="vehicle file (default: the log's own, else example_lhd)")
    add_driver_argument(parser)
    parser.add_argument("--json", action="store_true", help="the whole state record as one JSON object")


def seconds(text: str) -> float:
    """A time such as ``83.2`` or ``83.2s``; a NaN raises ValueError, which the option parser reports."""
    value = float(text.removesuffix("s"))
    if value != value:
        raise ValueError(text)
    return value


def run(args: argparse.Namespace) -> int:
    """Print the state at or last before T and why it was so.

    Raises:
        UsageError: no state at or before T.
        InputError: the file cannot be read or a record cannot be used.
    """
    if args.file == "sample" or args.file.endswith(".mcap"):
        found = find(_log_states(args), args.at)
    else:
        with open_lines(args.file) as lines:
            found = find(_states(lines, args), args.at)
    _tell_end(found, args)
    if args.json:
        from dms.records.jsonl import encode

        sys.stdout.write(encode(found.state).decode() + "\n")
        return 0
    state, before = found.state, found.before
    rules = "" if state.profile is None else f"  rules {state.profile.name}"
    print(f"t={state.t:.3f} s  {state.readiness}  level {state.level}  health {state.health.state}{rules}")
    print("\n".join(f"  because {cause}" for cause in state.because))
    was = "" if before is None else f"; before that {before.readiness}, level {before.level}"
    print(f"  since t={found.since:.3f} s{was}")
    return 0


def _tell_end(found: "Found", args: argparse.Namespace) -> None:
    """A time after the last state is answered with the last state, never silently."""
    if found.ended and round(found.state.t, 2) < args.at:
        print(f"dms: {args.file} ends at t={found.state.t:.2f} s; this is its last state", file=sys.stderr)


def _states(lines: Iterable[bytes], args: argparse.Namespace) -> Iterator["TakeoverReadiness"]:
    """Reads state records as they are; assesses observation records first."""
    from dms.records.jsonl import read_states

    rest, head = iter(lines), [b""]
    while not head[-1].strip() and (line := next(rest, None)) is not None:
        head.append(line)
    whole = itertools.chain(head[1:], rest)
    if b'"dms.state/' not in head[-1]:
        for (state,) in assess(whole, [args.profile or DEFAULT_PROFILE], args.vehicle or "example_lhd", args.driver):
            yield state
        return
    _refuse_driver(args)
    yield from _of_one_profile((state for _, state in read_states(whole)), args)


def _of_one_profile(states: Iterable["TakeoverReadiness"], args: argparse.Namespace) -> Iterator["TakeoverReadiness"]:
    """States of several profiles side by side are as many chains of causes.

    Raises:
        UsageError: there are several and none was picked.
    """
    first = None
    for state in states:
        name = None if state.profile is None else state.profile.name
        first = first or name
        if args.profile is None and name != first:
            raise UsageError(f"{args.file} holds states of {first} and {name}; pick one with --profile")
        if args.profile in (None, name):
            yield state


def _refuse_driver(args: argparse.Namespace) -> None:
    """States that were made already cannot be made anew."""
    if args.driver is not None:
        raise UsageError(f"{args.file} holds states; --driver is for observations, or for a log without states")


def _log_states(args: argparse.Namespace) -> Iterator["TakeoverReadiness"]:
    """States recorded in a drive log; a log without any is replayed."""
    from dms.camera.log import LogFrames
    from dms.camera.open import open_source
    from dms.drivelog.format import STATE
    from dms.inference.engine_set import EngineSet
    from dms.records.jsonl import decode_state
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import RunConfig, load_parts, with_log_defaults
    from dms.runtime.replay import Replay

    with open_source(args.file) as source:
        if isinstance(source, LogFrames) and STATE in source.log.channels:
            _refuse_driver(args)
            for message in source.log.messages((STATE,)):
                yield decode_state(message.data)
            return
        config = RunConfig(source=args.file, profile=args.profile or DEFAULT_PROFILE)
        parts = load_parts(with_log_defaults(config, source, args.vehicle, args.driver))
        with EngineSet(CHAIN_SLOTS) as engines:
            for step in Replay(parts, source, engines).steps():
                if step.state is not None:
                    yield step.state


class Found(NamedTuple):
    """A state, when its readiness and level began, the last state before that, and whether it is the last of all."""

    state: "TakeoverReadiness"
    since: float
    before: "TakeoverReadiness | None"
    ended: bool = False


def find(states: Iterable["TakeoverReadiness"], at: float) -> Found:
    """The last state at or before ``at``.

    Raises:
        UsageError: there is none.
    """
    found: Found | None = None
    first = None
    for state in states:
        first = state.t if first is None else first
        if state.t > at:
            break
        if found is None:
            found = Found(state, state.t, None)
        elif (state.readiness, state.level) != (found.state.readiness, found.state.level):
            found = Found(state, state.t, found.state)
        else:
            found = found._replace(state=state)
    else:
        found = found and found._replace(ended=True)
    if found is None:
        where = "there is none at all" if first is None else f"the first is at t={first:g} s"
        raise UsageError(f"no state at or before t={at:g} s; {where}")
    return found
