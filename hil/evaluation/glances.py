"""Glances of a run as in ISO 15007, and the limits for a task done by eye and hand (NHTSA: GLA-02).

A glance at an area is the transition to it and the dwell on it. What is looked at for an instant between two areas, or not known
for as long, is transition; what is not known for longer is no glance and no look at the road either.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from dms.assessment.geometry import vehicle_angles
from dms.records import TakeoverReadiness
from dms.records.cabin import Cabin
from dms.records.words import Zone

TRANSITION_S = 0.3
"""As the flicker tolerance of the glance clocks (ADDW-04)."""
MEAN_MAX_S, LONG_S, LONG_SHARE_MAX, TOTAL_MAX_S, DOWN_MAX_DEG = 2.0, 2.0, 0.15, 12.0, 28.16
"""GLA-02, the last as an angle in space."""
TINY = 1e-6


class Glance(NamedTuple):
    """One look at one area, transition included."""

    zone: Zone
    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end - self.start


def glances(states: Iterable[TakeoverReadiness], start: float, end: float) -> list[Glance]:
    """All glances between two times, the road and stretches in which nothing is known among them (``unknown``)."""
    found: list[Glance] = []
    moving: float | None = None
    for zone, since, until in _dwells(states, start, end):
        if zone in ("other", "unknown") and until - since < TRANSITION_S and found:
            moving = since if moving is None else moving
            continue
        begin = since if moving is None else moving
        if found and found[-1].zone == zone:
            found[-1] = found[-1]._replace(end=until)
        else:
            found.append(Glance(zone, begin, until))
        moving = None
    return found


def _dwells(states: Iterable[TakeoverReadiness], start: float, end: float) -> Iterator[tuple[Zone, float, float]]:
    """Stretches of one zone; a state stands for the time up to the next one."""
    zone: Zone | None = None
    since = now = start
    for state in states:
        if not start <= state.t <= end:
            continue
        now = state.t
        if state.attention.zone != zone:
            if zone is not None and now > since:
                yield zone, since, now
            zone, since = state.attention.zone, now
    if zone is not None and now > since:
        yield zone, since, now


def statistics(found: list[Glance]) -> dict[str, Any]:
    """Count, mean, total and longest glance of each area; time on, off and not known."""
    zones = sorted({glance.zone for glance in found} - {"unknown"})
    total = {zone: [g.seconds for g in found if g.zone == zone] for zone in zones}
    seen = sum(map(sum, total.values()))
    road = sum(total.get("road", []))
    return {
        "areas": {zone: _of(seconds) for zone, seconds in total.items()},
        "eyes_off_road_s": round(seen - road, 3), "road_share": round(road / seen, 4) if seen else None,
        "unknown_s": round(sum(g.seconds for g in found if g.zone == "unknown"), 3),
    }  # fmt: skip


def _of(seconds: list[float]) -> dict[str, Any]:
    long = sum(s > LONG_S + TINY for s in seconds)
    return {
        "count": len(seconds), "mean_s": round(sum(seconds) / len(seconds), 3), "total_s": round(sum(seconds), 3),
        "longest_s": round(max(seconds), 3), "over_2_s": round(long / len(seconds), 4),
    }  # fmt: skip


def task(found: list[Glance], area: Zone, cabin: Cabin) -> list[str]:
    """What of the limits a task on the display in ``area`` breaks; empty where it keeps all."""
    seconds, down = [g.seconds for g in found if g.zone == area], down_deg(cabin, area)
    broken = []
    if seconds:
        whole = _of(seconds)
        if whole["mean_s"] > MEAN_MAX_S:
            broken.append(f"mean glance {whole['mean_s']:.2f} s, {MEAN_MAX_S:g} are allowed")
        if whole["over_2_s"] > LONG_SHARE_MAX:
            broken.append(f"{whole['over_2_s']:.0%} of the glances over {LONG_S:g} s, {LONG_SHARE_MAX:.0%} are allowed")
        if whole["total_s"] > TOTAL_MAX_S + TINY:
            broken.append(f"{whole['total_s']:.1f} s in all, {TOTAL_MAX_S:g} are allowed")
    if down is None or down > DOWN_MAX_DEG:
        place = "not in the vehicle file" if down is None else f"{down:.1f} degrees down, {DOWN_MAX_DEG:g} are allowed"
        broken.append(f"display {place}")
    return broken


def down_deg(cabin: Cabin, area: Zone) -> float | None:
    """How far below straight ahead the middle of a display lies, seen from the ocular point; ``None``: it has no such zone."""
    box = next((box for box in cabin.zones if box.zone == area), None)
    if box is None:
        return None
    x, y, z = ((low + high) / 2 - eye for low, high, eye in zip(box.low_mm, box.high_mm, cabin.ocular_point_mm, strict=True))
    return -vehicle_angles((x, y, z))[1]
