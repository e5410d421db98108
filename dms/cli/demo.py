"""The main job on the embedded defaults: the sample drive log through all engines to protected CAN frames on a virtual bus,
heard by the reference receiver, shown live. Without a terminal it prints one line a second.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from dms.cli.inputs import add_engine_arguments, open_engines
from dms.cli.texts import spread_text

if TYPE_CHECKING:
    from dms.runtime.demo import DemoRun

HELP = "the main job on a sample drive log: camera picture in, protected CAN frames out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms demo``."""
    parser.add_argument("--log", default="sample", help="another drive log (.mcap)")
    parser.add_argument("--seconds", type=float, help="stop after so long (default: the whole log)")
    parser.add_argument("--interface", default="virtual", help="CAN interface: virtual, udp_multicast, socketcan, ...")
    parser.add_argument("--channel", help="CAN channel, e.g. can0")
    parser.add_argument("--plain", action="store_true", help="plain lines even on a terminal")
    parser.add_argument("--json", action="store_true", help="only the closing summary, as one JSON object")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when readiness frames arrived and the receiver accepted them, else 1."""
    from dms.bus.port import BusConfig
    from dms.camera.open import open_source
    from dms.cli.demo_view import open_view
    from dms.perception.pipeline import SLOTS
    from dms.runtime.config import RunConfig, load_parts, with_log_defaults
    from dms.runtime.demo import demo_run

    bus = BusConfig(interface=args.interface, channel=args.channel)
    with open_source(args.log) as log, open_engines(args, SLOTS) as engines:
        parts = load_parts(with_log_defaults(RunConfig(source=args.log), log, None, None))
        view = open_view("none" if args.json else "plain" if args.plain or not sys.stdout.isatty() else "live", parts)
        with view, demo_run(parts, log, engines, bus, view.state) as running:
            view.attach(running, engines)
            running.loop.run(args.seconds)
        return _close(running, args.json)


def _close(running: "DemoRun", as_json: bool) -> int:
    import msgspec

    heard, counts = running.listener.heard, running.loop.counts
    stats = running.loop.publisher.stats()
    verdicts = {str(k.name): v for k, v in running.listener.receiver.verdicts.items() if v}
    accepted = sum(v for k, v in running.listener.receiver.verdicts.items() if k.good)
    summary = {
        "frames_judged": counts.frames,
        "frames_overwritten": running.source.overwritten,
        "can_frames_heard": heard.frames,
        "readiness_frames": heard.readiness_frames,
        "readiness_ready": heard.ready,
        "e2e_verdicts": verdicts,
        "capture_to_judged_ms": counts.percentiles(counts.judged_ms),
        "capture_to_bus_ms": counts.percentiles(counts.bus_ms),
        "missed_cycles": stats.missed,
        "period_error_p99_ms": stats.period_error_p99_ms,
    }
    if as_json:
        print(msgspec.json.encode(summary).decode())
    else:
        print(_text(summary))
    return 0 if heard.readiness_frames and accepted else 1


def _text(s: dict[str, object]) -> str:
    judged, bus = spread_text(s["capture_to_judged_ms"]), spread_text(s["capture_to_bus_ms"])
    verdicts = ", ".join(f"{name} {count}" for name, count in dict(s["e2e_verdicts"]).items())  # type: ignore[call-overload]
    return "\n".join(
        [
            f"frames   {s['frames_judged']} judged, {s['frames_overwritten']} overwritten by newer ones",
            f"bus      {s['can_frames_heard']} CAN frames heard, {s['readiness_frames']} DMS_TakeoverReady; E2E: {verdicts}",
            f"receiver believed 'ready' after {s['readiness_ready']} frames",
            f"latency  capture to judged {judged}; capture to bus {bus}",
            f"period   {s['missed_cycles']} cycles missed, 99th percentile of the error {s['period_error_p99_ms'] or 0:.2f} ms",
        ]
    )
