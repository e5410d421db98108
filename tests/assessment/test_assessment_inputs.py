"""Presence and vehicle inputs, sample by sample, at their limits."""

import msgspec
import pytest
from steps import RULES, STEP, ticks, times

from dms.assessment.presence import Presence
from dms.assessment.vehicle import VehicleInputs, driver_input
from dms.records import VehicleState


def presence(samples: list[tuple[bool | None, bool | None]]) -> Presence:
    """After samples of (face, seat)."""
    one = Presence(RULES.presence)
    for tick, sample in ticks(samples):
        one.step(tick, *sample)  # type: ignore[misc]
    return one


@pytest.mark.requirement("R157-01")
@pytest.mark.parametrize(
    ("samples", "present"),
    [
        ([(True, None)], True),
        ([(True, True)], True),
        ([(None, True)], None),
        ([(True, False)] * 8, True),  # 0.875 s of an empty seat under a face
        ([(True, False)] * 9, False),  # 1 s
        ([(True, False)] * 8 + [(True, True)] + [(True, False)] * 8, True),  # the count begins anew
        ([(False, None)] * 8, None),
        ([(False, None)] * 9, False),
        ([(False, True)] * 30, None),  # a seat that says "taken" stands against a missing face
        ([(False, None)] * 9 + [(True, None)], True),
        ([(False, None)] * 9 + [(None, None)], None),
    ],
)
def test_absent_after_one_second(samples: list[tuple[bool | None, bool | None]], present: bool | None) -> None:
    assert presence(samples).present is present


@pytest.mark.parametrize(("unseen_s", "present"), [(4.75, False), (5.25, None)])
def test_a_face_that_was_gone_is_remembered_behind_bad_pictures_for_ten_times_the_limit(
    unseen_s: float, present: bool | None
) -> None:
    """Gone for 0.375 s, then no usable picture, then gone again for 0.125 s; the limit is half a second."""
    one = Presence(msgspec.structs.replace(RULES.presence, absent_after_s=0.5))
    faces = [*times(3, False), *times(round(unseen_s / STEP), None), *times(2, False)]
    for tick, face in ticks(faces):
        one.step(tick, face, None)  # type: ignore[arg-type]
    assert one.present is present


def test_how_long_the_face_has_been_gone() -> None:
    assert presence([(True, None), *[(False, None)] * 5]).face_gone_s == 0.5
    assert presence([*[(False, None)] * 5, (True, None), (True, None)]).face_gone_s == 0.0
    assert Presence(RULES.presence).empty(5.0, False) is False


@pytest.mark.requirement("FS-08")
@pytest.mark.parametrize(("age", "fresh"), [(0.0, True), (0.5, True), (0.5001, False), (60.0, False)])
def test_inputs_are_unknown_after_half_a_second(age: float, fresh: bool) -> None:
    inputs = VehicleInputs(RULES.vehicle)
    assert inputs.at(3.0) == VehicleState(t=3.0)
    inputs.step(VehicleState(t=3.0, belt=True, speed_kmh=50.0))
    assert inputs.at(3.0 + age).belt is (True if fresh else None)
    inputs.step(VehicleState(t=3.25, speed_kmh=51.0))
    assert inputs.at(3.25).belt is None


@pytest.mark.requirement("R157-03")
@pytest.mark.parametrize(
    ("inputs", "worked"),
    [
        ({}, None), ({"steering_torque_nm": 0.99}, False), ({"steering_torque_nm": 1.0}, True),
        ({"steering_torque_nm": -1.0}, True), ({"brake": True}, True), ({"brake": False}, False), ({"hands_on": True}, True),
        ({"hands_on": False}, False), ({"brake": False, "steering_torque_nm": 2.0}, True),
        ({"speed_kmh": 50.0, "belt": True}, None),
    ],
)  # fmt: skip
def test_what_only_the_driver_can_do(inputs: dict[str, object], worked: bool | None) -> None:
    assert driver_input(VehicleState(t=0.0, **inputs), RULES.availability) is worked  # type: ignore[arg-type]
    if "hands_on" in inputs:
        quiet = msgspec.structs.replace(RULES.availability, hands_on_counts=False)
        assert driver_input(VehicleState(t=0.0, **inputs), quiet) is None  # type: ignore[arg-type]
