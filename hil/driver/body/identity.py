"""Who the driver is: a shape drawn between the people of the asset, and eyes with their own measures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import Asset, Floats
from hil.driver.split import Split, split_of

Array = NDArray[np.float64]
TRAIN_PEOPLE = 400
"""The first people of the asset make training drivers, the others test drivers: no shape is blended across."""
KNUCKLE_MM = 8.0
"""The source has the joint at the root of each finger this much too near to the tip: between the fingers, not at the knuckle."""

_PARENTS = 3
_SPREAD = 0.15
_LIMIT = 2.6


@dataclass(frozen=True, eq=False, slots=True)
class Identity:
    """One person's body.

    Attributes:
        seed, split: see ``hil.driver.split``.
        coarse: coarse vertices, rest frame, mm.
        heads, tails: b x 3, the bones.
        shells_mm, shell_radii_mm: the eyeballs the lids lie on (left, right).
        eye_mm, cornea_mm, iris_mm: radii of ball, cornea and iris.
        kappa_deg: visual against optical axis: towards the nose, upwards.
        lid_gap_mm: relaxed opening looking straight ahead, left and right.
    """

    seed: int
    split: Split
    coarse: Floats
    heads: Array
    tails: Array
    shells_mm: Array
    shell_radii_mm: tuple[float, float]
    eye_mm: float
    cornea_mm: float
    iris_mm: float
    kappa_deg: tuple[float, float]
    lid_gap_mm: tuple[float, float]


def coefficients(asset: Asset, seed: int) -> Array:
    """Components of this seed's shape: a blend of a few people of its split with unchanged spread, and a little of its own."""
    rng = np.random.Generator(np.random.PCG64([seed, 101]))
    pool = asset.people[:TRAIN_PEOPLE] if split_of(seed) == "train" else asset.people[TRAIN_PEOPLE:]
    who = rng.choice(len(pool), _PARENTS, replace=False)
    share = rng.dirichlet(np.full(_PARENTS, 0.8))
    blend = (share / np.linalg.norm(share)) @ pool[who]
    return np.asarray(np.clip(blend + rng.normal(0, _SPREAD, blend.shape), -_LIMIT, _LIMIT), dtype=np.float64)


def identity(asset: Asset, seed: int) -> Identity:
    """The person of a seed."""
    weights = coefficients(asset, seed).astype(np.float32)
    shape = asset.mean + np.tensordot(weights, asset.components, axes=1)
    rng = np.random.Generator(np.random.PCG64([seed, 102]))
    v, b = asset.vertices, len(asset.bones)
    gap = float(np.clip(rng.normal(9.7, 1.2), 7.2, 12.2))  # 9.7 +- 1.2: Read and others 2006, 76 people
    return Identity(
        seed=seed,
        split=split_of(seed),
        coarse=np.ascontiguousarray(shape[:v]),
        heads=_with_knuckles(asset, shape[v : v + b].astype(np.float64)),
        tails=shape[v + b : v + 2 * b].astype(np.float64),
        shells_mm=shape[v + 2 * b : v + 2 * b + 2].astype(np.float64),
        shell_radii_mm=(float(shape[-2, 0]), float(shape[-1, 0])),
        eye_mm=float(np.clip(rng.normal(12.0, 0.3), 11.2, 12.8)),
        cornea_mm=float(np.clip(rng.normal(7.8, 0.2), 7.3, 8.3)),
        iris_mm=float(np.clip(rng.normal(5.9, 0.2), 5.4, 6.4)),
        kappa_deg=(float(np.clip(rng.normal(5.0, 1.1), 2.0, 8.0)), float(rng.normal(1.5, 1.0))),
        lid_gap_mm=(gap, float(np.clip(gap + rng.normal(0, 0.3), 7.0, 12.5))),
    )


def _with_knuckles(asset: Asset, heads: Array) -> Array:
    """Bone heads with the fingers' roots moved towards the wrist."""
    row = {name: i for i, name in enumerate(asset.bones)}
    for mark in "LR":
        wrist = heads[row[f"wrist.{mark}"]]
        for finger in range(2, 6):
            bone = row[f"finger{finger}-1.{mark}"]
            along = heads[bone] - wrist
            heads[bone] -= along * (KNUCKLE_MM / np.linalg.norm(along))
    return heads
