"""End-to-end check: flipped bits are found, verdicts, and the state machine against a second model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.bus.e2e import Check, Checker, E2EParameters, State, StateMachine
from dms.bus.e2e_profiles import Profile5, Profile22
from dms.errors import UsageError


@given(st.binary(min_size=3, max_size=64), st.integers(0, 0xFFFF), st.data())
@pytest.mark.requirement("FS-07")
def test_one_flipped_bit_is_found(data, data_id, draw):
    frame = bytearray(Profile5(data_id).protect(data, 1))
    bit = draw.draw(st.integers(0, len(frame) * 8 - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert Checker(Profile5(data_id)).check(frame) is Check.ERROR


def test_every_single_bit_of_a_64_byte_frame_is_found():
    good = Profile5(0x3A01).protect(bytes(range(64)), 1)
    for bit in range(512):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        assert not Profile5(0x3A01).crc_ok(bad), bit


@given(st.binary(min_size=16, max_size=64), st.integers(1, 0xFFFF), st.data())
def test_a_burst_of_up_to_16_bits_is_found(data, pattern, draw):
    # CRC bytes travel low byte first, so the guarantee for bursts holds inside the payload, in the CRC's own bit order.
    frame = bytearray(Profile5(0x3A01).protect(data, 1))
    start = draw.draw(st.integers(24, len(frame) * 8 - 16))
    number = int.from_bytes(frame, "big") ^ pattern << len(frame) * 8 - 16 - start
    assert not Profile5(0x3A01).crc_ok(number.to_bytes(len(frame), "big"))


def test_verdicts():
    def frame(counter: int) -> bytes:
        return Profile5(5).protect(bytes(8), counter)

    checker = Checker(Profile5(5), max_delta_counter=2)
    assert checker.check(frame(100)) is Check.WRONG_SEQUENCE  # nothing is known of the sender yet
    assert [checker.check(frame(c)) for c in (101, 103, 103, 106, 107)] == [
        Check.OK, Check.OK_SOME_LOST, Check.REPEATED, Check.WRONG_SEQUENCE, Check.OK,
    ]  # fmt: skip
    assert checker.check(None) is Check.NO_NEW_DATA
    assert checker.check(b"\x00\x00") is Check.ERROR
    assert checker.check(frame(255)) is Check.WRONG_SEQUENCE
    assert checker.check(frame(0)) is Check.OK  # wraps


@pytest.mark.parametrize(
    "bad",
    [{"min_ok_init": 0}, {"min_ok_valid": 11}, {"max_error_valid": 10}, {"max_delta_counter": 0}, {"max_no_new_or_repeated": 0}],
)
def test_parameters_that_cannot_be_are_refused(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        E2EParameters(**bad)


def test_a_step_that_a_short_counter_cannot_tell_is_refused():
    with pytest.raises(UsageError, match="too large for the counter of P22"):
        Checker(Profile22(bytes(16)), 15)


WORDS = {"n": "no_new_data", "e": "error", "r": "repeated", "k": "ok", "l": "ok_some_lost", "w": "wrong_sequence"}


def letter_of(kind: str, step: int, most: int) -> str:
    if kind != "ok":
        return {"none": "n", "corrupt": "e"}[kind]
    return "r" if step == 0 else "k" if step == 1 else "l" if step <= most else "w"


def model(sequence: list[tuple[str, int]], p: E2EParameters) -> list[tuple[str, str]]:
    """A second receiver, written from the table and not from the code: (ok | corrupt | none, counter) -> (verdict, state)."""
    out, last, state, history, dry = [], 255, "nodata", "", 0
    for kind, counter in sequence:
        letter = letter_of(kind, (counter + 256 - last) % 256, p.max_delta_counter)
        last = counter if kind == "ok" else last
        dry = dry + 1 if letter in "nr" else 0
        history = (history + letter)[-p.window :]
        good, bad = history.count("k") + history.count("l"), history.count("e")
        starved = dry >= p.max_no_new_or_repeated
        if state == "nodata":
            state = "init" if letter in "klrw" else "nodata"
        elif state == "init":
            if bad > p.max_error_init:
                state, history = "invalid", ""
            elif good >= p.min_ok_init and not starved:
                state = "valid"
        elif state == "valid":
            if bad > p.max_error_valid or good < p.min_ok_valid or starved:
                state, history = "invalid", ""
        elif good >= p.min_ok_invalid and bad <= p.max_error_invalid and not starved:
            state = "valid"
        out.append((WORDS[letter], state))
    return out


EVENTS = st.lists(
    st.one_of(
        st.sampled_from(["send"] * 6 + ["lose", "repeat", "corrupt", "nothing"]),
        st.tuples(st.just("jump"), st.integers(0, 255)),
    ),
    max_size=120,
)
PARAMETERS = st.integers(1, 12).flatmap(
    lambda w: st.builds(
        E2EParameters,
        window=st.just(w),
        max_delta_counter=st.integers(1, 5),
        min_ok_init=st.integers(1, w),
        min_ok_valid=st.integers(1, w),
        min_ok_invalid=st.integers(1, w),
        max_error_init=st.integers(0, w - 1),
        max_error_valid=st.integers(0, w - 1),
        max_error_invalid=st.integers(0, w - 1),
        max_no_new_or_repeated=st.integers(1, w),
    )
)


@settings(max_examples=300)
@given(EVENTS, st.one_of(st.just(E2EParameters()), PARAMETERS))
def test_state_machine_equals_a_second_model(events, parameters):
    profile = Profile5(9)
    checker, machine = Checker(profile, parameters.max_delta_counter), StateMachine(parameters)
    counter, ours, sequence = 0, [], []
    for event in events:
        if isinstance(event, tuple):
            counter = event[1]
        elif event in ("send", "lose"):
            counter = (counter + 1) % 256
        if event == "lose":
            continue
        frame = None if event == "nothing" else bytearray(profile.protect(b"\0" * 16, counter))
        if event == "corrupt" and frame:
            frame[5] ^= 0x10
        sequence.append(({"nothing": "none", "corrupt": "corrupt"}.get(str(event), "ok"), counter))
        verdict = checker.check(frame)
        ours.append((verdict.value, machine.step(verdict).value))
    assert ours == model(sequence, parameters)


def test_never_valid_without_good_frames_in_a_row_of_errors():
    machine = StateMachine()
    assert [machine.step(Check.ERROR) for _ in range(50)] == [State.NODATA] * 50


@pytest.mark.requirement("FS-07")
def test_three_silent_cycles_end_trust_and_five_good_frames_restore_it():
    machine = StateMachine()
    for _ in range(6):
        machine.step(Check.OK)
    assert machine.state is State.VALID
    assert [machine.step(Check.NO_NEW_DATA) for _ in range(3)] == [State.VALID, State.VALID, State.INVALID]
    assert [machine.step(Check.OK) for _ in range(5)] == [State.INVALID] * 4 + [State.VALID]
