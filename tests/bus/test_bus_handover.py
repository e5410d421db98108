"""Publisher, bus, peer and vehicle inputs together: lock-step on a virtual bus, and on threads."""

import subprocess
import sys
import threading
import time

import pytest

from dms.bus.e2e import Check, State
from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import BusConfig, open_bus
from dms.bus.publisher import Publisher
from dms.bus.samples import Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.records import Availability, Health, TakeoverReadiness
from hil.controller.peer import HandoverPeer


def sample(t: float, counter: int) -> Sample:
    state = TakeoverReadiness(
        t=t,
        readiness="ready",
        level=4,
        readiness_score=0.9,
        health=Health(state="ready"),
        availability=Availability(available=True),
    )
    return Sample(state=state, captured=t, frame_counter=counter)


def test_lock_step_loop_closes_the_takeover_request():
    ours, theirs = open_bus(BusConfig(channel="lock")), open_bus(BusConfig(channel="lock"))
    layout = load()
    peer, inputs, encoder = HandoverPeer(theirs), VehicleInputs(), Encoder(layout)
    ready, acknowledged = [], []
    try:
        for k in range(400):  # 2 s of 5 ms
            t = k * 0.005
            if k == 200:
                peer.ask_takeover()
            while (frame := ours.receive()) is not None:
                inputs.feed(frame, t)
            if k % 10 == 0 and not 300 <= k < 350:  # the monitoring dies for 250 ms
                ours.send(encoder.takeover_ready(sample(t - 0.04, k), t, inputs.snapshot(t).takeover_request_count))
            statement = peer.step(t)
            ready.append(statement.ready)
            acknowledged.append(statement.acknowledged)
    finally:
        ours.close()
        theirs.close()
    assert ready.index(True) == 20  # the third good frame, at 100 ms
    assert all(ready[20:320]) and not any(ready[330:360]) and ready[-1]
    assert acknowledged[190] == 0 and acknowledged[220] == 1
    assert peer.receiver.verdicts[Check.OK] == 35 and peer.receiver.verdicts[Check.ERROR] == 0
    assert inputs.snapshot(1.99).l3_state == "takeover_request"
    assert inputs.verdicts[Check.ERROR] == 0


def test_peer_keeps_its_period_and_never_bursts():
    from dms.bus.port import FakeBus

    bus = FakeBus()
    peer = HandoverPeer(bus)
    for k in range(100):
        peer.step(k * 0.01)
    assert sum(f.can_id == 0x3B0 for f in bus.sent) == 50 and sum(f.can_id == 0x202 for f in bus.sent) == 10
    bus.sent.clear()
    peer.step(50.0)
    assert sum(f.can_id == 0x3B0 for f in bus.sent) == 1
    peer.silent = True
    bus.sent.clear()
    peer.step(51.0)
    assert bus.sent == [] and not peer.step(51.0).ready


@pytest.mark.parametrize("interface", ["virtual", "udp_multicast"])
def test_on_threads_and_nothing_is_left(interface):
    before = threading.active_count()
    config = BusConfig(interface=interface, channel="threads" if interface == "virtual" else None)
    ours, theirs = open_bus(config), open_bus(config)
    peer = HandoverPeer(theirs)
    publisher = Publisher(ours, Encoder(load()), time.monotonic, time.sleep)
    peer.start(time.monotonic, time.sleep)
    publisher.start()
    try:
        end = time.monotonic() + 5.0
        while not peer.latest.ready and time.monotonic() < end:
            publisher.post(sample(time.monotonic() - 0.01, 1))
            time.sleep(0.03)
        assert peer.latest.ready and peer.latest.e2e is State.VALID and peer.error is None and publisher.error is None
        publisher.stop()
        time.sleep(0.3)
        assert not peer.latest.ready and peer.latest.e2e is State.INVALID
    finally:
        publisher.stop()
        peer.stop()
        ours.close()
        theirs.close()
    assert threading.active_count() == before


def test_the_room_pulls_in_no_heavy_package():
    program = (
        "import sys, dms.bus.publisher, dms.bus.receiver, dms.bus.vehicle_inputs, hil.controller.peer; "
        "print(sorted(set(sys.modules) & {'cv2', 'onnxruntime', 'onnx', 'av', 'mcap', 'tensorrt', 'rich', 'torch'}))"
    )
    environment = {"PYTHONPATH": ":".join(p for p in sys.path if p), "PATH": ""}
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True).stdout == b"[]\n"
