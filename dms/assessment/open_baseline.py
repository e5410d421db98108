"""How far this driver's eyes are open when awake: learned early, then frozen (MET-14, MET-15).

Only plausible open eyes teach it: not shut, unseen or blinking, not over a look down, not soon after a long closure, inside
the apertures of awake people. What was gathered counts when most of it lies round its own upper level, so that lids that droop
for a part of the time do not pull it down. Later openings move it between ``floor_share`` and ``ceiling_share`` of the first one.
"""

from collections.abc import Mapping
from typing import Literal

from dms.assessment.blinks import Blinks
from dms.assessment.eyes import Lids
from dms.assessment.windows import Tick
from dms.assessment.zones import Sight
from dms.profiles.rules import OpenBaselineRules

State = Literal["learning", "frozen"]

_BINS = 100
_TOP = 0.9
"""Quantile that stands for the upper level: above it lie noise and surprise."""


class _Gathered:
    """Seconds spent at each opening between ``low`` and ``high``."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._bin = low, (high - low) / _BINS
        self._seconds = [0.0] * _BINS
        self.total = 0.0

    def add(self, opening: float, dt: float) -> None:
        self._seconds[min(_BINS - 1, int((opening - self._low) / self._bin))] += dt
        self.total += dt

    def halve(self) -> None:
        self._seconds = [s / 2.0 for s in self._seconds]
        self.total /= 2.0

    def level(self, near_share: float, share_min: float) -> float | None:
        """Median of what lies above ``near_share`` of the upper level; ``None`` when that is less than ``share_min`` of all."""
        first = int(max(0.0, (near_share * self._quantile(_TOP) - self._low) / self._bin))
        near = sum(self._seconds[first:])
        return self._quantile(1.0 - near / 2.0 / self.total) if near >= share_min * self.total else None

    def _quantile(self, share: float) -> float:
        left = share * self.total
        for n, seconds in enumerate(self._seconds):
            if left <= seconds and seconds > 0.0:
                return self._low + self._bin * (n + left / seconds)
            left -= seconds
        return self._low + self._bin * _BINS


class _Level:
    """The open level in one unit."""

    def __init__(self, rules: OpenBaselineRules, low: float, high: float) -> None:
        self._rules, self._low, self._high = rules, low, high
        self._gathered = _Gathered(low, high)
        self.early: float | None = None
        """The first level that was learned: later ones stay near it."""
        self.value: float | None = None
        """The level in use, ``None`` while learning."""
        self._least = low
        """Openings below it teach nothing."""

    def learn(self, opening: float, dt: float) -> None:
        """Take open lids that have lasted ``dt``; half-closed ones teach nothing once the level is known."""
        if not self._least <= opening <= self._high:
            return
        self._gathered.add(opening, dt)
        if self._gathered.total >= self._rules.learn_s:
            self._conclude()

    def restore(self, early: float) -> None:
        """Take a level that was learned before a restart, if it is one of an awake person."""
        if self._low <= early <= self._high:
            self._anchor(early)
            self.value = round(early, 3)

    def _anchor(self, early: float) -> None:
        self.early = early
        self._least = max(self._low, self._rules.near_share * early)

    def _conclude(self) -> None:
        rules = self._rules
        found = self._gathered.level(rules.near_share, rules.near_min)
        if found is None:
            self._gathered.halve()
            return
        self._gathered = _Gathered(self._low, self._high)
        if self.early is None:
            self._anchor(found)
        early = found if self.early is None else self.early
        self.value = round(min(rules.ceiling_share * early, max(rules.floor_share * early, found)), 3)


class OpenBaseline:
    """Follows one driver."""

    def __init__(self, rules: OpenBaselineRules) -> None:
        self._rules = rules
        self._down_zones = frozenset(rules.down_zones)
        self._wait_until: float | None = None
        self._left_at: float | None = None
        self.revision = 0
        """Rises with everything that ought to be kept."""
        self._levels: dict[str, _Level] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the driver."""
        self.revision += bool(self.kept())
        rules = self._rules
        self._levels = {
            "mm": _Level(rules, rules.open_min_mm, rules.open_max_mm),
            "share": _Level(rules, rules.open_min_share, rules.open_max_share),
        }
        self._level: _Level | None = None

    def step(self, tick: Tick, lids: Lids, blinks: Blinks, sight: Sight | None) -> float | None:
        """Add one picture of the driver; ``blinks`` after the same picture.

        Returns the opening over the own open level; ``None`` while learning, and for lids that are not seen.
        """
        if lids.opening is None or lids.scale is None:
            return None
        if self._left_at is not None:
            self._back(tick.t)
        self._level = level = self._levels.get(lids.scale)
        if level is None:
            return None
        if blinks.down:
            if lids.shut is not False and blinks.down_s(tick.t) > self._rules.long_s:
                self._wait_until = tick.t + self._rules.after_long_s
        elif not (lids.shut or tick.gap or self._waiting(tick.t) or self._looks_down(sight)):
            known = level.early is not None
            level.learn(lids.opening, tick.dt)
            self.revision += not known and level.early is not None
        return None if level.value is None else lids.opening / level.value

    def left(self, t: float) -> None:
        """The driver is not there: away for long enough, it is somebody else who comes back."""
        if self._left_at is None:
            self._left_at = t
        elif t - self._left_at >= self._rules.change_s:
            self.reset()

    def _back(self, t: float) -> None:
        self.left(t)
        self._left_at = None

    def _waiting(self, t: float) -> bool:
        return self._wait_until is not None and t < self._wait_until

    def _looks_down(self, sight: Sight | None) -> bool:
        if sight is None:
            return False
        if sight.pitch_deg is not None:
            return sight.pitch_deg < self._rules.down_deg
        return sight.zone in self._down_zones

    def kept(self) -> dict[str, float]:
        """What a restart must not forget, or it would learn drooping lids anew as open ones: the first level of each unit."""
        return {name: level.early for name, level in self._levels.items() if level.early is not None}

    def restore(self, kept: Mapping[str, float]) -> None:
        """Go on with what ``kept`` gave before a restart."""
        for name, early in kept.items():
            if name in self._levels:
                self._levels[name].restore(early)

    @property
    def millimetres(self) -> float | None:
        """The level in use, where the records tell millimetres."""
        return self._levels["mm"].value

    @property
    def state(self) -> State | None:
        """``None`` while no record has told an opening that a level could be learned from."""
        if self._level is None:
            return None
        return "learning" if self._level.value is None else "frozen"
