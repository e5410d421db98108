"""What all tests share: nothing may be left running or open, the engines are there, commands are run like a user runs them."""

import importlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import can
import hypothesis
import pytest
import requirement_marks
from requirement_marks import pytest_addoption
from run_alone import long_ones_first, mark_alone

__all__ = ["pytest_addoption"]  # a hook: pytest finds it here


@pytest.hookimpl(tryfirst=True)  # before -k and -m take tests away
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks by requirement and by file."""
    requirement_marks.pytest_collection_modifyitems(config, items)
    mark_alone(items)
    long_ones_first(items)


os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # tests send nothing home; that the product does not either has its own test
for _name in ("onnx", "onnxruntime"):
    # Before any test loads GStreamer: after it, an exception inside one of these libraries kills the process.
    # The product's own order has a test in a process of its own (tests/cli).
    importlib.import_module(_name)
hypothesis.settings.register_profile("dms", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("dms")

GRACE_S = 2.0
OURS = ("dms", "camera ", "reference-receiver", "can-player", "can.")
"""Names of threads that must not outlive a test even though they are daemons."""

_buses: list[can.BusABC] = []
_plain_init = can.BusABC.__init__


def _noted_init(self: can.BusABC, *args: object, **kwargs: object) -> None:
    _buses.append(self)
    _plain_init(self, *args, **kwargs)  # type: ignore[arg-type]


can.BusABC.__init__ = _noted_init  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fails a test that leaves a thread, a CAN bus or an open file behind."""
    threads, files, first_bus = set(threading.enumerate()), open_files(), len(_buses)
    yield
    end = time.monotonic() + GRACE_S
    while (left := leftovers(threads, files)) and time.monotonic() < end:
        time.sleep(0.02)
    left += [f"CAN bus {bus.channel_info!r}" for bus in _buses[first_bus:] if is_open(bus)]
    del _buses[first_bus:]
    assert not left, f"the test left behind: {'; '.join(left)}"


def leftovers(threads: set[threading.Thread], files: dict[int, str]) -> list[str]:
    """What is there now and was not there before, one line each."""
    found = [
        f"thread {t.name!r}"
        for t in threading.enumerate()
        if t not in threads and (not t.daemon or t.name.startswith(OURS)) and not t.name.startswith("pytest_timeout")
    ]
    found += [f"open file {path}" for number, path in open_files().items() if files.get(number) != path]
    return found


def is_open(bus: can.BusABC) -> bool:
    """Closes an open bus, too; one whose construction failed half-way holds nothing and cannot even be closed."""
    if getattr(bus, "_is_shutdown", True):
        return False
    try:
        bus.shutdown()
    except AttributeError:
        return False
    return True


def open_files() -> dict[int, str]:
    """Descriptor to path of this process's open regular files."""
    found = {}
    for entry in os.listdir("/proc/self/fd"):
        try:
            path = os.readlink(f"/proc/self/fd/{entry}")
            regular = stat.S_ISREG(os.fstat(int(entry)).st_mode)
        except OSError:  # the descriptor of the listing itself
            continue
        if regular and path.startswith("/") and not path.startswith(("/proc/", "/sys/", "/memfd:", "/dev/")):
            found[int(entry)] = path
    return found


@dataclass(frozen=True)
class Result:
    """What a command left: exit code and both streams as text."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The only line on stderr; fails when there is none or more, or a traceback."""
        assert "Traceback" not in self.err, self.err
        lines = self.err.splitlines()
        assert len(lines) == 1 and lines[0].startswith("dms: "), self.err
        return lines[0]


Run = Callable[..., Result]


@pytest.fixture
def dms(capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Runs the command line in this process: ``dms("observe", path)``. Catches what C libraries print too."""
    from dms.cli.main import main

    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*arguments: object) -> Result:
        capfd.readouterr()
        code = main([str(a) for a in arguments])
        out, err = capfd.readouterr()
        return Result(code, out, err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def dms_process(tmp_path: Path) -> Run:
    """Runs the command line as a user's shell would, in ``tmp_path``; ``env`` adds to the environment."""

    def run(*arguments: object, env: dict[str, str] | None = None, stdin: str | None = None, timeout: float = 120.0) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "dms", *map(str, arguments)],
            capture_output=True, text=True, cwd=tmp_path, input=stdin, timeout=timeout, env={**os.environ, **(env or {})},
        )  # fmt: skip
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def engines_built() -> None:
    """The converted engines are in the user's cache; made on first use, which needs the network once."""
    from dms.inference.build import build

    build()


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colour picture with one face: scikit-image's astronaut (NASA, public domain), 512 x 512."""
    import cv2
    from skimage import data

    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    cv2.imwrite(str(path), data.astronaut()[:, :, ::-1])
    return path


@pytest.fixture(scope="session")
def portrait_video(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of the portrait as H.264, 15 frames/s."""
    import av
    import cv2

    path = tmp_path_factory.mktemp("video") / "portrait.mp4"
    pixels = cv2.imread(str(portrait))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = pixels.shape[1], pixels.shape[0], "yuv420p"
        for _ in range(30):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def short_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first four seconds of the sample drive log, with its CAN."""
    from dms.camera.log import sample_log
    from dms.drivelog.reader import LogReader
    from dms.drivelog.writer import LogWriter

    path = tmp_path_factory.mktemp("log") / "short.mcap"
    with LogReader(sample_log()) as log:
        header = log.header
        assert header is not None
        events = [(frame.t, 1, frame, None) for frame in log.frames(0.0, 4.0)]
        events += [(t, 0, None, record) for t, record in log.can(end=4.0)]  # type: ignore[misc]
        with LogWriter(path, header, sync=False) as short:
            for t, _, frame, record in sorted(events, key=lambda event: event[:2]):
                short.frame(frame) if frame is not None else short.can(record, t)  # type: ignore[arg-type]
    return path


@pytest.fixture(scope="session")
def gl() -> None:
    """A renderer. Where there is none the test is skipped with the reason; with DMS_REQUIRE_GL=1 (CI) it fails instead."""
    from dms.errors import DmsError

    try:
        from hil.driver.render.context import open_context

        open_context()
    except (ImportError, DmsError) as error:
        if os.environ.get("DMS_REQUIRE_GL") == "1":
            pytest.fail(f"no renderer, but this run requires one: {error}")
        pytest.skip(f"no renderer: {error}")
