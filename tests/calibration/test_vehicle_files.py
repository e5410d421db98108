"""Requirements 4.2: the nominal gaze angles hit their zones, left- and right-hand drive."""

import math
from pathlib import Path

import numpy as np
import pytest

from dms.assessment.cabins import EXAMPLES, load_cabin
from dms.assessment.geometry import vehicle_direction
from dms.assessment.zones import ZoneMap
from dms.errors import InputError
from dms.profiles import load_profile
from dms.records import Gaze, Head

RULES = load_profile("l3_default").rules
NOMINAL = [
    ("cluster", 4, -25), ("infotainment", 33, -20), ("rear_mirror", 29, 16), ("driver_mirror", -39, -12),
    ("passenger_mirror", 46, -6), ("glovebox", 53, -23), ("lap", 13, -50), ("knee", 30, -60), ("phone", 23, -13),
    ("passenger", 82, 4), ("driver_window", -80, 0), ("passenger_window", 65, -3), ("footwell", 50, -45), ("rear_seat", 150, -10),
    ("roof", 0, 45), ("road", 0, 0), ("road", 0, 18), ("road", 20, 5), ("road", -20, -3), ("road", 0, -9.5), ("other", 0, -89),
]  # fmt: skip


def zone_map(name: str) -> ZoneMap:
    return ZoneMap(load_cabin(name), RULES.gaze, RULES.attention.road_zones)


def side(name: str) -> int:
    return 1 if name.endswith("lhd") else -1


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("zone", "yaw", "pitch"), NOMINAL)
@pytest.mark.requirement("P-02")
def test_P02_nominal_ray_hits_its_zone(name: str, zone: str, yaw: float, pitch: float) -> None:
    assert zone_map(name).zone(load_cabin(name).ocular_point_mm, vehicle_direction(yaw * side(name), pitch)) == zone


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("zone", "yaw", "pitch"), NOMINAL[:11])
@pytest.mark.requirement("P-02")
def test_P02_same_zone_through_the_camera_frame(name: str, zone: str, yaw: float, pitch: float) -> None:
    cabin = load_cabin(name)
    direction = cabin.camera.rotation().T @ np.array(vehicle_direction(yaw * side(name), pitch))
    x, y, z = (float(v) for v in direction)
    sight = zone_map(name).look(Gaze(direction_camera=(x, y, z), std_deg=2.0))
    assert sight is not None and (sight.zone, sight.by) == (zone, "gaze")
    assert sight.yaw_deg == pytest.approx(yaw * side(name), abs=0.1) and sight.pitch_deg == pytest.approx(pitch, abs=0.1)


@pytest.mark.parametrize("name", EXAMPLES)
def test_camera_is_650_mm_from_the_eyes_on_the_centre_line_and_looks_up_12_degrees(name: str) -> None:
    cabin = load_cabin(name)
    to_eyes = np.asarray(cabin.ocular_point_mm, float) - np.asarray(cabin.camera.position_mm, float)
    forward = cabin.camera.rotation()[:, 2]
    assert np.linalg.norm(to_eyes) == pytest.approx(650, abs=0.5)
    assert to_eyes[1] == 0 and to_eyes @ forward == pytest.approx(650, abs=0.5)
    assert math.degrees(math.asin(forward[2])) == pytest.approx(12, abs=0.01)
    assert (cabin.ocular_point_mm[1] > 0) == (cabin.drive == "lhd")


@pytest.mark.parametrize("name", EXAMPLES)
def test_driver_looking_into_the_distance_ahead_is_12_degrees_above_the_lens(name: str) -> None:
    ahead = load_cabin(name).camera.rotation().T @ np.array([1.0, 0.0, 0.0])
    assert ahead == pytest.approx([0.0, -math.sin(math.radians(12)), -math.cos(math.radians(12))], abs=1e-6)


def test_cabins_are_mirror_images() -> None:
    left, right = (load_cabin(name) for name in EXAMPLES)
    for one, two in zip(left.zones, right.zones, strict=True):
        assert one.zone == two.zone
        assert (one.low_mm[1], one.high_mm[1]) == (-two.high_mm[1], -two.low_mm[1])
        assert one.low_mm[::2] == two.low_mm[::2] and one.high_mm[::2] == two.high_mm[::2]


@pytest.mark.requirement("NV-02")
@pytest.mark.parametrize("forward_mm", [-120.0, 0.0, 120.0])
@pytest.mark.parametrize("up_mm", [-80.0, 0.0, 80.0])
@pytest.mark.parametrize("name", ["example_lhd", "example_rhd"])
def test_NV02_zones_are_met_from_the_eyes_of_small_and_tall_drivers(name: str, up_mm: float, forward_mm: float) -> None:
    """Eye points of a seat pushed forward and back, low and high; the passenger hides the middle of the window behind."""
    cabin, zones = load_cabin(name), zone_map(name)
    x, y, z = cabin.ocular_point_mm
    eye = (x + forward_mm, y, z + up_mm)
    for box in cabin.zones:
        to = [(low + high) / 2 - e for low, high, e in zip(box.low_mm, box.high_mm, eye, strict=True)]
        sight = (to[0] / math.hypot(*to), to[1] / math.hypot(*to), to[2] / math.hypot(*to))
        met = zones.zone(eye, sight)
        assert met == box.zone or (box.zone, met) == ("passenger_window", "passenger")


def test_origin_of_the_eyes_moves_the_zone() -> None:
    """The same direction from a head 150 mm to the left meets another thing: the origin is used, not only the angle."""
    cabin, zones = load_cabin("example_lhd"), zone_map("example_lhd")
    direction = cabin.camera.rotation().T @ np.array(vehicle_direction(23, -13))
    x, y, z = (float(v) for v in direction)
    seen = [
        zones.look(Gaze(direction_camera=(x, y, z), origin_camera_mm=(side_mm, 0.0, 650.0), std_deg=2.0))
        for side_mm in (0.0, 150.0)
    ]
    assert [s.zone for s in seen if s] != ["phone", "phone"] and seen[0] is not None and seen[0].zone == "phone"


@pytest.mark.parametrize(("yaw", "pitch", "std", "zone"), [
    (0, -6, 3, "road"), (0, -10, 3, "unknown"), (0, -10, 15, "unknown"), (4, -25, 11, "cluster"), (4, -25, 18, "unknown"),
    (-80, 0, 20, "driver_window"),
])  # fmt: skip
def test_uncertain_gaze_is_unknown_only_where_road_and_off_road_are_alike(
    yaw: float, pitch: float, std: float, zone: str
) -> None:
    direction = load_cabin("example_lhd").camera.rotation().T @ np.array(vehicle_direction(yaw, pitch))
    x, y, z = (float(v) for v in direction)
    sight = zone_map("example_lhd").look(Gaze(direction_camera=(x, y, z), std_deg=std))
    assert sight is not None and sight.zone == zone


def test_head_pose_stands_in_without_gaze() -> None:
    sight = zone_map("example_lhd").look(None, Head(forward_camera=(0.0, 0.0, -1.0), up_camera=(0.0, -1.0, 0.0)))
    assert sight is not None and sight.by == "head"
    assert zone_map("example_lhd").look(None) is None


GOOD = (Path(__file__).parents[2] / "calibration/vehicles/example_lhd.yaml").read_text()


@pytest.mark.parametrize(("old", "new", "words"), [
    ("zone: road", "zone: other", "it has no zone 'road' ahead of ocular_point_mm"),
    ("low_mm: [2400,", "low_mm: [2500,", "zone road has low_mm not below high_mm"),
    ("low_mm: [2400,", "low_mm: [.nan,", "zone road has a corner that is not a finite number"),
    ("high_mm: [2410, 870", "high_mm: [2410, .inf", "zone road has a corner that is not a finite number"),
    ("zone: lap", "zone: leg", "Invalid enum value 'leg'"),
    ("zone: lap", "zone: unknown", "no zone may be called 'unknown'"),
    ("drive: lhd", "drive: rhd", "zone driver_window is on the wrong side of ocular_point_mm for drive: rhd"),
    ("drive: lhd", "drive: left", "Invalid enum value 'left'"),
    ("ocular_point_mm: [1500", "ocular_point_mm: [2300", "the camera looks away from ocular_point_mm"),
    ("ocular_point_mm: [1500, 370, 1220]", "ocular_point_mm: [1500, 370, 1505]", "zone roof encloses ocular_point_mm"),
    ("forward: [-0.978148", "forward: [0.978148", "the camera looks away from ocular_point_mm"),
    ("ocular_point_mm:", "eye_point_mm:", "unknown field `eye_point_mm`"),
    ("zones:", "zone:", "unknown field `zone`"),
    ("name: example_lhd", "name: [", "is not a usable vehicle file"),
])  # fmt: skip
@pytest.mark.requirement("P-02")
def test_unusable_vehicle_files_are_refused_in_one_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GOOD
    path = tmp_path / "car.yaml"
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_cabin(str(path))
    assert words in str(caught.value) and "\n" not in str(caught.value) and "car.yaml" in str(caught.value)


def test_a_missing_vehicle_file_names_the_examples(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .*; give a vehicle file or one of example_lhd, example_rhd"):
        load_cabin(str(tmp_path / "none.yaml"))
