"""What one ignition cycle remembers survives a restart, a damaged file is not forgotten silently."""

from pathlib import Path

import pytest

from dms.assessment.cycle import CycleMemory
from dms.errors import InputError
from dms.runtime.cycle_file import CycleFile

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
