"""A real bench: the product is a box on the CAN bus; script, vehicle and controller are simulated beside it in real time.

The camera of the box sees what an injector shows it (HDMI player, GMSL injector, V4L2 loopback), its power comes over a relay:
both are command lines of the bench file. An example: ``hil/bench/bench.example.yaml``; wiring: ``docs/hil.md``.
"""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from dms.bus.port import Bus, BusConfig, CanFrame, open_bus
from dms.errors import HardwareError, InputError, UsageError
from dms.runtime import clock
from hil.bench.bench import CAN_PERIOD_S, Bench, Ports
from hil.bench.clock import WallClock
from hil.bench.device import SeamedBus
from hil.bench.driver import SignalDriver
from hil.bench.scenario import Loaded
from hil.bench.seams import Seams
from hil.bench.wire import Overheard
from hil.controller.peer import HandoverPeer

EXAMPLE = Path(__file__).with_name("bench.example.yaml")
COMMAND_S = 30.0
"""Time that a command of the bench has."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of a bench file."""


class Can(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The adapter, as python-can names it."""

    interface: str = "socketcan"
    channel: str | None = None
    fd: bool = True
    options: dict[str, Any] = {}


class Power(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Command lines that switch the box on and off."""

    on: str
    off: str


class Camera(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``play``: a command that shows the box a scenario until it is ended; ``{scenario}`` and ``{seed}`` are filled in."""

    play: str


class BenchFile(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        can: of the controller's side.
        vehicle_frames: send the example vehicle's frames; not where a rest-bus simulation does.
        power, camera: what the bench can switch and show; without them such faults are refused.
        settle_s: after power and camera are on, before time begins.
    """

    can: Can
    vehicle_frames: bool = True
    power: Power | None = None
    camera: Camera | None = None
    settle_s: Annotated[float, msgspec.Meta(ge=0, le=300)] = 0.0


def read_bench(path: Path) -> BenchFile:
    """Read a bench file.

    Raises:
        InputError: one line with what is wrong and what is allowed.
    """
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), BenchFile)
    except OSError as error:
        raise InputError(f"bench file {path} cannot be read: {error.strerror}; an example: {EXAMPLE}") from None
    except (yaml.YAMLError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise InputError(f"bench file {path}: {' '.join(str(error).split())}; an example: {EXAMPLE}") from None


class Remote:
    """The product where it is nobody's to step: everything of it comes over the bus."""

    def __init__(self, port: SeamedBus) -> None:
        self.next_cycle = float("inf")
        self._port = port

    def listen(self, t: float) -> None:
        """Let go what a fault held back."""
        self._port.due(t)

    def next_due(self) -> None:
        """Nothing is held back in here."""
        return None

    def show(self, content: object, number: int, t: float) -> None:
        """The box sees what the injector shows."""


class RealBench(Bench):
    """One scenario on a real bench, in real time.

    Args:
        loaded, seed, on_frame: see ``Bench``.
        file: the bench.
        path: where it was read from, for the command that repeats a run.
    """

    def __init__(
        self,
        loaded: Loaded,
        file: BenchFile,
        *,
        path: str | None = None,
        seed: int | None = None,
        on_frame: Callable[[CanFrame, float], None] | None = None,
    ) -> None:
        super().__init__(loaded, seed=seed, clock=WallClock(), on_frame=on_frame)
        self.result.bench = path
        self._file = file
        self._shown: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "RealBench":
        try:
            self._connect()
        except BaseException:
            self._open.close()
            raise
        if self._file.settle_s:
            clock.sleep(self._file.settle_s)
        self.clock.reach(0.0)
        return self

    def _connect(self) -> None:
        can = self._file.can
        port = open_bus(BusConfig(interface=can.interface, channel=can.channel, fd=can.fd, options=can.options))
        self._open.callback(port.close)
        # seen from the car, what the product sends comes in and what the product hears goes out
        turned = SeamedBus(port, Seams(bus_out=self.seams.bus_in, bus_in=self.seams.bus_out))
        self.ports = Ports(product=turned, car=turned)
        self.driver = SignalDriver(self.scenario)
        self.device = Remote(turned)  # type: ignore[assignment]
        self.head_unit = None
        car: Bus = turned if self._on_frame is None else Overheard(turned, self._on_frame, self.clock.now)
        self.peer = HandoverPeer(
            car, self.layout, period_s=CAN_PERIOD_S, handover=self.handover, sends_vehicle=self._file.vehicle_frames,
            on_frame=self._heard,
        )  # fmt: skip
        if self._file.power is not None:
            self._run(self._file.power.on)
        self._show()

    def put_in(self, target: str, failure: str, **how: Any) -> Callable[[], None]:
        """A fault that this bench can really produce.

        Raises:
            UsageError: it cannot.
            HardwareError: a command failed.
        """
        from hil.faults.effects import check

        if target in ("bus_out", "bus_in"):
            effect = check(target, failure, how, "signal")
            take_out = effect(self, **how)
        elif (target, failure) == ("power", "off") and self._file.power is not None:
            power = self._file.power
            self._run(power.off)
            take_out = lambda: self._run(power.on)  # noqa: E731
        elif (target, failure) == ("camera", "off") and self._file.camera is not None:
            self._dark()
            take_out = self._show
        else:
            raise UsageError(f"this bench cannot produce {target} {failure}; it can: {', '.join(self._can())}")
        self.timeline.mark(self.now, "fault", f"{target} {failure}")

        def out() -> None:
            take_out()
            self.timeline.mark(self.now, "fault_ends", f"{target} {failure}")

        return out

    def __exit__(self, *details: Any) -> None:
        self._dark()
        super().__exit__(*details)

    def _can(self) -> list[str]:
        found = ["bus_out and bus_in (at the controller's port)"]
        found += ["power off"] if self._file.power is not None else []
        return found + (["camera off"] if self._file.camera is not None else [])

    def _show(self) -> None:
        if self._file.camera is not None:
            words = shlex.split(self._file.camera.play.format(scenario=self.loaded.name, seed=self.scenario.seed))
            try:
                self._shown = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            except OSError as error:
                raise HardwareError(f"the bench's camera command cannot be run: {words[0]}: {error.strerror}") from None

    def _dark(self) -> None:
        if self._shown is not None:
            self._shown.terminate()
            self._shown.wait()
            self._shown = None

    def _run(self, command: str) -> None:
        words = shlex.split(command)
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = error.strerror if isinstance(error, OSError) else f"not done within {COMMAND_S:g} s"
            raise HardwareError(f"the bench's command `{command}` failed: {reason}") from None
        if done.returncode:
            raise HardwareError(f"the bench's command `{command}` failed with {done.returncode}: {done.stderr.strip()[-200:]}")
