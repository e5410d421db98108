"""``dms demo --cockpit``: two processes on one bus."""

import pytest

from dms.bus.port import BusConfig, open_bus
from dms.cli.main import main
from dms.errors import HardwareError


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


def test_a_bus_that_is_none_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--interface", "no_such"]) != 0
    assert "no CAN interface" in capfd.readouterr().err


@pytest.mark.slow
def test_the_driver_opens_the_menu_of_the_other_process(multicast: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--seconds", "9"]) == 0
    shown = capfd.readouterr()
    assert "head unit: http://127.0.0.1:" in shown.err and "MenuOpen" in shown.out and "gesture frames sent" in shown.out


@pytest.mark.slow
def test_without_a_gesture_it_says_so(multicast: None, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--cockpit", "--seconds", "1"]) == 1
    assert capfd.readouterr().out == "0 gesture frames sent\n"
