"""Scenario files: the shipped ones, the schema beside them, and mistakes."""

import json
from pathlib import Path

import msgspec
import pytest

from dms.assessment.cabins import load_cabin
from dms.errors import InputError
from hil.driver.behaviour import scenario as module
from hil.driver.behaviour.director import Director
from hil.driver.behaviour.parts import Gesturing, LookAt
from hil.driver.behaviour.scenario import decode_scenario, load_scenario, schema, shipped

HEAD = "name: mine\nabout: a test\nduration_s: 10\n"
WANTED = {
    "attentive", "long_glance", "phone", "drowsy", "microsleep", "sleep", "slump", "sunglasses", "yawns", "eating_drinking",
    "gestures", "cockpit", "takeover", "low_sun", "night_tunnel", "leaving_seat", "closed_loop", "sample", "shots", "passenger",
}  # fmt: skip


def decode(extra: str) -> module.Scenario:
    return decode_scenario((HEAD + extra).encode(), "mine.yaml")


def test_all_scenarios_are_shipped() -> None:
    assert set(shipped()) == WANTED


@pytest.mark.parametrize("name", sorted(WANTED))
def test_shipped_scenario_runs(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    moment = Director(scenario, load_cabin(scenario.vehicle)).step(0.5)
    assert moment.t == 0.5


def test_schema_file_is_current() -> None:
    path = Path(module.__file__).with_name("scenario.schema.json")
    assert json.loads(path.read_text(encoding="utf-8")) == json.loads(json.dumps(schema()))


def test_every_gesture_is_shown_once() -> None:
    shown = [part.gesture for part in load_scenario("gestures").parts if isinstance(part, Gesturing)]
    enum = schema()["$defs"]["Gesturing"]["properties"]["gesture"]["enum"]
    assert sorted(shown) == sorted(enum)


@pytest.mark.parametrize(
    ("extra", "field", "allowed"),
    [
        ("parts: [{at: 1, for: 2, do: look, zone: nowhere}]", "parts[0].zone", "infotainment"),
        ("parts: [{at: 1, for: 2, do: lok, zone: road}]", "parts[0].do", "microsleep"),
        ("parts: [{at: 1, do: look, zone: road}]", "parts[0]", "for (needed)"),
        ("parts: [{at: 1, for: 2, do: eat, x: 1}]", "parts[0]", "hand"),
        ("parts: [{at: 1, for: 20, do: eat}]", "parts[0]", "duration_s = 10"),
        ("parts: [{at: 1, for: 2, do: yawn}]", "parts[0].for", "from 4 up to 7"),
        ("mood: {kss: [{at: 0, value: 12}]}", "mood.kss[0].value", "from 1 up to 9"),
        ("mood: {kss: [{at: 5, value: 2}, {at: 1, value: 3}]}", "mood.kss", "each later"),
        ("mood: {kss: []}", "mood.kss", "one keyframe"),
        ("light: {family: on}", "light.family", "low_sun"),
        ("camera: {size: [10, 20]}", "camera.size[0]", "from 64"),
        ("driver: {look: {hat: [1]}}", "driver.look", "string"),
        ("speed: 3", "speed", "takeover"),
        ("parts: [{at: 1, do: takeover_request, hands_on_s: 5, taken_over_s: 3}]", "parts[0].hands_on_s", "hands first"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_line(extra: str, field: str, allowed: str) -> None:
    with pytest.raises(InputError) as caught:
        decode(extra)
    line = str(caught.value)
    assert line.startswith("mine.yaml: ") and "\n" not in line
    assert field in line and allowed in line.split("allowed:")[1]


def test_not_yaml_and_not_there() -> None:
    with pytest.raises(InputError, match=r"mine\.yaml is not YAML"):
        decode("parts: [")
    with pytest.raises(InputError, match="give a file or one of attentive"):
        load_scenario("no/such/file.yaml")


def test_a_zone_the_vehicle_lacks() -> None:
    whole = load_cabin("example_lhd")
    cabin = msgspec.structs.replace(whole, zones=[box for box in whole.zones if box.zone != "knee"])
    with pytest.raises(InputError, match=r"mine: parts\[0\]\.zone: the vehicle file has no zone 'knee'; allowed: .*road"):
        Director(decode("parts: [{at: 1, for: 2, do: look, zone: knee}]"), cabin)


@pytest.mark.parametrize("vehicle", ["example_lhd", "example_rhd"])
def test_the_lens_can_be_looked_at_in_any_car(vehicle: str) -> None:
    """For calibration: once there, the eyes stay on the camera of the vehicle file but for their own small drift."""
    cabin = load_cabin(vehicle)
    director = Director(decode("parts: [{at: 1, for: 3, do: look, zone: lens}]"), cabin)
    targets = [director.step(i / 30).pose.gaze_target_mm for i in range(150)]
    assert all(t == pytest.approx(cabin.camera.position_mm, abs=5.0) for t in targets[50:118])
    assert all(abs(t[0] - cabin.camera.position_mm[0]) > 1000 for t in (targets[20], targets[140]))


def test_looks_change_in_cuts() -> None:
    scenario = load_scenario("sunglasses")
    assert scenario.looks_at(19.9)["eyewear"] == "clear"
    assert scenario.looks_at(20.0)["eyewear"] == "sunglasses_clear"
    assert scenario.looks_at(55.0)["eyewear"] == "sunglasses_opaque"
    assert load_scenario("attentive").looks_at(10.0) == {}


def test_parts_are_typed() -> None:
    part = decode("parts: [{at: 1, for: 2, do: look, zone: road}]").parts[0]
    assert isinstance(part, LookAt) and part.for_s == 2.0
