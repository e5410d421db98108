"""Who a driver looks like: every attribute drawn from the seed alone."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from dms.errors import UsageError
from hil.driver.look.attributes import Beard, BeardStyle, Brows, Cloth, Collar, Complexion, Extra, Eyewear, Hair, Lens, Look, Worn
from hil.driver.look.families import EYEWEAR, HAIR, HEADWEAR, MASKS, PATTERNS, HairStyle
from hil.driver.split import Split, split_of

__all__ = [
    "Beard", "BeardStyle", "Brows", "Cloth", "Collar", "Complexion", "Extra", "Eyewear", "Hair", "Lens", "Look", "Worn",
    "look_for", "split_of",
]  # fmt: skip

SKIN_850 = (0.66, 0.65, 0.63, 0.60, 0.54, 0.47)
SKIN_940 = (0.60, 0.60, 0.59, 0.575, 0.55, 0.51)
"""Albedo by skin type I to VI. Assumed: melanin hardly absorbs beyond 900 nm, water takes a little from all."""


def look_for(seed: int, split: Split | None = None, overrides: Mapping[str, Any] | None = None) -> Look:
    """The looks of a driver.

    Args:
        seed: who; decides the split as everywhere (``hil.driver.split``).
        split: the split the caller wants; refused when the seed is not of it.
        overrides: attributes by dotted name, for instance ``{"eyewear.model": "round", "age": 0.8}``. They may leave the family.

    Raises:
        UsageError: seed and split contradict, or an override names nothing or has a value that is none of its words.
    """
    if split is not None and split != split_of(seed):
        raise UsageError(f"seed {seed} is a {split_of(seed)} driver, not {split}: choose another seed")
    look = _drawn(seed, split_of(seed))
    for name, value in (overrides or {}).items():
        look = _with(look, name.split("."), value)
    return look


def _with(thing: Any, path: list[str], value: Any) -> Any:
    hints = get_type_hints(type(thing))
    if path[0] not in hints or (len(path) > 1) != is_dataclass(getattr(thing, path[0])):
        raise UsageError(f"the driver's look has no attribute {'.'.join(path)!r}: choose one of {', '.join(sorted(hints))}")
    inner = _checked(path[0], hints[path[0]], value) if len(path) == 1 else _with(getattr(thing, path[0]), path[1:], value)
    return replace(thing, **{path[0]: inner})


def _checked(name: str, hint: Any, value: Any) -> Any:
    """A value an override may set: a word of the attribute, or its type."""
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise UsageError(f"the driver's look: {name} cannot be {value!r}, only {', '.join(get_args(hint))}")
        return value
    if get_origin(hint) is tuple:
        return tuple(_checked(name, get_args(hint)[0], v) for v in ([value] if isinstance(value, str) else value))
    if isinstance(value, bool) != (hint is bool) or (hint in (int, float) and not isinstance(value, (int, float))):
        raise UsageError(f"the driver's look: {name} cannot be {value!r}, it takes a {hint.__name__}")
    return hint(value)


def _drawn(seed: int, split: Split) -> Look:
    rng = np.random.Generator(np.random.PCG64([seed, 200]))
    feminine = float(np.clip(rng.choice([0.1, 0.9]) + rng.normal(0, 0.08), 0, 1))
    age = float(rng.beta(1.3, 1.6))
    grey = float(np.clip(rng.normal(1.5 * age - 0.65, 0.18), 0, 1))
    dark = float(rng.choice([rng.uniform(0.05, 0.12), rng.uniform(0.1, 0.22), rng.uniform(0.25, 0.45)], p=[0.5, 0.35, 0.15]))
    hair = _hair(rng, split, feminine, age, dark, grey)
    worn = _worn(rng, split, feminine)
    return Look(
        seed=seed, split=split, age=age, feminine=feminine, skin=_complexion(rng, age),
        brows=_brows(rng, feminine, age, dark, grey), hair=hair, beard=_beard(rng, feminine, dark, grey),
        eyewear=_eyewear(rng, split), worn=worn, cloth=_cloth(rng, split), phone_albedo=float(rng.choice([0.06, 0.12, 0.35])),
    )  # fmt: skip


def _shade(dark: float, grey: float) -> float:
    """Albedo of hair of which a share is grey or white."""
    return float(dark * (1 - grey) + 0.55 * grey)


def _complexion(rng: np.random.Generator, age: float) -> Complexion:
    kind = int(rng.integers(1, 7))
    own = rng.normal(0, 0.02)
    return Complexion(
        type=kind, albedo_850=SKIN_850[kind - 1] + own, albedo_940=SKIN_940[kind - 1] + own,
        oil=rng.beta(2, 3), pores=rng.beta(2, 3), blotches=rng.uniform(0.3, 1), freckles=rng.beta(1, 4) * (kind < 4),
        moles=int(rng.poisson(4 + 5 * age)), sunspots=float(np.clip(age - 0.45 + rng.normal(0, 0.15), 0, 1)),
        under_eye=float(np.clip(rng.beta(2, 3) + 0.35 * age, 0, 1)), lips=rng.uniform(0.2, 0.9),
        wrinkles=float(np.clip(1.25 * age - 0.12 + rng.normal(0, 0.08), 0, 1)),
        iris=rng.uniform(0.22, 0.44), iris_contrast=rng.uniform(0.12, 0.5), sclera=rng.uniform(0.43, 0.57),
        bright_pupil=rng.uniform(0.25, 0.8),
    )  # fmt: skip


def _brows(rng: np.random.Generator, feminine: float, age: float, dark: float, grey: float) -> Brows:
    return Brows(
        thickness_mm=float(np.clip(rng.normal(7.0 - 2.8 * feminine, 1.3), 2.2, 10.5)),
        arch_mm=rng.uniform(1.0, 3.4) + 2.2 * feminine,
        gap_mm=float(np.clip(rng.normal(19, 4), 8, 30)), length_mm=rng.uniform(38, 48), height_mm=rng.normal(1.2 * feminine, 1.6),
        tilt_deg=rng.normal(2 + 4 * feminine - 3 * age, 3), density=float(np.clip(rng.normal(0.75 - 0.25 * age, 0.2), 0.15, 1)),
        bushy=float(np.clip(rng.normal(0.35 + 0.4 * age * (1 - feminine), 0.15), 0, 1)),
        albedo=_shade(0.07 + 0.8 * dark, 0.7 * grey),
        lash_cover=float(np.clip(rng.normal(0.38 + 0.2 * feminine, 0.08), 0.2, 0.75)), lash_density=rng.uniform(42, 70),
        lash_albedo=0.04 + 0.15 * dark + 0.12 * grey,
    )  # fmt: skip


def _hair(rng: np.random.Generator, split: Split, feminine: float, age: float, dark: float, grey: float) -> Hair:
    styles = HAIR[split]
    weight = np.array([_likely(style, feminine, age) for style in styles])
    return Hair(
        style=styles[int(rng.choice(len(styles), p=weight / weight.sum()))], albedo=_shade(0.03 + dark, grey), grey=grey,
        length=rng.uniform(0.8, 1.25), volume=rng.uniform(0.75, 1.3), part=float(rng.choice([-1, 1]) * rng.uniform(0.2, 1)),
        forelock=float(rng.beta(1, 2)), hairline_deg=rng.normal(0, 2.5) + 5 * max(0.0, age - 0.4) * (1 - feminine),
        shine=rng.uniform(0.05, 0.2),
    )  # fmt: skip


def _likely(style: HairStyle, feminine: float, age: float) -> float:
    female = {"bob", "long_straight", "ponytail", "long_wavy", "bun", "braids", "curly", "pixie"}
    receding = {"receding", "horseshoe", "bald", "shaved"}
    if style in receding:
        return (1.05 - feminine) * (0.4 + 1.6 * age)
    return feminine + 0.06 if style in female else 1.15 - 0.9 * feminine


def _beard(rng: np.random.Generator, feminine: float, dark: float, grey: float) -> Beard:
    styles: tuple[BeardStyle, ...] = ("none", "stubble", "moustache", "goatee", "full", "long")
    share = np.array([0.34, 0.24, 0.08, 0.1, 0.18, 0.06]) if feminine < 0.5 else np.array([1.0, 0, 0, 0, 0, 0])
    return Beard(
        style=styles[int(rng.choice(6, p=share))], albedo=_shade(0.05 + dark * 1.1, min(1.0, 1.2 * grey)),
        density=rng.uniform(0.5, 1),
        length=rng.uniform(0.7, 1.3),
    )  # fmt: skip


def _eyewear(rng: np.random.Generator, split: Split) -> Eyewear:
    lenses: tuple[Lens, ...] = ("clear_coated", "clear", "sun_opaque", "sun_clear", "graded", "photochromic")
    worn = rng.random() < 0.45
    model = EYEWEAR[split][int(rng.integers(len(EYEWEAR[split])))]
    sporty = model in ("sports_wrap", "oversized", "aviator")
    share = np.array([0.1, 0.1, 0.3, 0.3, 0.15, 0.05]) if sporty else np.array([0.4, 0.22, 0.1, 0.14, 0.07, 0.07])
    return Eyewear(
        model=model if worn else "none", lens=lenses[int(rng.choice(6, p=share))], size=rng.uniform(0.93, 1.08),
        slide_mm=rng.uniform(0, 4), tilt_deg=rng.uniform(4, 12), frame=float(rng.choice([0.04, 0.1, 0.3, 0.55])),
        shine=rng.uniform(0.03, 0.3),
    )  # fmt: skip


def _worn(rng: np.random.Generator, split: Split, feminine: float) -> Worn:
    family = HEADWEAR[split]
    covers = np.array([feminine + 0.05 if h in ("hijab", "shawl") else 1.1 - 0.6 * feminine for h in family])
    headwear = family[int(rng.choice(len(family), p=covers / covers.sum()))]
    mask = MASKS[split][int(rng.integers(len(MASKS[split])))]
    extras: list[Extra] = []
    for name, share in (("earrings", 0.35 * feminine), ("headphones", 0.03), ("hearing_aid", 0.03), ("earbud", 0.05)):
        if rng.random() < share:
            extras.append(name)  # type: ignore[arg-type]
    return Worn(
        headwear=headwear if rng.random() < 0.24 else "none", headwear_albedo=rng.uniform(0.08, 0.75),
        mask=mask if rng.random() < 0.08 else "none", mask_albedo=rng.uniform(0.45, 0.8), mask_low=bool(rng.random() < 0.15),
        scarf=bool(rng.random() < 0.08), scarf_albedo=rng.uniform(0.1, 0.7), extras=tuple(extras),
    )  # fmt: skip


def _cloth(rng: np.random.Generator, split: Split) -> Cloth:
    collars: tuple[Collar, ...] = ("tshirt", "shirt", "hoodie", "turtleneck", "lapels", "vneck")
    collar = collars[int(rng.choice(6, p=[0.28, 0.24, 0.14, 0.1, 0.12, 0.12]))]
    short = collar in ("tshirt", "vneck") and rng.random() < 0.6
    return Cloth(
        collar=collar, pattern=PATTERNS[split][int(rng.integers(len(PATTERNS[split])))], albedo=rng.uniform(0.12, 0.75),
        second=rng.uniform(0.08, 0.8), pattern_mm=rng.uniform(14, 60), folds=rng.uniform(0.3, 0.8), weave=rng.uniform(0.1, 0.7),
        sleeve_mm=rng.uniform(260, 330) if short else rng.uniform(500, 545), belt=bool(rng.random() < 0.93),
        belt_mm=rng.uniform(-25, 30),
    )  # fmt: skip
