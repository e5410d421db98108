"""The start-up self-test: each item can fail, says why in one line, and nothing is ready then."""

import json
import shutil

import numpy as np
import pytest

from dms.errors import DmsError, HardwareError, InputError
from dms.records import Frame
from dms.records.cabin import Camera
from dms.runtime import clock
from dms.runtime.config import RunConfig, load_parts, read_config
from dms.runtime.picture_check import PictureCheck
from dms.runtime.selftest import SelfTest, camera_pictures, can_frames, engine_files
from dms.runtime.service import Service

LIVE = "gst:videotestsrc is-live=true pattern=ball ! video/x-raw,format=GRAY8,width=320,height=240,framerate=30/1 ! appsink"


@pytest.mark.requirement("FS-01")
@pytest.mark.requirement("FS-01")
def test_every_failure_is_told_at_once():
    def bad(text):
        raise InputError(text)

    test = SelfTest()
    assert test.check("engines", lambda: "8 files") and not test.check("CAN", lambda: bad("no frames"))
    test.check("camera", lambda: bad("no pictures"))
    with pytest.raises(HardwareError, match=r"^self-test failed: CAN: no frames; camera: no pictures$"):
        test.require()
    assert [item.ok for item in test.items] == [True, False, False] and test.seconds < 10.0


@pytest.mark.usefixtures("engines_built")
@pytest.mark.requirement("FS-01", "FS-10")
def test_one_changed_byte_of_an_engine_file(tmp_path):
    from dataclasses import replace

    from dms.inference.engine_set import EngineSet

    with EngineSet(("gaze",)) as engines:
        assert engine_files(engines).startswith("1 files unchanged")
        spec = engines["gaze"].spec
        copy = tmp_path / "gaze.onnx"
        shutil.copy(spec.path, copy)
        data = bytearray(copy.read_bytes())
        data[len(data) // 2] ^= 1
        copy.write_bytes(data)
        engines["gaze"].spec = replace(spec, path=copy)
        with pytest.raises(InputError, match="was changed or is gone"):
            engine_files(engines)
        copy.unlink()
        with pytest.raises(InputError, match="was changed or is gone"):
            engine_files(engines)


@pytest.mark.requirement("FS-01")
def test_a_bus_that_takes_nothing(quiet_bus):
    bus = quiet_bus()
    with pytest.raises(HardwareError, match="0 frames sent, 0 failed: nothing left"):
        can_frames(bus, 0.05)
    bus.failing = True
    bus.send(None)
    with pytest.raises(HardwareError, match="0 frames sent, 1 failed: fake bus"):
        can_frames(bus, 0.05)


def shots(make, period=0.033):
    def script(camera):
        index = 0
        while not camera.pause(period):
            camera.deliver(make(index, clock.now()))
            index += 1

    return script


def grey(width=64, height=48):
    return np.zeros((height, width), np.uint8)


@pytest.mark.requirement("FS-01")
@pytest.mark.parametrize(
    ("make", "period", "calibration", "words"),
    [
        (lambda i, t: Frame(grey(), t - 3.0, i, i), 0.02, None, "s old on arrival"),
        (lambda i, t: Frame(grey(64 + i), t, i, i), 0.02, None, "pictures are"),
        (lambda i, t: Frame(grey(), 7.0, i, i), 0.02, None, "old on arrival"),
        (lambda i, t: Frame(grey(), t, i, i), 0.4, None, "pictures/s, at least 5"),
        (lambda i, t: Frame(grey(), t, i, i), 0.02, Camera(fx=1, fy=1, cx=1, cy=1, width=64, height=36), "do not fit"),
    ],
)
@pytest.mark.requirement("FS-01")
def test_a_camera_that_is_not_what_was_agreed(scripted, make, period, calibration, words):
    with scripted(shots(make, period), timeout_s=0.5) as camera, pytest.raises(HardwareError, match=words):
        camera_pictures(camera, PictureCheck(0.15), calibration, 5.0)


def test_a_camera_that_gives_nothing_or_ends(scripted):
    with scripted(lambda camera: camera.pause(), timeout_s=0.2) as camera, pytest.raises(HardwareError, match="no picture"):
        camera_pictures(camera, PictureCheck(0.15), None, 5.0)
    with scripted(lambda camera: None) as camera, pytest.raises(HardwareError, match="ended after 0 pictures"):
        camera_pictures(camera, PictureCheck(0.15), None, 5.0)


def test_a_good_camera_settles_its_size(scripted):
    check = PictureCheck(0.15)
    half = Camera(fx=1, fy=1, cx=1, cy=1, width=128, height=96)
    with scripted(shots(lambda i, t: Frame(grey(), t, i, i), 0.03)) as camera:
        assert camera_pictures(camera, check, half, 5.0).startswith("64x48, ")
    assert "not 64x48" in str(check.fault(Frame(grey(32), clock.now()), clock.now(), None))


@pytest.fixture
def told():
    """A service manager that keeps what it is told."""
    from dms.runtime.notify import Notifier

    class Kept(Notifier):
        def __init__(self):
            super().__init__({"WATCHDOG_USEC": "400000"})
            self.words = []

        def _send(self, message):
            self.words.append(message)

    return Kept()


@pytest.mark.usefixtures("engines_built")
@pytest.mark.requirement("FS-01", "FS-06")
def test_a_service_is_ready_after_its_test_and_feeds_the_watchdog(tmp_path, told):
    pytest.importorskip("gi", reason="PyGObject is not installed")
    (tmp_path / "run.yaml").write_text(f"source: '{LIVE}'\nhealth_file: {tmp_path / 'health.json'}\n")
    parts = load_parts(read_config(str(tmp_path / "run.yaml")))
    with Service(parts, "run.yaml", notifier=told) as service:
        assert told.words == []
        service.self_test()
        assert [item.name for item in service.test.items] == ["engines", "golden inference", "CAN", "camera"]
        service.require()
        assert told.words == ["READY=1"] and service.test.seconds < 15.0
        service.run(3.0)
        assert service.loop.counts.frames > 5
    assert told.words.count("WATCHDOG=1") >= 2 and told.words[-1] == "STOPPING=1"
    assert any(word.startswith("STATUS=") for word in told.words)
    health = json.loads((tmp_path / "health.json").read_text())
    assert health["schema"] == "dms.health/1" and set(health["stages"]) == {"camera", "inference", "can", "publisher"}
    assert (health["profile"]["name"], health["profile"]["trust"]) == ("l3_default", "manifest")
    assert health["rss_mib"] > 20 and health["grants"]["collector"] == "still"


@pytest.mark.usefixtures("engines_built")
@pytest.mark.requirement("FS-01")
def test_a_service_that_fails_its_test_is_never_ready(told):
    pytest.importorskip("gi", reason="PyGObject is not installed")
    silent = "gst:appsrc is-live=true ! video/x-raw,format=GRAY8,width=64,height=48 ! appsink"
    with Service(load_parts(RunConfig(source=silent, camera_timeout_s=0.3)), "run.yaml", notifier=told) as service:
        service.self_test()
        with pytest.raises(HardwareError, match="self-test failed: camera: camera gst:appsrc"):
            service.require()
    assert told.words == ["STOPPING=1"]


def test_a_health_file_that_cannot_be_written_is_told_before_anything_is_opened():
    parts = load_parts(RunConfig(source="sample", health_file="/nowhere/health.json"))
    with pytest.raises(DmsError, match=r"health_file /nowhere/health\.json"):
        Service(parts, "run.yaml").__enter__()
