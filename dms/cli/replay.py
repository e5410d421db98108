"""A recorded drive (or a video) through the same pipeline, in lock-step: summary, CAN trace, states, events.

Vehicle inputs come from the log's CAN channel. A video has none, so belt, seat and Level 3 state are unknown and the driver is
never "ready". With --out the folder gets states.jsonl, observations.jsonl, can.log (candump format), events.jsonl, summary.json.
"""

import argparse
import sys

from dms.cli.inputs import add_engine_arguments, open_engines

HELP = "a recorded drive through the same pipeline: summary, CAN trace, states"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms replay``."""
    parser.add_argument("log", metavar="LOG", help="drive log (.mcap), video, or 'sample'")
    parser.add_argument("--out", metavar="DIR", help="write states, observations, CAN trace, events and summary there")
    parser.add_argument("--profile", default="l3_default", help="rule profile (default l3_default)")
    parser.add_argument("--vehicle", default="example_lhd", help="vehicle file, or example_lhd / example_rhd")
    parser.add_argument("--camera", metavar="FILE", help="intrinsics as JSON")
    parser.add_argument("--inputs", metavar="FILE", help="mapping file of the vehicle's DBC (default: the example vehicle's)")
    parser.add_argument("--dbc", metavar="FILE", help="message set (default: the shipped one)")
    parser.add_argument("--jsonl", action="store_true", help="state records on stdout, one a line")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object on stdout")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 3 when the log was cut or damaged (what could be read was replayed)."""
    import msgspec

    from dms.camera.open import open_source
    from dms.perception.pipeline import SLOTS
    from dms.runtime.config import RunConfig, load_parts
    from dms.runtime.replay import Replay
    from dms.runtime.results import ReplayResults

    config = RunConfig(
        source=args.log, vehicle=args.vehicle, profile=args.profile, camera=args.camera, inputs=args.inputs, dbc=args.dbc
    )
    parts = load_parts(config)
    with open_source(args.log) as source, open_engines(args, SLOTS) as engines:
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
