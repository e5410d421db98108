"""From a line of sight to a gaze zone: boxes of the vehicle file, uncertainty, and flicker.

All geometry is in the vehicle frame (ISO 8855: x forward, y left, z up, mm).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dms.profiles.rules import GazeRules
from dms.records import Observation
from dms.records.angles import direction_from, yaw_pitch_deg
from dms.records.base import Vector
from dms.records.cabin import Cabin, DriverBaseline
from dms.records.words import Zone

Array = NDArray[np.float64]
Box = tuple[float, float, float, float, float, float]
"""Low corner x, y, z, then high corner x, y, z."""
_TINY = 1e-9
_FAR_MM = 1e5


class Sight(NamedTuple):
    """One line of sight and the zone it meets; ``by`` says what it rests on, ``std_deg`` how sure it is."""

    zone: Zone
    by: str
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    std_deg: float | None = None


class ZoneMap:
    """The zones of one cabin, seen from a driver's eyes; ``driver`` tells how this nose points off the line of sight."""

    def __init__(self, cabin: Cabin, rules: GazeRules, road_zones: list[Zone], driver: DriverBaseline | None = None) -> None:
        self._rules = rules
        self._neutral = (driver.head_yaw_deg, driver.head_pitch_deg) if driver is not None else (0.0, 0.0)
        self._road = frozenset(road_zones)
        self._names: list[Zone] = [box.zone for box in cabin.zones]
        self._low = np.array([box.low_mm for box in cabin.zones], float).reshape(-1, 3)
        self._high = np.array([box.high_mm for box in cabin.zones], float).reshape(-1, 3)
        self._is_road = np.array([name in self._road for name in self._names], bool)
        self._boxes: list[Box] = [(*box.low_mm, *box.high_mm) for box in cabin.zones]
        one, two, three = (tuple(float(v) for v in row) for row in cabin.camera.rotation())
        self._rotation = (*one, *two, *three)
        self._camera = cabin.camera.position_mm
        self._ocular = cabin.ocular_point_mm

    def look(self, observation: Observation) -> Sight | None:
        """Zone of an observation's gaze; head pose stands in without gaze; ``None`` without both."""
        gaze, head = observation.gaze, observation.head
        if gaze is not None:
            return self._sight("gaze", gaze.direction_camera, gaze.origin_camera_mm, gaze.std_deg)
        if head is not None:
            return self._sight("head", self._from_head(head.forward_camera), head.position_camera_mm, head.std_deg)
        return None

    def _from_head(self, forward: Vector) -> Vector:
        if self._neutral == (0.0, 0.0):
            return forward
        yaw, pitch = yaw_pitch_deg(np.array(forward))
        x, y, z = direction_from(yaw + self._neutral[0], pitch + self._neutral[1])
        return float(x), float(y), float(z)

    def _sight(self, by: str, direction_camera: Vector, origin_camera: Vector | None, std: float | None) -> Sight:
        direction = self._turn(direction_camera)
        origin = self._ocular if origin_camera is None else _plus(self._camera, self._turn(origin_camera))
        spread = self._rules.default_std_deg if std is None else std
        zone = self.zone(origin, direction)
        if spread > self._rules.std_max_deg and self._either(zone, origin, direction, spread):
            zone = "unknown"
        yaw, pitch = vehicle_angles(direction)
        return Sight(zone, by, round(yaw, 1), round(pitch, 1), spread)

    def _turn(self, v: Vector) -> Vector:
        """Camera frame to vehicle frame. Plain floats: numpy costs more than it saves on three numbers."""
        a, b, c, d, e, f, g, h, i = self._rotation
        x, y, z = v
        return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z

    def zone(self, origin: Vector, direction: Vector) -> Zone:
        """The nearest box that the ray hits, else the angularly nearest one within the margin, else ``other``."""
        hit = _first_hit(origin, direction, self._boxes)
        if hit is not None:
            return self._names[hit]
        angles = box_angles_deg(origin, direction, self._low, self._high)
        best = int(np.argmin(angles))
        return self._names[best] if angles[best] <= self._rules.margin_deg else "other"

    def _either(self, zone: Zone, origin: Vector, direction: Vector, spread: float) -> bool:
        """Could a line of sight this uncertain lie on the road and off it alike?"""
        if zone in self._road:
            return any(self.zone(origin, probe) not in self._road for probe in _probes(direction, spread))
        road = box_angles_deg(origin, direction, self._low[self._is_road], self._high[self._is_road])
        return float(road.min()) <= spread


class ZoneFilter:
    """Holds the zone against flicker; ``unknown`` counts at once.

    Time spent elsewhere is added up and time spent back in the zone taken off again: a new zone counts when the balance reaches
    ``hysteresis_s``. So neither one stray sample nor a quick look back decides, but where the eyes mostly are.
    """

    def __init__(self, hysteresis_s: float) -> None:
        self._hold = hysteresis_s
        self.zone: Zone = "unknown"
        self._since: float | None = None
        self._balance = 0.0
        self._t = 0.0

    def step(self, t: float, zone: Zone, certain: bool = False) -> float:
        """Take the newest zone (``certain``: without a hold); returns how many seconds ago a change that counts now began."""
        dt, self._t = t - self._t, t
        if zone == self.zone:
            self._balance -= dt
            if self._balance <= 0.0:
                self._since = None
            return 0.0
        if certain or "unknown" in (zone, self.zone):
            self._change(zone)
            return 0.0
        if self._since is None:
            self._since, self._balance = t, 0.0
        else:
            self._balance += dt
        if self._balance < self._hold - _TINY:
            return 0.0
        late_s = t - self._since
        self._change(zone)
        return late_s

    def _change(self, zone: Zone) -> None:
        self.zone, self._since, self._balance = zone, None, 0.0


def vehicle_angles(direction: Vector) -> tuple[float, float]:
    """Yaw (positive to the right) and pitch (positive up) of a vehicle-frame direction, degrees."""
    x, y, z = direction
    return math.degrees(math.atan2(-y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def vehicle_direction(yaw_deg: float, pitch_deg: float) -> Vector:
    """Unit vector in the vehicle frame; inverse of ``vehicle_angles``."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return math.cos(yaw) * math.cos(pitch), -math.sin(yaw) * math.cos(pitch), math.sin(pitch)


def box_angles_deg(origin: Vector, direction: Vector, low: Array, high: Array) -> Array:
    """Degrees between a ray and each box (n x 3 corners), by projecting to and fro; good to a fraction of a degree in a cabin."""
    eye, ray = np.array(origin), np.array(direction)
    point = (low + high) / 2
    for _ in range(4):
        along = np.maximum((point - eye) @ ray, 1.0)
        point = np.clip(eye + along[:, None] * ray, low, high)
    to = point - eye
    length = np.maximum(np.linalg.norm(to, axis=1), _TINY)
    cosine: Array = np.clip((to @ ray) / length, -1.0, 1.0)
    return np.degrees(np.arccos(cosine))


def _first_hit(origin: Vector, direction: Vector, boxes: list[Box]) -> int | None:
    """Number of the nearest box that the ray meets in front of the eyes (slab test, axis by axis)."""
    best, nearest = None, _FAR_MM
    ox, oy, oz = origin
    sx, sy, sz = (1.0 / (v if abs(v) > _TINY else _TINY) for v in direction)
    # which corner the ray reaches first and last on each axis
    (x0, x1), (y0, y1), (z0, z1) = ((i, i + 3) if s > 0 else (i + 3, i) for i, s in enumerate((sx, sy, sz)))
    for number, box in enumerate(boxes):
        near, far = (box[y0] - oy) * sy, (box[y1] - oy) * sy
        if far < 0.0 or near > nearest:  # the side axis rules out most boxes
            continue
        near = max(near, (box[x0] - ox) * sx, (box[z0] - oz) * sz, 0.0)
        if near <= min(far, (box[x1] - ox) * sx, (box[z1] - oz) * sz, nearest):
            best, nearest = number, near
    return best


def _plus(one: Vector, two: Vector) -> Vector:
    return one[0] + two[0], one[1] + two[1], one[2] + two[2]


def _probes(direction: Vector, spread_deg: float) -> list[Vector]:
    yaw, pitch = vehicle_angles(direction)
    steps = ((spread_deg, 0.0), (-spread_deg, 0.0), (0.0, spread_deg), (0.0, -spread_deg))
    return [vehicle_direction(yaw + dy, max(-90.0, min(90.0, pitch + dp))) for dy, dp in steps]
