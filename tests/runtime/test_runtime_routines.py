"""Routines: what each finds, on a look that is told what to see; calibration writes a driver file, adds to the one in use."""

from types import SimpleNamespace

import pytest

from dms.diagnostics.fields import encode
from dms.diagnostics.monitors import Facts
from dms.diagnostics.nrc import Nrc, Refusal
from dms.errors import InputError
from dms.records import Eye, Face, Gaze, Head, Health, Image, Observation, TakeoverReadiness
from dms.records.cabin import DriverBaseline, decode_driver
from dms.runtime.diagnosis import routines
from dms.runtime.diagnosis.routines import CameraCheck, EngineIntegrity, GazeCalibration, LampCheck


@pytest.fixture
def time(monkeypatch):
    """The runtime's clock, set by hand."""
    stand = SimpleNamespace(t=100.0)
    monkeypatch.setattr(routines.clock, "now", lambda: stand.t)
    return stand


@pytest.fixture
def look():
    image = Image(mean=80.0, sharpness=500.0, saturated=0.0, blocked=0.0, frozen=False)
    return SimpleNamespace(
        loop=SimpleNamespace(counts=SimpleNamespace(frames=0, late=0)),
        source=SimpleNamespace(overwritten=0),
        judged=SimpleNamespace(sight=SimpleNamespace(observation=Observation(t=0.0, image=image))),
        state=TakeoverReadiness(t=0.0, health=Health(state="ready")),
        parts=SimpleNamespace(driver=None),
        facts=lambda: Facts(camera_silent=False, fps_min=15.0),
        at_rest=lambda: True,
    )


def refusal(wanted):
    with pytest.raises(Refusal) as told:
        wanted()
    return told.value.code


def run_camera(look, time, per_second, **changes):
    check = CameraCheck(look)
    check.start()
    for _ in range(35):
        time.t += 0.1
        look.loop.counts.frames += per_second / 10
        check.step()
    for name, value in changes.items():
        setattr(look, name, value)
    return check.results()


def test_camera(look, time):
    found = run_camera(look, time, 30)
    assert found["state"] == "passed" and found["fps"] == pytest.approx(30.0) and found["mean"] == 80.0 and found["text"] == ""
    encode(CameraCheck.fields, found)
    slow = run_camera(look, time, 10)
    assert slow["state"] == "failed" and slow["text"] == "under 15 pictures a second"
    look.facts = lambda: Facts(camera_silent=False, fps_min=15.0, picture_fault=True)
    look.state = TakeoverReadiness(t=0.0, health=Health(state="blocked", reasons=["camera blocked, 99 % shows nothing"]))
    assert run_camera(look, time, 30)["text"] == "camera blocked, 99 % shows nothing"
    look.judged = None
    assert "no pictures" in run_camera(look, time, 30)["text"]


def test_order_of_start_stop_and_results(look, time):
    check = CameraCheck(look)
    assert refusal(check.results) == refusal(check.stop) == Nrc.REQUEST_SEQUENCE_ERROR
    check.start()
    assert refusal(check.start) == Nrc.REQUEST_SEQUENCE_ERROR and check.results()["state"] == "running"
    check.stop()
    time.t += 10.0
    check.step()
    assert check.results() == {"state": "stopped"}


@pytest.mark.parametrize(("word", "state"), [("ok", "passed"), ("faulty", "failed"), ("blocked", "failed")])
def test_lamp(word, state):
    check = LampCheck(lambda: word)
    check.start()
    check.step()
    assert check.results() == {"state": state, "text": f"lamp {word}"}


def test_a_lamp_that_says_nothing_is_not_checked():
    assert refusal(LampCheck(lambda: "unknown").start) == Nrc.CONDITIONS_NOT_CORRECT


@pytest.mark.parametrize("broken", [False, True])
def test_engines(broken):
    told = []

    def check():
        if broken:
            raise InputError("gaze: changed")
        return "8 files unchanged"

    one = EngineIntegrity(check, told.append)
    one.start()
    for _ in range(200):
        if one.results()["state"] != "running":
            break
        one.step()
        __import__("time").sleep(0.01)
    text = "gaze: changed" if broken else "8 files unchanged"
    assert one.results() == {"state": "failed" if broken else "passed", "text": text} and told == [broken]


def seen(t, yaw_deg):
    """A head straight at the camera, 650 mm away, whose gaze reads so far off the lens, to the driver's right."""
    import math

    angle = math.radians(yaw_deg)
    eye = Eye(visible=0.95, opening_mm=10.0, openness=0.9, closed=0.02)
    return Observation(
        t=t,
        face=Face(present=True, confidence=0.9, box_px=(0.0, 0.0, 10.0, 10.0)),
        head=Head(forward_camera=(0.0, 0.0, -1.0), up_camera=(0.0, -1.0, 0.0), position_camera_mm=(0.0, 0.0, 650.0),
                  yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0, std_deg=2.0),
        gaze=Gaze(direction_camera=(-math.sin(angle), 0.0, -math.cos(angle)), origin_camera_mm=(0.0, 0.0, 650.0),
                  yaw_deg=yaw_deg, pitch_deg=0.0, std_deg=3.0),
        eyes={"left": eye, "right": eye},
    )  # fmt: skip


def calibrate(look, time, path, yaw_deg):
    one = GazeCalibration(look, path)
    one.start()
    for _ in range(62):
        time.t += 0.1
        look.judged = SimpleNamespace(sight=SimpleNamespace(observation=seen(time.t, yaw_deg)))
        one.step()
    return one.results()


def test_calibration_writes_a_driver_file_and_adds_to_the_one_in_use(look, time, tmp_path):
    path = tmp_path / "anna.yaml"
    found = calibrate(look, time, path, 6.0)
    assert found["state"] == "passed", found
    first = decode_driver(path.read_bytes(), "anna")
    assert abs(abs(first.gaze_yaw_deg) - 6.0) < 0.1 and found["yaw_deg"] == first.gaze_yaw_deg and found["readings"] >= 30
    encode(GazeCalibration.fields, found)
    look.parts.driver = DriverBaseline(name="anna", gaze_yaw_deg=2.0, gaze_pitch_deg=1.0, gaze_std_deg=5.0, gaze_yaw_gain=1.1)
    calibrate(look, time, path, 6.0)
    second = decode_driver(path.read_bytes(), "anna")
    assert second.gaze_yaw_deg == pytest.approx(2.0 + first.gaze_yaw_deg, abs=0.02)
    assert (second.name, second.gaze_yaw_gain) == ("anna", 1.1) and not list(tmp_path.glob(".*"))


def test_calibration_that_cannot_be(look, time, tmp_path):
    path = tmp_path / "anna.yaml"
    assert refusal(GazeCalibration(look, None).start) == Nrc.CONDITIONS_NOT_CORRECT
    look.parts.driver = DriverBaseline(name="anna", gaze_yaw_deg=-24.0, gaze_pitch_deg=0.0, gaze_std_deg=5.0)
    assert calibrate(look, time, path, 6.0)["state"] == "failed" and not path.exists()  # the sum is no driver's
    look.parts.driver = None
    one = GazeCalibration(look, path)
    one.start()
    time.t += 10.0
    one.step()
    assert one.results()["state"] == "failed" and "both eyes open" in one.results()["text"]
    assert calibrate(look, time, tmp_path / "none" / "anna.yaml", 6.0)["state"] == "failed"
    look.at_rest = lambda: False
    assert refusal(GazeCalibration(look, path).start) == Nrc.CONDITIONS_NOT_CORRECT
