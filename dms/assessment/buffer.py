"""AttenD's attention buffer: it empties while the eyes are off the road and fills again while they are on it (GLA-06).

A measure, no warning: any glance as long as the buffer empties it.
"""

from typing import Literal

from dms.assessment.windows import Tick
from dms.profiles.policies import Buffer
from dms.records.words import Zone

Kind = Literal["road", "free", "away"]


class AttentionBuffer:
    """``left_s`` seconds are left of it. Zones that belong to driving drain it only after a while; unknown zones hold it."""

    def __init__(self, rules: Buffer, road_zones: list[Zone]) -> None:
        self._rules = rules
        self._kinds: dict[Zone, Kind | None] = {"unknown": None}
        self._kinds.update(dict.fromkeys(rules.free_zones, "free"))
        self._kinds.update(dict.fromkeys(road_zones, "road"))
        self._kind: Kind | None = None
        self._kind_s = 0.0
        self._mark = 0.0
        self.left_s = rules.full_s

    def step(self, tick: Tick, zone: Zone, since: float | None = None, late_s: float = 0.0) -> None:
        """Add one sample; the one before stands for the time up to it.

        Args:
            tick: now.
            zone: what is looked at, flicker taken out.
            since: when the eyes left this zone, as long as that is not confirmed.
            late_s: the change to this zone, confirmed now, began so long ago.
        """
        if not tick.gap:
            self._pass(self._kind, tick.dt)
        if since == tick.t:
            self._mark = self.left_s
        kind = self._kinds.get(zone, "away")
        if kind == self._kind:
            return
        if late_s > 0.0:
            self.left_s = self._mark
        self._kind, self._kind_s = kind, 0.0
        if late_s > 0.0:
            self._pass(kind, late_s)

    def _pass(self, kind: Kind | None, seconds: float) -> None:
        """Time spent on one kind of zone."""
        before, self._kind_s = self._kind_s, self._kind_s + seconds
        left = self.left_s
        if kind == "road" and left == self._rules.full_s:
            return
        if kind == "road":
            left += max(0.0, self._kind_s - max(before, self._rules.refill_delay_s))
        elif kind == "free":
            left -= max(0.0, self._kind_s - max(before, self._rules.free_s))
        elif kind == "away":
            left -= seconds
        self.left_s = max(0.0, min(self._rules.full_s, left))
