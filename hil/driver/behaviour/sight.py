"""What the eyes meet: zones by ray, and targets inside zones.

Vehicle frame as in ISO 8855, mm; shown angles: yaw positive to the driver's right, pitch up, degrees.
"""

import math
from collections.abc import Iterable

import numpy as np

from dms.assessment.geometry import corners, first_hit
from dms.errors import InputError
from dms.records.base import Vector
from dms.records.cabin import Cabin
from dms.records.words import Zone

_TRIES = 16


def minus(a: Vector, b: Vector) -> Vector:
    """a - b."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def ahead(eye: Vector, direction: Vector, distance_mm: float) -> Vector:
    """The point ``distance_mm`` along ``direction``."""
    x, y, z = direction
    return eye[0] + distance_mm * x, eye[1] + distance_mm * y, eye[2] + distance_mm * z


def distance(a: Vector, b: Vector) -> float:
    """Length of the way between two points, mm."""
    return math.dist(a, b)


class Sights:
    """The zones of one cabin as the driver meets them with the eyes."""

    def __init__(self, cabin: Cabin) -> None:
        self._names: list[Zone] = [box.zone for box in cabin.zones]
        self._boxes = [corners(box) for box in cabin.zones]
        self.ocular, self.lens = cabin.ocular_point_mm, cabin.camera.position_mm
        self.inboard = -1.0 if cabin.drive == "lhd" else 1.0
        """Sign of vehicle y towards the middle of the car."""
        self.zones = frozenset(box.zone for box in cabin.zones)

    def zone(self, eye: Vector, direction: Vector) -> Zone:
        """Zone of the nearest box that the line of sight meets; ``other`` when it meets none."""
        hit = first_hit(eye, direction, self._boxes)
        return "other" if hit is None else self._names[hit]

    def point_in(self, zone: Zone, eye: Vector, rng: np.random.Generator) -> Vector:
        """A random point well inside a zone's box that is not hidden behind another zone; mm."""
        boxes = [box for name, box in zip(self._names, self._boxes, strict=True) if name == zone]
        box = boxes[int(rng.integers(len(boxes)))]
        low, high = box[:3], box[3:]
        point = eye
        for attempt in range(_TRIES):
            spread = 0.5 if attempt < _TRIES / 2 else 0.9  # the middle may be hidden, e.g. a window behind the passenger
            mix = 0.5 + spread * (rng.random(3) - 0.5)
            point = tuple(float(lo + (hi - lo) * m) for lo, hi, m in zip(low, high, mix, strict=True))  # type: ignore[assignment]
            if self.zone(eye, minus(point, eye)) == zone:
                break
        return point

    def need(self, zones: Iterable[Zone], where: str) -> None:
        """Refuse zones that the vehicle file lacks.

        Raises:
            InputError: naming the place in the scenario and what is allowed.
        """
        for zone in zones:
            if zone not in self.zones:
                raise InputError(f"{where}: the vehicle file has no zone '{zone}'; allowed: {', '.join(sorted(self.zones))}")
