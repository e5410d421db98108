"""What one ignition cycle remembers survives a restart, a damaged file is not forgotten silently."""

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.assessment import Assessor
from dms.assessment.cycle import CycleMemory
from dms.errors import InputError
from dms.inference.engine_set import EngineSet
from dms.records import Frame
from dms.runtime import clock
from dms.runtime.config import Loaded
from dms.runtime.cycle_file import CycleFile, CycleKeeper
from dms.runtime.loop import Loop

LOCKED = CycleMemory(responses=2, escalated=[3.0, 0.5], locked="2 unavailability responses", locked_age_s=12.5)


@pytest.mark.requirement("R171-11")
def test_kept_and_found_again(tmp_path: Path) -> None:
    file = CycleFile(tmp_path / "cycle.json")
    assert file.load() is None
    file.keep(CycleMemory())
    file.keep(LOCKED)
    assert CycleFile(file.path).load() == LOCKED
    assert [path.name for path in tmp_path.iterdir()] == ["cycle.json"]


@pytest.mark.parametrize("text", [b"", b"{", b'{"responses": -1}', b'{"locks": 1}', b"\xff"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "cycle.json"
    path.write_bytes(text)
    with pytest.raises(InputError, match="remove it to start a new ignition cycle") as caught:
        CycleFile(path).load()
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        CycleFile(tmp_path / "nowhere" / "cycle.json").keep(LOCKED)


class SlowDisk(CycleFile):
    """Each write waits until the test lets it go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.busy, self.free = threading.Event(), threading.Event()
        self.written: list[CycleMemory] = []

    def keep(self, memory: CycleMemory) -> None:
        self.busy.set()
        assert self.free.wait(10.0)
        super().keep(memory)
        self.written.append(memory)


@pytest.mark.requirement("R171-11")
def test_a_slow_disk_holds_nobody_up_and_the_newest_memory_is_the_one_kept(tmp_path: Path) -> None:
    disk = SlowDisk(tmp_path / "cycle.json")
    with CycleKeeper(disk) as keeper:
        for responses in range(5):
            keeper.keep(CycleMemory(responses=responses))  # would wait here for ever if it wrote by itself
            assert disk.busy.wait(5.0)
        keeper.keep(LOCKED)
        disk.free.set()
    assert [memory.responses for memory in disk.written][1:] == [2] and len(disk.written) == 2
    assert keeper.load() == LOCKED


def test_a_disk_that_fails_is_said_once_and_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "later"
    with CycleKeeper(CycleFile(folder / "cycle.json")) as keeper:
        for _ in range(3):
            keeper.keep(CycleMemory())
            time.sleep(0.05)
        folder.mkdir()
        keeper.keep(LOCKED)
    assert keeper.load() == LOCKED
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_a_disk_that_hangs_is_said_at_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dms.runtime.cycle_file.LAST_WRITE_S", 0.05)
    disk = SlowDisk(tmp_path / "cycle.json")
    with CycleKeeper(disk) as keeper:
        keeper.keep(LOCKED)
    assert "the disk does not answer; the newest memory may be lost" in capsys.readouterr().err
    disk.free.set()


def test_a_slow_disk_does_not_delay_readiness(
    parts: Loaded, blind_engines: EngineSet, frame: Callable[..., Frame], scripted: Any, quiet_bus: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Every picture changes the memory, every write takes longer than many pictures."""
    revisions, written = itertools.count(1), []
    monkeypatch.setattr(Assessor, "memory_revision", property(lambda assessor: next(revisions)))
    monkeypatch.setattr(CycleFile, "keep", lambda file, memory: (written.append(memory), time.sleep(0.5)))
    parts.config.cycle_file = str(tmp_path / "cycle.json")
    told: list[float] = []

    def film(camera: Any) -> None:
        for index in range(15):
            camera.give(frame(clock.now(), index), lambda index=index: len(told) > index)

    with Loop(parts, scripted(film), blind_engines, quiet_bus(), lambda state, judged: told.append(state.t)) as loop:
        loop.run()
    assert loop.counts.frames == 15 and max(loop.counts.judged_ms) < 400.0
    assert 1 <= len(written) < 15
