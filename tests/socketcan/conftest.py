"""A virtual CAN interface for each test, programs of can-utils as foreign peers."""

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dms.bus.port import Bus, BusConfig, open_bus
from tools.compare_receivers import build
from tools.socketcan.run import kernel_can, missing

_numbers = itertools.count()


@pytest.fixture(scope="session")
def kernel() -> None:
    """A kernel with CAN and can-utils. Where they are missing tests are skipped; with DMS_REQUIRE_SOCKETCAN=1 (CI) they fail."""
    lacking = missing()
    why = (
        f"programs of {', '.join(lacking)} are missing"
        if lacking
        else ""
        if kernel_can()
        else "this kernel has no CAN, or this user may not"
    )
    if why and os.environ.get("DMS_REQUIRE_SOCKETCAN") == "1":
        pytest.fail(f"{why}, but this run requires SocketCAN")
    if why:
        pytest.skip(f"{why}; make test-socketcan runs this in user-mode Linux")


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


class Interface:
    """A virtual CAN interface: up and down, classic or FD, slow as a real bus."""

    def __init__(self, fd: bool = True) -> None:
        self.name = f"vdms{next(_numbers)}"
        ip("link", "add", "dev", self.name, "type", "vcan")
        ip("link", "set", self.name, "mtu", "72" if fd else "16")
        self.up()

    def up(self) -> None:
        ip("link", "set", self.name, "up")

    def down(self) -> None:
        ip("link", "set", self.name, "down")

    def slow(self, rate: str, queue_bytes: int) -> None:
        """A transmit queue that empties at ``rate`` (as ``tc`` writes it)."""
        shape = ["root", "tbf", "rate", rate, "burst", "100", "limit", str(queue_bytes)]
        subprocess.run(["tc", "qdisc", "replace", "dev", self.name, *shape], check=True)

    def fast(self) -> None:
        subprocess.run(["tc", "qdisc", "delete", "dev", self.name, "root"], check=True)

    def remove(self) -> None:
        subprocess.run(["ip", "link", "delete", self.name], stderr=subprocess.DEVNULL)


@pytest.fixture
def vcan(kernel: None) -> Iterator[Interface]:
    interface = Interface()
    yield interface
    interface.remove()


@pytest.fixture
def classic(kernel: None) -> Iterator[Interface]:
    interface = Interface(fd=False)
    yield interface
    interface.remove()


Opener = Callable[..., Bus]


@pytest.fixture
def port() -> Iterator[Opener]:
    """Opens our port on an interface; closed at the end."""
    opened: list[Bus] = []

    def build(interface: Interface, fd: bool = True, **options: object) -> Bus:
        opened.append(open_bus(BusConfig(interface="socketcan", channel=interface.name, fd=fd, options=options)))
        return opened[-1]

    yield build
    for bus in opened:
        bus.close()


@pytest.fixture(scope="session")
def monitor(kernel: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The receiver in C; a guest gets it ready-made, compilers are slow there."""
    made = os.environ.get("DMS_MONITOR")
    return Path(made) if made else build(tmp_path_factory.mktemp("contract"))


class Foreign:
    """A program of can-utils, running."""

    def __init__(self, output: Path, *command: str) -> None:
        self._path = output
        self._output = output.open("wb")
        self.process = subprocess.Popen(command, stdout=self._output, stderr=subprocess.STDOUT)

    def lines(self) -> list[str]:
        """What it has printed by now."""
        return self._path.read_text(errors="replace").splitlines()

    def stop(self) -> list[str]:
        """Ends it; the lines it printed."""
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self._output.close()
        return self.lines()


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Callable[..., Foreign]]:
    """Starts programs of can-utils; what still runs at the end is ended."""
    started: list[Foreign] = []

    def start(*command: str) -> Foreign:
        assert shutil.which(command[0])
        started.append(Foreign(tmp_path / f"{len(started)}.out", *command))
        return started[-1]

    yield start
    for one in started:
        one.stop()


PROBE = 0x7FE


@pytest.fixture
def candump(foreign: Callable[..., Foreign]) -> Callable[..., Foreign]:
    """Starts candump, with a program behind it if one is given; back once it hears (probe frames of id ``PROBE``)."""

    def start(interface: Interface, behind: str = "") -> Foreign:
        command = ["stdbuf", "-oL", "candump", "-L", interface.name]
        one = foreign("sh", "-c", f"{' '.join(command)} | {behind}") if behind else foreign(*command)
        end = time.monotonic() + 20.0
        while not one.lines():
            assert time.monotonic() < end, "candump hears nothing"
            subprocess.run(["cansend", interface.name, f"{PROBE:03X}#"], check=True)
            time.sleep(0.05)
        return one

    return start


Waiter = Callable[..., None]


@pytest.fixture
def wait_until() -> Waiter:
    """Waits for something that will come; the machine may be busy."""

    def wait(done: Callable[[], object], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.02)

    return wait
