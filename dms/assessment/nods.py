"""Nods: the head sinks and jerks up again while the lids are low. They support a finding of drowsiness and make none."""

import math

from dms.assessment.windows import Tick
from dms.profiles.rules import NodRules
from dms.records import Observation


class Nods:
    """Counts them. The head's usual pitch follows slowly, so a new way of sitting is no nod."""

    def __init__(self, rules: NodRules) -> None:
        self._rules = rules
        self._usual: float | None = None
        self._level_at = 0.0
        """When the head was last near its usual pitch."""
        self._deepest: float | None = None
        """Of the nod under way, degrees below the usual."""
        self._lids_low = False
        self.count = 0

    def step(self, tick: Tick, driver: Observation | None, shut: bool | None, opening: float | None) -> None:
        """Add one picture.

        Args:
            tick: time.
            driver: ``None`` where no driver's face is seen.
            shut: are the lids, by the record.
            opening: over the driver's own open level, ``None`` while that is unknown.
        """
        lids_low = shut is True or (opening is not None and opening < self._rules.lids_low_share)
        pitch_deg = None
        if driver is not None and driver.head is not None:
            x, y, z = driver.head.forward_camera
            pitch_deg = math.degrees(math.atan2(-y, math.hypot(x, z)))
        if pitch_deg is None or tick.gap or self._usual is None:
            self._usual, self._deepest = pitch_deg, None
            self._level_at = tick.t
            return
        drop = self._usual - pitch_deg
        if self._deepest is not None:
            self._during(tick.t, self._deepest, drop, lids_low)
        elif drop >= self._rules.drop_deg:
            if tick.t - self._level_at <= self._rules.fall_max_s:
                self._deepest, self._lids_low = drop, lids_low
            else:
                self._usual = pitch_deg  # sank slowly: another way of sitting
        self._follow(tick, drop)

    def _follow(self, tick: Tick, drop: float) -> None:
        """The usual pitch comes along, unless a nod is under way or the head stays down."""
        if self._deepest is None and self._usual is not None:
            if drop < self._rules.back_share * self._rules.drop_deg:
                self._level_at = tick.t
            self._usual -= min(1.0, tick.dt / self._rules.follow_s) * drop

    def _during(self, t: float, deepest: float, drop: float, lids_low: bool) -> None:
        self._lids_low |= lids_low
        if drop < self._rules.back_share * deepest:
            self.count += self._lids_low
            self._deepest = None
        elif t - self._level_at > self._rules.max_s:
            self._usual = None  # the head stays down
            self._deepest = None
        else:
            self._deepest = max(deepest, drop)
