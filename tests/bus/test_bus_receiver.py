"""The reference receiver: nothing but a fresh, protected, explicit Ready is ready."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.bus.e2e import Check, State
from dms.bus.e2e_profiles import Profile5
from dms.bus.layout import CLASSIC_DBC, DBC, load
from dms.bus.messages import Encoder
from dms.bus.port import CanFrame
from dms.bus.receiver import ReceiverParameters, TakeoverReceiver, TakeoverStatement
from dms.bus.samples import Sample
from dms.errors import UsageError
from dms.records import Availability, Health, Requests, TakeoverReadiness

LAYOUT = load()
READY = LAYOUT["DMS_TakeoverReady"]


def good(t=0.0, counter=1, **changes):
    usual = {"t": t, "readiness": "ready", "level": 4, "readiness_score": 0.9, "confidence": 0.8, "takeover_time_s": 1.5}
    return Sample(
        state=TakeoverReadiness(
            **{**usual, "health": Health(state="ready"), "availability": Availability(available=True), **changes}
        ),
        captured=t,
        frame_counter=counter,
    )


class Link:
    """An encoder and a receiver, 50 ms apart."""

    def __init__(self, parameters=None, layout=LAYOUT) -> None:
        self.encoder, self.receiver, self.t = Encoder(layout), TakeoverReceiver(layout, parameters), 10.0
        self.count = 0  # the camera's

    def frame(self, age=0.04, **changes) -> CanFrame:
        self.count += 1
        return self.encoder.takeover_ready(good(self.t - age, **{"counter": self.count, **changes}), self.t)

    def cycle(self, frame: CanFrame | None) -> TakeoverStatement:
        if frame is not None:
            self.receiver.feed(frame, self.t)
        statement = self.receiver.statement(self.t)
        self.t += 0.05
        return statement

    def up(self) -> "Link":
        for _ in range(6):
            statement = self.cycle(self.frame())
        assert statement.ready, statement
        return self


def test_the_default_is_not_ready():
    assert not TakeoverStatement().ready and not TakeoverReceiver(LAYOUT).statement(0.0).ready


def test_trust_is_earned_and_then_everything_is_decoded():
    link = Link()
    assert [link.cycle(link.frame()).ready for _ in range(5)] == [False, False, True, True, True]
    link.encoder.takeover_ready(None, 0.0)  # one lost frame is tolerated
    got = link.cycle(link.frame(requests=Requests(take_control=True)))
    assert got.sample_age_s == pytest.approx(0.04)
    assert replace(got, sample_age_s=0.04) == TakeoverStatement(
        ready=True, because=(), e2e=State.VALID, check=Check.OK_SOME_LOST, operating="Active", readiness="Ready", level=4,
        score=0.9, confidence=0.8, takeover_time_s=1.5, reasons=(), sample_age_s=0.04, frame_counter=6, available=True,
        present=True, acknowledged=None, take_control=True, safe_stop=False,
    )  # fmt: skip


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_all_zero_and_all_sna_are_not_ready_even_with_a_right_crc(byte):
    link = Link()
    for _ in range(20):
        assert not link.cycle(CanFrame(READY.can_id, bytes([byte]) * 16, fd=True)).ready
    link = Link()
    for counter in range(20):
        got = link.cycle(CanFrame(READY.can_id, READY.protection.protect(bytes([byte]) * 16, counter), fd=True))
        assert not got.ready and got.level in (0, None)
    assert got.e2e is State.VALID  # it was the content that said no


@pytest.mark.requirement("FS-07")
def test_silence_ends_readiness_at_the_deadline():
    link = Link().up()
    last = link.t - 0.05
    assert link.receiver.statement(last + 0.149).ready
    late = link.receiver.statement(last + 0.1501)
    assert not late.ready and late.e2e is State.INVALID and "communication invalid" in late.because
    assert not link.receiver.statement(last + 1e6).ready
    link.t = last + 2.0
    assert [link.cycle(link.frame()).ready for _ in range(7)] == [False] * 4 + [True] * 3


def test_time_running_backwards_is_not_ready():
    link = Link().up()
    assert not link.receiver.statement(link.t - 1.0).ready


@pytest.mark.requirement("FS-07")
def test_one_repeated_frame_is_never_good_and_three_end_trust():
    link = Link().up()
    frame = link.frame()
    link.cycle(frame)
    got = [link.cycle(frame) for _ in range(10)]
    assert all(s.check is Check.REPEATED for s in got)
    assert [s.ready for s in got] == [True, True] + [False] * 8  # what was heard 150 ms ago still holds, no longer


@pytest.mark.requirement("FS-07")
def test_an_old_frame_replayed_later_is_out_of_sequence():
    link = Link()
    kept = link.frame()
    link.cycle(kept)
    for _ in range(20):
        link.cycle(link.frame())
    assert link.receiver.feed(kept, link.t) is Check.WRONG_SEQUENCE


@pytest.mark.parametrize(
    "spoil",
    [
        lambda f: CanFrame(f.can_id, f.data[:8], fd=True),
        lambda f: CanFrame(f.can_id, f.data + b"\0" * 4, fd=True),
        lambda f: CanFrame(f.can_id, b"", fd=True),
        lambda f: CanFrame(f.can_id, f.data),  # classic frame
        lambda f: CanFrame(f.can_id, f.data[:4] + bytes([f.data[4] ^ 1]) + f.data[5:], fd=True),
        lambda f: CanFrame(
            f.can_id, Profile5(0x3A11).protect(f.data, f.data[2]), fd=True
        ),  # masquerade: another message's data id
    ],
    ids=["short", "long", "empty", "classic", "flipped", "masquerade"],
)
@pytest.mark.requirement("FS-07")
def test_a_spoiled_frame_is_an_error_and_three_end_trust(spoil):
    link = Link().up()
    got = [link.cycle(spoil(link.frame())) for _ in range(4)]
    assert all(s.check is Check.ERROR for s in got)
    assert [s.ready for s in got] == [True, True, False, False] and got[-1].e2e is State.INVALID
    assert link.receiver.verdicts[Check.ERROR] == 4


def test_other_ids_are_not_ours():
    receiver = TakeoverReceiver(LAYOUT)
    assert receiver.feed(CanFrame(0x3A1, bytes(16), fd=True), 0.0) is None
    assert receiver.feed(CanFrame(READY.can_id, bytes(16), fd=True, extended=True), 0.0) is None


@pytest.mark.parametrize("age", [0.0, 0.149, 0.2])
@pytest.mark.requirement("FS-04")
def test_an_old_picture_is_not_ready(age):
    link = Link(ReceiverParameters(max_sample_age_s=0.1))
    for _ in range(8):
        got = link.cycle(link.frame(age=age))
    assert got.ready == (age == 0.0)


def test_no_frame_counter_is_not_ready():
    link = Link()
    for _ in range(8):
        got = link.cycle(link.frame(counter=None))
    assert got.readiness == "Ready" and not got.ready


CODES = st.fixed_dictionaries(
    {name: st.integers(0, (1 << s.bits) - 1) for name, s in READY.signals.items() if not name.startswith("E2E")}
)


@settings(max_examples=500)
@given(CODES)
def test_ready_exactly_when_the_frame_says_so_in_full(codes):
    link = Link()
    for counter in range(4):  # within 200 ms, before the standing camera counter speaks against it
        frame = CanFrame(READY.can_id, READY.pack(codes, counter), fd=True)
        got = link.cycle(frame)
    explicit = (codes["DMS_OperSt"], codes["TkoRdy_St"]) == (1, 3) and codes["Smpl_Age"] <= 100 and codes["Smpl_FrameCnt"] < 65534
    explicit = explicit and codes["TkoRdy_Lvl"] in (4, 5) and (codes["DrvAvail_St"], codes["DrvPresent_St"]) == (2, 2)
    assert got.e2e is State.VALID and got.ready == explicit and bool(got.because) != got.ready


@settings(max_examples=300)
@given(st.lists(st.tuples(st.binary(max_size=64), st.booleans(), st.floats(0, 1))), st.floats(0, 2))
def test_random_payloads_are_never_ready(payloads, later):
    receiver, t = TakeoverReceiver(LAYOUT), 0.0
    for counter, (data, protected, step) in enumerate(payloads):
        t += step
        if protected and len(data) >= 3:
            data = Profile5(READY.protection.data_id ^ 1).protect(data, counter % 256)
        receiver.feed(CanFrame(READY.can_id, data, fd=True), t)
        assert not receiver.statement(t).ready
    assert not receiver.statement(t + later).ready


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["send"] * 8 + ["lose", "repeat", "corrupt", "pause", "old"]), max_size=60), st.data())
@pytest.mark.requirement("FS-07")
def test_ready_always_rests_on_a_good_frame_within_the_deadline(events, draw):
    link, last_good, before = Link(), None, None
    for event in events:
        frame = link.frame(age=1.0 if event == "old" else 0.04)
        if event == "repeat" and before is not None:
            frame = before
        elif event == "corrupt":
            bit = draw.draw(st.integers(0, 127))
            frame = CanFrame(frame.can_id, (int.from_bytes(frame.data, "big") ^ 1 << bit).to_bytes(16, "big"), fd=True)
        elif event == "pause":
            link.t += draw.draw(st.floats(0, 0.5))
        if event != "lose":
            before = frame
        statement = link.cycle(None if event == "lose" else frame)
        now = link.t - 0.05
        if event in ("send", "pause") and statement.check.good:
            last_good = now
        elif event == "old" and statement.check.good:
            last_good = None
        if statement.ready:
            assert last_good is not None and now - last_good <= 0.15 + 1e-9 and statement.e2e is State.VALID


def test_a_camera_counter_that_stands_still_is_not_ready():
    """Whatever age such a frame claims, it tells the same picture again."""
    link = Link().up()
    got = []
    for _ in range(8):
        got.append(link.cycle(link.encoder.takeover_ready(good(link.t - 0.04, link.count), link.t)).ready)
    assert got[0] and not any(got[5:]), got


@pytest.mark.parametrize(
    "changes",
    [{"level": 3}, {"level": 1}, {"availability": Availability(available=False)}, {"availability": Availability()}],
)
def test_a_ready_that_the_rest_of_the_frame_denies_is_not_ready(changes):
    link = Link().up()
    assert not link.cycle(link.frame(**changes)).ready


def test_the_age_counts_on_after_the_frame():
    """A picture 0.149 s old when sent is too old before the next deadline has passed."""
    link = Link().up()
    link.receiver.feed(link.frame(age=0.149), link.t)
    assert link.receiver.statement(link.t).ready
    late = link.receiver.statement(link.t + 0.1)
    assert not late.ready and late.sample_age_s == pytest.approx(0.249, abs=0.003)


def test_the_same_statement_on_classic_can():
    link = Link(layout=load(CLASSIC_DBC)).up()
    got = link.cycle(link.frame())
    assert (got.ready, got.operating, got.readiness, got.level) == (True, "Active", "Ready", 4)
    assert (got.available, got.present, got.reasons) == (True, True, ("not_available",))
    assert got.score is got.confidence is got.takeover_time_s is None  # not in 8 bytes
    assert got.sample_age_s == pytest.approx(0.04, abs=0.003)
    link.count = 255 + 254 * 7  # the camera's counter is told modulo 254
    assert link.cycle(link.frame()).frame_counter == 2
    assert not link.cycle(link.frame(level=3)).ready


@pytest.mark.parametrize("byte", [0x00, 0xFF])
@pytest.mark.requirement("FS-07")
def test_classic_all_zero_and_all_sna_are_not_ready(byte):
    classic = load(CLASSIC_DBC)
    message = classic["DMS_TakeoverReady"]
    link = Link(layout=classic)
    for _ in range(20):
        assert not link.cycle(CanFrame(message.can_id, bytes([byte]) * 8)).ready
    for counter in range(20):
        got = link.cycle(CanFrame(message.can_id, message.protection.protect(bytes([byte]) * 8, counter % 16)))
        assert not got.ready
    assert got.e2e is State.VALID  # it was the content that said no


@pytest.mark.requirement("FS-07")
def test_classic_and_fd_frames_are_not_mistaken_for_each_other():
    classic = Link(layout=load(CLASSIC_DBC)).up()
    assert [classic.cycle(Link().frame()).check for _ in range(3)] == [Check.ERROR] * 3
    assert [Link().up().cycle(classic.frame()).check for _ in range(3)] == [Check.ERROR] * 3


def test_limits_hold_to_the_microsecond():
    link = Link().up()
    last = link.t - 0.05
    assert link.receiver.statement(last + 0.15).ready  # 150 ms exactly, whatever floating point makes of the sum
    assert not link.receiver.statement(last + 0.150001).ready


def test_an_unprotected_message_cannot_be_received(tmp_path):
    path = tmp_path / "bare.dbc"
    path.write_text("\n".join(line for line in DBC.read_text().splitlines() if not line.startswith('BA_ "E2EProfile"')))
    with pytest.raises(UsageError, match="has no E2EProfile"):
        TakeoverReceiver(load(path))
