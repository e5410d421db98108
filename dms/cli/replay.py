"""A recorded drive (or a video) through the same pipeline, in lock-step: summary, CAN trace, states, events.

Vehicle inputs come from the log's CAN channel. A video has none, so belt, seat and Level 3 state are unknown and the driver is
never "ready". With --out the folder gets states.jsonl, observations.jsonl, can.log (candump format), events.jsonl, summary.json.
observations.jsonl holds all that the rules were given: "dms assess" makes the same states of it again.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from dms.cli.inputs import add_engine_arguments, open_engines

if TYPE_CHECKING:
    from dms.camera.base import Source
    from dms.runtime.config import Loaded

HELP = "a recorded drive through the same pipeline: summary, CAN trace, states"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms replay``."""
    parser.add_argument("log", metavar="LOG", help="drive log (.mcap), video, or 'sample'")
    parser.add_argument("--out", metavar="DIR", help="write states, observations, CAN trace, events and summary there")
    parser.add_argument("--profile", default="l3_default", help="rule profile, or the path of your own (default l3_default)")
    parser.add_argument("--vehicle", help="vehicle file, or example_lhd / example_rhd (default: the log's own, else example_lhd)")
    parser.add_argument("--driver", metavar="FILE", help="driver file of 'dms calibrate gaze' (default: the sample log's own)")
    parser.add_argument("--camera", metavar="FILE", help="intrinsics as JSON (default: the log's own)")
    parser.add_argument("--inputs", metavar="FILE", help="mapping file of the vehicle's DBC (default: the example vehicle's)")
    parser.add_argument("--dbc", metavar="FILE", help="message set (default: the shipped one)")
    parser.add_argument("--jsonl", action="store_true", help="state records on stdout, one a line")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object on stdout")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 3 when the log was cut or damaged (what could be read was replayed)."""
    from dms.camera.open import open_source
    from dms.runtime.config import RunConfig, load_parts, with_log_defaults

    config = RunConfig(source=args.log, profile=args.profile, camera=args.camera, inputs=args.inputs, dbc=args.dbc)
    with open_source(args.log) as source:
        parts = load_parts(with_log_defaults(config, source, args.vehicle, args.driver))
        return _replay(args, parts, source)


def _replay(args: argparse.Namespace, parts: "Loaded", source: "Source") -> int:
    import msgspec

    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.replay import Replay
    from dms.runtime.results import ReplayResults

    with open_engines(args, CHAIN_SLOTS) as engines:
        replay = Replay(parts, source, engines)
        with ReplayResults(args.out) as results:
            for step in replay.steps():
                results.take(step)
                if args.jsonl and step.state is not None:
                    print(msgspec.json.encode(step.state).decode())
            summary = results.finish(parts, engines)
    for note in replay.notes.lines:
        print(f"dms: {note}", file=sys.stderr)
    if args.json:
        print(msgspec.json.encode(summary).decode())
    elif not args.jsonl:
        print(results.text(summary))
    return 3 if replay.notes.lines else 0
