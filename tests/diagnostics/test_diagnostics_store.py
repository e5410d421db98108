"""The memory on the disk: whole after kill -9, after a write cut at any byte, after a flipped bit, on a full disk."""

import os
import signal
import subprocess
import sys
import time

import pytest
from control_unit import frame
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.diagnostics.status import Life, Status
from dms.diagnostics.store import NAMES, Store, Stored, StoredCode, decode, encode
from dms.errors import HardwareError

CONFIRMED = StoredCode(Life(status=int(Status.CONFIRMED), occurrences=1), frame(), frame())
FIRST = Stored("1", {"camera_blocked": CONFIRMED})
SECOND = Stored("1", {"camera_blocked": CONFIRMED, "lamp_faulty": CONFIRMED}, {"F190": "41" * 17}, 2)


def test_what_was_saved_is_loaded(tmp_path):
    store = Store(tmp_path / "new" / "folder")
    assert store.load() == (Stored(), True)
    for state in (FIRST, SECOND):
        store.save(state)
        assert Store(store.folder).load() == (state, True)


def test_a_write_cut_at_any_byte_leaves_the_state_before_it(tmp_path):
    """Whatever a power cut makes of the file being written: the other one is whole."""
    store = Store(tmp_path)
    store.load()
    store.save(FIRST)
    store.save(SECOND)
    newest = tmp_path / NAMES[0]
    data = newest.read_bytes()
    assert not any(decode(data[:cut]) or decode(data[:cut] + bytes(len(data) - cut)) for cut in range(len(data)))
    for cut in range(0, len(data), 53):
        for torn in (data[:cut], data[:cut] + bytes(len(data) - cut)):  # a disk may also give out zeros
            newest.write_bytes(torn)
            assert Store(tmp_path).load() == (FIRST, False)
    newest.unlink()
    assert Store(tmp_path).load() == (FIRST, True)


def test_after_a_torn_write_the_next_one_does_not_touch_the_whole_file(tmp_path):
    store = Store(tmp_path)
    store.load()
    store.save(FIRST)
    store.save(SECOND)
    (tmp_path / NAMES[0]).write_bytes(b"torn")
    again = Store(tmp_path)
    again.load()
    kept = (tmp_path / NAMES[1]).read_bytes()
    again.save(SECOND)
    assert (tmp_path / NAMES[1]).read_bytes() == kept and Store(tmp_path).load() == (SECOND, True)


def test_both_files_damaged_is_told_and_starts_empty(tmp_path):
    for name in NAMES:
        (tmp_path / name).write_bytes(b"\0" * 100)
    store = Store(tmp_path)
    assert store.load() == (Stored(), False)
    store.save(FIRST)
    assert Store(tmp_path).load()[0] == FIRST


@settings(max_examples=150)
@given(position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_every_flipped_bit_is_seen(position, bit):
    data = bytearray(encode(SECOND, 7))
    data[position % len(data)] ^= 1 << bit
    assert decode(bytes(data)) is None


@given(st.binary(max_size=200))
def test_anything_can_lie_in_the_file(data):
    assert decode(data) is None and decode(b"dms-dtc/1 1 " + data) is None


def test_a_full_disk_is_told_and_spoils_nothing(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.load()
    store.save(FIRST)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HardwareError, match="No space left"):
        store.save(SECOND)
    monkeypatch.undo()
    assert Store(tmp_path).load() == (FIRST, True)
    store.save(SECOND)
    assert Store(tmp_path).load() == (SECOND, True)


def test_a_folder_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(HardwareError, match="trouble code memory"):
        Store(tmp_path / "file" / "memory")


WRITER = """
import sys
from pathlib import Path
from dms.diagnostics.memory import Memory
from dms.diagnostics.store import Snapshot, Store
from dms.diagnostics.table import load

store = Store(Path(sys.argv[1]))
stored, whole = store.load()
memory = Memory(load(), stored, "1")
names = list(load().codes)
t = 0.0
while True:
    for name in names:
        for failed in (True, False):
            for _ in range(101):
                t += 1.0
                memory.report({name: failed}, lambda: Snapshot(t, causes="x" * 500), t)
            store.save(memory.export()[0])
        print(memory.confirmed, flush=True)
"""


def test_kill_9_while_writing_loses_no_confirmed_code(tmp_path):
    """A process that writes all the time is killed again and again; what it said to be on the disk is there."""
    said = 0
    for round_number in range(6):
        with subprocess.Popen([sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            said = max(said, int(writer.stdout.readline()))
            time.sleep(0.013 * round_number)
            os.kill(writer.pid, signal.SIGKILL)
            said = max([said, *(int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n"))])
        state, whole = Store(tmp_path).load()
        confirmed = sum(code.life.has(Status.CONFIRMED) for code in state.codes.values())
        assert whole and confirmed >= said > 0
        assert all(code.first is not None for code in state.codes.values() if code.life.has(Status.CONFIRMED))
