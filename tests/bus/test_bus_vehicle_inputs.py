"""Vehicle inputs: example mapping against the simulated peer, time-outs, quality, protection, broken files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.bus.e2e import Check
from dms.bus.e2e_profiles import Profile11
from dms.bus.layout import CLASSIC_DBC, load
from dms.bus.port import CanFrame, FakeBus
from dms.bus.vehicle_inputs import EXAMPLE, EXAMPLE_CLASSIC, INPUTS, VehicleInputs
from dms.errors import InputError, UsageError
from dms.records import VehicleState
from hil.controller.peer import HandoverPeer


def heard(peer_bus: FakeBus, inputs: VehicleInputs, t: float) -> VehicleState:
    for frame in peer_bus.sent:
        inputs.feed(frame, t)
    peer_bus.sent.clear()
    return inputs.snapshot(t)


@pytest.fixture
def link():
    bus = FakeBus()
    return bus, HandoverPeer(bus), VehicleInputs()


def test_everything_unknown_before_the_first_frame():
    assert VehicleInputs().snapshot(5.0) == VehicleState(t=5.0)


def test_all_inputs_arrive(link):
    bus, peer, inputs = link
    peer.drive(hands_on=True, steering_torque_nm=-1.25, brake=False, speed_kmh=123.45, acknowledged=True)
    for k in range(3):
        peer.step(k * 0.02)
    assert heard(bus, inputs, 1.0) == VehicleState(
        t=1.0, speed_kmh=123.45, gear="D", l3_state="active", belt=True, seat=True, hands_on=True, steering_torque_nm=-1.25,
        brake=False, ignition="on", takeover_request_count=0, acknowledged=True,
    )  # fmt: skip


def test_what_the_vehicle_does_not_know_is_none(link):
    bus, peer, inputs = link
    peer.drive(**{name: None for name in INPUTS})
    for k in range(3):
        peer.step(k * 0.02)
    assert heard(bus, inputs, 1.0) == VehicleState(t=1.0, takeover_request_count=0)


@pytest.mark.parametrize("age", [0.0, 0.5, 0.501, 100.0, -0.1])
@pytest.mark.requirement("FS-08")
def test_time_out(link, age):
    bus, peer, inputs = link
    for k in range(3):
        peer.step(k * 0.02)
    heard(bus, inputs, 10.0)
    got = inputs.snapshot(10.0 + age)
    if 0.0 <= age <= 0.5:
        assert got.speed_kmh == 60.0 and got.belt is True
    else:
        assert got == VehicleState(t=10.0 + age)


def test_takeover_request_is_counted(link):
    bus, peer, inputs = link
    assert peer.ask_takeover() == 1
    peer.step(0.0)
    peer.step(0.02)
    got = heard(bus, inputs, 1.0)
    assert got.l3_state == "takeover_request" and got.takeover_request_count == 1


def test_a_frame_that_fails_its_protection_is_not_used(link):
    bus, peer, inputs = link
    for k in range(3):
        peer.step(k * 0.02)
    for frame in bus.sent:
        if frame.can_id == 0x200:
            inputs.feed(CanFrame(frame.can_id, frame.data[:3] + b"\xff" + frame.data[4:]), 1.0)
    assert inputs.snapshot(1.0).speed_kmh is None and inputs.refused == 3 and inputs.verdicts[Check.ERROR] == 3


def test_wrong_length_and_foreign_frames(link):
    inputs = link[2]
    assert not inputs.feed(CanFrame(0x202, b"\x44"), 0.0) and inputs.refused == 1
    assert not inputs.feed(CanFrame(0x555, bytes(8)), 0.0) and inputs.refused == 1


@given(st.sampled_from([0x200, 0x201, 0x202, 0x3B0]), st.binary(max_size=64))
def test_random_frames_never_break_it(can_id, data):
    inputs = VehicleInputs()
    inputs.feed(CanFrame(can_id, data), 0.0)
    inputs.snapshot(0.0)


@pytest.mark.requirement("FS-08")
def test_all_zero_frames_permit_nothing():
    inputs = VehicleInputs()
    for can_id in (0x200, 0x201, 0x202, 0x3B0):
        inputs.feed(CanFrame(can_id, bytes(8)), 0.0)
    assert inputs.snapshot(0.0) == VehicleState(t=0.0)


DBC = """VERSION ""
BU_: A
BO_ 100 M: 8 A
 SG_ kind M : 0|8@1+ (1,0) [0|0] "" A
 SG_ v m1 : 8|16@1+ (0.1,0) [0|0] "m/s" A
 SG_ b m2 : 8|2@1+ (1,0) [0|0] "" A
VAL_ 100 b 1 "yes" ;
"""


def write(folder, text: str, dbc: str = DBC):
    (folder / "v.dbc").write_text(dbc)
    path = folder / "m.yaml"
    path.write_text(text)
    return path


GOOD = """
dbc: [v.dbc]
can_ids: {M: 0x123}
inputs:
  speed_kmh: {message: M, signal: v, scale: 3.6, timeout_s: 0.2}
  belt: {message: M, signal: b, values: {yes: true, 2: false}}
""".replace("yes: true", "'yes': true")


def test_any_dbc_multiplexed_scaled_and_moved(tmp_path):
    inputs = VehicleInputs(write(tmp_path, GOOD))
    assert inputs.feed(CanFrame(0x123, bytes([1, 0xC8, 0, 0, 0, 0, 0, 0])), 0.0)
    assert inputs.feed(CanFrame(0x123, bytes([2, 1, 0, 0, 0, 0, 0, 0])), 0.1)
    got = inputs.snapshot(0.1)
    assert got.speed_kmh == pytest.approx(72.0) and got.belt is True
    assert inputs.snapshot(0.25).speed_kmh is None and inputs.snapshot(0.25).belt is True
    inputs.feed(CanFrame(0x123, bytes([2, 2, 0, 0, 0, 0, 0, 0])), 0.3)
    assert inputs.snapshot(0.3).belt is False
    assert not inputs.feed(CanFrame(0x123, bytes([9] * 8)), 0.4) and inputs.refused == 1  # unknown page
    inputs.feed(CanFrame(0x123, bytes([1, 0xFF, 0xFF, 0, 0, 0, 0, 0])), 0.5)
    assert inputs.snapshot(0.5).speed_kmh is None  # 23593 km/h is no speed


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("message: M, signal: v", "message: X, signal: v", "no message 'X'"),
        ("signal: v,", "signal: nix,", "no signal 'nix'; it has kind"),
        ("speed_kmh:", "spede:", "input spede: unknown; known: speed_kmh"),
        ("'yes': true", "'maybe': true", "no value 'maybe'"),
        ("'yes': true", "'yes': 3", "Expected `bool"),
        (", values: {'yes': true, 2: false}", "", "needs values"),
        ("timeout_s: 0.2", "timeout_s: 0", "timeout_s"),
        ("scale: 3.6", "scala: 3.6", "scala"),
        ("dbc: [v.dbc]", "", "dbc"),
        ("dbc: [v.dbc]", "dbc: [v.dbc, v.dbc]", "two of the DBC"),
        ("inputs:", "e2e: {Q: 1}\ninputs:", "no message 'Q'"),
    ],
)
def test_a_wrong_mapping_is_one_clear_line(tmp_path, old, new, words):
    assert old in GOOD
    with pytest.raises(UsageError) as caught:
        VehicleInputs(write(tmp_path, GOOD.replace(old, new)))
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_broken_or_missing_files(tmp_path):
    with pytest.raises(InputError, match="not a usable DBC"):
        VehicleInputs(write(tmp_path, GOOD, "rubbish {{{"))
    with pytest.raises(InputError, match="cannot read vehicle mapping"):
        VehicleInputs(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="cannot read DBC"):
        VehicleInputs(write(tmp_path, GOOD.replace("v.dbc", "w.dbc")))


def test_the_example_maps_every_input():
    layout = load(EXAMPLE.with_name("example_vehicle.dbc"))
    inputs = VehicleInputs()
    assert {s.name for sources in inputs._sources.values() for s in sources} == set(INPUTS)
    assert layout["VEH_Motion"].protection.data_id == 0x2001


def test_a_mapping_that_is_not_yaml_is_an_unreadable_input(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("inputs: [")
    with pytest.raises(InputError, match="is not YAML"):
        VehicleInputs(path)


def test_all_inputs_arrive_on_classic_can():
    bus = FakeBus()
    peer, inputs = HandoverPeer(bus, load(CLASSIC_DBC)), VehicleInputs(EXAMPLE_CLASSIC)
    peer.drive(hands_on=True, steering_torque_nm=-1.25, brake=False, speed_kmh=123.45, acknowledged=True, l3_state="active")
    for k in range(3):
        peer.step(k * 0.02)
    assert not any(frame.fd for frame in bus.sent)
    got = heard(bus, inputs, 1.0)
    assert (got.speed_kmh, got.l3_state, got.takeover_request_count, got.acknowledged) == (123.45, "active", 0, True)
    assert inputs.verdicts[Check.OK] == 6 and inputs.refused == 0


def test_protection_comes_from_the_dbc_and_a_mapping_may_name_another(tmp_path):
    path = tmp_path / "mine.yaml"
    profile = "{profile: P11, data_id: 0x123, mode: nibble}"
    path.write_text(f"base: {EXAMPLE}\ndbc: [{EXAMPLE.with_name('example_vehicle.dbc')}, {EXAMPLE.with_name('dms.dbc')}]\n"
                    f"e2e: {{VEH_Cabin: {profile}}}\n")  # fmt: skip
    inputs, frame = VehicleInputs(path), bytes(8)
    assert not inputs.feed(CanFrame(0x3B0, frame, fd=True), 0.0) and inputs.refused == 1  # P05, as dms.dbc says
    protected = Profile11(0x123, "nibble").protect(frame, 0)
    assert not inputs.feed(CanFrame(514, frame), 0.0) and inputs.feed(CanFrame(514, protected), 0.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("e2e: {VEH_Cabin: {profile: P33}}", "mine.yaml: e2e VEH_Cabin: no E2E profile 'P33'"),
        ("e2e: {VEH_Cabin: {profile: P22, data_ids: xx}}", "mine.yaml: e2e VEH_Cabin: non-hexadecimal"),
        ("e2e: {VEH_Cabin: 70000}", "data id 0x11170"),
        ("e2e: {Nix: 1}", "no message 'Nix'"),
        ("base: mine.yaml", "has a base itself"),
    ],
)
def test_wrong_protection_or_base_is_one_clear_line(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_text(f"dbc: [{EXAMPLE.with_name('example_vehicle.dbc')}]\n{text}\n")
    with pytest.raises(UsageError) as caught:
        VehicleInputs(path)
    assert words in str(caught.value) and "\n" not in str(caught.value)
