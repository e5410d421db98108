"""What the eyes meet: zones by ray, targets inside zones, and the angles of a direction.

Vehicle frame as in ISO 8855, mm; shown angles: yaw positive to the driver's right, pitch up, degrees.
"""

import math
from collections.abc import Iterable

import numpy as np

from dms.errors import InputError
from dms.records.base import Vector
from dms.records.cabin import Cabin
from dms.records.words import Zone

_TINY = 1e-9
_TRIES = 16


def angles_of(v: Vector) -> tuple[float, float]:
    """Yaw and pitch of a direction, degrees."""
    x, y, z = v
    return math.degrees(math.atan2(-y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def direction_of(yaw_deg: float, pitch_deg: float) -> Vector:
    """Unit vector with these angles."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return math.cos(yaw) * math.cos(pitch), -math.sin(yaw) * math.cos(pitch), math.sin(pitch)


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
        self._boxes = [(box.zone, box.low_mm, box.high_mm) for box in cabin.zones]
        self.ocular, self.lens = cabin.ocular_point_mm, cabin.camera.position_mm
        self.inboard = -1.0 if cabin.drive == "lhd" else 1.0
        """Sign of vehicle y towards the middle of the car."""
        self.zones = frozenset(box.zone for box in cabin.zones)

    def zone(self, eye: Vector, direction: Vector) -> Zone:
        """Zone of the nearest box that the line of sight meets; ``other`` when it meets none."""
        best: Zone = "other"
        nearest = math.inf
        inverse = [1.0 / (v if abs(v) > _TINY else _TINY) for v in direction]
        for name, low, high in self._boxes:
            near, far = 0.0, nearest
            for axis in range(3):
                one, two = (low[axis] - eye[axis]) * inverse[axis], (high[axis] - eye[axis]) * inverse[axis]
                near, far = max(near, min(one, two)), min(far, max(one, two))
                if near > far:
                    break
            else:
                best, nearest = name, near
        return best

    def point_in(self, zone: Zone, eye: Vector, rng: np.random.Generator) -> Vector:
        """A random point well inside a zone's box that is not hidden behind another zone; mm."""
        boxes = [(low, high) for name, low, high in self._boxes if name == zone]
        low, high = boxes[int(rng.integers(len(boxes)))]
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
