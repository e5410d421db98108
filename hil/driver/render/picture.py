"""The picture a renderer hands out."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hil.driver.render.context import Target
from hil.driver.render.edges import softened
from hil.driver.render.projection import depth_mm


@dataclass(frozen=True, slots=True, eq=False)
class Picture3:
    """One drawn picture, undistorted, without noise.

    Attributes:
        radiance: height x width float32, in the unit of ``pose.Light``.
        ids: height x width uint8 of ``Id``.
        depth_mm: height x width float32, camera z; ``None`` where it was not asked for.
    """

    radiance: NDArray[np.float32]
    ids: NDArray[np.uint8]
    depth_mm: NDArray[np.float32] | None


def read_picture(target: Target, fine: int, depth: bool, bands: NDArray[np.int64]) -> Picture3:
    """What is in a frame buffer, ``fine`` times larger than the picture; ``bands``: row edges of parts that were drawn apart."""
    both = target.read()
    radiance, ids = both[..., 0].astype(np.float32), both[..., 1].astype(np.uint8)
    if fine == 1:
        for top, bottom in pairwise(bands.tolist()):
            radiance[top:bottom] = softened(radiance[top:bottom], ids[top:bottom])
    far = depth_mm(target.read_depth()) if depth else None
    if fine > 1:
        height, width = ids.shape[0] // fine, ids.shape[1] // fine
        radiance = radiance.reshape(height, fine, width, fine).mean(axis=(1, 3))
        ids = np.ascontiguousarray(ids[fine // 2 :: fine, fine // 2 :: fine])
        far = None if far is None else np.ascontiguousarray(far[fine // 2 :: fine, fine // 2 :: fine])
    return Picture3(radiance, ids, far)
