"""How likely a line of sight with its uncertainty meets a zone.

A box is seen as the four planes through the eye and its outline: left and right, lower and upper. How far a line of sight lies
inside each, in standard deviations, gives the chance of each; left-right and low-high are taken as independent. No sampling: the
same numbers give the same answer, in a few microseconds.
"""

import itertools
import math
from typing import Final

from dms.assessment.geometry import RADIANS, Box, Outline, corners, first_hit, inside, outline
from dms.records.base import Vector
from dms.records.cabin import Cabin
from dms.records.words import Zone

_TINY: Final = 1e-9
_SURE_DEG: Final = 0.1
"""No line of sight is taken as surer than this."""
_FAR: Final = 3.5
"""So many standard deviations outside an outline the chance is none."""
_PER_ROOT: Final = math.sqrt(0.5)
_DIGITS = 3
_GRID = 6
"""So many lines of sight each way find out what hides what."""


Panel = tuple[Outline, list[tuple[Outline, float]]]
"""One box of a zone, and what stands in front of it, each with the share of that which covers this box."""


class ZoneProbability:
    """The zones of one cabin. What hides what is taken from the ocular point, all else from where the eyes are."""

    def __init__(self, cabin: Cabin) -> None:
        boxes = [corners(zone) for zone in cabin.zones]
        self._panels: dict[Zone, list[Panel]] = {}
        rays = [_rays_to(cabin.ocular_point_mm, box) for box in boxes]
        for number, zone in enumerate(cabin.zones):
            panel = outline(boxes[number]), _in_front(cabin.ocular_point_mm, number, boxes, rays)
            self._panels.setdefault(zone.zone, []).append(panel)

    def of(self, zone: Zone, origin: Vector, direction: Vector, std_deg: float) -> float:
        """Chance from 0 to 1 that the line of sight meets the zone; for ``other``: that it meets none.

        Args:
            zone: any but ``unknown``.
            origin: the eyes, vehicle frame, mm.
            direction: unit vector, vehicle frame.
            std_deg: one standard deviation of the direction, the same to all sides.
        """
        if zone == "other":
            return round(max(0.0, 1.0 - sum(self.of(name, origin, direction, std_deg) for name in self._panels)), _DIGITS)
        met, sigma = 0.0, max(std_deg, _SURE_DEG) * RADIANS
        for seen, in_front in self._panels.get(zone, ()):
            chance = _meets(seen, origin, direction, sigma)
            if chance > 0.0:
                for other, share in in_front:
                    chance -= share * _meets(other, origin, direction, sigma)
                met += max(0.0, chance)
        return round(min(1.0, met), _DIGITS)


def _meets(seen: Outline, origin: Vector, direction: Vector, sigma: float) -> float:
    """Chance of lying between all four planes."""
    left, right, upper, lower = inside(seen, origin, direction, -_FAR * sigma)
    if left < -1.0:
        return 0.0
    scale = _PER_ROOT / sigma
    return 0.25 * (math.erf(left * scale) + math.erf(right * scale)) * (math.erf(upper * scale) + math.erf(lower * scale))


def _in_front(eye: Vector, number: int, boxes: list[Box], rays: list[list[Vector]]) -> list[tuple[Outline, float]]:
    """Boxes that hide part of one, with the share of each that stands before it. ``rays``: lines of sight to each box."""
    found = []
    for other, box in enumerate(boxes):
        if other == number:
            continue
        pair = [boxes[number], box]
        behind = [ray for ray in rays[other] if first_hit(eye, ray, pair[:1]) is not None and first_hit(eye, ray, pair) == 1]
        if behind:
            found.append((outline(box), len(behind) / len(rays[other])))
    return found


def _rays_to(eye: Vector, box: Box) -> list[Vector]:
    """Lines of sight to an even pattern of points of a box's middle plane."""
    a, a_low, a_high, b_low, b_high, c_low, c_high = outline(box)
    b, c = (a + 1) % 3, (a + 2) % 3
    steps = [(i + 0.5) / _GRID for i in range(_GRID)]
    rays = []
    for one, two in itertools.product(steps, steps):
        to = {
            a: (a_low + a_high) / 2 - eye[a],
            b: b_low + (b_high - b_low) * one - eye[b],
            c: c_low + (c_high - c_low) * two - eye[c],
        }
        length = math.hypot(*to.values()) + _TINY
        rays.append((to[0] / length, to[1] / length, to[2] / length))
    return rays
