"""Latency and CPU time per stage, capture-to-bus latency and publisher jitter on this machine.

Two parts: the chain in lock-step (cost of each stage), and the real-time loop on a virtual bus, once with a camera of 30
pictures/s and once at full load (more pictures than can be judged, so perception never rests).
"""

import argparse

from dms.cli.inputs import add_engine_arguments, open_engines
from dms.errors import InputError, UsageError

HELP = "latency and CPU time per stage, publisher jitter"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms bench``."""
    parser.add_argument("--source", default="sample", help="pictures to work on (default: the sample drive log)")
    parser.add_argument("--frames", type=int, default=600, help="frames for the lock-step part")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each real-time part")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0."""
    import msgspec

    from dms.camera.open import open_source
    from dms.perception.pipeline import SLOTS
    from dms.runtime.bench import live, read_frames, stages, table
    from dms.runtime.config import RunConfig, load_parts, with_log_defaults

    if args.frames < 20 or args.seconds <= 0:
        raise UsageError("--frames must be at least 20 and --seconds more than 0")
    with open_source(args.source) as source, open_engines(args, SLOTS) as engines:
        parts = load_parts(with_log_defaults(RunConfig(source=args.source), source, None, None))
        frames = read_frames(source, args.frames)
        if len(frames) < 20:
            raise InputError(f"{args.source}: only {len(frames)} frames; at least 20 are needed")
        result = {
            "size": f"{frames[0].width}x{frames[0].height}",
            "backend": engines.backend.name,
            "lock_step": stages(parts, engines, frames),
            "camera_30_fps": live(parts, engines, frames, args.seconds, 30.0),
            "full_load": live(parts, engines, frames, args.seconds, 400.0),
        }
    if args.json:
        print(msgspec.json.encode(result).decode())
    else:
        print("\n".join(table(result)))
    return 0
