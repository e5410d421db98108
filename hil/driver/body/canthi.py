"""The corners of the lids (canthi) while lids and eye move. The face units take both along, 2 to 3 mm at 30 degrees down.

They hang on ligaments at the bone. In people who look down the inner one stays and the outer one sinks: by 1.5 mm in the young,
2.3 mm in the old (Cruz, Tavora and Martin 2008, 125 eyes). So the units' own way is held; the outer corner has its own unit.
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


def sinking(points: Floats, corners: Mapping[str, Floats], sinks: str) -> Floats:
    """Moves (n x 3, mm) of vertices by which the corner ``sinks`` goes down by 1 mm and the others of this eye stay."""
    names = sorted(corners)
    places = np.stack([corners[name] for name in names]).astype(np.float64)
    ways = np.array([[0.0, 0.0, -1.0 if name == sinks else 0.0] for name in names])
    return np.asarray(_bells(points, places) @ np.linalg.solve(_bells(places, places), ways), np.float32)


def _bells(points: NDArray[Any], corners: NDArray[Any]) -> NDArray[np.float64]:
    """n x k: how much of each corner's pull a point feels."""
    away = np.linalg.norm(points[:, None] - corners[None], axis=2)
    return np.asarray(np.exp(-0.5 * (away / REACH_MM) ** 2))
