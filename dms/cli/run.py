"""The real-time loop: camera, engines, CAN.

    dms run --config run.yaml          dms run --example > run.yaml

The loop ends on SIGINT or SIGTERM, when a file source ends, or when the camera or the bus is lost (exit code 4).
"""

import argparse
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dms.errors import UsageError

if TYPE_CHECKING:
    from dms.camera.live import LiveSource
    from dms.runtime.config import Loaded
    from dms.runtime.recorder import Recorder

HELP = "the real-time loop: camera, engines, CAN"

EXAMPLE = """# Configuration of dms run. Only source is needed.
source: v4l2:0            # or gst:PIPELINE ending in appsink, a video, a picture folder, a drive log (.mcap), sample
# camera: camera.json     # intrinsics: fx fy cx cy, optional width height distortion
vehicle: example_lhd      # vehicle file; example_lhd and example_rhd are shipped
# driver: anna.yaml       # made by: dms calibrate gaze; without one nobody is ever "ready"
profile: l3_default
engines:
  backend: onnxruntime
  # files: {face_mesh: my_mesh.onnx}
bus:
  interface: virtual      # socketcan, udp_multicast, ... as in python-can
  # channel: can0
# inputs: my_car.yaml     # mapping of your vehicle's DBC; the example vehicle's by default
# record: drive.mcap      # pictures are kept only if this is set
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms run``."""
    parser.add_argument("--config", metavar="FILE", help="configuration (YAML)")
    parser.add_argument("--example", action="store_true", help="print an example configuration")
    parser.add_argument("--seconds", type=float, help="stop after so long")
    parser.add_argument("--jsonl", action="store_true", help="state records on stdout, one a line")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 after an orderly end."""
    from dms.bus.port import open_bus
    from dms.inference.base import Options
    from dms.inference.engine_set import EngineSet
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import load_parts, read_config
    from dms.runtime.loop import Loop
    from dms.runtime.recorder import Recorder

    if args.example:
        print(EXAMPLE, end="")
        return 0
    if args.config is None:
        raise UsageError("dms run needs --config FILE; 'dms run --example' prints one to start from")
    parts = load_parts(read_config(args.config))
    section = parts.config.engines
    unknown = section.files.keys() - set(CHAIN_SLOTS)
    if unknown:
        raise UsageError(f"{args.config}: engines.files: no slot {unknown.pop()}; there are {', '.join(CHAIN_SLOTS)}")
    with ExitStack() as stack:
        # Engines before the camera: once GStreamer is loaded, an error inside the ONNX library kills the process.
        options = Options(threads=section.threads)
        engines = stack.enter_context(EngineSet(CHAIN_SLOTS, section.backend, options, section.path_overrides()))
        engines.warmup()
        source = _source(parts)
        stack.enter_context(source)
        bus = open_bus(parts.config.bus_config())
        stack.callback(bus.close)
        recorder = stack.enter_context(Recorder(parts)) if parts.config.record else None
        if recorder is not None:
            print(f"dms: RECORDING PICTURES to {parts.config.record}", file=sys.stderr)
        view = _View(args.jsonl)
        loop = stack.enter_context(Loop(parts, source, engines, bus, view.state, recorder=recorder))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.stop())
        if parts.driver is None:
            print(
                "dms: no driver file: nobody will be 'ready' before the gaze has calibrated itself over minutes of driving "
                "by hand; see dms calibrate gaze",
                file=sys.stderr,
            )
        print(f"dms: running, {source.name} to CAN {parts.config.bus.interface}", file=sys.stderr)
        loop.run(args.seconds)
        print(f"dms: publisher thread: {loop.scheduler}", file=sys.stderr)
        stats = loop.publisher.stats()
        print(f"dms: {loop.counts.frames} frames judged, {stats.cycles} cycles sent, {stats.missed} missed", file=sys.stderr)
    return 0 if recorder is None else _recorded(recorder)


def _recorded(recorder: "Recorder") -> int:
    """A record with holes must not look whole."""
    if recorder.dropped:
        print(f"dms: recording: {recorder.dropped} entries left out, the disk was too slow", file=sys.stderr)
    if recorder.error is not None:
        raise recorder.error
    return 0


def _source(parts: "Loaded") -> "LiveSource":
    """A live camera as it is; a file played at its own pace."""
    from dms.camera.live import LiveSource
    from dms.camera.open import open_source
    from dms.runtime import clock
    from dms.runtime.paced import PacedSource

    source = open_source(parts.config.source, clock=clock.now, timeout_s=parts.config.camera_timeout_s)
    return source if isinstance(source, LiveSource) else PacedSource(source, clock.now, clock.sleep)


class _View:
    """State records for machines, or a line for each change."""

    def __init__(self, jsonl: bool) -> None:
        self._jsonl = jsonl
        self._told = ""

    def state(self, state: object, judged: object) -> None:
        """Called by the loop for each new state."""
        from dms.cli.demo_view import headline
        from dms.records import TakeoverReadiness
        from dms.records.jsonl import encode

        assert isinstance(state, TakeoverReadiness)
        if self._jsonl:
            print(encode(state).decode(), flush=True)
            return
        told = f"{state.readiness}/{state.warning.class_}"
        if told != self._told:
            self._told = told
            print(f"{state.t:.3f} s  {headline(state)}", flush=True)
