"""``dms diag``: a running ``dms run`` read, changed, reset and killed from another process; every mistake in one line."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dms.bus import vehicle_inputs
from dms.bus.codes import Codes
from dms.bus.layout import load
from dms.bus.messages import Protector
from dms.bus.port import BusConfig, open_bus
from dms.diagnostics.store import NAMES, Store, Stored, StoredCode

CHANNEL = "239.74.163.91"
VIN = "WDB12345678901234"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "secret.hex").write_text("5a" * 32)
    path = tmp_path / "run.yaml"
    section = f"{{store: '{tmp_path / 'memory'}', security_key: secret.hex, doip: {{port: 0}}}}"
    path.write_text(f"source: sample\nbus: {{interface: udp_multicast, channel: {CHANNEL}}}\ndiagnostics: {section}\n")
    return path


@pytest.fixture
def standing():
    """A vehicle that stands, automated driving off, on the same bus."""
    vehicle, ours = Protector(load(Path(vehicle_inputs.EXAMPLE).with_name("example_vehicle.dbc"))), Protector(load())
    bus, stop = open_bus(BusConfig(interface="udp_multicast", channel=CHANNEL)), threading.Event()

    def drive():
        while not stop.wait(0.03):
            motion = Codes(vehicle.layout["VEH_Motion"])
            motion.number("Veh_Speed", 0.0)
            motion.word("Veh_SpeedQf", "Ok")
            request = Codes(ours.layout["HOC_Request"])
            request.word("Hoc_L3St", "Inactive")
            request.number("Hoc_Cnt", 1)
            bus.send(vehicle.frame("VEH_Motion", motion))
            bus.send(ours.frame("HOC_Request", request))

    thread = threading.Thread(target=drive, name="dms-test-vehicle")
    thread.start()
    yield
    stop.set()
    thread.join()
    bus.close()


@pytest.fixture
def service(config, tmp_path, engines_built):
    """``dms run`` in a process of its own, judging pictures."""
    with open(tmp_path / "err.txt", "w") as errors:
        command = [sys.executable, "-m", "dms", "run", "--config", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def told(tmp_path, text, seconds=60.0, times=1):
    end = time.monotonic() + seconds
    while (tmp_path / "err.txt").read_text().count(text) < times:
        assert time.monotonic() < end, (tmp_path / "err.txt").read_text()
        time.sleep(0.1)


def again(attempt, good, seconds=40.0):
    """A busy machine takes its time: the same attempt until it is good."""
    end = time.monotonic() + seconds
    while not good(result := attempt()):
        assert time.monotonic() < end, (result.out, result.err)
        time.sleep(0.5)
    return result


@pytest.mark.slow
def test_a_running_system_from_outside(dms, config, service, standing, tmp_path):
    def diag(*words):
        return dms("diag", *words, "--config", config)

    told(tmp_path, "dms: running")
    read = again(lambda: diag("read"), lambda r: r.code == 0 and "U1102-87" in r.out)  # no seat and belt on this bus
    assert read.err == "" and "VIN not written" in read.out and "l3_default version" in read.out and "pictures/s" in read.out
    assert "failed this cycle" in read.out and "limited by  " in read.out and "km/h" in read.out
    assert diag("write", "vin", VIN).code == 0
    assert "files unchanged" in again(lambda: diag("routine", "engines"), lambda r: r.code == 0).out
    lamp = diag("routine", "lamp")
    assert lamp.code == 1 and lamp.complaint == "dms: refused: conditions not correct (0x22)"
    assert diag("clear").code == 0
    again(lambda: diag("reset"), lambda r: r.out == "it ends and starts again\n")
    told(tmp_path, "dms: running", times=2)
    read = again(lambda: diag("read", "--json"), lambda r: "U1102-87" in r.out and "B1A06-54" in r.out)
    document = json.loads(read.out)
    assert document["schema"] == "dms.diag/1" and document["data"]["vehicle_identification_number"]["vin"] == VIN
    os.kill(service.pid, signal.SIGKILL)
    service.wait()
    kept = dms("diag", "store", tmp_path / "memory")
    assert kept.code == 0 and "U1102-87" in kept.out and "damaged" not in kept.out
    assert dms("diag", "read", "--config", config).code == 4


def test_the_table_and_a_memory_without_a_system(dms, tmp_path):
    table = dms("diag", "codes")
    assert table.code == 0 and len(table.out.splitlines()) == 24 and "never ready" in table.out
    assert len(json.loads(dms("diag", "codes", "--json").out)["codes"]) == 22
    store = Store(tmp_path / "memory")
    store.load()
    code = StoredCode()
    code.life.failed(1)
    store.save(Stored("1", {"lamp_faulty": code, "of_tomorrow": code}))
    told = dms("diag", "store", tmp_path / "memory")
    assert told.code == 0 and "B1A02-96  infrared lamp reports a fault" in told.out and "unknown to this version" in told.out
    (tmp_path / "memory" / NAMES[0]).write_bytes(b"torn")
    assert "damaged" in dms("diag", "store", tmp_path / "memory").out
    assert json.loads(dms("diag", "store", tmp_path / "memory", "--json").out)["whole"] is False


def test_mistakes_are_told_in_one_line(dms, tmp_path, config):
    for arguments, code, words in [
        (["read"], 2, "say where"),
        (["read", "--config", config, "--bus", "virtual"], 2, "say where"),
        (["read", "--bus", "carrier_pigeon"], 2, "no CAN interface"),
        (["read", "--config", tmp_path / "missing.yaml"], 3, "No such file"),
        (["clear", "--bus", "virtual"], 2, "--key FILE"),
        (["clear", "--bus", "virtual", "--key", tmp_path / "missing"], 3, "security key"),
        (["read", "--bus", "virtual"], 4, "no answer from 0x7C9 on CAN virtual"),
        (["store", tmp_path], 3, "holds no trouble code memory"),
    ]:
        result = dms("diag", *arguments)
        assert result.code == code and words in result.complaint and result.out == "", (arguments, result.err)


@pytest.mark.parametrize(
    ("section", "code", "words"),
    [
        ("{}", 2, "store"),
        ("{store: STORE, request_id: 5, response_id: 5}", 2, "three different CAN identifiers"),
        ("{store: STORE, request_id: 0x3A0}", 2, "0x3A0 belongs to DMS_TakeoverReady"),
        ("{store: STORE, security_key: nothing.hex}", 3, "nothing.hex"),
        ("{store: STORE, doip: {port: 99999}}", 2, "port"),
    ],
)
def test_configurations_that_cannot_be(dms, tmp_path, monkeypatch, engines_built, section, code, words):
    monkeypatch.chdir(tmp_path)
    text = section.replace("STORE", "memory")
    (tmp_path / "run.yaml").write_text(f"source: sample\ndiagnostics: {text}\n")
    result = dms("run", "--config", "run.yaml", "--seconds", "1")
    assert result.code == code and words in result.err.splitlines()[-1] and "Traceback" not in result.err, result.err
