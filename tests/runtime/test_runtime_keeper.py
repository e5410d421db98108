"""The keeper without a loop: operation cycles by boot and ignition, a disk that fails and comes back, a bug in a look."""

import os
import threading
from types import SimpleNamespace

import pytest

from dms.diagnostics.monitors import Facts
from dms.diagnostics.status import Status
from dms.diagnostics.store import Snapshot, Store
from dms.diagnostics.table import load
from dms.records import VehicleState
from dms.runtime.diagnosis.keeper import Keeper
from dms.runtime.diagnosis.unit import LoopUnit


@pytest.fixture
def look():
    facts = Facts()
    loop = SimpleNamespace(effect=None, note_trouble_codes=lambda number: None)
    seen = SimpleNamespace(loop=loop, now=facts, snapshot=lambda: Snapshot(1.0))
    seen.facts = lambda: seen.now
    return seen


def bits(keeper, name):
    return Status(keeper.memory.of(load().codes[name].number)[1].life.status)


def test_a_restart_is_no_new_cycle_and_another_boot_is(look, tmp_path):
    with Keeper(look, tmp_path, "boot-1") as keeper:
        keeper.conclude({"lamp_faulty": True})
    with Keeper(look, tmp_path, "boot-1") as keeper:
        assert Status.FAILED_THIS_CYCLE in bits(keeper, "lamp_faulty")
    with Keeper(look, tmp_path, "boot-2") as keeper:
        assert Status.FAILED_THIS_CYCLE not in bits(keeper, "lamp_faulty")
        assert Status.CONFIRMED in bits(keeper, "lamp_faulty")


def test_ignition_off_and_on_is_a_new_cycle(look, tmp_path):
    keeper = Keeper(look, tmp_path, "boot")
    for word, cycle in [
        ("on", 0),
        ("off", 0),
        (None, 0),
        ("accessory", 0),
        ("on", 1),
        ("on", 1),
        ("off", 1),
        ("start", 1),
        ("on", 2),
    ]:
        look.now = Facts(inputs=VehicleState(t=0.0, ignition=word))
        keeper._once()
        assert keeper.memory.cycle == f"boot/{cycle}"
    assert Keeper(look, tmp_path, "boot").memory.cycle == "boot/2"


def test_a_disk_that_fails_is_a_code_and_mends(look, tmp_path, monkeypatch, capsys):
    with Keeper(look, tmp_path, "boot") as keeper:
        full = threading.Event()
        real = os.fsync

        def fsync(handle):
            if full.is_set():
                raise OSError(28, "No space left on device")
            real(handle)

        monkeypatch.setattr(os, "fsync", fsync)
        full.set()
        keeper.conclude({"lamp_faulty": True})
        assert keeper.save() is False and Status.TEST_FAILED in bits(keeper, "store_damaged")
        assert keeper.save() is False
        full.clear()
        assert keeper.save() is True and Status.TEST_FAILED not in bits(keeper, "store_damaged")
    assert {"lamp_faulty", "store_damaged"} <= Store(tmp_path).load()[0].codes.keys()
    assert capsys.readouterr().err.count("No space left") == 1  # told once


def test_a_damaged_memory_is_a_code(look, tmp_path):
    for name in ("memory.a", "memory.b"):
        (tmp_path / name).write_bytes(b"?")
    with Keeper(look, tmp_path, "boot") as keeper:
        assert Status.CONFIRMED in bits(keeper, "store_damaged")
    with Keeper(look, tmp_path, "boot") as keeper:
        assert Status.CONFIRMED in bits(keeper, "store_damaged") and Status.TEST_FAILED not in bits(keeper, "store_damaged")


def test_a_bug_in_a_look_is_told_and_does_no_harm(look, tmp_path, capsys):
    keeper = Keeper(look, tmp_path, "boot")
    look.facts = lambda: 1 / 0
    keeper._guarded()
    keeper._guarded()
    assert capsys.readouterr().err == "dms: diagnostics: ZeroDivisionError: division by zero\n"


def test_quiet_ends_when_the_vehicle_may_move():
    said, rest = [], [True]
    look = SimpleNamespace(loop=SimpleNamespace(publisher=SimpleNamespace(quiet=said.append)), at_rest=lambda: rest[0])
    unit = LoopUnit(look, None, [], lambda: True, lambda: None)
    unit.quiet(True)
    unit.step()
    assert said == [True]
    rest[0] = False
    unit.step()
    unit.step()
    assert said == [True, False]
