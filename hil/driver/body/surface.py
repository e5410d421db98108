"""The skin of one person under face units: vertices and normals of each part, rest frame."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hil.driver.body.asset import Asset, Floats, Ints
from hil.driver.body.identity import Identity

MOVING = ("head", "mouth", "lashes")
"""Parts that face units move."""
_TINY = 1e-3
_SMALL_MM = 0.06
"""Vertices that no unit moves further stay where they are."""


@dataclass(frozen=True, eq=False, slots=True)
class Motion:
    """What face units do to one part, the same for everybody.

    Attributes:
        rows: vertices that any unit moves; ``moves``: units x (3 rows), mm at weight 1.
        quads: quads around them, over the part's vertices.
        edge: vertices whose normals these quads change, and ``fans``: the quads around each (padded with one past the last).
    """

    rows: Ints
    moves: Floats
    quads: Ints
    edge: Ints
    fans: Ints


class Surface:
    """Vertices and normals; what face units do is added to the relaxed shape.

    ``lip_gap_mm`` is the distance of the two lip places in the relaxed shape, which counts as shut.
    """

    def __init__(self, asset: Asset, person: Identity) -> None:
        self._motions = motions(asset)
        self._index = {unit: i for i, unit in enumerate(asset.units)}
        self._rest = {name: part.refine(person.coarse) for name, part in asset.parts.items()}
        self._normals = {name: _normals(points, *_fans(asset.parts[name].quads)) for name, points in self._rest.items()}
        upper, lower = (self._rest["head"][asset.landmarks[n][1][0]] for n in ("upper_lip", "lower_lip"))
        self.lip_gap_mm = float(np.linalg.norm(upper - lower))

    def shaped(self, weights: Mapping[str, float]) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """Vertices and normals of all parts with these unit weights."""
        rest, normals = dict(self._rest), dict(self._normals)
        used = [(self._index[unit], weight) for unit, weight in weights.items() if abs(weight) > _TINY]
        if not used:
            return rest, normals
        units, strength = (np.array(column) for column in zip(*used, strict=True))
        for name in MOVING:
            motion = self._motions[name]
            points = self._rest[name].copy()
            points[motion.rows] += (strength.astype(np.float32) @ motion.moves[units]).reshape(-1, 3)
            turned = self._normals[name].copy()
            turned[motion.edge] = _normals(points, motion.quads, motion.fans)
            rest[name], normals[name] = points, turned
        return rest, normals


_MOTIONS: dict[int, dict[str, Motion]] = {}


def motions(asset: Asset) -> dict[str, Motion]:
    """What the face units do to each moving part; made once for an asset (0.2 s)."""
    if id(asset) not in _MOTIONS:
        coarse = np.zeros((len(asset.units), asset.vertices, 3), np.float32)
        for i, unit in enumerate(asset.units):
            rows, moves = asset.unit(unit)
            coarse[i, rows] = moves
        _MOTIONS[id(asset)] = {name: _motion(asset, name, coarse) for name in MOVING}
    return _MOTIONS[id(asset)]


def _motion(asset: Asset, name: str, coarse: Floats) -> Motion:
    part = asset.parts[name]
    fine = np.stack([part.refine(moved) for moved in coarse])
    rows = np.flatnonzero(np.abs(fine).max(axis=(0, 2)) > _SMALL_MM)
    quads = part.quads
    touched = quads[np.isin(quads, rows).any(axis=1)]
    edge = np.intersect1d(touched, rows)
    around = quads[np.isin(quads, edge).any(axis=1)]
    _, fans = _fans(around)
    return Motion(rows, np.ascontiguousarray(fine[:, rows].reshape(len(fine), -1)), around, edge, fans[edge])


def _normals(points: Floats, quads: Ints, fans: Ints) -> Floats:
    """Unit normals of the vertices whose fans are given: the sum over the quads around them, by area."""
    a, b, c, d = (points[quads[:, k]] for k in range(4))
    p, q = c - a, d - b
    face = np.empty((len(quads) + 1, 3), np.float32)
    face[-1] = 0.0
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        face[:-1, k] = p[:, i] * q[:, j] - p[:, j] * q[:, i]
    total = face[fans[:, 0]]
    for column in range(1, fans.shape[1]):
        total += face[fans[:, column]]
    length = np.sqrt(np.einsum("ij,ij->i", total, total))
    return np.asarray(total / np.maximum(length, 1e-9)[:, None], np.float32)


def _fans(quads: Ints) -> tuple[Ints, Ints]:
    """Quads, and for each vertex up to the largest the quads around it (padded with one past the last)."""
    owner = quads.ravel()
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    fans = np.full((len(counts), int(counts.max())), len(quads), np.int64)
    slot = np.arange(len(owner)) - np.repeat(starts, counts)
    fans[owner[order], slot] = order // 4
    return quads, fans
