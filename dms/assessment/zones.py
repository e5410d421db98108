"""From a line of sight to a gaze zone: boxes of the vehicle file, uncertainty, and flicker.

All geometry is in the vehicle frame (ISO 8855: x forward, y left, z up, mm).
"""

import math
from typing import NamedTuple

import numpy as np

from dms.assessment.geometry import Box, corners, first_hit, inside, nearest, plus, things, vehicle_angles, vehicle_direction
from dms.assessment.neighbours import Neighbours
from dms.assessment.zone_probability import ZoneProbability
from dms.profiles.rules import AttentionRules, GazeRules
from dms.records import Gaze, Head
from dms.records.angles import direction_from, yaw_pitch_deg
from dms.records.base import Vector
from dms.records.cabin import Cabin, DriverBaseline
from dms.records.words import Zone

_TINY = 1e-9


class Sight(NamedTuple):
    """One line of sight and the zone it meets; ``by`` says what it rests on, ``std_deg`` how sure it is.

    ``probability``: how likely it meets this zone, ``on_road``: any zone that is road, each given ``std_deg``; ``None`` where not
    known (a record that only names a zone; the zone is unknown).
    ``other_std``, ``mirror_std``: how many ``std_deg`` it passes beside the nearest thing that is no part of driving, and beside
    the nearest mirror, up to 2; ``None`` where no zone of driving is met.
    """

    zone: Zone
    by: str
    yaw_deg: float | None = None
    pitch_deg: float | None = None
    std_deg: float | None = None
    probability: float | None = None
    on_road: float | None = None
    other_std: float | None = None
    mirror_std: float | None = None


class ZoneMap:
    """The zones of one cabin, seen from a driver's eyes; ``driver`` tells how this nose points off the line of sight.

    With ``attention`` a line of sight that shows attention also tells how near it passes beside what does not.
    """

    def __init__(
        self, cabin: Cabin, rules: GazeRules, road_zones: list[Zone], driver: DriverBaseline | None = None,
        attention: AttentionRules | None = None,
    ) -> None:  # fmt: skip
        self._rules = rules
        self._neighbours = None if attention is None else Neighbours(cabin, attention)
        self._driving = frozenset() if attention is None else frozenset({*attention.road_zones, *attention.mirror_zones})
        self._neutral = (driver.head_yaw_deg, driver.head_pitch_deg) if driver is not None else (0.0, 0.0)
        self._road_zones, self._road = road_zones, frozenset(road_zones)
        self._names: list[Zone] = [box.zone for box in cabin.zones]
        self._boxes: list[Box] = [corners(box) for box in cabin.zones]
        self._things = things(self._boxes)
        self._margin = -math.sin(math.radians(rules.margin_deg))
        self._roads = [thing for thing, name in zip(self._things, self._names, strict=True) if name in self._road]
        self._chances = ZoneProbability(cabin)
        one, two, three = (tuple(float(v) for v in row) for row in cabin.camera.rotation())
        self._rotation = (*one, *two, *three)
        self._camera = cabin.camera.position_mm
        self._ocular = cabin.ocular_point_mm

    def look(self, gaze: Gaze | None, head: Head | None = None) -> Sight | None:
        """Zone of a gaze; head pose stands in without one; ``None`` without both."""
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
        origin = self._ocular if origin_camera is None else plus(self._camera, self._turn(origin_camera))
        spread = self._rules.default_std_deg if std is None else std
        zone = self.zone(origin, direction)
        if spread > self._rules.std_max_deg and self._either(zone, origin, direction, spread):
            zone = "unknown"
        yaw, pitch = vehicle_angles(direction)
        chance = None if zone == "unknown" else self._chances.of(zone, origin, direction, spread)
        on_road = self._on_road(zone, chance, origin, direction, spread)
        if zone in self._road and on_road < self._rules.road_probability_min:
            zone, chance = "unknown", None  # beside the road may be a phone in its holder
        other, mirror = None, None
        if self._neighbours is not None and zone in self._driving:
            other, mirror = self._neighbours.beside(origin, direction, spread)
        return Sight(zone, by, round(yaw, 1), round(pitch, 1), spread, chance, on_road, other, mirror)

    def _on_road(self, zone: Zone, chance: float | None, origin: Vector, direction: Vector, spread: float) -> float:
        """How likely the line of sight meets the road; ``chance``: that it meets ``zone``, where known."""
        met = chance if chance is not None and zone in self._road else 0.0
        for road in self._road_zones:
            if road != zone:
                met += self._chances.of(road, origin, direction, spread)
        return round(min(1.0, met), 3)

    def _turn(self, v: Vector) -> Vector:
        """Camera frame to vehicle frame. Plain floats: numpy costs more than it saves on three numbers."""
        a, b, c, d, e, f, g, h, i = self._rotation
        x, y, z = v
        return a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z

    def zone(self, origin: Vector, direction: Vector) -> Zone:
        """The nearest box that the ray hits, else the angularly nearest one within the margin, else ``other``."""
        hit = first_hit(origin, direction, self._boxes)
        if hit is not None:
            return self._names[hit]
        near, _ = nearest(self._things, origin, direction, self._rules.margin_deg)
        return "other" if near < 0 else self._names[near]

    def _either(self, zone: Zone, origin: Vector, direction: Vector, spread: float) -> bool:
        """Could a line of sight this uncertain lie on the road and off it alike?"""
        if zone in self._road:
            return any(not self._on_or_beside_road(origin, probe) for probe in _probes(direction, spread))
        return nearest(self._roads, origin, direction, spread)[0] >= 0

    def _on_or_beside_road(self, origin: Vector, probe: Vector) -> bool:
        """Does this line of sight meet the road, or nothing and pass the road within the margin?"""
        hit = first_hit(origin, probe, self._boxes)
        if hit is not None:
            return self._names[hit] in self._road
        return any(inside(seen, origin, probe, self._margin)[0] >= -1.0 for _, seen in self._roads)


class ZoneFilter:
    """Holds the zone against flicker; ``unknown`` counts at once.

    Time spent elsewhere is added up and time spent back in the zone taken off again: a new zone counts when the balance reaches
    ``hysteresis_s``. So neither one stray sample nor a quick look back decides, but where the eyes mostly are.
    """

    def __init__(self, hysteresis_s: float) -> None:
        self._hold = hysteresis_s
        self.zone: Zone = "unknown"
        self.since: float | None = None
        """When the eyes first left ``zone``, as long as that is not confirmed."""
        self._balance = 0.0
        self._t = 0.0

    def step(self, t: float, zone: Zone, certain: bool = False) -> float:
        """Take the newest zone (``certain``: without a hold); returns how many seconds ago a change that counts now began."""
        dt, self._t = t - self._t, t
        if zone == self.zone:
            self._balance -= dt
            if self._balance <= 0.0:
                self.since = None
            return 0.0
        if certain or "unknown" in (zone, self.zone):
            self._change(zone)
            return 0.0
        if self.since is None:
            self.since, self._balance = t, 0.0
        else:
            self._balance += dt
        if self._balance < self._hold - _TINY:
            return 0.0
        late_s = t - self.since
        self._change(zone)
        return late_s

    def _change(self, zone: Zone) -> None:
        self.zone, self.since, self._balance = zone, None, 0.0


def _probes(direction: Vector, spread_deg: float) -> list[Vector]:
    yaw, pitch = vehicle_angles(direction)
    steps = ((spread_deg, 0.0), (-spread_deg, 0.0), (0.0, spread_deg), (0.0, -spread_deg))
    return [vehicle_direction(yaw + dy, max(-90.0, min(90.0, pitch + dp))) for dy, dp in steps]
