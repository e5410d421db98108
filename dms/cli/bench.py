"""Latency and CPU time per stage, capture-to-bus latency and publisher jitter on this machine.

Three parts: the chain in lock-step (cost of each stage); the hand branch, the same pictures with and without it; and the
real-time loop on a virtual bus: with a camera of 30 pictures/s, also without hands and with cockpit control, and at full load
(more pictures than can be judged, so perception never rests).
"""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
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
    from dms.gesture.motion import SLOT as MOTION_SLOT
    from dms.runtime.bench import live, read_frames, stages
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import GestureSection, RunConfig, load_parts, with_log_defaults
    from dms.runtime.hand_bench import BRANCH, costs, delay

    if args.frames < 20 or args.seconds <= 0:
        raise UsageError("--frames must be at least 20 and --seconds more than 0")
    result: dict[str, Any]
    with ExitStack() as stack:
        source = stack.enter_context(open_source(args.source))
        engines = stack.enter_context(open_engines(args, (*CHAIN_SLOTS, MOTION_SLOT)))
        bare = stack.enter_context(
            open_engines(_without(args, BRANCH), tuple(slot for slot in CHAIN_SLOTS if slot not in BRANCH))
        )
        parts = load_parts(with_log_defaults(RunConfig(source=args.source), source, None, None))
        wanted = RunConfig(source=args.source, gestures=GestureSection(enabled=True))
        commanding = load_parts(with_log_defaults(wanted, source, None, None))
        frames = read_frames(source, args.frames)
        if len(frames) < 20:
            raise InputError(f"{args.source}: only {len(frames)} frames; at least 20 are needed")
        result = {
            "size": f"{frames[0].width}x{frames[0].height}",
            "backend": engines.backend.name,
            "lock_step": stages(parts, engines, frames),
            "hand_branch": costs(parts, engines, frames),
            "camera_30_fps_without_hands": live(parts, bare, frames, args.seconds, 30.0),
            "camera_30_fps": live(parts, engines, frames, args.seconds, 30.0),
            "camera_30_fps_gestures": live(commanding, engines, frames, args.seconds, 30.0),
            "full_load": live(parts, engines, frames, args.seconds, 400.0),
        }
        result["hand_branch"] |= delay(result["camera_30_fps_without_hands"], result["camera_30_fps_gestures"])
    if args.json:
        print(msgspec.json.encode(result).decode())
    else:
        print("\n".join(_table(result)))
    return 0


def _without(args: argparse.Namespace, slots: tuple[str, ...]) -> argparse.Namespace:
    """The options but for those that name one of ``slots``."""
    kept = {name: [t for t in getattr(args, name) if t.partition("=")[0] not in slots] for name in ("engine", "precision")}
    return argparse.Namespace(**{**vars(args), **kept})


def _table(result: dict[str, Any]) -> Iterator[str]:
    """The result for people, line by line."""
    s = result["lock_step"]
    yield f"lock-step, {s['frames']} frames of {result['size']}: {s['cpu_ms_per_frame']} ms CPU a frame"
    yield f"  {'stage':<16}{'p50':>8}{'p95':>8}{'p99':>8}  ms"
    for name, v in s["stages_ms"].items():
        yield f"  {name:<16}{v['p50']:>8.2f}{v['p95']:>8.2f}{v['p99']:>8.2f}"
    for slot, v in s["engines_ms"].items():
        yield f"  {slot:<16}{v['p50_ms']:>8.2f}{v['p95_ms']:>8.2f}{v['p99_ms']:>8.2f}  network, {v['runs']} runs"
    yield from _hand_lines(result["hand_branch"])
    for name in ("camera_30_fps_without_hands", "camera_30_fps", "camera_30_fps_gestures", "full_load"):
        yield from _live_lines(name, result[name])


def _hand_lines(branch: dict[str, Any]) -> Iterator[str]:
    yield "hand branch, the same pictures without and with it"
    for name in ("without_hand", "with_hand"):
        v, words = branch[name], name.replace("_", " ")
        if v is None:
            yield f"  no picture {words}"
        else:
            yield f"  {v['frames']} pictures {words}: {v['off_cpu_ms']} and {v['on_cpu_ms']} ms CPU a frame, ratio {v['ratio']}"
    for name in ("capture_to_judged_ms", "capture_to_bus_ms"):
        words = ", ".join(f"{key} {v['off']} and {v['on']} ms, ratio {v['ratio']}" for key, v in branch.get(name, {}).items())
        yield f"  {name.removesuffix('_ms').replace('_', ' ')}, off and with cockpit control: {words or 'too short'}"


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
