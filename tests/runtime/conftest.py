"""The runtime's seams with fakes in them: engines that see nobody, a camera that follows a script, a configuration."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from dms.bus.port import CanFrame, FakeBus
from dms.camera.base import Source
from dms.camera.live import LiveSource
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.slots import contract
from dms.perception.pipeline import SLOTS
from dms.records import Frame
from dms.runtime.config import Loaded, RunConfig, load_parts


class Listed(Source):
    """A file-like source of the given frames."""

    name = "listed"

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames
        self.closed = False

    def frames(self) -> Iterator[Frame]:
        yield from self._frames

    def close(self) -> None:
        self.closed = True


class Scripted(LiveSource):
    """A camera that runs the given function in its thread."""

    def __init__(self, script: Callable[["Scripted"], None], timeout_s: float = 5.0) -> None:
        super().__init__("scripted", timeout_s)
        self._script = script

    def _run(self) -> None:
        self._script(self)

    def give(self, frame: Frame, taken: Callable[[], bool], seconds: float = 5.0) -> None:
        """Deliver and wait until it was taken."""
        self.deliver(frame)
        end = time.monotonic() + seconds
        while not taken() and time.monotonic() < end:
            self.pause(0.005)

    def pause(self, seconds: float | None = None) -> bool:
        """Wait; true when the camera is to stop."""
        return self._stopping.wait(seconds)


class QuietBus(FakeBus):
    """A fake that waits like a real bus when nothing comes in; the plain one would make a listening thread spin."""

    def receive(self, timeout_s: float = 0.0) -> CanFrame | None:
        if not self.incoming:
            time.sleep(timeout_s)
        return super().receive()


@pytest.fixture
def quiet_bus() -> type[QuietBus]:
    return QuietBus


@pytest.fixture
def frame() -> Callable[..., Frame]:
    noise = np.random.default_rng(1).integers(0, 255, (48, 64), dtype=np.uint8)
    lock = threading.Lock()
    made = 0

    def build(t: float, index: int = 0) -> Frame:
        nonlocal made
        with lock:  # no two pictures are the same, or the camera would count as frozen
            made += 1
            return Frame(np.roll(noise, made), t, index, index & 0xFFFF)

    return build


@pytest.fixture
def listed() -> type[Listed]:
    return Listed


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


def nobody() -> dict[str, dict[str, np.ndarray]]:
    """Outputs of all slots by which there is nobody in the picture."""
    outputs = {slot: zeros(contract(slot)) for slot in SLOTS}
    for slot in ("face_detector", "hand_detector", "palm_detector"):
        outputs[slot]["scores"] -= 20
    return outputs


@pytest.fixture
def scripts() -> dict[str, dict[str, np.ndarray]]:
    """As ``blind_engines``, to be changed."""
    return nobody()


@pytest.fixture(scope="session")
def blind_engines() -> Iterator[EngineSet]:
    """All slots filled, nobody in the picture."""
    with EngineSet(SLOTS, FakeBackend(nobody())) as engines:
        yield engines


@pytest.fixture
def parts() -> Loaded:
    return load_parts(RunConfig(source="nothing"))


@pytest.fixture
def recording_parts(tmp_path: Path) -> Loaded:
    return load_parts(RunConfig(source="nothing", record=str(tmp_path / "drive.mcap")))
