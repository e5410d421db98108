"""Lines of sight and boxes: angles, and the angle between a ray and a box against brute force."""

import math
import random

import numpy as np
import pytest

from dms.assessment.cabins import load_cabin
from dms.assessment.geometry import Box, angle_to_box_deg, corners, first_hit, vehicle_angles, vehicle_direction
from dms.records.base import Vector

CABIN = load_cabin("example_lhd")


def brute_angle_deg(eye: Vector, ray: Vector, box: Box, steps: int = 80) -> float:
    """Smallest angle to a fine grid over the six faces."""
    axes = [np.linspace(box[i], box[i + 3], steps) - eye[i] for i in range(3)]
    best = -1.0
    for axis in range(3):
        for end in (0, -1):
            parts = [*axes]
            parts[axis] = axes[axis][[end]]
            points = np.stack(np.meshgrid(*parts), axis=-1).reshape(-1, 3)
            best = max(best, float((points @ np.array(ray) / np.linalg.norm(points, axis=1)).max()))
    return math.degrees(math.acos(min(1.0, best)))


def test_angles_go_round() -> None:
    assert vehicle_angles(vehicle_direction(33, -20)) == pytest.approx((33, -20))


@pytest.mark.parametrize("offset", [1.0, 5.0, 20.0, 60.0])
def test_angle_to_a_box_is_the_angle_beyond_its_edge(offset: float) -> None:
    box = (1000.0, -100.0, -100.0, 1010.0, 100.0, 100.0)
    edge = math.degrees(math.atan2(100, 1000))
    assert angle_to_box_deg((0.0, 0.0, 0.0), vehicle_direction(edge + offset, 0), box) == pytest.approx(offset, abs=0.05)


def test_P02_angle_to_every_box_of_a_cabin_against_brute_force() -> None:
    """Never more than a grid finds, and less only by its step (20 mm on the roof, 280 mm away)."""
    rng, checked = random.Random(1), 0
    for zone in CABIN.zones:
        for _ in range(25):
            ray = vehicle_direction(rng.uniform(-120, 120), rng.uniform(-70, 50))
            expected = brute_angle_deg(CABIN.ocular_point_mm, ray, corners(zone))
            if expected < 90.0:
                checked += 1
                found = angle_to_box_deg(CABIN.ocular_point_mm, ray, corners(zone))
                assert expected - 1.0 < found < expected + 1e-4, zone.zone
    assert checked > 200


def test_angle_to_a_box_is_zero_exactly_where_the_ray_meets_it() -> None:
    rng = random.Random(2)
    boxes = [corners(zone) for zone in CABIN.zones]
    for _ in range(1000):
        ray = vehicle_direction(rng.uniform(-180, 180), rng.uniform(-80, 60))
        for box in boxes:
            met = first_hit(CABIN.ocular_point_mm, ray, [box]) is not None
            assert (angle_to_box_deg(CABIN.ocular_point_mm, ray, box) < 0.05) == met or abs_edge(ray, box) < 0.1


def abs_edge(ray: Vector, box: Box) -> float:
    """Degrees by which a ray is inside or outside the box's outline; only near zero where either answer is right."""
    yaw, pitch = vehicle_angles(ray)
    around = [vehicle_direction(yaw + dy, pitch + dp) for dy, dp in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1))]
    return 0.0 if len({first_hit(CABIN.ocular_point_mm, one, [box]) is None for one in around}) == 2 else 1.0
