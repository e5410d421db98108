"""From a line of sight to a gaze zone: boxes of the vehicle file, uncertainty, and flicker.

All geometry is in the vehicle frame (ISO 8855: x forward, y left, z up, mm).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dms.profiles.rules import GazeRules
from dms.records import Observation
from dms.records.base import Vector
from dms.records.cabin import Cabin
from dms.records.words import Zone

Array = NDArray[np.float64]
_TINY = 1e-9


class Sight(NamedTuple):
    """One line of sight and the zone it meets; ``by`` says what it rests on, ``std_deg`` how sure it is."""

    zone: Zone
    by: str
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    std_deg: float | None = None


class ZoneMap:
    """The zones of one cabin, seen from a driver's eyes."""

    def __init__(self, cabin: Cabin, rules: GazeRules, road_zones: list[Zone]) -> None:
        self._rules = rules
        self._road = frozenset(road_zones)
        self._names: list[Zone] = [box.zone for box in cabin.zones]
        self._low = np.array([box.low_mm for box in cabin.zones], float).reshape(-1, 3)
        self._high = np.array([box.high_mm for box in cabin.zones], float).reshape(-1, 3)
        self._is_road = np.array([name in self._road for name in self._names], bool)
        self._rotation = cabin.camera.rotation()
        self._camera = np.asarray(cabin.camera.position_mm, float)
        self._ocular = np.asarray(cabin.ocular_point_mm, float)

    def look(self, observation: Observation) -> Sight | None:
        """Zone of an observation's gaze; head pose stands in without gaze; ``None`` without both."""
        gaze, head = observation.gaze, observation.head
        if gaze is not None:
            return self._sight("gaze", gaze.direction_camera, gaze.origin_camera_mm, gaze.std_deg)
        if head is not None:
            return self._sight("head", head.forward_camera, head.position_camera_mm, head.std_deg)
        return None

    def _sight(self, by: str, direction_camera: Vector, origin_camera: Vector | None, std: float | None) -> Sight:
        direction = self._rotation @ np.asarray(direction_camera, float)
        origin = self._ocular if origin_camera is None else self._camera + self._rotation @ np.asarray(origin_camera, float)
        spread = self._rules.default_std_deg if std is None else std
        zone = self.zone(origin, direction)
        if spread > self._rules.std_max_deg and self._either(zone, origin, direction, spread):
            zone = "unknown"
        yaw, pitch = vehicle_angles(direction)
        return Sight(zone, by, round(yaw, 1), round(pitch, 1), spread)

    def zone(self, origin: Array, direction: Array) -> Zone:
        """The nearest box that the ray hits, else the angularly nearest one within the margin, else ``other``."""
        if not self._names:
            return "unknown"
        near, hit = _ray_boxes(origin, direction, self._low, self._high)
        if hit.any():
            return self._names[int(np.argmin(np.where(hit, near, np.inf)))]
        angles = box_angles_deg(origin, direction, self._low, self._high)
        best = int(np.argmin(angles))
        return self._names[best] if angles[best] <= self._rules.margin_deg else "other"

    def _either(self, zone: Zone, origin: Array, direction: Array, spread: float) -> bool:
        """Could a line of sight this uncertain lie on the road and off it alike?"""
        if zone in self._road:
            return any(self.zone(origin, probe) not in self._road for probe in _probes(direction, spread))
        if not self._is_road.any():
            return True
        road = box_angles_deg(origin, direction, self._low[self._is_road], self._high[self._is_road])
        return float(road.min()) <= spread


class ZoneFilter:
    """Holds the zone against flicker: a new zone counts after it has lasted ``hysteresis_s``; ``unknown`` counts at once."""

    def __init__(self, hysteresis_s: float) -> None:
        self._hold = hysteresis_s
        self.zone: Zone = "unknown"
        self._pending: Zone | None = None
        self._since = 0.0

    def step(self, t: float, zone: Zone, certain: bool = False) -> float:
        """Take the newest zone (``certain``: without a hold); returns how many seconds ago a change that counts now began."""
        if zone == self.zone:
            self._pending = None
            return 0.0
        if certain or "unknown" in (zone, self.zone):
            self.zone, self._pending = zone, None
            return 0.0
        if zone != self._pending:
            self._pending, self._since = zone, t
        if t - self._since < self._hold - _TINY:
            return 0.0
        self.zone, self._pending = zone, None
        return t - self._since


def vehicle_angles(direction: Array) -> tuple[float, float]:
    """Yaw (positive to the right) and pitch (positive up) of a vehicle-frame direction, degrees."""
    x, y, z = (float(v) for v in direction)
    return math.degrees(math.atan2(-y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def vehicle_direction(yaw_deg: float, pitch_deg: float) -> Array:
    """Unit vector in the vehicle frame; inverse of ``vehicle_angles``."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return np.array([math.cos(yaw) * math.cos(pitch), -math.sin(yaw) * math.cos(pitch), math.sin(pitch)])


def box_angles_deg(origin: Array, direction: Array, low: Array, high: Array) -> Array:
    """Degrees between a ray and each box (n x 3 corners), by projecting to and fro; good to a fraction of a degree in a cabin."""
    point = np.clip((low + high) / 2, low, high)
    for _ in range(4):
        along = np.maximum((point - origin) @ direction, 1.0)
        point = np.clip(origin + along[:, None] * direction, low, high)
    to = point - origin
    length = np.maximum(np.linalg.norm(to, axis=1), _TINY)
    cosine: Array = np.clip((to @ direction) / length, -1.0, 1.0)
    return np.degrees(np.arccos(cosine))


def _ray_boxes(origin: Array, direction: Array, low: Array, high: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Distance to each box along the ray, and whether it is hit (slab test)."""
    slope = np.where(np.abs(direction) < _TINY, _TINY, direction)
    one, two = (low - origin) / slope, (high - origin) / slope
    near = np.minimum(one, two).max(axis=1)
    far = np.maximum(one, two).min(axis=1)
    return near, far >= np.maximum(near, 0.0)


def _probes(direction: Array, spread_deg: float) -> list[Array]:
    yaw, pitch = vehicle_angles(direction)
    steps = ((spread_deg, 0.0), (-spread_deg, 0.0), (0.0, spread_deg), (0.0, -spread_deg))
    return [vehicle_direction(yaw + dy, max(-90.0, min(90.0, pitch + dp))) for dy, dp in steps]
