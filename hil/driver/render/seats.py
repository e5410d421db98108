"""Seats, headrests and what lies on the rear bench. Local frame: x forward, y to the driver's door, z up, from the eyes."""

import math

import numpy as np
from numpy.typing import ArrayLike

from hil.driver.look.geometry import Sheet, box, merge, tube
from hil.driver.render.interior import Interior

_LEAN_DEG = 14.0
_HOLLOW_MM = 172.0
"""How far a straight head's eyes are before the front of its headrest's upper edge, about."""


def turned(sheet: Sheet, degrees: float, about: ArrayLike) -> Sheet:
    """Leaned back by ``degrees`` about a point (turn about y)."""
    a = math.radians(degrees)
    turn = np.eye(4)
    turn[:3, :3] = np.array([[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]])
    turn[:3, 3] = np.asarray(about, float) - turn[:3, :3] @ np.asarray(about, float)
    return sheet.moved(turn)


def front_seat(look: Interior, y: float) -> dict[str, Sheet]:
    """One front seat whose middle is at ``y``: parts by material."""
    half, top = look.seat_width / 2, -look.shoulder
    pivot = (-225.0, y, top)
    middle = box((-310, y - half * 0.62, -760), (-222, y + half * 0.62, top - 8), 38)
    wings = [_wing(y + side * half * 0.78, side, half, top) for side in (-1.0, 1.0)]
    shell = box((-345, y - half * 0.9, -760), (-265, y + half * 0.9, top - 2), 34)
    cushion = box((-210, y - half, -800), (330, y + half, -660), 50)
    back = [turned(part, _LEAN_DEG, pivot) for part in (*wings, shell)]
    rest, posts = headrest(look, y)
    return {
        "seat": merge([*back, cushion, rest]),
        "seat_centre": turned(middle, _LEAN_DEG, pivot),
        "metal": posts,
    }


def _wing(y: float, side: float, half: float, top: float) -> Sheet:
    """A side bolster."""
    heights = np.linspace(-740, top - 30, 10)
    out = np.where(heights > top - 140, (heights - top + 140) / 140 * half * 0.16, 0.0)
    path = np.stack([np.full(10, -252.0) + 10 * np.sin(np.linspace(0, 3, 10)), y - side * out, heights], axis=1)
    wide = np.array([62, 64, 66, 66, 64, 62, 58, 52, 42, 24.0])
    return tube(path, wide, wide * 0.8, up=(1, 0, 0), sides=14)


def headrest(look: Interior, y: float) -> tuple[Sheet, Sheet]:
    """Cushion and its two posts."""
    half, high = look.headrest_width / 2, look.headrest_height / 2
    x, z = -_HOLLOW_MM - 95.0, look.headrest_rise
    if look.headrest_hole:
        angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        ring = np.stack([np.full(28, x), y + (half - 32) * np.cos(angle), z + (high - 26) * np.sin(angle)], axis=1)
        cushion = tube(ring, 30, 34, up=(1, 0, 0), sides=12, closed=True)
    else:
        cushion = box((x - 48, y - half, z - high), (x + 48, y + half, z + high), min(look.headrest_round, 47.0), 12)
        away = (cushion.points[:, 1] - y) / half
        cushion.points[:, 0] += 16.0 * away**2
    foot = -look.shoulder - 25
    posts = [tube([(x - 8, y + s * 68, foot), (x - 4, y + s * 66, z - high * 0.6)], 6.5, sides=8) for s in (-1.0, 1.0)]
    return turned(cushion, 6.0, (x, y, z)), merge(posts)


def rear_bench(look: Interior, middle: float) -> dict[str, Sheet]:
    """Rear bench across the car, its headrests, and the shelf behind."""
    places = (-410.0, 0.0, 410.0) if look.rear_headrests == 3 else (-400.0, 400.0)
    backs = [
        turned(box((-1060, middle + p - 205, -800), (-930, middle + p + 205, -215), 45), 16.0, (-990, 0, -400))
        for p in (-410, 0, 410)
    ]
    rests = [box((-1075, middle + p - 118, -205), (-985, middle + p + 118, -60), 38) for p in places]
    cushion = box((-980, middle - 620, -900), (-480, middle + 620, -690), 60)
    shelf = box((-1480, middle - 700, -225), (-1040, middle + 700, -205), 8)
    return {"seat": merge([*backs, *rests, cushion]), "dark": shelf, **_load(look, middle)}


def _load(look: Interior, middle: float) -> dict[str, Sheet]:
    """Child seat behind the passenger, bags in the middle."""
    found = {}
    if look.rear.startswith("child_seat"):
        y = middle - 400.0
        wings = [box((-960, y + s * 165 - 28, -520), (-760, y + s * 165 + 28, -110), 26) for s in (-1.0, 1.0)]
        found["pattern"] = merge([box((-985, y - 190, -640), (-900, y + 190, -70), 40), *wings])
    if look.rear.endswith("bags"):
        handle = [(-810, middle + y, z) for y, z in ((90, -340), (130, -230), (240, -230), (280, -340))]
        found["bag"] = merge([box((-930, middle + 40, -690), (-690, middle + 330, -330), 70), tube(handle, 9, sides=8)])
    return found
