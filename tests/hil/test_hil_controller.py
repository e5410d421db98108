"""The simulated controller: its own E2E check against the product's, the R157 logic, drive profiles and traces, two processes."""

import json
import random
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.bus.layout import CLASSIC_DBC, load
from dms.bus.messages import Encoder
from dms.bus.port import BusConfig, CanFrame, FakeBus, open_bus
from dms.bus.publisher import Publisher
from dms.bus.receiver import TakeoverReceiver, TakeoverStatement
from dms.bus.samples import Sample
from dms.bus.trace import read_trace
from dms.errors import InputError, UsageError
from dms.records import Availability, Health, TakeoverReadiness, VehicleState
from hil.controller import e2e
from hil.controller.handover import Handover
from hil.controller.hearing import Hearing
from hil.controller.peer import HandoverPeer
from hil.controller.rules import DEFAULT, load_rules
from hil.controller.serve import Act, Server
from hil.controller.trace import TraceWriter
from hil.controller.vehicle import DriveProfile, TraceVehicle, read_drive

LAYOUTS = {"fd": load(), "classic": load(CLASSIC_DBC)}
READY = TakeoverStatement(
    ready=True, because=(), operating="Active", readiness="Ready", level=4, available=True, present=True, safe_stop=False
)
EYES_OFF = replace(READY, ready=False, readiness="ReadyDelayed", level=3)
GONE = TakeoverStatement()
CAR = VehicleState(t=0.0, speed_kmh=90.0, gear="D", belt=True, seat=True, hands_on=False, ignition="on")


def ready(t: float, counter: int) -> Sample:
    state = TakeoverReadiness(
        t=t, readiness="ready", level=4, readiness_score=0.9, health=Health(state="ready"),
        availability=Availability(available=True),
    )  # fmt: skip
    return Sample(state=state, captured=t, frame_counter=counter)


def test_published_values_of_the_checksums() -> None:
    assert e2e.crc16(b"123456789") == 0x29B1  # CRC-16/CCITT-FALSE
    assert e2e.crc8(b"123456789") == 0xDF  # CRC-8/AUTOSAR
    with pytest.raises(UsageError, match="P05"):
        e2e.Sequence(None)


@given(st.integers(0, 2**32), st.sampled_from(["fd", "classic"]))
@settings(max_examples=40, deadline=None)
def test_both_receivers_believe_the_same_whatever_comes(seed: int, kind: str) -> None:
    """Loss, repetition, damage, other lengths, silence: at every moment the controller's check and the product's agree."""
    rng, layout = random.Random(seed), LAYOUTS[kind]
    encoder, own, reference = Encoder(layout), Hearing(layout), TakeoverReceiver(layout)
    t, last = 0.0, None
    for n in range(60):
        t += rng.choice([0.02, 0.05, 0.05, 0.05, 0.074, 0.1, 0.151, 0.4])
        frame = encoder.takeover_ready(ready(t - rng.choice([0.01, 0.1, 0.3]), n), t)
        for given_frame in _mistreated(rng, frame, last):
            assert own.feed(given_frame, t) == reference.feed(given_frame, t)
        last = frame
        for later in (0.0, 0.02, 0.151):
            mine, theirs = own.statement(t + later), reference.statement(t + later)
            assert (mine.ready, mine.e2e, mine.readiness, mine.level, mine.reasons) == (
                theirs.ready, theirs.e2e, theirs.readiness, theirs.level, theirs.reasons,
            )  # fmt: skip
            if later:
                t += later
    assert own.verdicts == reference.verdicts


def _mistreated(rng: random.Random, frame: CanFrame, last: CanFrame | None) -> list[CanFrame]:
    kind = rng.randrange(12)
    if kind == 0:
        return []
    if kind == 1 and last is not None:
        return [last]
    if kind == 2:
        data = bytearray(frame.data)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return [replace(frame, data=bytes(data))]
    if kind == 3:
        return [replace(frame, data=rng.choice([frame.data[:-1], bytes(len(frame.data)), b""]))]
    return [frame, frame] if kind == 4 else [frame]


def play(handover: Handover, seconds: float, heard: TakeoverStatement = READY, start: float = 0.0, **car: object) -> list:
    state = VehicleState(**{**{n: getattr(CAR, n) for n in CAR.__struct_fields__}, **car})
    return [handover.step(start + k * 0.02, heard, state) for k in range(round(seconds / 0.02) + 1)]


@pytest.mark.requirement("R157-07", "R157-08", "P-15", "TOT-09")
def test_a_demand_escalates_at_4_s_and_ends_in_the_manoeuvre_at_10_s() -> None:
    handover = Handover(state="active")
    handover.command("request_takeover")
    play(handover, 12.0)
    when = {(event.what, event.now): event.after_s for event in handover.log}
    assert when["phase", "Escalation"] == 4.0 and when["state", "minimum_risk"] == 10.0


@pytest.mark.requirement("R157-11")
@pytest.mark.parametrize(("heard", "hands", "taken"), [(READY, True, True), (READY, False, False), (EYES_OFF, True, False)])
def test_taken_over_only_with_hands_and_eyes(heard: TakeoverStatement, hands: bool, taken: bool) -> None:
    handover = Handover(state="active")
    handover.command("request_takeover")
    decisions = play(handover, 2.0, heard, hands_on=hands)
    assert any(d.handover_ok for d in decisions) is taken
    assert (decisions[-1].l3_state == "takeover_request") is not taken
    assert taken is any(event.what == "takeover" and event.after_s == 0.3 for event in handover.log)


@pytest.mark.requirement("R157-01", "R157-02")
def test_seat_and_belt() -> None:
    seat = Handover(state="active")
    assert play(seat, 1.0, seat=False)[-1].l3_state == "active"
    assert play(seat, 0.02, seat=False, start=1.02)[-1].cause == "empty"
    for belt in (False, None):
        assert play(Handover(state="active"), 0.0, belt=belt)[-1].cause == "unbuckled"


@pytest.mark.requirement("R157-04", "R157-05", "R157-06")
def test_no_availability_is_warned_of_and_becomes_a_demand_after_15_s() -> None:
    for lost in (replace(READY, available=False), GONE):
        handover = Handover(state="active")
        decisions = play(handover, 16.0, lost)
        assert decisions[0].availability_warning
        assert next(k * 0.02 for k, d in enumerate(decisions) if d.l3_state == "takeover_request") == pytest.approx(15.0)
    handover = Handover(state="active")
    play(handover, 14.9, GONE)
    assert play(handover, 5.0, READY, start=14.92)[-1].l3_state == "active"


@pytest.mark.requirement("R157-12")
def test_activation_wants_everything() -> None:
    good = {"speed_kmh": 90.0, "belt": True, "seat": True, "ignition": "on"}
    wrong: list[tuple[TakeoverStatement, dict]] = [
        (READY, {key: value})
        for key, value in (
            ("belt", False),
            ("belt", None),
            ("seat", False),
            ("seat", None),
            ("speed_kmh", None),
            ("speed_kmh", 131.0),
            ("ignition", "off"),
        )
    ]
    wrong += [(GONE, {}), (replace(READY, available=False), {}), (replace(READY, operating="Fault"), {})]
    for heard, car in wrong:
        handover = Handover()
        handover.command("activate")
        assert play(handover, 1.0, heard, **{**good, **car})[-1].l3_state == "inactive", car
    handover = Handover()
    handover.command("activate")
    assert play(handover, 1.0, READY, **good)[-1].l3_state == "active"


heards = st.sampled_from([READY, EYES_OFF, GONE, replace(READY, available=False), replace(READY, safe_stop=True)])
steps = st.lists(
    st.tuples(
        st.floats(0.02, 6.0), heards, st.booleans(), st.sampled_from([True, False, None]), st.sampled_from([True, False, None]),
        st.sampled_from([None, None, "activate", "deactivate", "request_takeover", "fail"]),
    ),
    max_size=12,
)  # fmt: skip


@given(steps)
@settings(max_examples=60, deadline=None)
def test_whatever_happens_the_rules_hold(found: list) -> None:
    """No step skips a state, a manoeuvre comes 10 s after the demand (or a failure), a takeover has hands and eyes."""
    handover, t, demanded = Handover(), 0.0, None
    allowed = {
        "inactive": {"inactive", "available", "active"}, "available": {"inactive", "available", "active"},
        "active": {"active", "inactive", "takeover_request"},
        "takeover_request": {"takeover_request", "inactive", "minimum_risk"}, "minimum_risk": {"minimum_risk", "inactive"},
    }  # fmt: skip
    before, failed = "inactive", False
    for seconds, heard, hands, belt, seat, command in found:
        if command is not None:
            handover.command(command)
            failed = failed or command == "fail"
        for _ in range(round(seconds / 0.1)):
            car = VehicleState(t=t, speed_kmh=80.0, belt=belt, seat=seat, hands_on=hands, ignition="on")
            said = handover.step(t, heard, car)
            assert said.l3_state in allowed[before] or failed
            if said.l3_state == "takeover_request" and before != "takeover_request":
                demanded = t
            if said.l3_state == "minimum_risk" and before != "minimum_risk":
                assert failed or (demanded is not None and t - demanded >= 10.0 - 1e-6)
            if before in ("takeover_request", "minimum_risk") and said.l3_state == "inactive":
                assert hands and heard.level == 4
            before, t = said.l3_state, t + 0.1


def test_rules_are_data_inside_their_ranges(tmp_path: Path) -> None:
    text = DEFAULT.read_text()
    own = tmp_path / "own.yaml"
    own.write_text(text.replace("value: 4.0, unit: s", "value: 3.0, unit: s"))
    assert load_rules(own)["escalate_s"] == 3.0
    for wrong, said in (("value: 9.0, unit: s", "escalate_s"), ("value: x, unit: s", "no file")):
        own.write_text(text.replace("value: 4.0, unit: s", wrong))
        with pytest.raises(InputError, match=said):
            load_rules(own)


def test_a_drive_profile(tmp_path: Path) -> None:
    path = tmp_path / "drive.yaml"
    path.write_text(
        "frames: [{at: 0, speed_kmh: 0, belt: true, seat: true, ignition: 'on'}, {at: 10, speed_kmh: 100, unknown: [belt]}]"
    )
    drive = read_drive(str(path))
    assert drive.state(5.0).speed_kmh == 50.0 and drive.state(5.0).belt is True
    assert drive.state(11.0).speed_kmh == 100.0 and drive.state(11.0).belt is None and drive.state(11.0).seat is True
    for wrong in ("frames: []", "frames: [{at: 1}, {at: 1}]", "frames: [{at: 0, sped: 1}]", "frames: [{at: 0, unknown: [x]}]"):
        path.write_text(wrong)
        with pytest.raises(InputError, match=r"drive\.yaml"):
            read_drive(str(path))


@pytest.mark.parametrize("ending", ["log", "asc", "blf"])
def test_a_trace_comes_back_and_drives_a_car(tmp_path: Path, ending: str) -> None:
    path, bus = tmp_path / f"t.{ending}", FakeBus()
    sender = HandoverPeer(bus, handover=Handover(state="active"))
    encoder, written = Encoder(load()), []
    with TraceWriter(path) as writer:
        for k in range(51):
            sender.drive(speed_kmh=60.0 + k, hands_on=k > 25)
            sender.step(k * 0.02)
            for frame in (*bus.sent, encoder.takeover_ready(None, k * 0.02)):
                writer.frame(frame, k * 0.02)
                written.append(frame)
            bus.sent.clear()
    frames = list(read_trace(str(path)))
    assert {f.can_id for _, f in frames} == {0x200, 0x201, 0x202, 0x3A0, 0x3B0}
    assert [frame for _, frame in frames] == written and frames[-1][0] - frames[0][0] == pytest.approx(1.0, abs=1e-3)
    vehicle, out = TraceVehicle(str(path), load()), FakeBus()
    told: list = []
    now = iter(range(10**6))
    server = Server(out, load(), Handover(state="active"), vehicle, lambda: next(now) * 1e-4, lambda s: None, told.append)
    assert vehicle.end == pytest.approx(1.0, abs=1e-3)
    served = server.run(None, [Act(0.5, "request_takeover", 10.0)])
    assert served.seconds == pytest.approx(1.02, abs=0.03) and served.heard == 0
    assert vehicle.state(1.0).speed_kmh == 110.0 and vehicle.state(1.0).hands_on is True
    assert {f.can_id for f in out.sent} == {0x200, 0x201, 0x202, 0x3B0}
    assert [line["now"] for line in told if line["event"] == "state"] == ["takeover_request"]
    path.write_bytes(b"nonsense\n" * 3)
    with pytest.raises(InputError, match=path.name):
        TraceVehicle(str(path), load())


def test_between_two_processes_over_multicast(tmp_path: Path) -> None:
    log, group = tmp_path / "log.jsonl", "239.74.163.77"  # not the one that other tests use
    arguments = ["--channel", group, "--state", "active", "--seconds", "6", "--jsonl", "--request-at", "4.5", "--log", str(log)]
    code = "import sys; from dms.cli.main import main; sys.exit(main(['hil', 'controller', *sys.argv[1:]]))"
    bus = open_bus(BusConfig(interface="udp_multicast", channel=group))
    publisher = Publisher(bus, Encoder(load()), time.monotonic, time.sleep)
    publisher.start()
    other = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        count = 0
        while other.poll() is None:
            count += 1
            publisher.post(ready(time.monotonic() - 0.01, count))
            time.sleep(0.03)
    finally:
        publisher.stop()
        bus.close()
    out, err = other.communicate(timeout=10)
    assert other.returncode == 0, err
    lines = [json.loads(line) for line in out.splitlines()]
    assert log.read_text() == out
    assert {"Ready"} <= {line["now"] for line in lines if line["event"] == "readiness"}
    assert [line["now"] for line in lines if line["event"] == "state"][-1] == "takeover_request"
    assert "E2E: " in err and DriveProfile().state(1.0).speed_kmh == 90.0
