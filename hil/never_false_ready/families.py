"""Families of drives: what happens in them, and how often. Every family may meet happenings of another one."""

from typing import NamedTuple

from hil.never_false_ready import happenings as h
from hil.never_false_ready.draft import Draft


class Family(NamedTuple):
    """``weight`` of the family among all; pauses between two happenings, s."""

    weight: float
    happenings: tuple[h.Happening, ...]
    pause_s: tuple[float, float] = (4.0, 30.0)


FAMILIES: dict[str, Family] = {
    "attentive": Family(4.0, (h.mirrors, h.talking, h.takeover), (10.0, 60.0)),
    "glances": Family(1.5, (h.long_glance, h.short_glances, h.mirror_stare)),
    "phone": Family(1.0, (h.phone,)),
    "look_down": Family(1.0, (h.look_down,)),
    "rear_turn": Family(0.5, (h.rear_turn,)),
    "talking_rubbing": Family(1.0, (h.talking, h.rubbing, h.yawn)),
    "drowsy": Family(1.5, (h.long_blinks, h.microsleep, h.drowsy), (10.0, 60.0)),
    "sleep": Family(1.0, (h.microsleep, h.sleep), (10.0, 60.0)),
    "seat_belt": Family(1.0, (h.leave, h.unbuckle), (15.0, 60.0)),
    "dark_glasses": Family(1.0, (h.glasses,)),
    "light": Family(1.0, (h.low_sun, h.tunnel)),
    "camera_faults": Family(1.5, (h.frozen, h.black, h.gap, h.slow, h.late)),
    "bus_faults": Family(1.0, (h.bus_silent, h.bus_nulls, h.bus_and_driver)),
}
MIXED_SHARE = 0.35
"""So many drives have the happenings of another family too, at their own, rarer times."""
ATTENTIVE = "attentive"


def play(draft: Draft, family: Family, start: float, rarer: float = 1.0) -> None:
    """One happening after another until the drive is over."""
    t = start + draft.between(0.5, 1.0) * family.pause_s[1] * rarer
    while t < draft.seconds - 5.0:
        happening = family.happenings[int(draft.rng.integers(len(family.happenings)))]
        t = happening(draft, t) + rarer * draft.between(*family.pause_s)
