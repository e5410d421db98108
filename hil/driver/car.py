"""What the body and the drawn cabin must agree on: the steering wheel. Vehicle frame, mm."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dms.records.cabin import Cabin

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A steering wheel: a ring of ``radius_mm`` (middle of the rim), leaning ``tilt_deg`` forward from upright."""

    centre_mm: tuple[float, float, float]
    radius_mm: float = 185.0
    rim_mm: float = 15.0
    tilt_deg: float = 24.0

    @property
    def axes(self) -> Array:
        """3 x 3, columns: towards the driver, to the left, up along the ring."""
        a = math.radians(self.tilt_deg)
        return np.array([[-math.cos(a), 0.0, math.sin(a)], [0.0, 1.0, 0.0], [math.sin(a), 0.0, math.cos(a)]])

    def rim(self, clock: float) -> tuple[Array, Array]:
        """Middle of the rim at a place of the clock as the driver sees it (12 on top, 3 on the right), and the way outwards."""
        angle = math.radians(clock * 30.0)
        outward = self.axes @ np.array([0.0, -math.sin(angle), math.cos(angle)])
        return np.asarray(self.centre_mm) + self.radius_mm * outward, outward


def wheel_of(cabin: Cabin) -> Wheel:
    """The wheel of a vehicle file, placed from the driver's eyes as in ordinary cars."""
    x, y, z = cabin.ocular_point_mm
    return Wheel((x + 430.0, y, z - 350.0))
