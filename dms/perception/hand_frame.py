"""The normalised frame of a hand: 21 points made independent of place, size, turn in the picture, and which hand it is.

Training and running share this one function. What the turn takes away is given back as the direction of the picture's "up" seen
in the hand's frame, because a thumb up and a thumb down differ in nothing else.
"""

import numpy as np
from numpy.typing import NDArray

from dms.perception import landmarks as lm

INPUT = 44
"""21 x (x, y), then the picture's "up" (x, y) in the hand's frame."""
KNUCKLES = (5, 9, 13, 17)

Array = NDArray[np.float64]


def normalised(points: Array) -> NDArray[np.float32]:
    """N x 21 x 2 picture points (x right, y down, any unit, same in both directions) -> N x 44.

    Frame: origin in the middle of the 21 points, unit their root mean square distance from it, y from the wrist to the knuckles,
    x so that the index finger's knuckle lies to the right of the little finger's: left hands, and hands seen from behind, are
    mirrored.
    """
    p = np.asarray(points, dtype=np.float64)[..., :2]
    centred = p - p.mean(axis=1, keepdims=True)
    size = np.sqrt((centred**2).sum(axis=2).mean(axis=1))
    centred /= np.maximum(size, 1e-9)[:, None, None]
    along = centred[:, list(KNUCKLES)].mean(axis=1) - centred[:, lm.WRIST]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    side = ((centred[:, 5] - centred[:, 17]) * across).sum(axis=1)
    across *= np.where(side < 0.0, -1.0, 1.0)[:, None]
    axes = np.stack([across, along], axis=1)
    turned = np.einsum("nij,nkj->nki", axes, centred)
    up = axes @ np.array([0.0, -1.0])
    return np.concatenate([turned.reshape(len(p), 42), up], axis=1).astype(np.float32)
