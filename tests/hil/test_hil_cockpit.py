"""The simulated head unit: what it does, once per event, what it tells, and its page."""

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from dms.bus.infotainment import HeadUnitReceiver, HeadUnitStatus
from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import FakeBus
from dms.bus.samples import GestureEvent
from dms.gesture.commands import FUNCTIONS
from hil.cockpit.head_unit import _ACTIONS, HeadUnit
from hil.cockpit.on_bus import HeadUnitNode
from hil.cockpit.page import Page, shown

LAYOUT = load()


class Car:
    """A head unit on a fake bus, and the monitoring's side of it."""

    def __init__(self) -> None:
        self.unit, self.bus = HeadUnit(), FakeBus()
        self.node, self.encoder, self.receiver = (
            HeadUnitNode(self.unit, self.bus, LAYOUT),
            Encoder(LAYOUT),
            HeadUnitReceiver(LAYOUT),
        )
        self.t, self.count = 0.0, 0

    def send(
        self, gesture: str, function: str, phase: str = "start", reason: str | None = None, times: int = 6
    ) -> HeadUnitStatus:
        event = GestureEvent(name=gesture, function=function, phase=phase, reason=reason)
        for _ in range(times):
            self.bus.incoming.append(self.encoder.gesture(event, self.count))
            self.t += 0.1
            self.node.step(self.t)
        self.count += 1
        for frame in self.bus.sent:
            self.receiver.feed(frame, self.t)
        self.bus.sent.clear()
        return self.receiver.status(self.t)


def test_every_function_has_an_action() -> None:
    assert set(_ACTIONS) == set(FUNCTIONS)


def test_an_event_acts_once_however_often_it_is_repeated() -> None:
    car = Car()
    assert car.send("thumb_up", "volume_up") == HeadUnitStatus("home", 0, True)
    assert car.unit.volume == 44
    car.send("thumb_up", "volume_up", "repeat", times=2)
    assert car.unit.volume == 48
    car.send("thumb_up", "volume_up", "release")
    car.send("thumb_up", "volume_up", "cancel")
    assert car.unit.volume == 48 and car.node.heard.events == 4


def test_a_journey_through_the_menu() -> None:
    car = Car()
    assert car.send("point", "menu_open").context == "menu"
    car.send("thumb_up", "menu_next")
    assert car.send("ok", "menu_select").context == "map"
    car.send("thumb_up", "map_zoom_in")
    car.send("swipe_left", "map_pan_right")
    assert (car.unit.zoom, car.unit.pan) == (13, (40.0, 0.0))
    assert car.send("wave", "menu_back").context == "home"
    assert car.send("thumb_up", "map_zoom_in") == HeadUnitStatus("home", 6, False)  # refused: no map is shown
    assert car.unit.zoom == 13


def test_a_call() -> None:
    car = Car()
    car.unit.ring("Ada")
    assert car.send("thumb_up", "call_accept").context == "call_active"
    assert car.send("wave", "menu_back").done is False
    assert car.send("thumb_down", "call_reject") == HeadUnitStatus("home", 2, True)


@pytest.mark.requirement("P-18")
def test_inhibited_gestures_do_nothing_and_are_shown_with_the_reason() -> None:
    car = Car()
    assert car.send("thumb_up", "volume_up", "inhibited", "transition_demand").done is False
    assert car.unit.volume == 40 and car.node.heard.inhibited == "transition_demand"
    assert "inhibited, transition_demand" in car.unit.log[0]
    car.send("thumb_up", "volume_up", "start", "escalated")  # the reason alone is enough
    assert car.unit.volume == 40


def test_a_corrupt_gesture_is_not_heard() -> None:
    car = Car()
    frame = car.encoder.gesture(GestureEvent(name="thumb_up", function="volume_up", phase="start"), 5)
    car.bus.incoming.append(frame.__class__(frame.can_id, bytes([*frame.data[:-1], frame.data[-1] ^ 8]), fd=True))
    car.node.step(0.1)
    assert car.unit.volume == 40 and car.node.heard.events == 0


def test_the_page_and_its_state() -> None:
    car = Car()
    with Page(lambda: shown(car.node, car.t)) as page:
        html = urllib.request.urlopen(page.url, timeout=5).read().decode()
        state = json.loads(urllib.request.urlopen(page.url + "state", timeout=5).read())
        with pytest.raises(OSError, match="404"):
            urllib.request.urlopen(page.url + "else", timeout=5)
    assert "dms cockpit" in html and state["context"] == "home" and state["ready"] is False
    for word in ("home", "menu", "media", "map", "climate", "call_incoming", "call_active"):
        assert f"{word}:" in html  # the page draws every context


def test_the_process_says_where_its_page_is_and_ends_with_its_input() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "hil.cockpit", "--interface", "virtual"]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        url = process.stdout.readline().strip()
        process.stdin.write("ring Ada\n")
        process.stdin.flush()
        for _ in range(100):
            state = json.loads(urllib.request.urlopen(url + "state", timeout=5).read())
            if state["caller"]:
                break
        process.stdin.close()
        assert process.wait(timeout=10) == 0
    assert (state["context"], state["caller"]) == ("call_incoming", "Ada")


def test_ctrl_c_ends_the_process_without_a_traceback() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "hil.cockpit", "--interface", "virtual"]
    pipe = subprocess.PIPE

    def attended() -> None:
        """A job in the background is born with Ctrl-C ignored."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        command, cwd=root, stdin=pipe, stdout=pipe, stderr=pipe, text=True, preexec_fn=attended
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("http")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert process.stderr.read() == ""


def test_a_wrong_interface_is_one_line() -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "hil.cockpit", "--interface", "no_such"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "no CAN interface" in done.stderr
