"""Debouncing, the status byte over operation cycles, freeze frames, ageing, what a clear does and does not."""

import pytest
from control_unit import frame
from hypothesis import given
from hypothesis import strategies as st

from dms.diagnostics.debounce import Debounce, Debouncer
from dms.diagnostics.memory import Memory
from dms.diagnostics.status import CLEARED, Life, Status
from dms.diagnostics.store import Stored
from dms.diagnostics.table import load

CODE = "camera_blocked"


def status(memory, name=CODE):
    return memory.of(load().codes[name].number)[1].life.status


def test_time_debounce_needs_the_time_and_starts_again_after_the_other_result():
    one = Debouncer(Debounce(fail=1.0, heal=10.0))
    assert [one.step(True, t / 10) for t in range(10)] == [None] * 10
    assert one.step(False, 1.0) is None  # one good look takes the evidence away
    assert [one.step(True, 1.1 + t / 10) for t in range(9)] == [None] * 9
    assert one.step(True, 2.0) is True and one.wire == 127
    assert one.step(False, 2.1) is None
    assert [one.step(False, 2.1 + t / 10) for t in range(1, 99)] == [None] * 98
    assert one.step(False, 12.1) is False and one.wire == -128


def test_counted_debounce():
    one = Debouncer(Debounce(fail=3, heal=2, by="count"))
    assert [one.step(True, 0.0) for _ in range(3)] == [None, None, True]
    assert [one.step(False, 0.0) for _ in range(2)] == [None, False]


def test_a_time_that_was_not_tested_counts_for_nothing():
    one = Debouncer(Debounce(fail=1.0, heal=10.0))
    one.step(True, 0.0)
    one.step(None, 5.0)
    assert one.step(True, 100.0) is None and one.counter == 0.0
    assert one.step(True, 1000.0) is True  # a gap between results counts as a second at the most, which is just enough here
    slow = Debouncer(Debounce(fail=5.0, heal=5.0))
    slow.step(True, 0.0)
    assert slow.step(True, 1000.0) is None


def test_status_byte_from_the_first_result_to_healing(memory, fail):
    assert status(memory) == CLEARED == 0x50
    fail(CODE, seconds=0.5)
    assert status(memory) == 0x50
    fail(CODE)
    assert status(memory) == 0x2F  # failed, this cycle, pending, confirmed, since clear
    fail(CODE, failed=False, seconds=5.0)
    assert status(memory) == 0x2F
    fail(CODE, failed=False)
    assert status(memory) == 0x2E


def test_a_test_that_passes_completes(memory, fail):
    fail(CODE, failed=False)
    assert status(memory) == 0x00


def test_cycles_pending_and_ageing(memory, fail):
    fail(CODE)
    fail(CODE, failed=False)
    memory.begin_cycle("2")
    assert status(memory) == 0x6C  # pending still: the cycle that ended was not clean; not tested in this one yet
    fail(CODE, failed=False)
    memory.begin_cycle("3")
    assert status(memory) == 0x68  # a clean cycle ends pending
    for number in range(4, 4 + load().age_after - 1):
        assert status(memory) & Status.CONFIRMED
        fail(CODE, failed=False)
        memory.begin_cycle(str(number))
    assert not status(memory) & Status.CONFIRMED and status(memory) & Status.FAILED_SINCE_CLEAR
    code = memory.of(load().codes[CODE].number)[1]
    assert code.first is None and code.life.occurrences == 0


def test_a_cycle_in_which_nothing_was_tested_does_not_age(memory, fail):
    fail(CODE)
    for number in range(100):
        memory.begin_cycle(str(number))
    assert status(memory) & Status.CONFIRMED


def test_confirmation_after_failures_in_two_cycles():
    life = Life()
    life.failed(confirm_after=2)
    assert life.status == 0x27
    life.end_cycle(40)
    life.failed(confirm_after=2)
    assert life.has(Status.CONFIRMED)
    again = Life()
    again.failed(2)
    again.end_cycle(40)
    again.passed()
    again.end_cycle(40)  # a clean one in between
    again.failed(2)
    assert not again.has(Status.CONFIRMED)


def test_freeze_frames_are_the_first_and_the_newest(memory, fail):
    for speed in (10.0, 20.0, 30.0):
        fail(CODE, speed_kmh=speed)
        fail(CODE, failed=False)
    _, code, _ = memory.of(load().codes[CODE].number)
    assert (code.first.speed_kmh, code.latest.speed_kmh, code.life.occurrences) == (10.0, 30.0, 3)


def test_a_restart_within_a_cycle_ends_no_cycle(memory, fail):
    fail(CODE)
    again = Memory(load(), memory.export()[0], "cycle 1")
    assert status(again) == status(memory)
    assert status(Memory(load(), memory.export()[0], "cycle 2")) == 0x6C


def test_the_effect_lasts_from_sure_until_the_first_pass(memory, fail):
    fail(CODE, seconds=0.5)
    assert memory.effect.operating_state == "as_judged"
    fail(CODE)
    assert (memory.effect.operating_state, memory.effect.readiness) == ("blocked", "never_ready")
    assert memory.effect.reasons == ("B1A00-97 camera covered, dark or dazzled",) and memory.effect.parts == ("camera",)
    fail(CODE, failed=False, seconds=0.0)
    assert memory.effect.operating_state == "as_judged" and status(memory) & Status.TEST_FAILED


@pytest.mark.parametrize("meddle", [lambda m: m.clear(0xFFFFFF), lambda m: setattr(m, "setting", False)])
def test_no_tester_lifts_an_effect(memory, fail, meddle):
    fail(CODE)
    before = memory.effect
    meddle(memory)
    fail(CODE, seconds=0.1)
    assert memory.effect == before and before.operating_state == "blocked"


def test_with_the_setting_off_the_memory_stands_still_and_the_effect_comes(memory, fail):
    memory.setting = False
    fail(CODE)
    assert status(memory) == 0x50 and memory.effect.operating_state == "blocked"


def test_clear_one_and_all(memory, fail):
    fail(CODE)
    fail("lamp_faulty")
    assert memory.clear(load().codes[CODE].number) and not memory.clear(0x123456)
    assert [row.code for row, _ in memory.matching(Status.CONFIRMED)] == ["B1A02-96"] and memory.confirmed == 1
    assert memory.clear(0xFFFFFF) and memory.confirmed == 0


def test_codes_of_another_table_are_kept(memory, fail):
    fail(CODE)
    stored, _ = memory.export()
    stored.codes["of_tomorrow"] = stored.codes.pop(CODE)
    assert "of_tomorrow" in Memory(load(), stored, "x").export()[0].codes


@given(st.lists(st.tuples(st.sampled_from([True, False, None]), st.floats(0.0, 3.0)), max_size=60), st.integers(0, 60))
def test_status_bits_never_contradict_each_other(results, cycle_at):
    memory = Memory(load(), Stored(), "1")
    t = 0.0
    for index, (failed, step) in enumerate(results):
        t += step
        memory.report({CODE: failed}, frame, t)
        if index == cycle_at:
            memory.begin_cycle("2")
        now = Status(status(memory))
        assert not now & 0x80
        if Status.TEST_FAILED in now:
            assert Status.FAILED_THIS_CYCLE in now and Status.NOT_COMPLETED_THIS_CYCLE not in now
        if Status.FAILED_THIS_CYCLE in now:
            assert Status.PENDING in now and Status.FAILED_SINCE_CLEAR in now
        if Status.NOT_COMPLETED_SINCE_CLEAR in now:
            assert Status.FAILED_SINCE_CLEAR not in now
