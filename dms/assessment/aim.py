"""Where the eyes are at one moment: what the zone filter holds, and what the picture itself shows."""

from typing import NamedTuple

from dms.assessment.zones import Sight
from dms.records.words import Zone

Place = tuple[float, float]
"""Yaw and pitch of a line of sight, degrees."""


class Aim(NamedTuple):
    """Where the eyes are, flicker taken out of ``zone``, and what this picture itself shows.

    Attributes:
        zone: what counts as looked at.
        by_head: only the head tells it.
        blinking: it is the zone before a blink, still held.
        leaving: the newest readings lie elsewhere, which is not confirmed yet.
        hidden: no eye could be judged.
        sight: line of sight of this picture.
        shut: the lids are shut in it.
    """

    zone: Zone
    by_head: bool = False
    blinking: bool = False
    leaving: bool = False
    hidden: bool = False
    sight: Sight | None = None
    shut: bool = False

    @property
    def place(self) -> Place | None:
        """Of this picture's gaze, where it tells one."""
        sight = self.sight
        if sight is None or sight.by != "gaze" or sight.yaw_deg is None or sight.pitch_deg is None:
            return None
        return sight.yaw_deg, sight.pitch_deg
