"""The port: round trips inside a process and across two, failures counted, every missing interface one clear line."""

import errno
import gc
import os
import subprocess
import sys
import threading
import time

import can
import pytest

from dms.bus.port import BusConfig, CanFrame, FakeBus, PythonCanBus, open_bus
from dms.errors import HardwareError, UsageError

FRAME = CanFrame(0x3A0, bytes(range(16)), fd=True, bit_rate_switch=True)
CLASSIC = CanFrame(0x18FF0001, b"\x01\x02", extended=True)


def test_virtual_round_trip():
    one, two = open_bus(BusConfig(channel="t1")), open_bus(BusConfig(channel="t1"))
    try:
        assert one.send(FRAME) and one.send(CLASSIC)
        assert two.receive(0.5) == FRAME and two.receive(0.5) == CLASSIC and two.receive() is None
        assert (one.counts.sent, two.counts.received) == (2, 2)
    finally:
        one.close()
        two.close()


def test_closing_twice_is_fine_and_a_closed_bus_sends_nothing():
    bus = open_bus(BusConfig(channel="t2"))
    bus.close()
    bus.close()
    assert not bus.send(FRAME) and bus.receive() is None


ECHO = """
import sys, time
from dms.bus.port import BusConfig, CanFrame, open_bus
bus = open_bus(BusConfig(interface="udp_multicast", options={"port": int(sys.argv[1])}))
print("up", flush=True)
end = time.monotonic() + 20
while time.monotonic() < end:
    frame = bus.receive(0.2)
    if frame is not None:
        bus.send(CanFrame(frame.can_id + 1, frame.data[::-1], fd=frame.fd, bit_rate_switch=frame.bit_rate_switch))
        if frame.can_id == 0x7FE:
            break
bus.close()
"""


def wait_for(bus):
    end = time.monotonic() + 5.0
    while (frame := bus.receive(0.1)) is None and time.monotonic() < end:
        pass
    return frame


def test_own_frames_do_not_come_back():
    one = open_bus(BusConfig(interface="udp_multicast", options={"port": 20001 + os.getpid() % 20000}))
    two = open_bus(BusConfig(interface="udp_multicast", options={"port": 20001 + os.getpid() % 20000}))
    try:
        for _ in range(3):
            assert one.send(FRAME) and wait_for(two) == FRAME
        assert all(one.receive(0.05) is None for _ in range(6)) and one.counts.received == 0
    finally:
        one.close()
        two.close()


def test_udp_multicast_between_two_processes():
    pytest.importorskip("msgpack")
    port = 20000 + os.getpid() % 20000
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    other = subprocess.Popen([sys.executable, "-c", ECHO, str(port)], stdout=subprocess.PIPE, env=environment)
    try:
        assert other.stdout is not None and other.stdout.readline() == b"up\n"
        bus = open_bus(BusConfig(interface="udp_multicast", options={"port": port}))
        try:
            for can_id in (*range(0x100, 0x120, 2), 0x7FE):
                assert bus.send(CanFrame(can_id, bytes(range(64)), fd=True, bit_rate_switch=True)), bus.counts.last_error
                assert wait_for(bus) == CanFrame(can_id + 1, bytes(range(64))[::-1], fd=True, bit_rate_switch=True)
        finally:
            bus.close()
        assert other.wait(10) == 0
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


class Broken(can.BusABC):
    """A python-can bus on command: queue full, then gone."""

    def __init__(self, error: Exception) -> None:
        super().__init__("broken")
        self.error = error

    def send(self, msg, timeout=None):
        assert timeout == 0.0, "sending must never wait"
        raise self.error

    def _recv_internal(self, timeout):
        raise self.error


@pytest.mark.parametrize(
    "error",
    [can.CanOperationError("No buffer space available", 105), OSError(105, "No buffer space available"), ValueError("bad")],
)
def test_a_frame_that_cannot_go_is_dropped_and_counted(error):
    bus = PythonCanBus(Broken(error), fd=True)
    assert [bus.send(FRAME) for _ in range(3)] == [False] * 3
    assert (bus.counts.sent, bus.counts.failed) == (0, 3) and bus.counts.last_error
    bus.close()


def test_a_bus_that_is_gone():
    bus = PythonCanBus(Broken(can.CanOperationError("No such device", errno.ENODEV)), fd=True)
    with pytest.raises(HardwareError, match="CAN bus lost: No such device"):
        bus.receive()
    bus.close()


def test_an_interface_that_is_down_is_silent_and_told():
    bus = PythonCanBus(Broken(can.CanOperationError("Network is down", errno.ENETDOWN)), fd=True)
    assert bus.receive() is None and bus.counts.last_error.startswith("Network is down")
    bus.close()


def test_an_fd_frame_too_long_for_a_classic_bus_is_dropped_and_counted():
    bus = open_bus(BusConfig(channel="t3", fd=False))
    assert not bus.send(FRAME) and bus.counts.failed == 1
    bus.close()


def test_error_and_remote_frames_are_passed_over():
    raw = can.Bus("t4", interface="virtual", protocol=can.CanProtocol.CAN_FD)
    bus = open_bus(BusConfig(channel="t4"))
    raw.send(can.Message(is_error_frame=True))
    raw.send(can.Message(arbitration_id=1, is_remote_frame=True, is_extended_id=False))
    raw.send(can.Message(arbitration_id=2, data=b"x", is_extended_id=False))
    assert bus.receive(0.5) == CanFrame(2, b"x")
    raw.shutdown()
    bus.close()


@pytest.mark.parametrize(
    ("config", "kind", "words"),
    [
        (BusConfig(interface="nix"), UsageError, "no CAN interface 'nix'; known: .*socketcan"),
        (BusConfig(interface="socketcand"), UsageError, "host"),
        (BusConfig(interface="socketcan", channel="nosuchcan7"), HardwareError, "udp_multicast or virtual"),
        (BusConfig(interface="socketcand", options={"host": "127.0.0.1", "port": 9}), HardwareError, "socketcand daemon"),
        (BusConfig(interface="udp_multicast", channel="127.0.0.1"), HardwareError, "multicast"),
    ],
    ids=lambda value: getattr(value, "interface", None),
)
def test_what_cannot_be_opened_says_so_in_one_line_and_soon(config, kind, words):
    begin = time.monotonic()
    with pytest.raises(kind, match=words) as caught:
        open_bus(config)
    assert "\n" not in str(caught.value) and time.monotonic() - begin < 5.0


def test_no_msgpack_is_said(monkeypatch):
    import can.interfaces.udp_multicast.utils as utils

    monkeypatch.setattr(utils, "msgpack", None)
    with pytest.raises(HardwareError, match="pip install msgpack"):
        open_bus(BusConfig(interface="udp_multicast"))


def test_no_threads_or_sockets_are_left():
    before, handles = threading.active_count(), len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        for config in (BusConfig(channel="t5"), BusConfig(interface="udp_multicast")):
            bus = open_bus(config)
            bus.send(FRAME)
            bus.close()
    gc.collect()
    assert threading.active_count() == before and len(os.listdir("/proc/self/fd")) <= handles


def test_fake_bus():
    bus = FakeBus()
    bus.incoming.append(CLASSIC)
    assert bus.send(FRAME) and bus.sent == [FRAME] and bus.receive() == CLASSIC and bus.receive() is None
    bus.failing = True
    assert not bus.send(FRAME) and bus.counts.failed == 1
    bus.close()
    assert bus.closed
