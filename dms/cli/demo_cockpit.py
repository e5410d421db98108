"""``dms demo --cockpit``: a simulated head unit in a process of its own, steered by gestures over the bus.

Without ``--log`` the synthetic driver steers it in real time: his hands come as observations, not as pictures. With
``--log FILE`` (a drive log or a video) the whole chain looks at the pictures.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dms.cli.inputs import open_engines
from dms.errors import HardwareError, UsageError

if TYPE_CHECKING:
    from dms.bus.port import BusConfig, CanFrame

SCENARIO = "cockpit"
START_S = 20.0


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when the head unit did what gestures asked for, 1 when no gesture was sent; 4 without such a bus."""
    from dms.bus.port import BusConfig
    from dms.camera.open import open_source

    if args.synthetic is not None or args.seed is not None:
        raise UsageError("--cockpit has its own scenario; leave --synthetic and --seed away")
    if args.log is not None:
        open_source(args.log).close()  # a file that is none is told before a process starts
    interface = "udp_multicast" if args.interface == "virtual" else args.interface  # virtual ends at the process
    config = BusConfig(interface=interface, channel=args.channel)
    with _head_unit(config) as url:
        print(f"head unit: {url}", file=sys.stderr)
        sent = _pictures(args, config) if args.log else _signals(args, config)
    print(f"{sent} gesture frames sent")
    return 0 if sent else 1


@contextmanager
def _head_unit(config: "BusConfig") -> Iterator[str]:
    """The other process; gives the address of its page."""
    command = [sys.executable, "-m", "hil.cockpit", "--interface", config.interface]
    if config.channel is not None:
        command += ["--channel", config.channel]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                raise HardwareError("the head unit did not start; it said why above")
            yield url
        finally:
            process.stdin.close()
            process.wait(START_S)


def _signals(args: argparse.Namespace, config: "BusConfig") -> int:
    """The synthetic driver as observations, in real time."""
    from dms.bus.port import open_bus
    from hil.bench.bench import Bench, Ports
    from hil.bench.clock import WallClock
    from hil.bench.scenario import load

    sent = _Sent(args.json)
    ports = Ports(open_bus(config), open_bus(config))
    try:
        with Bench(load(SCENARIO), clock=WallClock(), ports=ports, on_frame=sent.frame, own_head_unit=False) as bench:
            bench.advance(args.seconds or bench.end)
    finally:
        for port in ports:
            port.close()
    return sent.frames


def _pictures(args: argparse.Namespace, config: "BusConfig") -> int:
    """A drive log or a video through the whole loop."""
    from dms.camera.open import open_source
    from dms.gesture.motion import SLOT
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import GestureSection, RunConfig, load_parts, with_log_defaults
    from dms.runtime.demo import demo_run

    sent = _Sent(args.json)
    with open_source(args.log) as log, open_engines(args, (*CHAIN_SLOTS, SLOT)) as engines:
        wanted = RunConfig(source=args.log, gestures=GestureSection(enabled=True))
        parts = load_parts(with_log_defaults(wanted, log, None, None))
        with demo_run(parts, log, engines, config, lambda state, judged: None, heard=sent.frame) as running:
            running.loop.run(args.seconds)
    return sent.frames


class _Sent:
    """Counts and tells the gestures on the bus."""

    def __init__(self, quiet: bool) -> None:
        from dms.bus.layout import load

        self.frames = 0
        self._message, self._quiet = load()["DMS_Gesture"], quiet
        self._count: int | None = None

    def frame(self, frame: "CanFrame", t: float) -> None:
        """One frame off the bus."""
        if frame.can_id != self._message.can_id or len(frame.data) != self._message.length:
            return
        self.frames += 1
        codes = self._message.unpack(frame.data)
        if codes["Gest_EvtCnt"] == self._count:
            return
        self._count = codes["Gest_EvtCnt"]
        if not self._quiet:
            words = [self._message.signals[name].label(codes[name]) or "?" for name in ("Gest_Id", "Gest_Phase", "Gest_Fn")]
            print(f"{t:6.1f} s  " + "  ".join(f"{word:<12}" for word in words), flush=True)
