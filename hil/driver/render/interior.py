"""What a cabin looks like inside, drawn from a seed: light or dark trim, seats, what lies on the rear bench."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Rear = Literal["empty", "child_seat", "bags", "child_seat_and_bags"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interior:
    """One cabin's looks. Albedos 0..1 (fabrics are bright at 940 nm, black plastic is not), sizes in mm.

    Attributes:
        liner, trim, dark, seat, seat_centre, wheel, belt: albedos of roof liner, pillars and doors, lower plastics, seat bolsters
            and headrests, seat middle, steering wheel, belt webbing.
        leather: smooth shining seats instead of cloth.
        headrest_width, headrest_height, headrest_round, headrest_rise: its size, rounding and middle above the eyes.
        headrest_hole: a ring with an opening.
        seat_width: of the backrest; ``shoulder``: how far its upper end lies below the eyes.
        door_belt: the belt comes from the door's pillar (otherwise from the seat itself).
        spokes: of the steering wheel.
        rear: what is on the rear bench; ``rear_headrests``: how many.
        third_window: a small window behind the rear doors.
    """

    liner: float = 0.5
    trim: float = 0.25
    dark: float = 0.08
    seat: float = 0.14
    seat_centre: float = 0.22
    wheel: float = 0.08
    belt: float = 0.12
    leather: bool = False
    headrest_width: float = 262.0
    headrest_height: float = 178.0
    headrest_round: float = 42.0
    headrest_rise: float = -8.0
    headrest_hole: bool = False
    seat_width: float = 500.0
    shoulder: float = 168.0
    door_belt: bool = True
    spokes: int = 3
    rear: Rear = "empty"
    rear_headrests: int = 3
    third_window: bool = False


def interior_of(seed: int) -> Interior:
    """The looks of cabin number ``seed``; 0 is the plain one."""
    if seed == 0:
        return Interior()
    rng = np.random.default_rng([seed, 0xCAB])

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    light = rng.random() < 0.6
    seat = between(0.05, 0.2) if rng.random() < 0.6 else between(0.25, 0.5)
    rear: tuple[Rear, ...] = ("empty", "child_seat", "bags", "child_seat_and_bags")
    return Interior(
        liner=between(0.35, 0.62) if light else between(0.08, 0.2), trim=between(0.15, 0.4) if light else between(0.05, 0.14),
        dark=between(0.05, 0.12), seat=seat, seat_centre=float(np.clip(seat * between(0.7, 1.9), 0.05, 0.6)),
        wheel=between(0.05, 0.16), belt=between(0.07, 0.3), leather=bool(rng.random() < 0.35),
        headrest_width=between(225, 295), headrest_height=between(145, 205), headrest_round=between(22, 62),
        headrest_rise=between(-35, 20), headrest_hole=bool(rng.random() < 0.12), seat_width=between(455, 540),
        shoulder=between(130, 200), door_belt=bool(rng.random() < 0.85), spokes=int(rng.integers(2, 5)),
        rear=rear[int(rng.choice(4, p=(0.5, 0.2, 0.2, 0.1)))], rear_headrests=int(rng.integers(2, 4)),
        third_window=bool(rng.random() < 0.4),
    )  # fmt: skip
