"""No input may raise anything but a RecordError, and no input may lead to ``ready`` without fresh evidence."""

import json

import msgspec
import pytest
from drives import AHEAD, CABIN, HIDDEN, OPEN, PROFILE, SHUT, assess, drive, observation, vehicle
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.assessment import Assessor
from dms.assessment.stream import assess_lines
from dms.errors import RecordError
from dms.readiness import ready_for_takeover
from dms.records import Eye, Face, Gaze, Head, Image, Observation, TakeoverReadiness, VehicleState
from dms.records.jsonl import encode
from tools import fuzz_assessment as fuzz

DOWN = (0.0, 0.6, -0.8)
Record = Observation | VehicleState


def unlawful(history: list[Record], state: TakeoverReadiness) -> str | None:
    """The directions drawn here are straight ahead, or 12 and more degrees below the road."""
    return fuzz.unlawful(history, state, road_deg=5.0)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


probability = st.floats(0, 1)
eye = st.sampled_from([OPEN, SHUT, HIDDEN]) | st.builds(
    Eye, visible=maybe(probability), openness=maybe(st.floats(0, 2)), closed=maybe(probability)
)
direction = st.sampled_from([AHEAD, DOWN, (0.0, 0.0, -1.0)])
position = maybe(st.tuples(*[st.floats(-2000, 2000)] * 3))
changes = st.fixed_dictionaries({}, optional={
    "face": maybe(st.builds(Face, present=st.booleans(), confidence=maybe(probability))),
    "head": maybe(st.builds(Head, forward_camera=direction, up_camera=st.just((0.0, -1.0, 0.0)), position_camera_mm=position)),
    "gaze": maybe(st.builds(Gaze, direction_camera=direction, origin_camera_mm=position, std_deg=maybe(st.floats(0, 180)))),
    "eyes": maybe(st.dictionaries(st.sampled_from(["left", "right", "unknown"]), eye, max_size=3)),
    "image": maybe(st.builds(Image, mean=maybe(st.floats(0, 255)), blocked=maybe(probability), frozen=maybe(st.booleans()))),
    "zone": maybe(st.sampled_from(["road", "lap", "phone", "rear_mirror", "other", "unknown"])),
})  # fmt: skip
inputs = st.fixed_dictionaries({}, optional={
    "seat": maybe(st.booleans()), "belt": maybe(st.booleans()), "hands_on": maybe(st.booleans()), "brake": maybe(st.booleans()),
    "steering_torque_nm": maybe(st.floats(-100, 100)),
})  # fmt: skip
gap = st.sampled_from([0.0, 0.02, 0.05, 0.1, 0.15, 0.3, 2.0, 50.0])
step = st.one_of(
    st.tuples(st.just("picture"), gap, changes, st.integers(1, 30)),
    st.tuples(st.just("inputs"), gap, inputs, st.integers(1, 5)),
    st.tuples(st.just("drive"), gap, st.just({}), st.integers(1, 60)),
)


def records_of(steps: list[tuple[str, float, dict, int]]) -> list[Record]:
    """An attentive start of 5 s, then whatever the steps say; each step repeats every 0.05 s."""
    records: list[Record] = list(drive(5, 20.0))
    t = records[-1].t
    for kind, wait, what, times in steps:
        t += wait
        for _ in range(times):
            t += 0.05
            if kind != "picture":
                records.append(vehicle(t, **what))
            if kind != "inputs":
                records.append(observation(t, **what))
    return records


@settings(max_examples=100, deadline=None)
@given(st.lists(step, max_size=8))
def test_law1_never_ready_without_fresh_evidence(steps: list[tuple[str, float, dict, int]]) -> None:
    records = records_of(steps)
    assessor, history = Assessor(PROFILE, CABIN), []
    for record in records:
        history.append(record)
        state = assessor.step(record)
        published = ready_for_takeover(state, PROFILE) if state is not None else None
        if published is not None and published.readiness == "ready":
            assert unlawful(history[-200:], published) is None
            assert published.level in (4, 5) and published.attention.attentive and published.availability.available
        assert published is None or (published.level == 0) == (published.readiness == "unknown")


def test_law1_the_checker_itself_sees_missing_evidence() -> None:
    records = drive(6)
    state = assess(records)[-1]
    assert state.readiness == "ready" and unlawful(records, state) is None
    assert unlawful([r for r in records if isinstance(r, Observation)], state) is not None
    assert unlawful([r for r in records if isinstance(r, VehicleState) or r.t < 5], state) is not None
    shut = [msgspec.structs.replace(r, eyes={"left": SHUT}) if isinstance(r, Observation) else r for r in records]
    assert unlawful(shut, state) is not None


GOOD = [encode(record) for record in drive(3, 20.0)]
values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.floats(), max_size=4)
keys = st.sampled_from(
    ["schema", "t", "face", "head", "gaze", "eyes", "image", "zone", "vehicle", "seat", "belt", "brake", "gear"]
)
bad_object = st.dictionaries(keys, values | st.dictionaries(st.text(max_size=8), values, max_size=3), max_size=6)
tagged = st.sampled_from(["dms.observation/1", "dms.vehicle/1"]).flatmap(
    lambda schema: bad_object.map(lambda o: {**o, "schema": schema})
)
raw_line = st.binary(max_size=60) | bad_object.map(json.dumps).map(str.encode) | tagged.map(json.dumps).map(str.encode)


@settings(max_examples=100, deadline=None)
@given(st.lists(raw_line, max_size=10), st.integers(0, len(GOOD)))
def test_law1_raw_lines_are_refused_or_used_never_a_crash_never_ready(lines: list[bytes], where: int) -> None:
    stream = [line.replace(b"\n", b" ") for line in lines]
    skipped: list[RecordError] = []
    states = list(assess_lines(Assessor(PROFILE, CABIN), GOOD[:where] + stream + GOOD[where:], skipped.append))
    assert all(ready_for_takeover(s, PROFILE).readiness != "ready" for s in states)  # 3 s without a blink seen whole: never ready
    assert all(str(error).startswith("line ") and "\n" not in str(error) for error in skipped)


@pytest.mark.requirement("P-14")
def test_P14_same_input_same_bytes() -> None:
    records = drive(20, shut=lambda t: t % 3 < 0.5, zone=lambda t: "lap" if t % 7 < 4 else None)
    assert [encode(s) for s in assess(records)] == [encode(s) for s in assess(records)]
