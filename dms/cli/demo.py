"""The main job on the embedded defaults: the sample drive log through all engines to protected CAN frames on a virtual bus,
heard by the reference receiver, shown live. Without a terminal it prints one line a second.

dms demo                                    the sample log in real time
dms demo --synthetic [SCENARIO]             the synthetic driver in closed loop, in simulated time: he hears the warnings
dms demo --cockpit [--video FILE]           a head unit steered by hand signs, on a web page of this machine
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dms.cli.inputs import add_engine_arguments, open_engines
from dms.cli.texts import spread_text
from dms.errors import InputError, UsageError

if TYPE_CHECKING:
    from dms.bus.port import Bus
    from dms.cli.demo_view import View
    from dms.inference.engine_set import EngineSet
    from dms.runtime.config import Loaded
    from dms.runtime.demo import Running
    from hil.driver.behaviour.scenario import Scenario

HELP = "the main job on a sample drive log: camera picture in, protected CAN frames out"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms demo``."""
    parser.add_argument("--log", help="another drive log (.mcap; default: the sample)")
    parser.add_argument(
        "--synthetic", nargs="?", const="sample", metavar="SCENARIO",
        help="instead of a log, the synthetic driver in closed loop, in simulated time (default scenario: sample)",
    )  # fmt: skip
    parser.add_argument(
        "--seed", type=_seed, metavar="N", help="with --synthetic: of driver and chance (default: the scenario's)"
    )
    parser.add_argument(
        "--cockpit",
        action="store_true",
        help="a simulated head unit in its own process, steered by gestures; with --log or --video by pictures",
    )
    parser.add_argument("--video", metavar="FILE", help="with --cockpit: a video whose hands steer (any FFmpeg can read)")
    parser.add_argument("--driver", metavar="FILE", help="driver file of 'dms calibrate gaze' (default: the sample log's own)")
    parser.add_argument("--vehicle", metavar="FILE", help="vehicle file, or example_lhd / example_rhd (default: the log's own)")
    parser.add_argument("--seconds", type=float, help="stop after so long (default: all of it)")
    parser.add_argument("--interface", default="virtual", help="CAN interface: virtual, udp_multicast, socketcan, ...")
    parser.add_argument("--channel", help="CAN channel, e.g. can0")
    parser.add_argument("--plain", action="store_true", help="plain lines even on a terminal")
    parser.add_argument("--json", action="store_true", help="only the closing summary, as one JSON object")
    add_engine_arguments(parser)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 on")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when readiness frames arrived and the receiver accepted them, else 1; 4 without a renderer."""
    if args.synthetic is not None and (args.driver or args.vehicle):
        raise UsageError("--driver and --vehicle go with pictures of a log or a video; the synthetic driver has his own")
    if args.cockpit:
        from dms.cli.demo_cockpit import run as cockpit

        return cockpit(args)
    if args.video is not None:
        raise UsageError("--video goes with --cockpit; without a head unit: dms replay FILE")
    if args.synthetic is not None:
        return _synthetic(args)
    if args.seed is not None:
        raise UsageError("--seed goes with --synthetic; a log is as it is")
    return _log(args)


def _log(args: argparse.Namespace) -> int:
    from dms.bus.port import BusConfig
    from dms.camera.open import open_source
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import RunConfig, load_parts, with_log_defaults
    from dms.runtime.demo import demo_run

    bus, name = BusConfig(interface=args.interface, channel=args.channel), args.log or "sample"
    with open_source(name) as log, open_engines(args, CHAIN_SLOTS) as engines:
        parts = load_parts(with_log_defaults(RunConfig(source=name), log, args.vehicle, args.driver))
        view = _view(args, parts)
        with view, demo_run(parts, log, engines, bus, view.state) as running:
            view.attach(running, engines)
            running.loop.run(args.seconds)
        return _close(running, args.json, {})


def _synthetic(args: argparse.Namespace) -> int:
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import RunConfig, load_parts
    from dms.runtime.graphics import probe_renderer
    from hil.driver.behaviour.scenario import load_scenario

    if args.log is not None:
        raise UsageError("--log and --synthetic exclude each other")
    if args.interface != "virtual" or args.channel is not None:
        raise UsageError("--synthetic runs in lock-step on a bus of its own; leave --interface and --channel away")
    scenario = load_scenario(args.synthetic)
    probe_renderer()
    with open_engines(args, CHAIN_SLOTS) as engines:
        return _closed_loop(args, scenario, load_parts(RunConfig(source="synthetic", vehicle=scenario.vehicle)), engines)


def _closed_loop(args: argparse.Namespace, scenario: "Scenario", parts: "Loaded", engines: "EngineSet") -> int:
    from hil.driver.closed_loop import ClosedLoop, Ports, calibrated, parts_for
    from hil.driver.loop_report import LoopReport, text
    from hil.driver.studio import Studio, reseeded

    scenario = scenario if args.seed is None else reseeded(scenario, args.seed)
    driver = None
    try:
        driver = calibrated(scenario, engines)
    except InputError as error:
        print(f"no driver file, so nobody will be 'ready': {error}", file=sys.stderr)
    report = LoopReport()
    with Studio(scenario) as studio, _bus() as ours, _bus() as cars:
        parts = parts_for(parts, studio, driver)
        loop = ClosedLoop(parts, studio, engines, Ports(ours, cars), time.process_time)
        with _view(args, parts) as view:
            view.attach(loop, engines)
            for one in loop.rounds(args.seconds):
                report.take(one)
                view.state(one.judged.state, one.judged)
    found = report.summary(loop.cost)
    code = _close(loop, args.json, found)
    if not args.json:
        print(text(found))
    return code


@contextmanager
def _bus() -> "Iterator[Bus]":
    from dms.bus.port import BusConfig, open_bus

    port = open_bus(BusConfig(channel="closed-loop"))
    try:
        yield port
    finally:
        port.close()


def _view(args: argparse.Namespace, parts: "Loaded") -> "View":
    from dms.cli.demo_view import open_view

    return open_view("none" if args.json else "plain" if args.plain or not sys.stdout.isatty() else "live", parts)


def _close(running: "Running", as_json: bool, more: dict[str, Any]) -> int:
    import msgspec

    heard, counts = running.heard, running.counts
    stats = running.publisher.stats()
    verdicts = {str(k.name): v for k, v in running.receiver.verdicts.items() if v}
    accepted = sum(v for k, v in running.receiver.verdicts.items() if k.good)
    summary = {
        "frames_judged": counts.frames,
        "frames_overwritten": running.overwritten,
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
        print(msgspec.json.encode({**summary, **more}).decode())
    else:
        print(_text(summary, measured=not more))
    return 0 if heard.readiness_frames and accepted else 1


def _text(s: dict[str, object], measured: bool) -> str:
    """``measured``: in real time; simulated time has no latency to tell of."""
    judged, bus = spread_text(s["capture_to_judged_ms"]), spread_text(s["capture_to_bus_ms"])
    verdicts = ", ".join(f"{name} {count}" for name, count in dict(s["e2e_verdicts"]).items())  # type: ignore[call-overload]
    lines = [
        f"frames   {s['frames_judged']} judged, {s['frames_overwritten']} overwritten by newer ones",
        f"bus      {s['can_frames_heard']} CAN frames heard, {s['readiness_frames']} DMS_TakeoverReady; E2E: {verdicts}",
        f"receiver believed 'ready' after {s['readiness_ready']} frames",
    ]
    if measured:
        lines += [
            f"latency  capture to judged {judged}; capture to bus {bus}",
            f"period   {s['missed_cycles']} cycles missed, 99th percentile of the error {s['period_error_p99_ms'] or 0:.2f} ms",
        ]
    return "\n".join(lines)
