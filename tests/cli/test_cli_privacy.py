"""No picture leaves the process: every file opened for writing and every socket of a whole run is watched."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dms.bus.layout import load
from dms.drivelog.reader import LogReader
from dms.inference.cache import cache_dir

WATCHED = """
import json, os, sys
written, called = [], []

def watch(event, args):
    if event == "open" and isinstance(args[0], str) and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR):
        written.append(args[0])
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind", "shutil.copyfile", "os.rename"):
        called.append(event)

sys.addaudithook(watch)
from dms.cli.main import main
code = main(sys.argv[1:])
sys.stderr.write("WATCHED " + json.dumps([code, written, called]))
"""


@pytest.mark.slow
@pytest.mark.requirement("GSR-01", "FS-14")
@pytest.mark.parametrize("record", [False, True])
def test_a_run_writes_and_sends_nothing_unless_recording_was_asked_for(
    record: bool, portrait_video: Path, tmp_path: Path, engines_built: None
) -> None:
    home, kept = tmp_path / "home", tmp_path / "drive.mcap"
    home.mkdir()
    text = f"source: {portrait_video}\n" + (f"record: {kept}\n" if record else "")
    (tmp_path / "run.yaml").write_text(text)
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home), "DMS_CACHE": str(cache_dir())}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, "run", "--config", str(tmp_path / "run.yaml")],
        env=environment, cwd=home, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    code, written, called = json.loads(done.stderr.rpartition("WATCHED ")[2])
    assert code == 0, done.stderr
    assert {name for name in written if not name.startswith("/dev/")} == ({str(kept)} if record else set())
    assert not [event for event in called if event.startswith("socket")], called
    assert [path for path in home.rglob("*") if path.is_file()] == []
    assert ("RECORDING PICTURES" in done.stderr) == record == kept.exists()
    if record:
        assert said_on_the_bus(kept, "Rec_St") == {"Yes"}


def said_on_the_bus(log: Path, name: str) -> set[str | None]:
    """What DMS_Health said in a recorded run."""
    message = load()["DMS_Health"]
    with LogReader(log) as reader:
        frames = [record.data for _, record in reader.can(direction="tx") if record.id == message.can_id]
    return {message.signals[name].label(message.unpack(data)[name]) for data in frames}
