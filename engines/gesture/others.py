"""Hands that show no sign, and the landmark network's errors."""

import numpy as np
from numpy.typing import NDArray

from dms.perception.signs import WORDS
from engines.gesture.hand_model import Angles, Bones, draw_bones, points, projected, turned, view
from engines.gesture.signs import (
    SHAPES,
    Rng,
    _uniform,
    anyhow,
    finger,
    shaped,
    shown,
    thumb_in,
    thumb_view,
    upright,
)  # fmt: skip
from hil.driver.split import Split

Array = NDArray[np.float64]
UNNAMED = (
    (0, 1, 0, 1), (1, 0, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0), (1, 0, 0, 1), (1, 1, 0, 0), (1, 0, 1, 0), (0, 0, 1, 0), (0, 1, 0, 0),
)  # fmt: skip
"""Index to little finger, 1 = in: combinations no word names (thumb in)."""
UNNAMED_THUMB = ((0, 1, 1, 1), (1, 0, 0, 1), (0, 0, 0, 1), (1, 0, 1, 1))
"""The same with the thumb out: "gun" and others."""


def relaxed(rng: Rng, bones: Bones) -> Angles:
    """Fingers half bent, more towards the little one: hands at rest, on the wheel, holding things."""
    n = len(bones.roots)
    level = rng.uniform(0.28, 0.72, n)
    slope = rng.uniform(-0.02, 0.09, n)
    shut = level[:, None] + slope[:, None] * np.arange(4) + rng.normal(0, 0.06, (n, 4))
    flexion = np.stack([finger(rng, n, np.clip(shut[:, f], 0.22, 0.78)) for f in range(4)], axis=1)
    thumb = _uniform(rng, n, (5, 55), (0, 65), (-5, 50), (-10, 55), (-5, 15))
    return Angles(flexion, rng.normal(0, 4, (n, 4)), thumb)


def scattered(rng: Rng, bones: Bones) -> Angles:
    """Each finger by itself, at least one of them halfway."""
    n = len(bones.roots)
    shut = np.where(rng.random((n, 4)) < 0.5, rng.uniform(0, 0.2, (n, 4)), rng.uniform(0.6, 1.0, (n, 4)))
    half = rng.integers(4, size=n)
    shut[np.arange(n), half] = rng.uniform(0.36, 0.58, n)
    flexion = np.stack([finger(rng, n, shut[:, f]) for f in range(4)], axis=1)
    return Angles(flexion, rng.normal(0, 5, (n, 4)), _uniform(rng, n, (0, 75), (-5, 65), (-10, 60), (-20, 70), (-5, 20)))


def unnamed(rng: Rng, bones: Bones) -> Angles:
    """Clear combinations that are no word."""
    n = len(bones.roots)
    table = [(p, False) for p in UNNAMED] + [(p, True) for p in UNNAMED_THUMB]
    parts = []
    for (pattern, out), count in zip(table, np.bincount(rng.integers(len(table), size=n), minlength=len(table)), strict=True):
        shape = shaped(rng, count, pattern, (4, 4))
        thumb = _uniform(rng, count, (52, 88), (-5, 30), (-15, 12), (-20, 12), (-8, 8)) if out else thumb_in(rng, count)
        parts.append(Angles(shape.flexion, shape.spread, thumb))
    return _joined(parts)


def between(rng: Rng, bones: Bones) -> Angles:
    """Half of the way from one sign to another that needs other fingers."""
    n = len(bones.roots)
    words = ("open_palm", "fist", "point", "victory", "three", "rock", "call")
    first, second = words[rng.integers(len(words))], words[rng.integers(len(words))]
    if first == second:
        return relaxed(rng, bones)
    return SHAPES[first](rng, bones).mixed(SHAPES[second](rng, bones), rng.uniform(0.38, 0.62, n))


def _joined(parts: list[Angles]) -> Angles:
    return Angles(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("flexion", "spread", "thumb")))


def wrong_way(rng: Rng, bones: Bones) -> tuple[Angles, Array]:
    """A sign's shape, fingers down or end on; a thumb that points sideways."""
    n = len(bones.roots)
    word = WORDS[1 + rng.integers(len(WORDS) - 2)]
    angles = SHAPES[word](rng, bones)
    if word in ("thumb_up", "thumb_down"):
        return angles, thumb_view(rng, n, rng.choice([-1.0, 1.0], n) * rng.uniform(70, 110, n))
    if word in ("fist", "call"):  # these are signs from nearly everywhere
        return relaxed(rng, bones), anyhow(rng, n)
    down = view(rng.uniform(-180, 180, n), rng.normal(0, 25, n), rng.choice([-1.0, 1.0], n) * rng.uniform(95, 180, n))
    end_on = view(rng.uniform(-180, 180, n), rng.choice([-1.0, 1.0], n) * rng.uniform(72, 100, n), rng.uniform(-180, 180, n))
    return angles, np.where(rng.random(n)[:, None, None] < 0.75, down, end_on)


def no_sign(rng: Rng, n: int, split: Split) -> Array:
    """N x 21 x 3 hands in camera axes that show no sign, wrist not at the origin."""
    kinds = np.bincount(rng.choice(5, n, p=(0.38, 0.2, 0.16, 0.1, 0.16)), minlength=5)
    found = []
    for kind, count in enumerate(kinds):
        bones = draw_bones(rng, count, split)
        if kind == 4:
            angles, way = wrong_way(rng, bones)
        else:
            angles = (relaxed, scattered, unnamed, between)[kind](rng, bones)
            way = np.where(rng.random(count)[:, None, None] < 0.5, upright(rng, count), anyhow(rng, count))
        found.append(turned(points(bones, angles), way))
    return np.concatenate(found)


def sign(word: str, rng: Rng, n: int, split: Split) -> Array:
    """N x 21 x 3 hands in camera axes that show ``word``."""
    if word == "none":
        return no_sign(rng, n, split)
    bones = draw_bones(rng, n, split)
    return turned(points(bones, SHAPES[word](rng, bones)), shown(word, rng, n))


def seen(hands: Array, rng: Rng) -> Array:
    """N x 21 x 2 as a landmark network gives them: perspective, errors that grow with depth and along the fingers."""
    n = len(hands)
    p = projected(hands, rng.uniform(280, 1100, n))
    size = np.ptp(p, axis=1).max(axis=1)[:, None, None]
    level = np.exp(rng.normal(np.log(0.014), 0.6, (n, 1, 1)))
    tips = np.array([0.8] + [0.8, 0.9, 1.1, 1.4] + 4 * [0.7, 1.0, 1.2, 1.5])[None, :, None]
    own = rng.normal(0, 1, p.shape)
    chain = np.repeat(rng.normal(0, 1, (n, 5, 2)), 4, axis=1)
    shared = np.concatenate([np.zeros((n, 1, 2)), chain], axis=1)
    return np.asarray(p + size * level * tips * (0.75 * own + 0.65 * shared))


def stretched(p: Array, rng: Rng, share: float) -> Array:
    """Some as fractions of a picture's width and height give them: wider or narrower than they are."""
    n = len(p)
    wide = np.where(rng.random(n) < share, np.exp(rng.uniform(np.log(0.62), np.log(1.4), n)), 1.0)
    return np.asarray(p * np.stack([wide, np.ones(n)], axis=1)[:, None])


def hands(
    rng: Rng, n: int, split: Split, none_share: float, looks: int = 1, stretched_share: float = 0.0
) -> tuple[Array, NDArray[np.int64]]:
    """N x ``looks`` hands as 21 x 2 picture points, and the number of each one's word; making one costs more than seeing it."""
    counts = [round(n * none_share)] + [round(n * (1 - none_share) / (len(WORDS) - 1))] * (len(WORDS) - 1)
    made = np.concatenate([sign(word, rng, count, split) for word, count in zip(WORDS, counts, strict=True)])
    word = np.tile(np.repeat(np.arange(len(WORDS)), counts), looks)
    return stretched(seen(np.tile(made, (looks, 1, 1)), rng), rng, stretched_share), word
