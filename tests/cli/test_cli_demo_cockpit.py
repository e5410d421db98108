"""``dms demo --cockpit``: two processes on one bus."""

import json
from pathlib import Path

import pytest

from dms.bus.port import BusConfig, open_bus
from dms.cli.main import main
from dms.errors import HardwareError

CLIP = str(Path(__file__).parents[1] / "hil" / "cockpit_clip.mp4")


@pytest.fixture
def multicast() -> None:
    try:
        open_bus(BusConfig(interface="udp_multicast")).close()
    except HardwareError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("wrong", [("--synthetic",), ("--seed", "3")])
def test_it_has_its_own_scenario(wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", *wrong]) == 2
    assert "--cockpit has its own scenario" in capsys.readouterr().err


def test_a_log_that_is_none_is_told_before_the_head_unit_starts(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--log", "nope"]) == 3
    shown = capfd.readouterr()
    assert shown.err == "dms: nope: no such file or folder\n" and shown.out == ""


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (["--cockpit", "--video", "nope.mp4"], 3, "nope.mp4: no such file"),
        (["--cockpit", "--video", "."], 2, ". is a folder; --video takes one file"),
        (["--cockpit", "--video", "a.mcap"], 2, "a.mcap is a drive log; play it with --log"),
        (["--cockpit", "--video", "a", "--log", "b"], 2, "--log and --video exclude each other"),
        (["--cockpit", "--driver", "a.yaml"], 2, "go with pictures: add --log or --video"),
        (["--synthetic", "--driver", "a.yaml"], 2, "the synthetic driver has his own"),
        (["--video", "a"], 2, "--video goes with --cockpit"),
    ],
)
def test_wrong_usage_is_one_line(wrong: list[str], code: int, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *wrong]) == code
    shown = capfd.readouterr()
    assert said in shown.err and shown.err.count("\n") == 1 and shown.out == ""


def test_a_file_that_is_no_video_is_told_before_the_head_unit_starts(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    assert main(["demo", "--cockpit", "--video", str(tmp_path / "a.mp4")]) == 3
    assert capfd.readouterr().err == f"dms: {tmp_path}/a.mp4: is not a video, or is cut before its index\n"


def test_a_bus_that_is_none_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--interface", "no_such"]) != 0
    assert "no CAN interface" in capfd.readouterr().err


@pytest.mark.slow
def test_the_driver_opens_the_menu_of_the_other_process(multicast: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--seconds", "9"]) == 0
    shown = capfd.readouterr()
    assert "head unit: http://127.0.0.1:" in shown.err and "MenuOpen" in shown.out and "gesture frames sent" in shown.out
    assert "head unit shows menu, volume 40" in shown.out


@pytest.mark.slow
def test_without_a_gesture_it_says_so(multicast: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--seconds", "1"]) == 1
    assert capfd.readouterr().out == "0 gesture frames sent\nhead unit shows home, volume 40, zoom 12\n"


@pytest.mark.slow
@pytest.mark.usefixtures("engines_built")
def test_a_video_through_the_whole_loop_says_what_it_saw(multicast: None, capfd: pytest.CaptureFixture[str]) -> None:
    """In real time: what a busy machine makes of it is not this test's matter, see tests/hil/test_hil_cockpit_pictures.py."""
    assert main(["demo", "--cockpit", "--video", CLIP, "--seconds", "2", "--json"]) in (0, 1)
    shown = capfd.readouterr()
    assert "tells nothing of the car: a simulated one drives 60 km/h, Level 3 active, belt on" in shown.err
    assert "no driver file" in shown.err and "Traceback" not in shown.err
    found = json.loads(shown.out)
    assert found["pictures"] > 3 and found["head_unit"]["context"] == "home"
