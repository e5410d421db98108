"""Our metric head model: where the 468 mesh points lie on a head, mm.

Axes as the camera's for a head that looks straight into the lens: x right in the picture (the driver's left), y down, z away.
Origin: the middle between the eyeball centres. The zero pose is a definition: the cephalometric facial plane (nasion to
pogonion) is upright and the plane of symmetry holds the viewing axis. Scale: 63 mm between the eyeball centres. Made by
``tools/make_head_model.py`` from a public-domain portrait, made symmetric.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

EYE_DISTANCE_MM = 63.0
"""Between the eyeball centres; adult mean of the interpupillary distance (ANSUR II, Gordon et al. 2014: 61.7 f, 64.0 m)."""

IRIS_DIAMETER_MM = 11.7
"""Horizontal visible iris diameter, adults 11.7 +- 0.4 (Rüfer et al. 2005)."""

IRIS_FROM_CENTRE_MM = 10.0
"""Distance of the iris plane from the eyeball's centre of rotation; eyeball radius 12 mm (Gullstrand's eye, rounded)."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadModel:
    """``points`` 468 x 3 in mm, ``weights`` 468 of the fit."""

    points: NDArray[np.float64]
    weights: NDArray[np.float64]


@lru_cache(maxsize=1)
def head_model() -> HeadModel:
    """The shipped model."""
    with np.load(Path(__file__).with_name("head_model.npz")) as data:
        return HeadModel(data["points"].astype(np.float64), data["weights"].astype(np.float64))
