"""Face painted into the atlas: albedo factors, relief and shine of one driver."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hil.driver.look.brows import brow_cover
from hil.driver.look.canvas import SIZE, Canvas, canvas
from hil.driver.look.geometry import Floats, smooth
from hil.driver.look.look import Look
from hil.driver.look.regions import beard, scalp
from hil.driver.look.styles import STYLES
from hil.driver.look.wrinkles import relief

_BEARD_SHADOW = {"none": 0.1, "stubble": 0.75, "moustache": 0.3, "goatee": 0.3, "full": 0.9, "long": 0.9}


@dataclass(frozen=True, eq=False, slots=True)
class Paint:
    """Atlas maps, ``SIZE`` x ``SIZE``, rows upwards: height in mm; albedo factors
    (255 is ``HEADROOM``) and gloss factors (128 is 1)."""

    albedo: NDArray[np.uint8]
    height: Floats
    gloss: NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class _Fixed:
    """What does not depend on the person, over the canvas."""

    porous: Floats
    freckled: Floats
    ring: Floats
    hollow: Floats
    t_zone: Floats
    lip: Floats
    beards: dict[str, Floats]
    pores: Floats
    grain: Floats


def _blob(place: Floats, centre: tuple[float, float, float], size: tuple[float, float, float]) -> Floats:
    """Bell over both sides of the face: 1 at ``centre`` (left side), ``size`` the standard deviations, mm."""
    folded = np.stack([place[..., 0], np.abs(place[..., 1]), place[..., 2]], axis=-1)
    return np.asarray(np.exp(-0.5 * (((folded - np.array(centre)) / np.array(size)) ** 2).sum(axis=-1)), np.float32)


@cache
def _fixed() -> _Fixed:
    import cv2

    c = canvas()
    p = c.place
    rng = np.random.Generator(np.random.PCG64(940))
    nose = _blob(p, (40, 0, -40), (14, 16, 18))
    cheek = _blob(p, (15, 38, -35), (22, 17, 17))
    forehead = _blob(p, (15, 0, 42), (25, 38, 18))
    front = smooth(p[..., 0], -50, -5)
    dots = (rng.random(c.shape, dtype=np.float32) > 0.92).astype(np.float32) * rng.random(c.shape, dtype=np.float32)
    pores = cv2.GaussianBlur(dots, (0, 0), 0.75) * 2.2
    grain = c.noise(rng, 1.0)
    grain = 0.6 * cv2.GaussianBlur(grain, (0, 0), 0.7) + 0.4 * cv2.GaussianBlur(grain, (0, 0), 2.0) * 3
    under = _blob(p, (12, 30, -14), (20, 11, 5.0)) + 0.8 * _blob(p, (14, 19, -9), (16, 4.5, 5))
    return _Fixed(
        porous=np.asarray(front * np.clip(0.35 + nose + 0.7 * cheek + 0.4 * forehead, 0, 1.4), np.float32),
        freckled=np.clip(nose + 1.1 * cheek + 0.3 * forehead, 0, 1), ring=np.clip(under, 0, 1),
        hollow=smooth(c.masks[..., 5], 0.5, 0.12), t_zone=np.clip(nose + 0.8 * forehead + 0.5 * cheek, 0, 1),
        lip=c.masks[..., 0].copy(), beards={k: beard(p, k) for k in ("full", "goatee", "moustache")}, pores=pores, grain=grain,
    )  # fmt: skip


def _spots(c: Canvas, rng: np.random.Generator, where: Floats, count: int, radius: tuple[float, float], soft: float) -> Floats:
    """Round dots (strength 0..1) scattered with a density, radii in texels."""
    import cv2

    out = np.zeros(c.shape, np.float32)
    rows, columns = _sites(c, rng, where, count)
    for row, column in zip(rows, columns, strict=True):
        axes = np.round(rng.uniform(*radius) * rng.uniform(0.75, 1.3, 2) * 16).astype(int)
        centre = (int(column) * 16 + int(rng.integers(16)), int(row) * 16 + int(rng.integers(16)))
        cv2.ellipse(out, centre, axes.tolist(), float(rng.uniform(0, 180)), 0, 360, float(rng.uniform(0.4, 1)), -1, cv2.LINE_8, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), soft), np.float32) if count else out


def _sites(c: Canvas, rng: np.random.Generator, where: Floats, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = rng.integers(0, c.shape[0], 40 * count), rng.integers(0, c.shape[1], 40 * count)
    kept = np.flatnonzero(rng.random(40 * count) < where[rows, columns] * c.inside[rows, columns])[:count]
    return rows[kept], columns[kept]


def _tone(look: Look, c: Canvas, f: _Fixed, rng: np.random.Generator) -> Floats:
    """Albedo factor of the bare skin, about 0.6 .. 1.1."""
    s = look.skin
    tone = 1 + 0.016 * s.blotches * (c.noise(rng, 14) + c.noise(rng, 45)) + 0.012 * f.grain
    tone -= 0.075 * s.pores * f.porous * f.pores
    tone *= 1 - (0.06 + 0.13 * s.under_eye) * f.ring
    tone *= 1 - 0.3 * f.hollow
    tone *= 1 - 0.12 * s.lips * f.lip + 0.03 * s.lips * f.lip * c.noise(rng, 5)
    melanin = 0.4 + 0.1 * s.type
    tone *= 1 - 0.1 * melanin * s.freckles * _spots(c, rng, f.freckled, int(420 * s.freckles), (0.8, 2.0), 0.8)
    face = smooth(c.place[..., 0], -75, -20)
    tone *= 1 - 0.45 * _spots(c, rng, face, s.moles, (0.9, 2.6), 0.7)
    tone *= 1 - 0.12 * _spots(c, rng, face, int(26 * s.sunspots), (3.0, 9.0), 2.0)
    return np.asarray(tone, np.float32)


def _stubble(look: Look, f: _Fixed, rng: np.random.Generator) -> Floats:
    """Share of each texel covered by short beard hairs."""
    import cv2

    strength = _BEARD_SHADOW[look.beard.style] * look.beard.density * (1 if look.feminine < 0.5 else 0.0)
    area = f.beards[look.beard.style if look.beard.style in f.beards else "full"]
    dots = cv2.GaussianBlur((rng.random(area.shape, dtype=np.float32) > 0.8).astype(np.float32), (0, 0), 0.8)
    shadow = 0.0 if look.feminine >= 0.5 else 0.12 * look.beard.density
    return np.asarray(
        np.clip(area * strength * (0.25 + 1.6 * dots), 0, 0.9) + shadow * f.beards["full"] * (0.3 + dots), np.float32
    )


def _painted_scalp(look: Look, c: Canvas, rng: np.random.Generator) -> Floats:
    """Share of each texel covered by the roots of the hair, soft and uneven at the hairline."""
    import cv2

    style = STYLES[look.hair.style]
    inside = scalp(c.place, style.hairline_deg + look.hair.hairline_deg, style.temples_deg, style.crown)
    ragged = inside + 2.5 * c.noise(rng, 4) + 1.5 * c.noise(rng, 12)
    dots = cv2.GaussianBlur((rng.random(c.shape, dtype=np.float32) > 0.7).astype(np.float32), (0, 0), 0.7)
    cover = smooth(ragged, -5.0, 0.75 * style.fade_mm) * (style.root_cover + (1 - style.root_cover) * 0.8 * dots)
    shaven = smooth(scalp(c.place, look.hair.hairline_deg), 0, 12) * style.bald_shadow * (0.4 + dots)
    ears = smooth(c.masks[..., 3], 0.25, 0.1)
    return np.asarray(np.maximum(cover * style.root_strength, shaven) * ears, np.float32)


def _hairs(albedo: Floats, cover: Floats, hair: float, skin: float) -> Floats:
    """Albedo factor under a share of hairs."""
    return np.asarray(albedo * (1 - cover) + cover * (hair / max(skin, 0.05)), np.float32)


def paint(look: Look) -> Paint:
    """All maps of one driver (about 0.3 s)."""
    c, f, rng = canvas(), _fixed(), look.stream(1)
    base = look.skin.albedo_940
    tone = _tone(look, c, f, rng)
    folds, dark = relief(c, look.skin.wrinkles, rng)
    tone *= 1 - 0.5 * dark
    fine = c.noise(rng, 3)
    height = folds + 0.02 * f.grain - 0.09 * (0.3 + look.skin.pores) * f.porous * f.pores
    height += (0.012 + 0.03 * look.age) * fine * f.porous + 0.08 * f.lip * c.noise(rng, 4)
    height += 0.5 * look.skin.under_eye * f.ring
    stubble = _stubble(look, f, rng)
    tone = _hairs(tone, stubble, look.beard.albedo, base)
    height += 0.06 * stubble * fine
    tone = _hairs(tone, _painted_scalp(look, c, rng), look.hair.albedo, base)
    gloss = 0.5 + (0.3 + 0.8 * look.skin.oil) * f.t_zone + 0.3 * f.lip
    for (rows, columns), cover in brow_cover(c, look.brows, rng):
        tone[rows, columns] = _hairs(tone[rows, columns], cover, look.brows.albedo, base)
        height[rows, columns] += 0.35 * cover
        gloss[rows, columns] *= 1 - 0.7 * cover
    return _atlas(c, tone, height, gloss * (1 - 0.6 * np.clip(stubble, 0, 1)))


def _atlas(c: Canvas, tone: Floats, height: Floats, gloss: Floats) -> Paint:
    rows, columns = slice(c.bottom, c.bottom + c.shape[0]), slice(c.left, c.left + c.shape[1])
    albedo = np.full((SIZE, SIZE), round(255 / HEADROOM), np.uint8)
    albedo[rows, columns] = np.where(c.inside, np.clip(tone * (255 / HEADROOM), 0, 255), albedo[rows, columns])
    full = np.zeros((SIZE, SIZE), np.float32)
    full[rows, columns] = np.where(c.inside, height, 0)
    shine = np.full((SIZE, SIZE), 64, np.uint8)
    shine[rows, columns] = np.where(c.inside, np.clip(gloss * 128, 0, 255), 64)
    return Paint(albedo, full, shine)


HEADROOM = 1.2
"""Albedo factors go up to this (white hair is brighter than skin): the skin's base is multiplied by it in turn."""
