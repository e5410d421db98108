"""The bus room on real SocketCAN, with can-utils as foreign peers: frames, filters, faults of the interface, a full bus."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dms.bus.contract.decoding import Decoder, Heard
from dms.bus.contract.vectors import Story
from dms.bus.e2e import State
from dms.bus.layout import CLASSIC_DBC, load
from dms.bus.messages import Encoder
from dms.bus.port import BusConfig, CanFrame, open_bus
from dms.bus.publisher import Publisher
from dms.bus.receiver import TakeoverReceiver
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.bus.schedule import PublisherParameters
from dms.bus.trace import candump as candump_line
from dms.bus.trace import read_trace
from dms.bus.vehicle_inputs import VehicleInputs
from dms.errors import HardwareError
from dms.records import Availability, Health, TakeoverReadiness
from hil.controller.peer import HandoverPeer

pytestmark = pytest.mark.socketcan

LAYOUT, CLASSIC = load(), load(CLASSIC_DBC)
PROBE = 0x7FE
"""Of the fixture ``candump``."""
MINE = [{"can_id": 0x3A0, "can_mask": 0x7FF, "extended": False}]
FRAMES = [
    CanFrame(0x123, b"\xde\xad\xbe\xef"), CanFrame(0x18FF0001, b"\x01\x02", extended=True), CanFrame(0x7FF, b""),
    CanFrame(0x3A0, bytes(range(16)), fd=True, bit_rate_switch=True), CanFrame(0x3A1, bytes(range(64)), fd=True),
    CanFrame(0x1FFFFFFF, bytes(24), extended=True, fd=True, bit_rate_switch=True),
]  # fmt: skip


def driver(t: float, count: int, **changes) -> Sample:
    usual = {
        "t": t, "readiness": "ready", "level": 4, "readiness_score": 0.9, "confidence": 0.8, "takeover_time_s": 1.5,
        "health": Health(state="ready"), "availability": Availability(available=True),
    }  # fmt: skip
    return Sample(state=TakeoverReadiness(**{**usual, **changes}), captured=t, frame_counter=count)


class Monitoring:
    """The publisher on a thread, fed with an attentive driver as each of its cycles begins."""

    def __init__(self, bus, layout=LAYOUT) -> None:
        self.bus, self._count = bus, 0
        parameters = PublisherParameters(gaze_head_s=0.05)
        self.publisher = Publisher(bus, Encoder(layout), time.monotonic, time.sleep, parameters, guard=self._fresh)
        self.publisher.post_health(BusHealth(fps=30.0, camera="ok", backend="onnxruntime"))

    def _fresh(self, sample, now):
        self._count += 1
        return driver(now - 0.01, self._count)

    def __enter__(self):
        self.publisher.start()
        return self

    def __exit__(self, *_) -> None:
        self.publisher.stop()
        assert self.publisher.error is None


def listen(bus, receiver, seconds: float, until_ready: bool = False) -> list:
    """Statements of the reference receiver, one after each frame heard; ``until_ready``: longer on a busy machine."""
    found, begin = [], time.monotonic()
    while time.monotonic() < begin + (15.0 if until_ready and not (found and found[-1].ready) else seconds):
        frame = bus.receive(0.02)
        now = time.monotonic()
        if frame is not None and receiver.feed(frame, now) is not None:
            found.append(receiver.statement(now))
    return found


def test_every_kind_of_frame_there_and_back(vcan, port):
    one, two = port(vcan), port(vcan)
    for frame in FRAMES:
        assert one.send(frame), one.counts.last_error
        assert two.receive(5.0) == frame
    assert one.receive(0.0) is None  # own frames do not come back
    for frame in FRAMES:
        assert two.send(replace(frame, data=frame.data[::-1]))
        assert one.receive(5.0).data == frame.data[::-1]


def test_a_foreign_program_sees_the_same_frames_and_we_see_its(vcan, port, candump, tmp_path):
    dump = candump(vcan)
    bus = port(vcan)
    for frame in FRAMES:
        bus.send(frame)
    lines = [candump_line(frame, 0.0, vcan.name).decode().split(" ", 1)[1] for frame in FRAMES]
    for line in lines:
        subprocess.run(["cansend", vcan.name, line.split(" ")[1]], check=True)
    assert [bus.receive(5.0) for _ in FRAMES] == FRAMES
    time.sleep(0.3)
    path = tmp_path / "dump.log"
    path.write_text("\n".join(dump.stop()) + "\n")
    assert [frame for _, frame in read_trace(str(path)) if frame.can_id != PROBE] == [*FRAMES, *FRAMES]


def test_candump_hears_all_six_messages(vcan, port, candump, tmp_path):
    dump = candump(vcan)
    peer = HandoverPeer(port(vcan))
    with Monitoring(port(vcan)) as monitoring:
        monitoring.publisher.post_gesture(GestureEvent(name="open_palm", side="right", confidence=0.9))
        begin, ready = time.monotonic(), False
        while time.monotonic() < begin + (1.4 if ready else 15.0):  # longer on a busy machine
            ready = peer.step(time.monotonic()).ready or ready
            time.sleep(0.005)
        assert ready
    path = tmp_path / "dump.log"
    path.write_text("\n".join(dump.stop()) + "\n")
    trace = list(read_trace(str(path)))
    assert all(f.fd and f.bit_rate_switch for _, f in trace if (f.can_id, f.extended) in LAYOUT.by_id)
    decoder = Decoder(LAYOUT)
    heard = list(decoder.read(trace))
    print({name: (count.frames, dict(count.verdicts)) for name, count in decoder.counts.items()})
    ours = {name for name, message in LAYOUT.by_name.items() if message.codec.senders == ["DMS"]}
    assert set(decoder.counts) == {*ours, "HOC_Request"} and len(decoder.counts) == 6
    assert all(set(count.verdicts) == {"ok"} for count in decoder.counts.values())
    assert decoder.counts["DMS_Gesture"].frames == 6 and any(one.statement.ready for one in heard)
    assert decoder.counts["DMS_TakeoverReady"].period_s > 0.045


@pytest.mark.parametrize("name", ["fd", "classic"])
def test_the_controller_in_c_hears_us_over_the_kernel(vcan, port, candump, monitor, name, wait_until):
    run = candump(vcan, f"{monitor} {name}")
    layout = {"fd": LAYOUT, "classic": CLASSIC}[name]
    with Monitoring(port(vcan, fd=name == "fd"), layout):
        wait_until(lambda: sum(" ready " in line for line in run.lines()) >= 10)
    time.sleep(0.4)
    subprocess.run(["cansend", vcan.name, "7FF#"], check=True)
    time.sleep(0.3)
    vcan.remove()  # ends candump, and with it the program behind the pipe
    wait_until(lambda: run.process.poll() is not None)
    printed = run.stop()
    words = [line.split() for line in printed if len(line.split()) == 19]
    ready = [w for w in words if w[3] == "ready"]
    assert all(w[2] == "valid" for w in ready), printed
    assert words[-1][3] == "no"  # silence since


def test_a_request_from_a_foreign_program_is_checked(vcan, port):
    bus, inputs = port(vcan), VehicleInputs()
    hoc = LAYOUT["HOC_Request"]
    codes = {name: signal.code(None) for name, signal in hoc.signals.items()} | {"Hoc_L3St": 3, "Hoc_Cnt": 5}
    good = hoc.pack(codes, 0)
    for data in (good, good[:-1] + bytes([good[-1] ^ 1])):
        subprocess.run(["cansend", vcan.name, f"3B0##1{data.hex().upper()}"], check=True)
        inputs.feed(bus.receive(5.0), 1.0)
    assert inputs.snapshot(1.0).l3_state == "active" and inputs.snapshot(1.0).takeover_request_count == 5
    assert inputs.refused == 1


def test_the_kernel_filters_what_is_not_for_us(vcan, port):
    wanted = [{"can_id": 0x3B0, "can_mask": 0x7FF, "extended": False}]
    filtered, other = port(vcan, can_filters=wanted), port(vcan)
    for can_id in (0x3AF, 0x3B0, 0x3B1, 0x3B0):
        other.send(CanFrame(can_id, bytes(8), fd=True))
    assert [filtered.receive(5.0).can_id for _ in range(2)] == [0x3B0, 0x3B0] and filtered.receive(0.1) is None


def test_interface_down_and_up_again(vcan, port):
    bus, ears, decoder = port(vcan), port(vcan), Decoder(LAYOUT)

    def hear(enough: Callable[[list[Heard]], bool]) -> list[Heard]:
        """What comes until it is enough, or for 15 s."""
        heard, end = [], time.monotonic() + 15.0
        while not enough(heard) and time.monotonic() < end:
            frame = ears.receive(0.02)
            heard += [] if frame is None else decoder.read([(time.monotonic(), frame)])
        return heard

    def bus_states(heard: list[Heard]) -> list[object]:
        return [one.values["Bus_St"] for one in heard if one.message and one.message.name == "DMS_Health"]

    def well(heard: list[Heard]) -> bool:
        return bool(heard) and heard[-1].statement.ready and bus_states(heard)[-1:] == ["Ok"]

    with Monitoring(bus) as monitoring:
        assert well(hear(well))
        before = monitoring.publisher.stats()
        vcan.down()
        quiet = time.monotonic() + 0.7
        hear(lambda _: time.monotonic() > quiet)
        assert ears.receive(0.1) is None and "down" in ears.counts.last_error.lower()  # told, not raised
        vcan.up()
        heard = hear(well)
        after = monitoring.publisher.stats()
    assert after.send_failures > before.send_failures and "down" in bus.counts.last_error.lower()
    assert not heard[0].statement.ready and well(heard)  # trust had to be earned anew
    assert bus_states(heard)[0] == "Impaired"  # reported, and over


def test_transmit_queue_full(vcan, port, wait_until):
    bus = port(vcan)
    vcan.slow("8kbit", 200)  # about eight short frames a second, two in the queue
    with Monitoring(bus) as monitoring:
        wait_until(lambda: monitoring.publisher.stats().send_failures > 10)
        assert "buffer" in bus.counts.last_error.lower(), bus.counts
        vcan.fast()
        ears, receiver = port(vcan), TakeoverReceiver(LAYOUT)
        statements = listen(ears, receiver, 1.0, until_ready=True)
    assert statements[-1].ready and statements[-1].sample_age_s < 0.1  # nothing old was kept back and sent later


def test_full_load_from_outside(vcan, port, foreign):
    """A foreign program floods the bus with all it can; what we hear is told by the kernel's filter."""
    bus, ears, receiver = port(vcan), port(vcan, can_filters=MINE), TakeoverReceiver(LAYOUT)
    flood = foreign("cangen", vcan.name, "-g", "0", "-i", "-f", "-I", "100", "-L", "64")
    with Monitoring(bus) as monitoring:
        statements = listen(ears, receiver, 2.0, until_ready=True)
        assert flood.process.poll() is None
        stats = monitoring.publisher.stats()
    assert stats.cycles >= 20 and any(s.ready for s in statements)
    assert not any(s.ready and s.sample_age_s > 0.2 for s in statements)


def test_full_load_on_a_bus_as_slow_as_a_real_one(vcan, port, foreign, wait_until):
    """Where somebody else takes what the bus can carry, frames are lost; that must show on both sides, and pass."""
    bus, ears, receiver = port(vcan), port(vcan, can_filters=MINE), TakeoverReceiver(LAYOUT)
    vcan.slow("100kbit", 500)
    flood = foreign("cangen", vcan.name, "-g", "0", "-i", "-I", "100", "-L", "8")
    time.sleep(0.3)
    with Monitoring(bus) as monitoring:
        crowded = listen(ears, receiver, 1.0)
        wait_until(lambda: monitoring.publisher.stats().send_failures > 10)
        flood.stop()
        vcan.fast()
        free = listen(ears, receiver, 1.0, until_ready=True)
    assert free[-1].ready and not any(s.ready and s.e2e is not State.VALID for s in crowded)


def test_canplayer_plays_a_drive_to_us(vcan, port, tmp_path):
    trace = Story(LAYOUT).tell()[:40]
    path = tmp_path / "drive.log"
    path.write_bytes(b"".join(candump_line(frame, t, "can0") + b"\n" for t, frame in trace))
    ears, receiver = port(vcan), TakeoverReceiver(LAYOUT)
    player = subprocess.Popen(["canplayer", f"{vcan.name}=can0", "-I", str(path)])
    statements = listen(ears, receiver, 3.0)
    assert player.wait(10) == 0
    assert sum(s.ready for s in statements) >= 10 and any(not s.ready for s in statements[10:])


def test_classic_can(classic, port, candump, tmp_path):
    dump = candump(classic)
    bus = port(classic, fd=False)
    assert not bus.send(CanFrame(0x3A0, bytes(16), fd=True)) and bus.counts.failed == 1  # too long, dropped, told
    with Monitoring(bus, CLASSIC):
        time.sleep(1.2)
    path = tmp_path / "dump.log"
    path.write_text("\n".join(dump.stop()) + "\n")
    trace = list(read_trace(str(path)))
    assert trace and all(len(frame.data) <= 8 and not frame.fd for _, frame in trace)
    decoder = Decoder(CLASSIC)
    heard = list(decoder.read(trace))
    assert any(one.statement.ready for one in heard) and set(decoder.counts) == {"DMS_TakeoverReady", "DMS_Health"}
    assert all(set(count.verdicts) == {"ok"} for count in decoder.counts.values())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # python-can forgets a socket it could not bind
def test_an_interface_that_is_not_there_or_goes_away_is_one_line(vcan, port):
    with pytest.raises(HardwareError, match="cannot open CAN socketcan nix0: no such channel"):
        open_bus(BusConfig(interface="socketcan", channel="nix0"))
    bus = port(vcan)
    vcan.remove()
    with pytest.raises(HardwareError, match=r"CAN bus lost: .*; check the interface"):
        bus.receive(1.0)
    assert not bus.send(FRAMES[0]) and bus.counts.failed == 1


def test_what_the_tests_run_on(kernel):
    """Printed in the report: the kernel, and that the module is the real one."""
    assert Path("/proc/net/can").is_dir()
    print(Path("/proc/version").read_text())
