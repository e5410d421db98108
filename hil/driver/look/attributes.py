"""Every attribute that tells two drivers apart; ``look.look_for`` draws them."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hil.driver.look.families import EyewearModel, HairStyle, Headwear, MaskStyle, Pattern
from hil.driver.split import Split

BeardStyle = Literal["none", "stubble", "moustache", "goatee", "full", "long"]
Lens = Literal["clear_coated", "clear", "sun_opaque", "sun_clear", "graded", "photochromic"]
Collar = Literal["tshirt", "shirt", "hoodie", "turtleneck", "lapels", "vneck"]
Extra = Literal["earrings", "headphones", "hearing_aid", "earbud"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexion:
    """Skin. Shares are 0..1 unless said otherwise.

    Attributes:
        type: Fitzpatrick skin type 1..6; ``albedo_850``, ``albedo_940``: of the bare skin.
        oil: shine; ``pores``, ``blotches``, ``freckles``, ``sunspots``: strength; ``moles``: how many.
        under_eye: dark ring and bags; ``lips``: how much darker; ``wrinkles``: depth, follows age.
        iris, sclera: albedo; ``bright_pupil``: retro-reflection.
    """

    type: int
    albedo_850: float
    albedo_940: float
    oil: float
    pores: float
    blotches: float
    freckles: float
    moles: int
    sunspots: float
    under_eye: float
    lips: float
    wrinkles: float
    iris: float
    iris_contrast: float
    sclera: float
    bright_pupil: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Brows:
    """Eyebrows and lashes: sizes in mm, ``tilt`` in degrees (outer end up), shares 0..1, ``albedo`` of a hair."""

    thickness_mm: float
    arch_mm: float
    gap_mm: float
    length_mm: float
    height_mm: float
    tilt_deg: float
    density: float
    bushy: float
    albedo: float
    lash_cover: float
    lash_density: float
    lash_albedo: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hair:
    """Hair of the head: ``length`` and ``volume`` are factors on the style's own; ``part``: -1 right .. 1 left; shares 0..1."""

    style: HairStyle
    albedo: float
    grey: float
    length: float
    volume: float
    part: float
    forelock: float
    hairline_deg: float
    shine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beard:
    """Beard; ``albedo`` of a hair."""

    style: BeardStyle
    albedo: float
    density: float
    length: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Eyewear:
    """Glasses: ``size`` a factor, ``slide_mm`` down the nose, ``tilt_deg`` pantoscopic, ``frame`` albedo, ``shine`` specular."""

    model: EyewearModel
    lens: Lens
    size: float
    slide_mm: float
    tilt_deg: float
    frame: float
    shine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Worn:
    """Head cover, mask, scarf, small things."""

    headwear: Headwear
    headwear_albedo: float
    mask: MaskStyle
    mask_albedo: float
    mask_low: bool
    scarf: bool
    scarf_albedo: float
    extras: tuple[Extra, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloth:
    """What covers the trunk; ``sleeve_mm`` as in ``Skin``."""

    collar: Collar
    pattern: Pattern
    albedo: float
    second: float
    pattern_mm: float
    folds: float
    weave: float
    sleeve_mm: float
    belt: bool
    belt_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One driver's looks; equal looks give equal meshes and textures.

    Attributes:
        seed, split: who, and whether training or test; also seeds what is scattered (moles, strands).
        age: 0 young adult .. 1 very old; ``feminine``: 0..1, only steers what is likely.
    """

    seed: int
    split: Split
    age: float
    feminine: float
    skin: Complexion
    brows: Brows
    hair: Hair
    beard: Beard
    eyewear: Eyewear
    worn: Worn
    cloth: Cloth
    phone_albedo: float = field(default=0.1)

    def stream(self, purpose: int) -> np.random.Generator:
        """Random numbers of this driver for one purpose; the same each time."""
        return np.random.Generator(np.random.PCG64([self.seed, 200 + purpose]))
