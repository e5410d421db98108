"""The skin of one person under face units: vertices and normals of each part, rest frame."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import Asset, Floats, Ints
from hil.driver.body.identity import Identity

MOVING = ("head", "mouth", "lashes")
"""Parts that face units move."""
_TINY = 1e-3


class Surface:
    """Vertices and normals; what face units do is added to the relaxed shape.

    ``lip_gap_mm`` is the distance of the two lip places in the relaxed shape, which counts as shut.
    """

    def __init__(self, asset: Asset, person: Identity) -> None:
        self._asset = asset
        self._rest = {name: part.refine(person.coarse) for name, part in asset.parts.items()}
        self._neighbours = {name: _fans(asset.parts[name].quads, len(points)) for name, points in self._rest.items()}
        self._normals = {name: self._normal(name, points) for name, points in self._rest.items()}
        self._moves: dict[str, dict[str, tuple[Ints, Floats]]] = {}
        upper, lower = (self._rest["head"][asset.landmarks[n][1][0]] for n in ("upper_lip", "lower_lip"))
        self.lip_gap_mm = float(np.linalg.norm(upper - lower))

    def shaped(self, weights: Mapping[str, float]) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Vertices and normals of all parts with these unit weights."""
        rest, normals = dict(self._rest), dict(self._normals)
        used = {unit: weight for unit, weight in weights.items() if abs(weight) > _TINY}
        if not used:
            return rest, normals
        for name in MOVING:
            points = self._rest[name].copy()
            for unit, weight in used.items():
                rows, moves = self._unit(unit)[name]
                points[rows] += moves * np.float32(weight)
            rest[name] = points
            normals[name] = self._normal(name, points)
        return rest, normals

    def _unit(self, unit: str) -> dict[str, tuple[Ints, Floats]]:
        """What a unit moves in each part; made when first asked for."""
        if unit not in self._moves:
            rows, moves = self._asset.unit(unit)
            coarse = np.zeros((self._asset.vertices, 3), np.float32)
            coarse[rows] = moves
            found = {}
            for name in MOVING:
                fine = self._asset.parts[name].refine(coarse)
                touched = np.flatnonzero(np.abs(fine).max(axis=1) > _TINY)
                found[name] = (touched, fine[touched])
            self._moves[unit] = found
        return self._moves[unit]

    def _normal(self, name: str, points: Floats) -> Floats:
        quads, fans = self._neighbours[name]
        corners = points[quads]
        face = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        face = np.concatenate([face, np.zeros((1, 3), face.dtype)])
        total = face[fans[:, 0]]
        for column in range(1, fans.shape[1]):
            total += face[fans[:, column]]
        length = np.sqrt(np.einsum("ij,ij->i", total, total))
        return np.asarray(total / np.maximum(length, 1e-9)[:, None], np.float32)


def _fans(quads: Ints, vertices: int) -> tuple[Ints, NDArray[np.int64]]:
    """Quads, and for each vertex the quads around it (padded with one past the last)."""
    owner = quads.ravel()
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=vertices)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    fans = np.full((vertices, int(counts.max())), len(quads), np.int64)
    slot = np.arange(len(owner)) - np.repeat(starts, counts)
    fans[owner[order], slot] = order // 4
    return quads, fans
