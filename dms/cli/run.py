"""The real-time loop: camera, engines, CAN.

    dms run --config run.yaml          dms run --example > run.yaml
    dms run --config run.yaml --self-test

The loop ends on SIGINT or SIGTERM, when a file source ends, or when the camera, the bus or a network cannot be saved (exit
code 4). Before the first statement everything is tested; as a systemd service it says READY after that and feeds the watchdog
with every picture it truly judged.
"""

import argparse
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from dms.cli.inputs import add_precision_argument, precisions
from dms.errors import UsageError

if TYPE_CHECKING:
    from dms.runtime.config import Loaded
    from dms.runtime.recorder import Recorder
    from dms.runtime.service import Service

HELP = "the real-time loop: camera, engines, CAN"

EXAMPLE = """# Configuration of dms run. Only source is needed.
source: v4l2:0            # or gst:PIPELINE ending in appsink, a video, a picture folder, a drive log (.mcap), sample
# camera: camera.json     # intrinsics: fx fy cx cy, optional width height distortion
vehicle: example_lhd      # vehicle file; example_lhd and example_rhd are shipped
# driver: anna.yaml       # made by: dms calibrate gaze; without one nobody is ever "ready"
profile: l3_default       # or the path of your own, which extends a shipped one
# trusted_key: public.pem # profiles and engines must be signed with its private half; see dms profiles sign
engines:
  backend: onnxruntime    # or tensorrt; see dms engines build --backend tensorrt --config run.yaml
  # fallback: onnxruntime # if that back end cannot be used: go on with this one, "degraded"; otherwise the start is refused
  # precision: {gaze: fp16}
  # tensorrt: {cuda: cuda-bindings, memory: auto, graph: false}
  # files: {face_mesh: my_mesh.onnx}
  # precision: {eye_state: int8}   # fp16 or int8 files of the slots that have one
bus:
  interface: virtual      # socketcan, udp_multicast, ... as in python-can
  # channel: can0
# inputs: my_car.yaml     # mapping of your vehicle's DBC; the example vehicle's by default
# record: drive.mcap      # pictures are kept only if this is set
# health_file: health.json  # the loop's own health, written anew every two seconds
# diagnostics:            # trouble codes and a UDS server (docs/diagnostics.md); without security_key testers may only read
#   store: /var/lib/dms/trouble
#   security_key: secret.hex  # openssl rand -hex 32 > secret.hex
#   driver_file: anna.yaml    # where the calibration routine writes
#   doip: {host: 127.0.0.1}
# ir_led: /dev/v4l-subdev2  # flash controls of the infrared lamp, where its driver has them
real_time:                # refused wishes are told and are not fatal
  fifo: true              # SCHED_FIFO for all threads, the publisher's highest
  lock_memory: false      # keep memory from being paged out
  # cpus: [2, 3]          # cores for all threads
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms run``."""
    parser.add_argument("--config", metavar="FILE", help="configuration (YAML)")
    parser.add_argument("--example", action="store_true", help="print an example configuration")
    parser.add_argument(
        "--self-test", action="store_true", help="only the start-up self-test: exit code 0 if all of it passes, else 4"
    )
    parser.add_argument("--seconds", type=float, help="stop after so long")
    add_precision_argument(parser)
    parser.add_argument("--jsonl", action="store_true", help="state records on stdout, one a line")


def run(args: argparse.Namespace) -> int:
    """Exit code 0 after an orderly end."""
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import load_parts, read_config

    if args.example:
        print(EXAMPLE, end="")
        return 0
    if args.config is None:
        raise UsageError("dms run needs --config FILE; 'dms run --example' prints one to start from")
    config = read_config(args.config)
    config.engines.precision |= precisions(args.precision, CHAIN_SLOTS)  # type: ignore[arg-type]
    view = _View(args.jsonl)
    while True:
        code, again = _serve(load_parts(config), args, view)
        if not again or view.ended:
            return code
        print("dms: reset by a tester, starting again", file=sys.stderr)


def _serve(parts: "Loaded", args: argparse.Namespace, view: "_View") -> tuple[int, bool]:
    """Until the end; (exit code, start again)."""
    from dms.runtime.service import Service

    with ExitStack() as stack:
        service = stack.enter_context(Service(parts, args.config, view.state))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: view.end(service))
        _banner(parts)
        if service.degraded:
            print(f"dms: DEGRADED: {service.degraded}", file=sys.stderr)
        service.self_test()
        _tell_self_test(service)
        service.require()
        if args.self_test:
            return 0, False
        print(f"dms: running, {service.source.name} to CAN {parts.config.bus.interface}", file=sys.stderr)
        service.run(args.seconds)
        _tell_end(service)
    code = 0 if service.recorder is None else _recorded(service.recorder)
    return code, service.reset_asked


def _banner(parts: "Loaded") -> None:
    if parts.config.record:
        print(f"dms: RECORDING PICTURES to {parts.config.record}", file=sys.stderr)
    if parts.profile.identity.trust == "unlisted":
        print(f"dms: profile {parts.profile.name} is not in the manifest and no key vouches for it", file=sys.stderr)
    if parts.driver is None:
        print(
            "dms: no driver file: nobody will be 'ready' before the gaze has calibrated itself over minutes of driving "
            "by hand; see dms calibrate gaze",
            file=sys.stderr,
        )


def _tell_self_test(service: "Service") -> None:
    for item in service.test.items:
        print(
            f"dms: self-test {'ok  ' if item.ok else 'FAIL'} {item.name}: {item.detail} ({item.seconds:.2f} s)", file=sys.stderr
        )


def _tell_end(service: "Service") -> None:
    loop = service.loop
    for name, grant in sorted(loop.realtime.grants.items()):
        print(f"dms: {name}: {grant}", file=sys.stderr)
    health = loop.health()
    again = {name: stage.restarts for name, stage in health.stages.items() if stage.restarts}
    if again:
        print(f"dms: started again: {', '.join(f'{name} {count} times' for name, count in again.items())}", file=sys.stderr)
    text = f"dms: {loop.counts.frames} frames judged, {health.cycles} cycles sent, {health.missed} missed"
    print(f"{text}, {health.golden or 0} golden inferences", file=sys.stderr)


def _recorded(recorder: "Recorder") -> int:
    """A record with holes must not look whole."""
    if recorder.dropped:
        print(f"dms: recording: {recorder.dropped} entries left out, the disk was too slow", file=sys.stderr)
    if recorder.error is not None:
        raise recorder.error
    return 0


class _View:
    """State records for machines, or a line for each change."""

    def __init__(self, jsonl: bool) -> None:
        self._jsonl = jsonl
        self._told = ""
        self.ended = False
        """Did a signal ask for the end; a reset does not outlive that."""

    def end(self, service: "Service") -> None:
        """For signal handlers."""
        self.ended = True
        service.loop.stop()

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
