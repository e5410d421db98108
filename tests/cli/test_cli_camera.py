"""``dms camera probe``: what a person with a new camera sees."""

import json

import pytest

LIVE = "gst:videotestsrc is-live=true pattern={} ! video/x-raw,format=GRAY8,width=320,height=240,framerate={}/1 ! appsink"


@pytest.fixture(autouse=True)
def _gstreamer():
    pytest.importorskip("gi", reason="PyGObject is not installed")


def test_a_camera_that_can_be_used(dms):
    result = dms("camera", "probe", LIVE.format("snow", 30), "--seconds", "1")
    assert result.code == 0 and result.err == "", result.err
    assert "of 320x240, grey" in result.out and "time stamps of the device" in result.out
    assert result.out.splitlines()[-1] == "the loop can use it"


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        (LIVE.format("ball", 3), "fewer than 5 pictures a second"),
        (LIVE.format("black", 30), "most pictures are the one before again"),
    ],
)
def test_a_camera_of_no_use_says_why(dms, pipeline, words):
    result = dms("camera", "probe", pipeline, "--seconds", "1.2", "--json")
    assert result.code == 4
    found = json.loads(result.out)
    assert words in found["trouble"] and found["size"] == "320x240" and found["stamps"] == "device"


def test_a_list_of_what_is_there(dms, monkeypatch):
    from dms.camera import v4l2

    imx = v4l2.Device(
        "/dev/video2", "imx900", "tegra-video", (v4l2.Mode("Y10", (1280, 800), (60.0,)), v4l2.Mode("GREY", None, ()))
    )
    monkeypatch.setattr(v4l2, "devices", lambda: [imx])
    result = dms("camera", "probe")
    assert result.code == 0 and "/dev/video2  imx900 (tegra-video)" in result.out
    assert "source: v4l2:/dev/video2,format=Y10,size=1280x800,fps=60" in result.out
    assert "GStreamer appsink          there" in result.out
    listed = json.loads(dms("camera", "probe", "--json").out)
    assert listed["devices"][0]["modes"][0]["fourcc"] == "Y10" and listed["gstreamer"]["videotestsrc"] is True
    monkeypatch.setattr(v4l2, "devices", lambda: [])
    nothing = dms("camera", "probe")
    assert nothing.code == 4 and "no camera" in nothing.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["probe", "sample"], 2, "is a file, not a camera"),
        (["probe", "v4l2:97"], 4, "cannot be opened"),
        (["probe", "gst:videotestsrc"], 2, "must end in one appsink"),
        (["probe", "--seconds", "0"], 2, "--seconds"),
        ([], 2, "ACTION"),
        (["look"], 2, "look"),
    ],
)
def test_mistakes(dms, arguments, code, words):
    result = dms("camera", *arguments)
    assert result.code == code and words in result.err and "Traceback" not in result.err
