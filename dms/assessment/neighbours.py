"""What else a line of sight may mean: how far it passes beside things that are no part of driving, and beside mirrors.

A small thing fills little of where an uncertain gaze may be, however well the reading fits it; so what counts is the distance in
standard deviations, not the share of the chances.
"""

from typing import Final

from dms.assessment.geometry import Thing, corners, nearest, things
from dms.profiles.rules import AttentionRules
from dms.records.base import Vector
from dms.records.cabin import Cabin

_FAR: Final = 2.0
"""Standard deviations, the top of the legal range of ``attention.clear_std``; what lies farther lies so far."""
_SURE_DEG: Final = 0.1
"""No line of sight is taken as surer than this."""


class Neighbours:
    """Boxes of one cabin: of things that are no part of driving, and of mirrors."""

    def __init__(self, cabin: Cabin, rules: AttentionRules) -> None:
        boxes = [(box.zone, corners(box)) for box in cabin.zones]
        driving = {*rules.road_zones, *rules.mirror_zones}
        self._others = things([box for zone, box in boxes if zone not in driving])
        self._mirrors = things([box for zone, box in boxes if zone in rules.mirror_zones])

    def beside(self, origin: Vector, direction: Vector, std_deg: float) -> tuple[float, float]:
        """Standard deviations to the nearest thing that is no part of driving, and to the nearest mirror; 0 where it is met.

        Args:
            origin: the eyes, vehicle frame, mm.
            direction: unit vector, vehicle frame.
            std_deg: one standard deviation of the direction.
        """
        limit = _FAR * max(std_deg, _SURE_DEG)
        return _nearest(self._others, origin, direction, limit), _nearest(self._mirrors, origin, direction, limit)


def _nearest(others: list[Thing], origin: Vector, direction: Vector, limit_deg: float) -> float:
    """In standard deviations."""
    return round(_FAR * nearest(others, origin, direction, limit_deg)[1] / limit_deg, 2)
