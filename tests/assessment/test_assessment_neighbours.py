"""What a line of sight passes beside, in standard deviations."""

import pytest
from drives import CABIN, PROFILE

from dms.assessment.geometry import vehicle_direction
from dms.assessment.neighbours import Neighbours
from dms.assessment.zones import ZoneMap
from dms.records import Gaze

NEIGHBOURS = Neighbours(CABIN, PROFILE.rules.attention)
EYES = CABIN.ocular_point_mm


def beside(yaw_deg: float, pitch_deg: float, std_deg: float) -> tuple[float, float]:
    return NEIGHBOURS.beside(EYES, vehicle_direction(yaw_deg, pitch_deg), std_deg)


@pytest.mark.requirement("R157-10")
@pytest.mark.parametrize(
    ("yaw", "pitch", "std", "other", "mirror"),
    [
        (0.0, 0.0, 5.5, 2.0, 2.0),  # the road ahead: nothing within two deviations
        (23.0, -13.0, 5.5, 0.0, 2.0),  # a phone in its holder
        (23.0, -4.0, 5.5, 1.14, 2.0),  # 6 degrees above the phone's upper rim
        (23.0, -4.0, 3.0, 2.0, 2.0),  # a surer reading may come nearer
        (29.0, 16.0, 5.5, 2.0, 0.0),  # the inside mirror
        (14.0, 14.0, 5.5, 2.0, 0.6),  # beside it
        (41.0, -9.0, 5.5, 0.77, 0.4),  # between the right mirror and the display
    ],
)
def test_how_far_other_things_lie(yaw: float, pitch: float, std: float, other: float, mirror: float) -> None:
    assert beside(yaw, pitch, std) == pytest.approx((other, mirror), abs=0.12)


def test_a_reading_that_states_no_doubt_is_compared_all_the_same() -> None:
    assert beside(0.0, 0.0, 0.0) == (2.0, 2.0)
    assert beside(23.0, -9.0, 0.0) == (2.0, 2.0)  # more than a degree above the phone


def test_told_in_hundredths_of_a_deviation() -> None:
    assert beside(23.0, -3.0, 5.5)[0] == 1.24  # of 1.2413


def test_only_a_look_at_the_driving_task_tells_what_is_beside_it() -> None:
    zones = ZoneMap(CABIN, PROFILE.rules.gaze, ["road"], attention=PROFILE.rules.attention)

    def told(yaw: float, pitch: float) -> tuple[float | None, float | None]:
        x, y, z = CABIN.camera.rotation().T @ vehicle_direction(yaw, pitch)
        sight = zones.look(Gaze(direction_camera=(float(x), float(y), float(z)), std_deg=5.5))
        assert sight is not None
        return sight.other_std, sight.mirror_std

    assert told(0.0, 0.0) == (2.0, 2.0)
    assert told(29.0, 16.0)[1] == 0.0
    assert told(33.0, -20.0) == (None, None)
