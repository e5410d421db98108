"""``dms demo --cockpit``: a simulated head unit in a process of its own, steered by gestures over the bus.

Alone, the synthetic driver steers it in real time: his hands come as observations, not as pictures. With ``--video FILE`` or
``--log FILE`` the whole chain looks at the pictures, in real time; where the file holds no CAN frames a simulated car drives.
"""

import argparse
import json
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any

from dms.cli.inputs import open_engines
from dms.errors import HardwareError, UsageError

if TYPE_CHECKING:
    from dms.bus.port import BusConfig, CanFrame
    from dms.camera.base import Source
    from dms.gesture import Interaction
    from dms.records import TakeoverReadiness
    from dms.records.words import L3State
    from dms.runtime.chain import Judged

SCENARIO = "cockpit"
START_S = 20.0
ASK_S = 2.0
"""How long the head unit's page may take to answer."""


def run(args: argparse.Namespace) -> int:
    """Exit code 0 when gestures were sent, 1 when none was; 3 when the file is unreadable, 4 without such a bus."""
    from dms.bus.port import BusConfig

    if args.synthetic is not None or args.seed is not None:
        raise UsageError("--cockpit has its own scenario; leave --synthetic and --seed away")
    if args.log is not None and args.video is not None:
        raise UsageError("--log and --video exclude each other")
    if (args.driver or args.vehicle) and args.log is None and args.video is None:
        raise UsageError("--driver and --vehicle go with pictures: add --log or --video")
    interface = "udp_multicast" if args.interface == "virtual" else args.interface  # virtual ends at the process
    config, closing = BusConfig(interface=interface, channel=args.channel), _Closing(args.json)
    with ExitStack() as stack:
        # The file first: one that is none is told before a process starts.
        film = stack.enter_context(_film(args)) if args.log or args.video else None
        url = stack.enter_context(_head_unit(config))
        print(f"head unit: {url}", file=sys.stderr)
        if film is None:
            _signals(args, config, closing)
        else:
            _pictures(args, config, film, closing)
        closing.head_unit = _asked(url)
    print(closing.text())
    return 0 if closing.frames else 1


def _film(args: argparse.Namespace) -> "Source":
    """The pictures.

    Raises:
        DmsError: no such file, or no pictures in it.
    """
    from dms.camera.open import open_source
    from dms.camera.video import Video

    if args.log is not None:
        return open_source(args.log)
    if Path(args.video).is_dir():
        raise UsageError(f"{args.video} is a folder; --video takes one file")
    if args.video.endswith(".mcap"):
        raise UsageError(f"{args.video} is a drive log; play it with --log")
    return Video(args.video)


@contextmanager
def _head_unit(config: "BusConfig") -> Iterator[str]:
    """The other process; gives the address of its page."""
    command = [sys.executable, "-m", "hil.cockpit", "--interface", config.interface]
    if config.channel is not None:
        command += ["--channel", config.channel]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
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


def _asked(url: str) -> dict[str, Any] | None:
    """What the head unit shows at the end; ``None``: it no longer answers."""
    try:
        with urllib.request.urlopen(f"{url}state", timeout=ASK_S) as answer:
            return dict(json.load(answer))
    except (OSError, ValueError):
        return None


def _signals(args: argparse.Namespace, config: "BusConfig", closing: "_Closing") -> None:
    """The synthetic driver as observations, in real time."""
    from dms.bus.port import open_bus
    from hil.bench.bench import Bench, Ports
    from hil.bench.clock import WallClock
    from hil.bench.scenario import load

    ports = Ports(open_bus(config), open_bus(config))
    try:
        with Bench(load(SCENARIO), clock=WallClock(), ports=ports, on_frame=closing.frame, own_head_unit=False) as bench:
            bench.advance(args.seconds or bench.end)
    finally:
        for port in ports:
            port.close()


def _pictures(args: argparse.Namespace, config: "BusConfig", film: "Source", closing: "_Closing") -> None:
    """A drive log or a video through the whole loop."""
    from dms.gesture.motion import SLOT
    from dms.runtime import clock
    from dms.runtime.chain import CHAIN_SLOTS
    from dms.runtime.config import GestureSection, RunConfig, load_parts, with_log_defaults
    from dms.runtime.demo import demo_run

    wanted = RunConfig(source=film.name, gestures=GestureSection(enabled=True))
    parts = load_parts(with_log_defaults(wanted, film, args.vehicle, args.driver))
    if parts.driver is None:
        print(
            "dms: no driver file: without one the gaze is rarely sure enough to be ready; see dms calibrate gaze", file=sys.stderr
        )
    assert parts.gestures is not None
    rules, has_car = parts.gestures.interaction, _has_can(film)
    with ExitStack() as stack:
        engines = stack.enter_context(open_engines(args, (*CHAIN_SLOTS, SLOT)))
        if not has_car:
            print(f"dms: {film.name} tells nothing of the car: {stack.enter_context(_car(config))}", file=sys.stderr)
        running = stack.enter_context(
            demo_run(
                parts, film, engines, config,
                lambda state, judged: closing.picture(state, judged, running.loop.inputs.snapshot(clock.now()).l3_state, rules),
                play_can=has_car, heard=closing.frame,
            )
        )  # fmt: skip
        closing.start = clock.now()
        running.loop.run(args.seconds)
        closing.missed = running.overwritten


def _has_can(film: "Source") -> bool:
    from dms.camera.log import LogFrames
    from dms.drivelog.reader import LogReader

    if not isinstance(film, LogFrames):
        return False
    with LogReader(film.name) as log:
        return next(iter(log.can()), None) is not None


@contextmanager
def _car(config: "BusConfig") -> Iterator[str]:
    """A car and its Level 3 controller on the bus; gives what it does in words."""
    from dms.bus.port import open_bus
    from dms.runtime import clock
    from hil.controller.peer import HandoverPeer

    port = open_bus(config)
    peer = HandoverPeer(port)
    peer.start(clock.now, clock.sleep)
    try:
        yield f"a simulated one drives {peer.vehicle.speed_kmh:.0f} km/h, Level 3 {peer.vehicle.l3_state}, belt on"
    finally:
        peer.stop()
        port.close()


@dataclass
class _Closing:
    """Counts and tells the gestures on the bus, and why there were none."""

    as_json: bool
    frames: int = 0
    events: int = 0
    pictures: int = 0
    missed: int = 0
    """Pictures that perception had no time for."""
    with_hands: int = 0
    forbidden: Counter[str] = field(default_factory=Counter)
    """Pictures in which nothing could be commanded, by reason."""
    head_unit: dict[str, Any] | None = None
    start: float = 0.0
    """On the clock of the frames; what is told counts from here."""
    _count: int | None = None

    def __post_init__(self) -> None:
        from dms.bus.layout import load

        self._message = load()["DMS_Gesture"]

    def frame(self, frame: "CanFrame", t: float) -> None:
        """One frame off the bus."""
        if frame.can_id != self._message.can_id or len(frame.data) != self._message.length:
            return
        self.frames += 1
        codes = self._message.unpack(frame.data)
        if codes["Gest_EvtCnt"] == self._count:
            return
        self._count = codes["Gest_EvtCnt"]
        self.events += 1
        if not self.as_json:
            words = [self._message.signals[name].label(codes[name]) or "?" for name in ("Gest_Id", "Gest_Phase", "Gest_Fn")]
            print(f"{t - self.start:6.1f} s  " + "  ".join(f"{word:<12}" for word in words), flush=True)

    def picture(
        self, state: "TakeoverReadiness", judged: "Judged | None", l3_state: "L3State | None", rules: "Interaction"
    ) -> None:
        """One picture was judged, or none came."""
        from dms.gesture import inhibited

        self.pictures += judged is not None
        self.with_hands += judged is not None and bool(judged.sight.observation.hands)
        if (reason := inhibited(state, l3_state, rules)) is not None:
            self.forbidden[reason if not state.because else f"{reason} ({state.because[0]})"] += 1

    def text(self) -> str:
        """For people or machines."""
        if self.as_json:
            return json.dumps({
                "gesture_frames": self.frames, "gesture_events": self.events, "pictures": self.pictures, "missed": self.missed,
                "pictures_with_hands": self.with_hands, "nothing_allowed": dict(self.forbidden), "head_unit": self.head_unit,
            })  # fmt: skip
        lines = [f"{self.frames} gesture frames sent"]
        if self.pictures:
            slow = f"; {self.missed} more came too fast for this machine" if self.missed else ""
            lines.append(f"hands in {self.with_hands} of {self.pictures} pictures{slow}")
        lines += [f"nothing may be commanded in {n} of them: {reason}" for reason, n in self.forbidden.most_common(3)]
        if (shown := self.head_unit) is not None:
            lines.append(f"head unit shows {shown['context']}, volume {shown['volume']}, zoom {shown['zoom']}")
        return "\n".join(lines)
