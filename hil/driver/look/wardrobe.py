"""A driver dressed: all meshes worn and the skin with clothes, for one shape and one look."""

import numpy as np

from hil.driver.body.asset import Asset, Floats
from hil.driver.look.beard import beard
from hil.driver.look.cloth import collar, material, neckline
from hil.driver.look.extras import extras
from hil.driver.look.eyewear import eyewear
from hil.driver.look.hair import hair
from hil.driver.look.headwear import cover_of, headwear
from hil.driver.look.look import Look
from hil.driver.look.mask import mask
from hil.driver.look.person import Person
from hil.driver.look.skin import HEADROOM, paint
from hil.driver.render.drawable import Mesh, Skin

WRIST_MM = 540.0
"""Where the wrist is in the words of ``Cloth.sleeve_mm``."""


def dress(look: Look, shape: Floats, asset: Asset) -> tuple[list[Mesh], Skin]:
    """Everything this driver wears, fitted (about 0.5 to 1 s).

    Args:
        look: who and in what.
        shape: coarse vertices of the body (``Identity.coarse``).
        asset: the packed body.
    """
    person = Person(asset, np.ascontiguousarray(shape, np.float32))
    cover = cover_of(look.worn.headwear)
    meshes = [
        *hair(look, person, cover), *beard(look, person), *headwear(look, person), *mask(look, person), *collar(look, person),
        *extras(look, person), *eyewear(look, person),
    ]  # fmt: skip
    return meshes, skin_of(look, person)


def skin_of(look: Look, person: Person) -> Skin:
    """The figure's own surface."""
    painted, s = paint(look), look.skin
    axis, wrist_mm = person.forearm
    return Skin(
        base=s.albedo_940 * HEADROOM, albedo=painted.albedo, height=painted.height, gloss_map=painted.gloss,
        specular=0.022 + 0.018 * s.oil, gloss=11 + 10 * s.oil, lips=1 - 0.1 * s.lips, lids=0.94,
        sclera=s.sclera, iris=s.iris, iris_contrast=s.iris_contrast, iris_seed=look.seed % 100_000, bright_pupil=s.bright_pupil,
        bright_pupil_deg=float(look.stream(8).uniform(0.9, 1.6)),
        lash=look.brows.lash_albedo, lash_density=look.brows.lash_density, lash_cover=look.brows.lash_cover,
        teeth=0.65 - 0.15 * look.age, cloth=material(look.cloth), neckline=neckline(look.cloth, person),
        sleeve_mm=wrist_mm - max(WRIST_MM - look.cloth.sleeve_mm, 4.0) / axis[1], sleeve_axis=axis,
        belt=look.cloth.belt, belt_mm=look.cloth.belt_mm,
    )  # fmt: skip
