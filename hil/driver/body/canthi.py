"""The corners of the lids (canthi) stay while lids and eye move; the face units take them along, 2 to 3 mm at 30 degrees down.

They hang on ligaments at the bone: in people who look down the middle of the lower lid sinks 3 to 5 mm, the corners less than 1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
HELD = 0.85
"""How much of their way the corners are kept from going."""
REACH_MM = 5.5
"""Standard deviation of the bell round a corner that is held with it: half of a lid is nearly free."""


def held(points: Floats, corners: Mapping[str, Floats], moves: Floats, ways: Mapping[str, Floats]) -> Floats:
    """What a face unit does, with the corners of the lids held.

    Args:
        points: vertices, n x 3, mm.
        corners: of one eye, 3 each.
        moves: n x 3, what the unit does to the vertices, mm.
        ways: what it does to each of these corners, 3 each.
    """
    names = sorted(corners)
    places = np.stack([corners[name] for name in names]).astype(np.float64)
    pull = np.linalg.solve(_bells(places, places), np.stack([ways[name] for name in names]).astype(np.float64))
    return np.asarray(moves - HELD * (_bells(points, places) @ pull), np.float32)


def _bells(points: NDArray[Any], corners: NDArray[Any]) -> NDArray[np.float64]:
    """n x k: how much of each corner's pull a point feels."""
    away = np.linalg.norm(points[:, None] - corners[None], axis=2)
    return np.asarray(np.exp(-0.5 * (away / REACH_MM) ** 2))
