"""A driver file applied to records that perception wrote without it; records that it corrected are left as they are."""

import math

from msgspec.structs import replace

from dms.errors import RecordError
from dms.records import Observation
from dms.records.cabin import UNKNOWN_DRIVER_STD_DEG, DriverBaseline
from dms.records.head_axes import head_axes


def with_driver_file(observation: Observation, driver: DriverBaseline | None) -> Observation:
    """The observation with this driver's gaze.

    The direction is corrected as perception does it, in the head's axes. The uncertainty loses what an unknown driver had
    added: exactly so for a pair of well-seen eyes, and rather too little for the rest. A gaze without a head is dropped.

    Raises:
        RecordError: the reading was corrected with another driver's file.
    """
    gaze = observation.gaze
    if driver is None or gaze is None or gaze.driver == driver.name:
        return observation
    if gaze.driver is not None:
        raise RecordError(f"the gaze was corrected with the driver file of {gaze.driver}, not of {driver.name}")
    axes = None if observation.head is None else head_axes(observation.head)
    if axes is None:
        return replace(observation, gaze=None)
    direction = axes.direction_camera(*driver.corrected(*axes.angles_deg(gaze.direction_camera)))
    std = None if gaze.std_deg is None else math.hypot(_beyond(gaze.std_deg), driver.gaze_std_deg)
    return replace(
        observation, gaze=replace(gaze, direction_camera=direction, yaw_deg=None, pitch_deg=None, std_deg=std, driver=driver.name)
    )


def _beyond(std_deg: float) -> float:
    """What a reading is unsure of besides the unknown driver."""
    return math.sqrt(max(0.0, std_deg**2 - UNKNOWN_DRIVER_STD_DEG**2))
