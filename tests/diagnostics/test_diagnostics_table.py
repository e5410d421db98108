"""Every row of the table: the fact that fails its test, the fact that passes it, and what a ready driver's statement becomes."""

from dataclasses import replace

import pytest
from control_unit import frame

from dms.bus.e2e import Check
from dms.bus.layout import load as load_layout
from dms.bus.messages import Encoder
from dms.bus.receiver import TakeoverReceiver
from dms.bus.samples import Sample
from dms.diagnostics.debounce import Debounce
from dms.diagnostics.memory import Memory
from dms.diagnostics.monitors import Facts, results
from dms.diagnostics.status import Status
from dms.diagnostics.store import Stored
from dms.diagnostics.table import load
from dms.records import Attention, Availability, Health, TakeoverReadiness, VehicleState
from dms.runtime.diagnosis.limits import UNLIMITED, limited

VEHICLE = VehicleState(t=0.0, speed_kmh=80.0, seat=True, belt=True, l3_state="active", takeover_request_count=3, ignition="on")
WELL = Facts(
    camera_silent=False, picture_judged=True, fps=30.0, fps_min=15.0, lamp="ok", throttle_level=0,
    over_current_events=0, calibrated=True, inputs=VEHICLE, mapped=frozenset(VEHICLE.__struct_fields__), verdicts={Check.OK: 1},
)  # fmt: skip
READY = TakeoverReadiness(
    t=1.0, readiness="ready", level=4, readiness_score=0.9, confidence=0.9, health=Health(state="ready"),
    attention=Attention(zone="road", attentive=True, criterion="gaze_road"), because=["ready: attentive"],
    availability=Availability(available=True, criteria={"blink": 1.0}, valid=2, monitorable=3),
)  # fmt: skip
SAMPLE = Sample(state=READY, captured=1.0, frame_counter=7)


def without(*names):
    return {
        "inputs": VehicleState(t=0.0, **{n: getattr(VEHICLE, n) for n in VEHICLE.__struct_fields__ if n not in ("t", *names)})
    }


# name: (what changes from one look to the next while it fails, operating state, readiness of a ready driver)
ROWS = {
    "camera_no_signal": (lambda n: {"camera_silent": True}, "fault", "unknown"),
    "camera_reopened": (lambda n: {"camera_restarts": n}, "ready", "ready"),
    "camera_blocked": (lambda n: {"picture_fault": True}, "blocked", "unknown"),
    "picture_invalid": (lambda n: {"picture_refused": True}, "fault", "unknown"),
    "picture_frozen": (lambda n: {"picture_fault": True, "frozen": True}, "blocked", "unknown"),
    "picture_rate_low": (lambda n: {"fps": 12.0}, "fault", "unknown"),
    "lamp_faulty": (lambda n: {"lamp": "faulty"}, "degraded", "ready"),
    "computer_throttled": (lambda n: {"throttle_level": 3}, "degraded", "ready"),
    "supply_over_current": (lambda n: {"over_current_events": n}, "ready", "ready"),
    "engine_integrity": (lambda n: {"engine_failures": n}, "fault", "unknown"),
    "engine_fallback": (lambda n: {"engine_fallback": True}, "degraded", "ready"),
    "inference_stopped": (lambda n: {"inference_down": True}, "fault", "unknown"),
    "stage_restarted": (lambda n: {"restarts": n}, "ready", "ready"),
    "calibration_missing": (lambda n: {"calibrated": False}, "ready", "unknown"),
    "profile_unlisted": (lambda n: {"profile_unlisted": True}, "ready", "ready"),
    "can_bus_off": (lambda n: {"frames_failed": n}, "fault", "unknown"),
    "vehicle_speed_lost": (lambda n: without("speed_kmh"), "ready", "ready"),
    "seat_belt_lost": (lambda n: without("belt"), "ready", "unknown"),
    "handover_lost": (lambda n: without("l3_state", "takeover_request_count"), "ready", "ready"),
    "input_counter_wrong": (lambda n: {"verdicts": {Check.OK: 1, Check.REPEATED: n}}, "ready", "ready"),
    "input_crc_wrong": (lambda n: {"verdicts": {Check.OK: 1, Check.ERROR: n}}, "ready", "ready"),
    "store_damaged": (None, "ready", "ready"),
}


def memory_after(name, looks=30):
    """The memory after so many looks, a tenth of a second apart, at a system with this fault."""
    memory, before = Memory(load(), Stored(), "1"), WELL
    change = ROWS[name][0]
    if change is None:  # not found by looking, but by the store itself
        memory.conclude({name: True}, frame)
    for n in range(1, looks + 1):
        now = WELL if change is None else replace(WELL, **change(n))
        memory.report(results(now, before), frame, n * 0.1)
        before = now
    return memory


def test_the_tests_cover_the_table():
    assert set(ROWS) == set(load().codes) == {*results(WELL, WELL), "store_damaged"}


@pytest.mark.requirement("FS-09")
@pytest.mark.parametrize("name", sorted(ROWS))
def test_row(name):
    _, operating, readiness = ROWS[name]
    memory = memory_after(name)
    assert [load().by_number()[row.number] for row, _ in memory.matching(Status.TEST_FAILED)] == [name]
    published = limited(SAMPLE, memory.effect).state
    assert (published.health.state, published.readiness) == (operating, readiness)
    row = load().codes[name]
    told = (row.operating_state, row.readiness) != ("as_judged", "as_judged")
    assert any(row.text in text for text in [*published.because, *published.health.reasons]) == told
    on_the_bus(memory.effect, operating, readiness)


def on_the_bus(effect, operating, readiness):
    """What the reference receiver believes of it: a degraded system is not ready either."""
    layout = load_layout()
    encoder, receiver = Encoder(layout), TakeoverReceiver(layout)
    for n in range(4):
        t = 1.0 + n * 0.05
        sample = replace(SAMPLE, captured=t - 0.02, frame_counter=n)
        receiver.feed(encoder.takeover_ready(limited(sample, effect), t), t)
    assert receiver.statement(1.16).ready == (readiness == operating == "ready"), receiver.statement(1.16)


@pytest.mark.requirement("FS-09")
@pytest.mark.parametrize("name", sorted(name for name, row in ROWS.items() if row[0] is not None))
def test_row_by_time_is_set_after_a_second_and_healed_after_ten(name):
    row = load().codes[name]
    if row.debounce.by == "time":
        assert row.debounce == Debounce(1.0, 10.0)
        assert not memory_after(name, 10).matching(Status.TEST_FAILED) and memory_after(name, 11).matching(Status.TEST_FAILED)
        memory = memory_after(name)
        for n in range(31, 150):
            memory.report(results(WELL, WELL), frame, n * 0.1)
            assert memory.effect.operating_state == "as_judged"
            assert bool(memory.matching(Status.TEST_FAILED)) == (n < 130)
        assert memory.confirmed == 1


def test_nothing_known_tests_nothing():
    found = results(Facts(), Facts())
    assert {name for name, result in found.items() if result is not None} == {
        "camera_reopened", "engine_fallback", "inference_stopped", "stage_restarted", "profile_unlisted", "can_bus_off",
    }  # fmt: skip
    assert not any(found.values())


def test_inputs_are_not_missed_with_the_ignition_off():
    off = replace(WELL, inputs=VehicleState(t=0.0, ignition="off"))
    assert results(off, off)["vehicle_speed_lost"] is None
    unmapped = replace(WELL, mapped=frozenset())
    assert results(unmapped, unmapped)["seat_belt_lost"] is None


def test_the_worst_effect_wins_and_all_reasons_are_told():
    memory = Memory(load(), Stored(), "1")
    memory.conclude({"lamp_faulty": True, "camera_blocked": True, "calibration_missing": True}, frame)
    assert (memory.effect.operating_state, memory.effect.readiness, len(memory.effect.reasons)) == ("blocked", "never_ready", 3)


def test_no_effect_makes_anything_better():
    """Whatever the statement: with an effect it is never nearer to ready, and known harm is not hidden by "never ready"."""
    rank = {"ready": 2, "ready_delayed": 1}
    for word in ("ready", "ready_delayed", "not_ready", "impaired", "unresponsive", "unknown"):
        for health in ("init", "ready", "degraded", "blocked", "fault", "off"):
            sample = replace(SAMPLE, state=TakeoverReadiness(t=1.0, readiness=word, level=2, health=Health(state=health)))
            for name in load().codes:
                out = limited(sample, memory_after_once(name)).state
                assert rank.get(out.readiness, 0) <= rank.get(word, 0)
                if out.health.state == health and word not in rank:
                    assert out.readiness == word


def memory_after_once(name):
    memory = Memory(load(), Stored(), "1")
    memory.conclude({name: True}, frame)
    return memory.effect


def test_without_effect_the_sample_itself_goes_out():
    assert limited(SAMPLE, UNLIMITED) is SAMPLE
    assert Memory(load(), Stored(), "1").effect == UNLIMITED
