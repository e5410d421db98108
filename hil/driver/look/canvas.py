"""The part of the skin's texture atlas that holds face, ears and scalp, and where on the mean head each of its texels lies.

Paint is placed by the mean head's coordinates (mm, rest frame). As the texture sticks to the vertices, so does the paint on every
identity. Rows run upwards (v), as the renderer wants them.
"""

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import load
from hil.driver.look.geometry import Floats, Ints
from hil.driver.look.person import Person

SIZE = 2048
"""Texels along each side of the atlas; about two a millimetre on the face."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """The face's island of the atlas.

    Attributes:
        left, bottom: its first column and row in the atlas.
        place: rows x columns x 3, mean head, mm; zeros outside.
        inside: rows x columns.
        masks: rows x columns x 6, as ``Part.masks``.
    """

    left: int
    bottom: int
    place: Floats
    inside: NDArray[np.bool_]
    masks: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.inside.shape[0], self.inside.shape[1]

    @cached_property
    def _front(self) -> tuple[Floats, Floats]:
        """Front vertices of the face: (y, z) and where they are on this canvas (column, row)."""
        person = mean_person()
        part = person.asset.parts["head"]
        rows = np.flatnonzero(_face_island(part.uv))
        at = person.skin[part.place[rows]]
        normals = person.skin_normals[part.place[rows]]
        front = (normals[:, 0] > -0.25) & (at[:, 0] > -45) & (part.masks[rows, 2] < 0.2) & (part.masks[rows, 3] < 0.3)
        texel = part.uv[rows][front] * SIZE - np.array([self.left, self.bottom]) - 0.5
        return np.asarray(at[front][:, 1:], np.float32), np.asarray(texel, np.float32)

    def texels(self, yz: Floats) -> Floats:
        """Where points of the face (k x 2: y, z as seen from the front) are on the canvas, k x 2: column, row."""
        places, texel = self._front
        out = np.empty((len(yz), 2), np.float32)
        for i, point in enumerate(yz):
            square = ((places - point) ** 2).sum(axis=1)
            near = np.argpartition(square, 10)[:10]
            weight = np.sqrt(1 / (square[near] + 1.0))[:, None]
            system = np.concatenate([np.ones((10, 1)), places[near] - point], axis=1)
            out[i] = np.linalg.lstsq(system * weight, texel[near] * weight, rcond=None)[0][0]
        return out

    def noise(self, rng: np.random.Generator, texels: float) -> Floats:
        """Smooth noise, spread 1, with blobs about ``texels`` wide."""
        import cv2

        rows, columns = (max(3, round(n / texels) + 3) for n in self.shape)
        small = rng.standard_normal((rows, columns), dtype=np.float32)
        if texels <= 1:
            return np.asarray(rng.standard_normal(self.shape, dtype=np.float32), np.float32)
        return np.asarray(cv2.resize(small, self.shape[::-1], interpolation=cv2.INTER_LINEAR) * 1.3, np.float32)

    def patch(self, low: tuple[float, float, float], high: tuple[float, float, float]) -> tuple[slice, slice]:
        """Rows and columns around all texels within a box on the mean head."""
        return _patch(self, low, high)


@cache
def _patch(canvas: Canvas, low: tuple[float, float, float], high: tuple[float, float, float]) -> tuple[slice, slice]:
    within = canvas.inside & ((canvas.place > low) & (canvas.place < high)).all(axis=2)
    rows, columns = np.flatnonzero(within.any(axis=1)), np.flatnonzero(within.any(axis=0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


@cache
def mean_person() -> Person:
    """The mean head."""
    asset = load()
    return Person(asset, asset.mean[: asset.vertices])


def _face_island(uv: Floats) -> NDArray[np.bool_]:
    """Drawn vertices of face, scalp and ears: the island on the right of the atlas, above the inside of the mouth."""
    return np.asarray((uv[:, 0] > 0.6) & (uv[:, 1] > 0.142), np.bool_)


@cache
def canvas() -> Canvas:
    """The canvas, made once (about 0.3 s)."""
    import cv2

    person = mean_person()
    part = person.asset.parts["head"]
    triangles = part.triangles[_face_island(part.uv)[part.triangles].all(axis=1)]
    texel = part.uv * SIZE - 0.5
    low = np.floor(texel[triangles].min(axis=(0, 1))).astype(int) - 3
    high = np.ceil(texel[triangles].max(axis=(0, 1))).astype(int) + 4
    which = np.full((high[1] - low[1], high[0] - low[0]), -1, np.int32)
    corners = np.round((texel[triangles] - low) * 16).astype(np.int32)
    for i, corner in enumerate(corners):
        cv2.fillConvexPoly(which, corner, i, lineType=cv2.LINE_8, shift=4)
    place, masks = _interpolated(which, texel - low, triangles, person.skin[part.place], part.masks)
    return Canvas(int(low[0]), int(low[1]), place, which >= 0, masks)


def _interpolated(
    which: NDArray[np.int32], texel: Floats, triangles: Ints, points: Floats, masks: Floats
) -> tuple[Floats, Floats]:
    rows, columns = np.nonzero(which >= 0)
    corner = triangles[which[rows, columns]]
    a, b, c = (texel[corner[:, i]].astype(np.float64) for i in range(3))
    p = np.stack([columns, rows], axis=1) - a
    u, v = b - a, c - a
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    s = (p[:, 0] * v[:, 1] - p[:, 1] * v[:, 0]) / area
    t = (u[:, 0] * p[:, 1] - u[:, 1] * p[:, 0]) / area
    weight = np.clip(np.stack([1 - s - t, s, t], axis=1), 0, 1)
    weight = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    out = []
    for values in (points, masks):
        full = np.zeros((*which.shape, values.shape[1]), np.float32)
        full[rows, columns] = sum(weight[:, i : i + 1] * values[corner[:, i]] for i in range(3))
        out.append(full)
    return out[0], out[1]
