"""ADDW-01, P-02: the three areas of the EU's distraction rule, ray by ray, left- and right-hand drive."""

import math

import pytest

from dms.assessment.addw_areas import AddwAreas, Area, below_plane, outside_side_planes
from dms.assessment.cabins import EXAMPLES, load_cabin
from dms.profiles import load_profile
from dms.records.words import Zone

LOW_GAZE = load_profile("l3_default").rules.low_gaze
assert LOW_GAZE is not None
NEAR = 54.9
"""Just inside the side planes."""

RAYS: list[tuple[float, float, Area | None]] = [
    # straight ahead, downwards: windscreen to -10 degrees at the centre line, its margin to -20, the plane at -30
    (0, 0, 2), (0, 19, 2), (0, -9.9, 2), (0, -19.9, 2), (0, -20.2, None), (0, -25, None),
    (0, -29.9, None), (0, -30.1, 3), (0, -89, 3),
    # what drivers look at: cluster, display, phone in the lap, on the knee, in the footwell, mirrors, glovebox
    (4, -25, None), (33, -20, None), (13, -50, 3), (30, -60, 3), (50, -45, 3), (29, 16, 2), (46, -6, 2), (53, -23, 3),
    # the side planes
    (NEAR, -60, 3), (55.1, -60, 1), (-NEAR, -60, 3), (-55.1, -60, 1), (NEAR, -5, 2), (55.1, -5, 1), (-80, 0, 1), (82, 4, 1),
    # behind and above
    (150, -10, 1), (180, -45, 1), (-170, -80, 1), (0, 89, None),
    # the driver's own window with its margin reaches below the plane
    (-54, -29, 2), (-54, -31, 3),
]  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(("yaw", "pitch", "area"), RAYS)
@pytest.mark.requirement("ADDW-01", "P-02")
def test_ADDW01_P02_area_of_a_ray(name: str, yaw: float, pitch: float, area: Area | None) -> None:
    side = 1 if name.endswith("lhd") else -1
    assert AddwAreas(LOW_GAZE, load_cabin(name)).area(side * yaw, pitch) == area


@pytest.mark.parametrize(("yaw", "outside"), [(54.9, False), (55.1, True), (-54.9, False), (-55.1, True), (180.0, True)])
@pytest.mark.requirement("ADDW-01")
def test_ADDW01_side_planes(yaw: float, outside: bool) -> None:
    assert outside_side_planes(yaw, 55.0) == outside


@pytest.mark.parametrize("yaw", [0.0, 20.0, -40.0, 54.9])
@pytest.mark.parametrize(("straight", "below"), [(29.9, False), (30.1, True)])
@pytest.mark.requirement("ADDW-01")
def test_ADDW01_the_lower_border_is_a_plane_not_a_cone(yaw: float, straight: float, below: bool) -> None:
    """A point of a plane that drops by ``straight`` degrees ahead is seen less steeply towards the side."""
    drop = math.tan(math.radians(straight)) * math.cos(math.radians(yaw))
    assert below_plane(yaw, -math.degrees(math.atan(drop)), 30.0) == below


@pytest.mark.parametrize(("zone", "area"), [
    ("lap", 3), ("knee", 3), ("footwell", 3), ("road", 2), ("driver_window", 2), ("roof", 1), ("cluster", None),
    ("unknown", None),
])  # fmt: skip
@pytest.mark.requirement("ADDW-01")
def test_ADDW01_a_record_that_only_names_a_zone(zone: Zone, area: Area | None) -> None:
    assert AddwAreas(LOW_GAZE, load_cabin("example_lhd")).area(None, None, zone) == area


@pytest.mark.requirement("ADDW-01")
def test_ADDW01_what_the_eyes_meet_counts_where_the_direction_alone_would_not() -> None:
    areas = AddwAreas(LOW_GAZE, load_cabin("example_lhd"))
    assert areas.area(-54, -31) == 3 and areas.area(-54, -31, "driver_window") == 2  # a head further down sees the window there
    assert areas.area(0, 60, "roof") == 1
