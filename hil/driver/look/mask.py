"""Face masks: surgical with folds, cloth, duckbill; with loops around the ears."""

from dataclasses import replace

import numpy as np

from hil.driver.ids import Id
from hil.driver.look.families import MaskStyle
from hil.driver.look.fitting import follow, mesh
from hil.driver.look.geometry import Floats, Sheet, curve, grid, merge, smooth, tube, unit
from hil.driver.look.look import Look
from hil.driver.look.person import Person
from hil.driver.render.drawable import Follow, Material, Mesh

_COLUMNS, _ROWS = 41, 33
_JAW_ROOM_MM = 5.0
"""Room before the chin for a mouth that opens a little."""


def mask(look: Look, person: Person) -> list[Mesh]:
    """Meshes of the mask; none without."""
    style = look.worn.mask
    if style == "none":
        return []
    front = _front(person, style, look.worn.mask_low)
    material = Material(
        id=Id.MASK, kind="cloth", albedo=look.worn.mask_albedo, specular=0.01, wrap=0.3, folds=0.12, weave=0.35, noise=0.04
    )
    loops = merge([_loop(person, front[rows, column], sign) for sign, column, rows in ((1, -1, [0, -1]), (-1, 0, [0, -1]))])
    cloth = mesh(grid(front), material, "mask", two_sided=True)
    return [replace(cloth, follow=_with_jaw(person)), mesh(loops, material, "mask_loops")]


def _with_jaw(person: Person) -> Follow:
    """The lower part goes down with the chin, the sides stay at the ears."""
    chin = int(person.asset.landmarks["chin_bottom"][1][0])
    across = np.abs(np.linspace(-1, 1, _COLUMNS))[None]
    t = np.linspace(0, 1, _ROWS)[:, None]
    share = smooth(t, 0.15, 0.75) * smooth(across, 1.0, 0.5)
    ahead = np.asarray(0.5 * smooth(t, 0.1, 0.45) * smooth(across, 0.85, 0.3), np.float32)
    return replace(follow(person, np.full(_ROWS * _COLUMNS, chin, np.int64), share.ravel()), ahead=ahead.ravel())


def _front(person: Person, style: MaskStyle, low: bool) -> Floats:
    """The mask itself, rows from above to below x columns from right to left x 3."""
    half = {"surgical": 62.0, "cloth": 60.0, "ffp2": 57.0}.get(style, 60.0)
    azimuth = np.linspace(-half, half, _COLUMNS)[None]
    t = np.linspace(0, 1, _ROWS)[:, None]
    high = np.interp(np.abs(azimuth), [0, 10, 26, half], [-13.5, -17, -24, -27]) - (19.0 if low else 0.0) * smooth(
        np.abs(azimuth), half, 15
    )
    deep = np.interp(np.abs(azimuth), [0, 22, 42, half], [-58, -55, -49, -40])
    height = high + (deep - high) * t
    spread = np.broadcast_to(azimuth, height.shape)
    taut = _taut(person, spread, height, 1.6 + _JAW_ROOM_MM * smooth(t, 0.55, 1.0) * smooth(np.abs(azimuth), 50, 20))
    middle = np.exp(-((azimuth / 24) ** 2)) * np.sin(np.pi * np.clip(t, 0, 1)) ** 0.8
    extra = {
        "surgical": 0.9 * np.abs((t * 4.5) % 1 - 0.5) * 2 * smooth(np.abs(azimuth), half + 3, 40) + 1.5 * middle,
        "cloth": 5.0 * np.exp(-np.abs(azimuth) / 14) * np.sin(np.pi * t) ** 0.6,
        "ffp2": 20.0 * np.exp(-((azimuth / 30) ** 2)) * np.sin(np.pi * t) ** 1.2,
    }[style]
    a, e = np.radians(spread), np.radians(height)
    d = np.stack([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)], axis=-1)
    return np.asarray(person.centre + d * (taut + extra)[..., None], np.float32)


def _taut(person: Person, azimuth: Floats, height: Floats, gap: Floats) -> Floats:
    """Distances from the skull's middle of a cloth drawn tight over nose, cheeks and chin."""
    bare = np.linalg.norm(person.on_head(azimuth, height) - person.centre, axis=-1) + gap
    taut = bare.copy()
    for _ in range(60):
        padded = np.pad(taut, 1, mode="edge")
        mean = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
        inner = np.maximum(mean, bare)
        taut[1:-1, 1:-1] = inner[1:-1, 1:-1]
    return np.asarray(taut, np.float32)


def _loop(person: Person, corners: Floats, sign: int) -> Sheet:
    """An elastic from the upper corner around the ear to the lower one."""
    side = "left" if sign > 0 else "right"
    ear = person.skin[(person.masks[:, 3] > 0.5) & (person.skin[:, 1] * sign > 0)]
    top, back = person.place(f"{side}_ear_tip"), ear[np.argmin(ear[:, 0])]
    low = ear[np.argmin(ear[:, 2])]
    over = np.array([top[0] + 8, top[1], top[2] - 1.5])
    behind = np.array([back[0] + 7, 0.5 * (back[1] + low[1]), 0.55 * top[2] + 0.45 * low[2]])
    under = np.array([low[0] - 5, low[1], low[2] + 7])
    path = curve(
        np.stack([corners[0], 0.5 * (corners[0] + over), over, behind, under, 0.5 * (corners[1] + under), corners[1]]), 40
    )
    path = person.pushed_off_head(np.stack([path[:, 0], path[:, 1] * 0.93, path[:, 2]], axis=1), 1.6)
    return tube(path, 1.2, 0.9, unit(path - person.centre), 6)
