"""A whole drive as it truly is, drawn from a seed and a number; no record and no reading yet."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from dms.assessment import load_cabin
from dms.records.cabin import Cabin
from hil.never_false_ready import person as people
from hil.never_false_ready.draft import Draft
from hil.never_false_ready.families import ATTENTIVE, FAMILIES, MIXED_SHARE, play
from hil.never_false_ready.looking import Looks, lay_over, looks, scanning
from hil.never_false_ready.person import Person
from hil.never_false_ready.spans import NONE, Spans, common, outside, shifted, spans

PICTURES = 6000
"""Pictures of one drive: slow cameras drive longer, so that an hour costs no more than it must."""
RATES = {10.0: 0.42, 12.0: 0.2, 15.0: 0.2, 30.0: 0.13, 60.0: 0.05}
"""Pictures a second and the share of drives."""
CABINS = ("example_lhd", "example_rhd")
BY_HAND_S = (200.0, 300.0)
"""Driven by hand first, so that the self-calibration has something to learn from."""


@dataclass(frozen=True, slots=True)
class Head:
    """What can be known of a drive without drawing it: cheap, for planning."""

    seed: int
    number: int
    family: str
    fps: float

    @property
    def seconds(self) -> float:
        """Length of the drive."""
        return PICTURES / self.fps


@dataclass(frozen=True, slots=True)
class Script:
    """The truth of one drive. ``stretches``: see ``Draft``; drivers take over from each other at ``changes``."""

    head: Head
    cabin: Cabin
    cabin_name: str
    calibrated: bool
    people: list[Person]
    changes: list[float]
    looks: list[Looks]
    """One for each driver, over the whole drive."""
    closures: Spans
    stretches: dict[str, Spans]
    by_hand_s: float
    speed_kmh: float
    invents: bool
    """Does perception give numbers for eyes that it calls hidden? The records forbid it; a decision must not use them."""
    night: bool
    also: str | None
    """The family whose happenings come along."""

    def stretch(self, *names: str) -> Spans:
        """All stretches of these names together."""
        found = [part for name in names if (part := self.stretches.get(name)) is not None]
        return found[0] if len(found) == 1 else spans([(a, b) for part in found for a, b in part]) if found else NONE


def head(seed: int, number: int) -> Head:
    """Family and rate of a drive."""
    rng = np.random.default_rng([seed, number, 0])
    weights = np.array([family.weight for family in FAMILIES.values()])
    family = list(FAMILIES)[int(rng.choice(len(weights), p=weights / weights.sum()))]
    fps = float(rng.choice(list(RATES), p=list(RATES.values())))
    return Head(seed, number, family, fps)


def write(seed: int, number: int) -> Script:
    """Draw a drive. The same seed and number always give the same one."""
    top = head(seed, number)
    rng = np.random.default_rng([seed, number, 1])
    cabin_name = CABINS[int(rng.random() < 0.4)]
    cabin = _cabin(cabin_name)
    calibrated = bool(rng.random() < 0.5)
    draft = Draft(rng, top.seconds)
    by_hand = 0.0 if calibrated and draft.chance(0.7) else min(draft.between(*BY_HAND_S), 0.6 * top.seconds)
    also = draft.one_of(*FAMILIES) if draft.chance(MIXED_SHARE) else None
    play(draft, FAMILIES[top.family], 0.0 if draft.chance(0.3) else by_hand)
    if also is not None and top.family != ATTENTIVE:
        play(draft, FAMILIES[also], 0.0, rarer=4.0)
    eyewear = str(rng.choice(people.EYEWEAR, p=(0.6, 0.25, 0.13, 0.02) if top.family != ATTENTIVE else (0.65, 0.25, 0.1, 0.0)))
    if eyewear == "lens":
        draft.add("lens", 0.0, top.seconds)
    changes = sorted(draft.changes)
    drivers = [people.draw(rng, cabin.ocular_point_mm, calibrated, eyewear) for _ in range(len(changes) + 1)]
    stretches = {name: shifted(spans(pairs)) for name, pairs in draft.stretches.items()}
    glances = lay_over(scanning(rng, top.seconds), draft.glances)
    return Script(
        head=top, cabin=cabin, cabin_name=cabin_name, calibrated=calibrated, people=drivers, changes=changes,
        looks=[looks(rng, glances, top.seconds, cabin, driver) for driver in drivers],
        closures=natural_closures(draft, drivers[0]), stretches=stretches, by_hand_s=by_hand,
        speed_kmh=draft.between(55.0, 130.0), invents=draft.chance(0.5), night=draft.chance(0.3), also=also,
    )  # fmt: skip


@cache
def _cabin(name: str) -> Cabin:
    return load_cabin(name)


def natural_closures(draft: Draft, driver: Person) -> Spans:
    """The driver's own blinks, and what the happenings shut; a blink never touches those."""
    rng, seconds = draft.rng, draft.seconds
    count = int(seconds * driver.blinks_per_min / 60.0 * 1.5) + 8
    pauses = 0.4 + rng.exponential(60.0 / driver.blinks_per_min, count)
    starts = np.cumsum(pauses)
    starts = starts[starts < seconds]
    ends = starts + np.clip(rng.normal(driver.blink_s, 0.04, len(starts)), 0.04, 0.35)
    blinks = np.stack([starts, ends], axis=1)
    told = spans(draft.closures)
    free = outside(shifted(told, -0.4, 0.4), seconds)
    inner = common(blinks, free)
    whole = inner[np.isclose(inner[:, 1] - inner[:, 0], _length_of(blinks, inner))] if len(inner) else NONE
    return spans([*map(tuple, whole), *map(tuple, told)])


def _length_of(blinks: Spans, parts: Spans) -> np.ndarray:
    """Length of the blink that each part comes from."""
    number = np.searchsorted(blinks[:, 0], parts[:, 0], side="right") - 1
    lengths: np.ndarray = (blinks[:, 1] - blinks[:, 0])[number]
    return lengths
