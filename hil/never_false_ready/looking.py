"""Where a driver truly looks: a stretch of road, a glance at a zone of the vehicle file, and what behaviour lays over it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dms.records.cabin import Cabin
from hil.never_false_ready.person import Person
from hil.never_false_ready.spans import Array, Spans, union

ROAD, MIRRORS = "road", ("rear_mirror", "driver_mirror", "passenger_mirror")
WHEEL_TOP = "wheel_top"
"""A phone held at the top of the wheel: no zone of its own in a vehicle file (nominal yaw +5, pitch -24 to the car's middle)."""

GLANCES = {
    "driver_mirror": (0.30, 1.10, 0.30), "passenger_mirror": (0.10, 0.75, 0.36), "rear_mirror": (0.25, 0.75, 0.36),
    "cluster": (0.25, 0.62, 0.48), "infotainment": (0.10, 1.44, 0.50),
}  # fmt: skip
"""Weight (assumption), mean and spread of a glance, s: GLA-05; the inside mirror as the right one (assumption)."""
SHORTEST_GLANCE_S, LONGEST_GLANCE_S = 0.25, 2.2
"""What an attentive driver's glance is cut to (NHTSA: single glances of 2 s, GLA-02)."""
ROAD_MEDIAN_S, ROAD_SPREAD, ROAD_RANGE_S = 3.6, 0.45, (1.5, 10.0)
"""Log-normal stretches of road between two glances: assumption, as the synthetic driver's (``hil/driver/behaviour``)."""
OWL_FROM_DEG = 15.0
"""Beyond this the head takes part."""


class Glance(NamedTuple):
    """A look laid over the scanning. ``lizard``: the eyes go, the head stays."""

    start: float
    end: float
    zone: str
    lizard: bool = False


class Looks(NamedTuple):
    """One row a look; each lasts until the next one starts. Angles: vehicle frame, yaw to the right, pitch up, degrees."""

    start: Array
    zone: NDArray[np.object_]
    yaw_deg: Array
    pitch_deg: Array
    head_share: Array

    def at(self, t: Array) -> NDArray[np.int64]:
        """Row of each time."""
        return np.searchsorted(self.start, t, side="right") - 1


def scanning(rng: np.random.Generator, seconds: float) -> list[Glance]:
    """An attentive driver's looks, one after the other, road in between."""
    count = int(seconds / 2.0) + 8
    road = np.clip(ROAD_MEDIAN_S * np.exp(rng.normal(0.0, ROAD_SPREAD, count)), *ROAD_RANGE_S)
    zones = list(GLANCES)
    picked = rng.choice(len(zones), count, p=np.array([GLANCES[z][0] for z in zones]))
    mean, spread = (np.array([GLANCES[z][n] for z in zones])[picked] for n in (1, 2))
    away = np.clip(rng.normal(mean, spread), SHORTEST_GLANCE_S, LONGEST_GLANCE_S)
    starts = np.cumsum(road + away) - away
    return [
        Glance(float(start), float(start + length), zones[n])
        for start, length, n in zip(starts, away, picked, strict=True)
        if start + length < seconds
    ]


def lay_over(below: Sequence[Glance], above: Sequence[Glance]) -> list[Glance]:
    """``above`` wins: what it touches of ``below`` is gone, and of its own looks the one that began first goes on."""
    kept: list[Glance] = []
    for look in sorted(above):
        start = max(look.start, kept[-1].end if kept else 0.0)
        if start < look.end:
            kept.append(look._replace(start=start))
    taken = union(np.array([[g.start, g.end] for g in kept], float).reshape(-1, 2))
    return sorted([*kept, *(g for g in below if not _touches(g, taken))])


def _touches(look: Glance, taken: Spans) -> bool:
    number = int(np.searchsorted(taken[:, 1], look.start, side="right"))
    return number < len(taken) and bool(taken[number, 0] < look.end)


def looks(rng: np.random.Generator, glances: Sequence[Glance], seconds: float, cabin: Cabin, person: Person) -> Looks:
    """Glances with road in between and the true direction of each, from this person's eyes."""
    rows: list[tuple[float, str, bool]] = []
    t = 0.0
    for glance in glances:
        rows += _road(rng, t, glance.start)
        rows.append((glance.start, glance.zone, glance.lizard))
        t = glance.end
    rows += _road(rng, t, seconds)
    start = np.array([row[0] for row in rows])
    zone = np.array([row[1] for row in rows], object)
    yaw, pitch = _angles(rng, zone, cabin, person)
    lizard = np.array([row[2] for row in rows], bool)
    owl = rng.uniform(0.6, 0.9, len(rows))
    share = np.where(np.hypot(yaw, pitch) < OWL_FROM_DEG, 0.2, owl)
    return Looks(start, zone, yaw, pitch, np.where(lizard, 0.15, share))


def _road(rng: np.random.Generator, start: float, end: float) -> list[tuple[float, str, bool]]:
    """The road, cut into fixations of one to three seconds."""
    rows = []
    while start < end:
        rows.append((start, ROAD, False))
        start += float(rng.uniform(1.0, 3.0))
    return rows


def _angles(rng: np.random.Generator, zone: NDArray[np.object_], cabin: Cabin, person: Person) -> tuple[Array, Array]:
    count = len(zone)
    # The road ahead with curves, other cars, lights: assumption; inside the windscreen box of the shipped cabins.
    wide = rng.random(count) < 0.15
    yaw = np.clip(rng.normal(0.0, np.where(wide, 12.0, 4.0)), -22.0, 22.0)
    pitch = np.clip(rng.normal(-1.0, np.where(wide, 5.0, 2.0)), -6.0, 14.0)
    boxes = {box.zone: (np.array(box.low_mm), np.array(box.high_mm)) for box in cabin.zones}
    middle = 1.0 if cabin.drive == "lhd" else -1.0
    for name in sorted(set(zone) - {ROAD}):  # in one order, whatever the process
        rows = np.flatnonzero(zone == name)
        if name == WHEEL_TOP:
            yaw[rows], pitch[rows] = middle * rng.normal(5.0, 2.0, len(rows)), rng.normal(-24.0, 2.0, len(rows))
            continue
        low, high = boxes[name]
        point = low + (high - low) * rng.uniform(0.1, 0.9, (len(rows), 3))
        to = point - person.eye_mm
        yaw[rows] = np.degrees(np.arctan2(-to[:, 1], to[:, 0]))
        pitch[rows] = np.degrees(np.arctan2(to[:, 2], np.hypot(to[:, 0], to[:, 1])))
    return yaw, pitch
