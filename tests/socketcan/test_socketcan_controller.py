"""The simulated Level 3 controller on real SocketCAN: it hears the monitoring, asks for a takeover, and gets its count back."""

import threading
import time

import pytest

from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.publisher import Publisher
from dms.bus.samples import Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.records import Availability, Health, TakeoverReadiness
from hil.controller.handover import Handover
from hil.controller.serve import Act, Server
from hil.controller.vehicle import DriveProfile

pytestmark = pytest.mark.socketcan


def attentive(t: float, count: int) -> Sample:
    state = TakeoverReadiness(
        t=t, readiness="ready", level=4, health=Health(state="ready"), availability=Availability(available=True)
    )  # fmt: skip
    return Sample(state=state, captured=t, frame_counter=count)


def test_the_controller_hears_and_is_heard(vcan, port):
    ours, theirs, layout = port(vcan), port(vcan), load()
    inputs, counts = VehicleInputs(), iter(range(10**6))
    publisher = Publisher(
        ours, Encoder(layout), time.monotonic, time.sleep, guard=lambda sample, now: attentive(now - 0.01, next(counts))
    )  # fmt: skip
    told: list[dict] = []
    server = Server(theirs, layout, Handover(state="active"), DriveProfile(), time.monotonic, time.sleep, told.append)
    publisher.start()
    thread = threading.Thread(target=server.run, args=(6.0, [Act(3.0, "request_takeover", 10.0)]))
    thread.start()
    states = set()
    while thread.is_alive():
        frame = ours.receive(0.05)
        if frame is not None and inputs.feed(frame, time.monotonic()):
            snapshot = inputs.snapshot(time.monotonic())
            publisher.acknowledge(snapshot.takeover_request_count)
            states.add(snapshot.l3_state)
    thread.join()
    publisher.stop()
    assert publisher.error is None and {"active", "takeover_request"} <= states
    assert "Ready" in [line["now"] for line in told if line["event"] == "readiness"]
    assert [line["now"] for line in told if line["event"] == "state"] == ["takeover_request"]
    assert server.served.heard > 40 and server.served.verdicts.get("error", 0) == 0
