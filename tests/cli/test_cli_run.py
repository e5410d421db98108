"""``dms run --self-test``, and what the real-time loop tells people."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("engines_built")


def configuration(folder, source, more=""):
    path = folder / "run.yaml"
    path.write_text(f"source: '{source}'\n{more}")
    return path


def test_a_self_test_that_passes(dms, tmp_path):
    pytest.importorskip("gi", reason="PyGObject is not installed")
    source = "gst:videotestsrc is-live=true ! video/x-raw,format=GRAY8,width=320,height=240,framerate=30/1 ! appsink"
    result = dms("run", "--config", configuration(tmp_path, source), "--self-test")
    assert result.code == 0 and result.out == ""
    lines = [line for line in result.err.splitlines() if line.startswith("dms: self-test ")]
    assert [line.split()[2] for line in lines] == ["ok"] * 4
    assert "all engines answer right" in lines[1] and "320x240" in lines[3]


def test_a_self_test_that_fails_says_which_item_and_ends_with_4(dms, tmp_path):
    pytest.importorskip("gi", reason="PyGObject is not installed")
    source = "gst:appsrc is-live=true ! video/x-raw,format=GRAY8,width=64,height=48 ! appsink"
    result = dms("run", "--config", configuration(tmp_path, source, "camera_timeout_s: 0.3\n"), "--seconds", "5")
    assert result.code == 4 and "FAIL camera: " in result.err and result.out == ""
    assert result.err.splitlines()[-1].startswith("dms: self-test failed: camera: ") and "no picture for 0.3 s" in result.err


def test_a_calibration_for_another_shape_is_refused(dms, tmp_path):
    pytest.importorskip("gi", reason="PyGObject is not installed")
    (tmp_path / "camera.json").write_text('{"fx": 900, "fy": 900, "cx": 640, "cy": 400, "width": 1280, "height": 800}')
    source = "gst:videotestsrc is-live=true ! video/x-raw,format=GRAY8,width=320,height=240,framerate=30/1 ! appsink"
    result = dms("run", "--config", configuration(tmp_path, source, "camera: camera.json\n"), "--self-test")
    assert result.code == 4 and "pictures of 320x240 do not fit the calibration, which is for 1280x800" in result.err


def test_the_health_file_and_what_the_system_granted(dms, tmp_path):
    health = tmp_path / "health.json"
    more = f"health_file: {health}\nreal_time: {{lock_memory: true, cpus: [0]}}\n"
    result = dms("run", "--config", configuration(tmp_path, "sample", more), "--seconds", "2.5")
    assert result.code == 0, result.err
    assert "dms: cpus: 0" in result.err and "dms: memory: " in result.err and "dms: thread publisher: " in result.err
    record = json.loads(health.read_text())
    assert record["schema"] == "dms.health/1" and record["grants"]["collector"] == "still"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("real_time: {priority: 3}\n", "priority"),
        ("real_time: {golden_s: 61}\n", "golden_s"),
        ("real_time: {hung_after_s: 0}\n", "hung_after_s"),
        ("real_time: {cpus: [-1]}\n", "cpus"),
    ],
)
def test_wrong_real_time_wishes(dms, tmp_path, more, words):
    result = dms("run", "--config", configuration(tmp_path, "sample", more), "--seconds", "1")
    assert result.code == 2 and words in result.complaint
