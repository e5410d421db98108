"""Latency and CPU time per stage, capture-to-bus latency and publisher jitter on this machine.

Two parts: the chain in lock-step (cost of each stage), and the real-time loop on a virtual bus, once with a camera of 30
pictures/s and once at full load (more pictures than can be judged, so perception never rests).
"""

import argparse
from collections.abc import Iterator
from typing import Any

from dms.cli.inputs import add_engine_arguments, open_engines
from dms.cli.texts import spread_text
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
    from dms.runtime.bench import live, read_frames, stages
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import RunConfig, load_parts, with_log_defaults

    if args.frames < 20 or args.seconds <= 0:
        raise UsageError("--frames must be at least 20 and --seconds more than 0")
    with open_source(args.source) as source, open_engines(args, CHAIN_SLOTS) as engines:
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
        print("\n".join(_table(result)))
    return 0


def _table(result: dict[str, Any]) -> Iterator[str]:
    """The result for people, line by line."""
    s = result["lock_step"]
    yield f"lock-step, {s['frames']} frames of {result['size']}: {s['cpu_ms_per_frame']} ms CPU a frame"
    yield f"  {'stage':<16}{'p50':>8}{'p95':>8}{'p99':>8}  ms"
    for name, v in s["stages_ms"].items():
        yield f"  {name:<16}{v['p50']:>8.2f}{v['p95']:>8.2f}{v['p99']:>8.2f}"
    for slot, v in s["engines_ms"].items():
        yield f"  {slot:<16}{v['p50_ms']:>8.2f}{v['p95_ms']:>8.2f}{v['p99_ms']:>8.2f}  network, {v['runs']} runs"
    for name in ("camera_30_fps", "full_load"):
        yield from _live_lines(name, result[name])


def _live_lines(name: str, v: dict[str, Any]) -> Iterator[str]:
    p = v["publisher"]
    yield (
        f"{name}: {v['seconds']:.0f} s, {v['judged_fps']} of {v['offered_fps']:.0f} pictures/s judged, "
        f"{v['cpu_share_of_one_core']} cores"
    )
    yield f"  capture to judged {spread_text(v['capture_to_judged_ms'])}"
    yield f"  capture to bus    {spread_text(v['capture_to_bus_ms'])} (the bus period of 50 ms is part of it)"
    errors = spread_text(p["period_error_ms"])
    yield f"  publisher {p['cycles']} cycles, {p['missed']} missed, period error {errors}, {p['scheduler']}"
    yield f"  receiver  {', '.join(f'{name} {count}' for name, count in v['receiver_verdicts'].items())}"
