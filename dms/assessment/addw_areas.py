"""The three areas of the EU's distraction rule (ADDW), as directions from the ocular reference point (ADDW-01).

Area 1: the roof, and all outside two vertical planes to the left and right. Area 2: windscreen and windows with a margin.
Area 3: all below a plane tilted downward, minus Areas 1 and 2. What lies in none of them (the dashboard) has no clock there.
"""

import math
from typing import Literal

from dms.assessment.geometry import corners, nearest, things, vehicle_direction
from dms.profiles.policies import LowGaze
from dms.records.cabin import Cabin
from dms.records.words import Zone

Area = Literal[1, 2, 3]

WINDOWS: frozenset[Zone] = frozenset({"road", "driver_window", "passenger_window"})
"""Zones of a vehicle file that are glass; ``road`` is the windscreen."""


def outside_side_planes(yaw_deg: float, side_deg: float) -> bool:
    """Beyond the vertical planes that leave straight ahead by ``side_deg`` to either side; all that lies behind is outside."""
    return abs(yaw_deg) > side_deg


def below_plane(yaw_deg: float, pitch_deg: float, below_deg: float) -> bool:
    """Under the plane through the ocular point that drops by ``below_deg`` straight ahead and is level from left to right.

    A plane, not a cone: towards the sides it cuts less steep lines of sight. For looks ahead; behind the eyes the plane rises.
    """
    x, _, z = vehicle_direction(yaw_deg, pitch_deg)
    slope = math.radians(below_deg)
    return x * math.sin(slope) + z * math.cos(slope) < 0.0


class AddwAreas:
    """The areas of one cabin. ``rules`` gives the planes and the margin, ``cabin`` the ocular point and the glass."""

    def __init__(self, rules: LowGaze, cabin: Cabin) -> None:
        self._rules = rules
        self._eye = cabin.ocular_point_mm
        self._glass = things([corners(box) for box in cabin.zones if box.zone in WINDOWS])

    def area(self, yaw_deg: float | None, pitch_deg: float | None, zone: Zone = "unknown") -> Area | None:
        """Area of a line of sight; ``None``: in none of the three, or not known.

        Args:
            yaw_deg: in the vehicle, positive to the driver's right.
            pitch_deg: in the vehicle, positive up.
            zone: what the line of sight meets; decides alone where there are no angles (a record that only names a zone).
        """
        if yaw_deg is None or pitch_deg is None:
            return self._by_zone(zone)
        if zone == "roof" or outside_side_planes(yaw_deg, self._rules.side_deg):
            return 1
        if zone in WINDOWS or self._near_window(yaw_deg, pitch_deg):
            return 2
        return 3 if below_plane(yaw_deg, pitch_deg, self._rules.below_deg) else None

    def _by_zone(self, zone: Zone) -> Area | None:
        if zone == "roof":
            return 1
        if zone in WINDOWS:
            return 2
        return 3 if zone in self._rules.zones else None

    def _near_window(self, yaw_deg: float, pitch_deg: float) -> bool:
        sight = vehicle_direction(yaw_deg, pitch_deg)
        return nearest(self._glass, self._eye, sight, self._rules.window_margin_deg)[0] >= 0
