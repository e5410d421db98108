"""Records refuse what may not enter, whoever builds them, and survive the way through text."""

import json
import math
import sys
import typing
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dms.errors import RecordError
from dms.records import Eye, Gaze, Head, Observation, TakeoverReadiness, VehicleState, words
from dms.records import driver as driver_records
from dms.records import observation as observation_records
from dms.records import takeover as takeover_records
from dms.records.base import Part
from dms.records.jsonl import decode_input, decode_state, encode

settings.register_profile("records", deadline=None)
settings.load_profile("records")

LARGEST = sys.float_info.max
PARTS = sorted(
    {
        cls
        for module in (observation_records, driver_records, takeover_records)
        for cls in vars(module).values()
        if isinstance(cls, type) and issubclass(cls, Part) and cls is not Part
    }
    | {VehicleState},
    key=lambda cls: cls.__name__,
)
UNIT = (0.0, 0.0, -1.0)
NEEDED: dict[str, dict[str, Any]] = {
    "Face": {"present": True},
    "Head": {"forward_camera": UNIT, "up_camera": (0.0, -1.0, 0.0)},
    "Gaze": {"direction_camera": UNIT},
    "Blink": {"start": 0.0, "end": 0.1},
    "Foretold": {"microsleep": 0.0, "sleep": 0.0, "nod": 0.0},
    "ProfileId": {"name": "l3_default", "version": 1, "hash": "0123456789abcdef", "trust": "manifest"},
    **{name: {"t": 0.0} for name in ("Observation", "DriverState", "TakeoverReadiness", "VehicleState")},
}
"""What must be given, for records that have no empty form."""


def numeric_fields() -> list[tuple[type[Part], str, float, float]]:
    """(record, field, low, high) of every number in every record, read from the types as msgspec sees them."""
    found = []
    for cls in PARTS:
        for field in msgspec.inspect.type_info(cls).fields:  # type: ignore[attr-defined]
            for kind in getattr(field.type, "types", (field.type,)):
                if isinstance(kind, msgspec.inspect.Metadata):
                    kind = kind.type
                if isinstance(kind, (msgspec.inspect.FloatType, msgspec.inspect.IntType)):
                    low = -math.inf if kind.ge is None else float(kind.ge)
                    high = math.inf if kind.le is None else float(kind.le)
                    found.append((cls, field.name, low, high))
    return found


FIELDS = numeric_fields()
IDS = [f"{cls.__name__}.{name}" for cls, name, _, _ in FIELDS]


def test_every_record_and_number_is_looked_at() -> None:
    assert len(PARTS) == 23 and len(FIELDS) > 40
    assert {"Eye.closed", "Head.yaw_deg", "VehicleState.speed_kmh", "TakeoverReadiness.level", "Blink.start"} <= set(IDS)


@pytest.mark.parametrize(("cls", "name", "low", "high"), FIELDS, ids=IDS)
def test_number_out_of_bounds_is_refused_by_the_constructor_with_its_name(
    cls: type[Part], name: str, low: float, high: float
) -> None:
    bad = [math.nan, math.inf, -math.inf]
    bad += [low - 1 if abs(low) < 1e9 else -math.inf] if low > -LARGEST else []
    bad += [high + 1] if high < LARGEST else []
    for value in bad:
        with pytest.raises(RecordError, match=rf"^{name} = "):
            cls(**{**NEEDED.get(cls.__name__, {}), name: value})
    for value in (v for v in (low, high) if abs(v) < LARGEST):
        cls(**{**NEEDED.get(cls.__name__, {}), name: value})


@pytest.mark.parametrize(("cls", "name", "low", "high"), FIELDS, ids=IDS)
def test_number_out_of_bounds_is_refused_in_text_with_its_name(cls: type[Part], name: str, low: float, high: float) -> None:
    decoder = msgspec.json.Decoder(cls)
    texts = ["1e400", "-1e400", "NaN", '"1"', "true", "[]"]
    texts += [repr(low - 1)] if low > -LARGEST else []
    texts += [repr(high + 1)] if high < LARGEST else []
    base = json.loads(encode(cls(**NEEDED.get(cls.__name__, {}))))
    for text in texts:
        line = json.dumps({**base, name: "@"}).replace('"@"', text)
        with pytest.raises((msgspec.MsgspecError, RecordError)) as caught:
            decoder.decode(line)
        if text not in ("NaN", "1e400", "-1e400"):  # no JSON, or too large: msgspec names the place in the line instead
            assert name in str(caught.value), text


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (lambda v: Head(forward_camera=v, up_camera=(0.0, -1.0, 0.0)), "forward_camera"),
        (lambda v: Head(forward_camera=UNIT, up_camera=v), "up_camera"),
        (lambda v: Gaze(direction_camera=v), "direction_camera"),
    ],
)
@pytest.mark.parametrize(
    "vector", [(0.0, 0.0, 0.0), (0.0, 0.0, -1.1), (math.nan, 0.0, -1.0), (0.0, math.inf, 0.0), (0.0, 0.0, None)]
)
def test_direction_must_be_a_finite_unit_vector(build: Any, name: str, vector: tuple[float, ...]) -> None:
    with pytest.raises(RecordError, match=rf"^{name} = .*(unit vector|finite)"):
        build(vector)


def test_position_need_not_be_a_unit_vector_but_finite() -> None:
    assert Gaze(direction_camera=UNIT, origin_camera_mm=(1.0, 2.0, 650.0)).origin_camera_mm == (1.0, 2.0, 650.0)
    with pytest.raises(RecordError, match="origin_camera_mm"):
        Gaze(direction_camera=UNIT, origin_camera_mm=(1.0, 2.0, math.nan))


def test_records_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Eye(closed=0.5).closed = 0.1  # type: ignore[misc]


def test_unknown_is_none_and_never_a_number() -> None:
    for cls in (Eye, observation_records.Mouth, observation_records.Objects, observation_records.Image):
        assert set(json.loads(encode(cls())).values()) == {None}
    state = TakeoverReadiness(t=1.0)
    assert (state.readiness, state.level, state.readiness_score, state.availability.available) == ("unknown", 0, None, None)
    assert VehicleState(t=1.0).belt is None


def test_vocabularies_are_the_contract_s() -> None:
    assert " ".join(typing.get_args(words.Zone)) == (
        "road cluster infotainment rear_mirror driver_mirror passenger_mirror glovebox lap knee phone footwell passenger "
        "driver_window passenger_window rear_seat roof other unknown"
    )
    assert " ".join(typing.get_args(words.Readiness)) == "ready ready_delayed not_ready impaired unresponsive unknown"
    assert " ".join(typing.get_args(words.L3State)) == "inactive available active takeover_request minimum_risk fault"
    assert " ".join(typing.get_args(words.Criterion)) == "gaze_road gaze_mirror head_movement"
    assert " ".join(typing.get_args(words.AvailabilityCriterion)) == "vehicle_input blink eye_closure head_movement body_movement"
    assert " ".join(typing.get_args(words.WarningClass)) == (
        "long_distraction short_distraction phone hands_off drowsy microsleep sleep unresponsive camera"
    )


number = st.floats(0, 1)
seconds = st.floats(0, 1e6)
degrees = st.floats(-180, 180)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def units(draw: st.DrawFn) -> tuple[float, float, float]:
    yaw, pitch = draw(st.floats(-math.pi, math.pi)), draw(st.floats(-1.5, 1.5))
    return math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)


eyes = st.builds(
    Eye, visible=maybe(number), opening_mm=maybe(st.floats(0, 20)), openness=maybe(st.floats(0, 2)), closed=maybe(number)
)
gazes = st.builds(Gaze, direction_camera=units(), yaw_deg=maybe(degrees), std_deg=maybe(st.floats(0, 180)))
heads = st.builds(Head, forward_camera=units(), up_camera=units(), roll_deg=maybe(degrees))
hands = st.builds(
    observation_records.Hand, side=maybe(st.sampled_from(["left", "right"])), fingers=maybe(st.integers(0, 5)),
    landmarks_px=maybe(st.lists(st.tuples(number, number), min_size=21, max_size=21)),
)  # fmt: skip
observations = st.builds(
    Observation, t=seconds, source=st.text(max_size=20), frame=maybe(st.integers(0, 1 << 40)), head=maybe(heads),
    gaze=maybe(gazes), eyes=maybe(st.dictionaries(st.sampled_from(["left", "right", "unknown"]), eyes)),
    hands=maybe(st.lists(hands, max_size=2)), zone=maybe(st.sampled_from(typing.get_args(words.Zone))),
)  # fmt: skip
vehicles = st.builds(
    VehicleState, t=seconds, speed_kmh=maybe(st.floats(0, 500)), gear=maybe(st.sampled_from("PRND")), belt=maybe(st.booleans()),
    l3_state=maybe(st.sampled_from(typing.get_args(words.L3State))), takeover_request_count=maybe(st.integers(0, 15)),
)  # fmt: skip
states = st.builds(
    TakeoverReadiness, t=seconds, readiness=st.sampled_from(typing.get_args(words.Readiness)), level=st.integers(0, 5),
    readiness_score=maybe(number), takeover_time_s=maybe(st.floats(0, 60)), because=st.lists(st.text(max_size=30), max_size=3),
    warning=st.builds(
        takeover_records.Warning, class_=maybe(st.sampled_from(typing.get_args(words.WarningClass))), stage=st.integers(0, 3)
    ),
)  # fmt: skip


@given(record=observations | vehicles)
def test_input_records_survive_the_way_through_text(record: Observation | VehicleState) -> None:
    line = encode(record)
    assert b"\n" not in line and line.startswith(b'{"schema":"dms.')
    assert decode_input(line) == record
    assert encode(decode_input(line)) == line


@given(record=states)
def test_state_records_survive_the_way_through_text(record: TakeoverReadiness) -> None:
    assert decode_state(encode(record)) == record


@given(line=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_give_a_record_or_a_record_error_with_the_line(line: bytes) -> None:
    try:
        decode_input(line, 17)
    except RecordError as error:
        text = str(error)
        assert text.startswith("line 17: ") and "\n" not in text
