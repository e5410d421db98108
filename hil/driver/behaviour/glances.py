"""Where the driver looks next, and for how long: glances to the zones of the vehicle file.

Durations are log-normal a zone; the medians follow published glance times (left mirror 1.10 s, inside mirror 0.75 s, speedometer
0.62 s, radio 1.44 s a glance: Taoka 1990, quoted in UMTRI-98). A glance holds one or more fixations.
"""

from dataclasses import dataclass

import numpy as np

from dms.assessment.geometry import vehicle_angles, vehicle_direction
from dms.records.base import Vector
from dms.records.words import Zone
from hil.driver.behaviour.motion import Spell
from hil.driver.behaviour.parts import Sighted
from hil.driver.behaviour.sight import Sights, ahead, distance, minus

Target = Sighted | Vector
"""A zone, the lens, or a point given from the ocular point (mm; y to the middle of the car), e.g. where a hand holds a phone."""


FIXATION = Spell(0.42, 0.35, 0.18, 1.2)


@dataclass(frozen=True, slots=True)
class Away:
    """One kind of glance away from home: how often among the others, how long, and the chance to go back there at once."""

    target: Target
    weight: float
    spell: Spell
    again: float = 0.0


@dataclass(frozen=True, slots=True)
class Watch:
    """A way of looking: most at ``home``, with glances ``away``; ``home_for`` ``None`` stays there."""

    key: str
    home: Target
    home_for: Spell | None = None
    away: tuple[Away, ...] = ()
    fixation: Spell = FIXATION


ROAD = Spell(3.6, 0.45, 2.0, 10.0)
SHORT_ROAD = Spell(0.9, 0.3, 0.6, 1.6)
SPELLS: dict[Zone, Spell] = {
    "rear_mirror": Spell(0.78, 0.28, 0.6, 1.2),
    "driver_mirror": Spell(0.95, 0.2, 0.6, 1.2),
    "passenger_mirror": Spell(0.95, 0.2, 0.6, 1.2),
    "cluster": Spell(0.7, 0.25, 0.4, 1.2),
    "infotainment": Spell(1.2, 0.25, 0.8, 1.6),
    "driver_window": Spell(1.0, 0.3, 0.5, 1.8),
    "passenger_window": Spell(1.0, 0.3, 0.5, 1.8),
    "passenger": Spell(1.1, 0.3, 0.6, 2.0),
}
_WEIGHTS: tuple[tuple[Zone, float], ...] = (
    ("cluster", 0.28), ("rear_mirror", 0.22), ("driver_mirror", 0.17), ("passenger_mirror", 0.08), ("infotainment", 0.13),
    ("driver_window", 0.06), ("passenger_window", 0.06),
)  # fmt: skip


def attentive(zones: frozenset[Zone]) -> Watch:
    """A driver who watches the road and checks the mirrors, as far as the vehicle file has them."""
    away = tuple(
        Away(zone, weight, SPELLS[zone], again=0.5 if zone == "infotainment" else 0.0)
        for zone, weight in _WEIGHTS
        if zone in zones
    )
    return Watch("attentive", "road", ROAD, away)


def staring(zone: Sighted) -> Watch:
    """Nothing but one zone, or the lens."""
    return Watch(f"staring {zone}", zone)


@dataclass(frozen=True, slots=True)
class Shift:
    """A gaze shift that is due: to ``point`` (vehicle frame, mm); ``glance``: to another target, not just the next fixation."""

    point: Vector
    glance: bool


class Glances:
    """Decides, at every instant, whether the eyes move on.

    Args:
        rng: the person's own chance.
        sights: the cabin.
        checks: scales how often anything but home is looked at.
    """

    def __init__(self, rng: np.random.Generator, sights: Sights, checks: float = 1.0) -> None:
        self._rng, self._sights, self._checks = rng, sights, checks
        self._watch = Watch("", "road")
        self._until = self._fixation_until = 0.0
        self._away: Away | None = None
        self._again: Away | None = None
        self._at: Vector = sights.ocular
        self.target: Target = "road"
        self.durations: list[tuple[Target, float]] = []
        """Planned glances so far, for statistics."""

    def step(self, t: float, watch: Watch, eye: Vector, kss: float, curve_deg: float = 0.0) -> Shift | None:
        """A gaze shift that is due at ``t``, or none. ``curve_deg``: where the road goes, yaw."""
        if watch.key != self._watch.key:
            same = self._watch.key != "" and watch.home == self.target
            self._watch, self._again = watch, None
            self._go_home(t, kss)
            return None if same else self._shift(t, eye, kss, curve_deg, glance=True)
        if t >= self._until:
            self._next(t, kss)
            return self._shift(t, eye, kss, curve_deg, glance=True)
        if t >= self._fixation_until:
            return self._shift(t, eye, kss, curve_deg, glance=False)
        return None

    def back(self, t: float) -> None:
        """Something caught the eye: home now, and start over."""
        self._watch = Watch("", "road")
        self._until = t

    def _next(self, t: float, kss: float) -> None:
        watch = self._watch
        if self._away is not None or not watch.away or self._checks == 0.0:
            self._again = self._away if self._away is not None and self._rng.random() < self._away.again else None
            self._go_home(t, kss, short=self._again is not None)
            return
        chosen = self._again or self._draw(watch.away)
        self._away, self.target = chosen, chosen.target
        self._set(t, chosen.spell.draw(self._rng))

    def _draw(self, away: tuple[Away, ...]) -> Away:
        weights = np.array([a.weight for a in away])
        return away[int(self._rng.choice(len(away), p=weights / weights.sum()))]

    def _go_home(self, t: float, kss: float, short: bool = False) -> None:
        watch = self._watch
        self._away, self.target = None, watch.home
        if watch.home_for is None:
            self._until = float("inf")
            return
        # sleepy people check mirrors less; how often is the person's own, too
        seldom = (1.0 + 0.12 * max(0.0, kss - 5.0)) / max(self._checks, 0.05)
        self._set(t, (SHORT_ROAD if short else watch.home_for).draw(self._rng, 1.0 if short else seldom))

    def _set(self, t: float, duration: float) -> None:
        self._until = t + duration
        self.durations.append((self.target, duration))

    def _shift(self, t: float, eye: Vector, kss: float, curve_deg: float, glance: bool) -> Shift:
        longer = 1.0 + 0.15 * max(0.0, kss - 5.0)
        self._fixation_until = t + self._watch.fixation.draw(self._rng, longer)
        new = glance or self.target == "road" or not isinstance(self.target, str)
        self._at = self._point(eye, curve_deg) if new else self._beside(eye)
        return Shift(self._at, glance)

    def _beside(self, eye: Vector) -> Vector:
        """The next fixation of a glance: a few degrees from the last one, on the same thing."""
        reach = 0.05 * distance(eye, self._at)
        x, y, z = (v + float(self._rng.normal(0.0, reach)) for v in self._at)
        return (x, y, z) if self._sights.zone(eye, minus((x, y, z), eye)) == self.target else self._at

    def _point(self, eye: Vector, curve_deg: float) -> Vector:
        target = self.target
        if target == "road":
            return self._on_road(eye, curve_deg)
        if target == "lens":
            return self._sights.lens
        if isinstance(target, str):
            points = [self._sights.point_in(target, eye, self._rng) for _ in range(3)]
            return min(points, key=lambda point: abs(vehicle_angles(minus(point, eye))[0]))  # nobody turns further than needed
        x, y, z = self._sights.ocular
        jx, jy, jz = self._rng.normal(0.0, 12.0, 3)
        return x + target[0] + float(jx), y + self._sights.inboard * target[1] + float(jy), z + target[2] + float(jz)

    def _on_road(self, eye: Vector, curve_deg: float) -> Vector:
        """A point of the road ahead: about the vanishing point, 20 to 100 m away."""
        for _ in range(6):
            yaw, pitch = self._rng.normal((curve_deg, -1.3), (2.6, 0.9))
            direction = vehicle_direction(float(yaw), float(pitch))
            if self._sights.zone(eye, direction) == "road":
                return ahead(eye, direction, 1e3 * float(self._rng.uniform(20, 100)))
        return self._sights.point_in("road", eye, self._rng)
