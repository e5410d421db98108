"""Triangles grouped by place, so that what lies outside the picture is not even sent to the vertex shader."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Runs = list[tuple[int, int]]
_CELL_MM = 25.0
_BRIDGE = 60
"""Runs of triangles that lie this close together are drawn in one go."""
_SPARE_MM = 8.0
"""How far vertices may stray until the balls are made anew."""


class Chunks:
    """Groups of neighbouring triangles with a ball round each.

    Args:
        vertices: k x 3, in the mesh's own frame.
        triangles: n x 3.
        weights: k x b, of bones; ``None`` for a mesh that moves as a whole.

    Attributes:
        triangles: the same ones, group after group.
        lowest: smallest z of each group.
    """

    def __init__(self, vertices: NDArray[np.floating], triangles: Ints, weights: Array | None = None) -> None:
        cells = np.floor(vertices[triangles].mean(axis=1) / _CELL_MM).astype(np.int64)
        _, group = np.unique(cells[:, ::-1], axis=0, return_inverse=True)
        order = np.argsort(group.ravel(), kind="stable")
        self.triangles = triangles[order]
        group = group.ravel()[order]
        self.starts = np.searchsorted(group, np.arange(int(group[-1]) + 2 if len(group) else 1))
        corners = [np.unique(self.triangles[a:b]) for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)]
        self._corners = np.concatenate(corners)
        self._firsts = np.cumsum([0, *(len(c) for c in corners[:-1])])
        self._bones: Ints | None = None
        if weights is not None:
            mean = np.array([weights[c].mean(axis=0) for c in corners])
            self._bones = np.argsort(-mean, axis=1)[:, :4]
            strongest = np.take_along_axis(mean, self._bones, axis=1)
            self._weights = (strongest / strongest.sum(axis=1, keepdims=True))[:, :, None, None]
        self._bound(vertices)

    def _bound(self, vertices: NDArray[np.floating]) -> None:
        points = vertices[self._corners]
        low, high = np.minimum.reduceat(points, self._firsts), np.maximum.reduceat(points, self._firsts)
        self.lowest = low[:, 2]
        self._centres = np.concatenate([(low + high) / 2, np.ones((len(low), 1))], axis=1)
        self._radii = np.linalg.norm(high - low, axis=1) / 2 + _SPARE_MM
        self._sample = vertices[::53].copy()

    def follow(self, vertices: NDArray[np.floating]) -> None:
        """Take other vertices (another person, an opened jaw)."""
        if np.abs(vertices[::53] - self._sample).max() > _SPARE_MM / 2:
            self._bound(vertices)

    def seen(self, clip: Array, bones: NDArray[np.float32] | None = None) -> NDArray[np.bool_]:
        """Which groups may show in the picture.

        Args:
            clip: 4 x 4, the mesh's own frame (with bones: the frame they lead to) to clip space.
            bones: b x 3 x 4.
        """
        centres = self._centres
        if self._bones is not None and bones is not None:
            matrices = (bones[self._bones] * self._weights).sum(axis=1)
            centres = np.concatenate([(matrices * centres[:, None]).sum(axis=2), centres[:, 3:]], axis=1)
        planes = np.concatenate([clip[3] + clip[:3], clip[3] - clip[:3]])
        planes = planes / np.sqrt((planes[:, :3] ** 2).sum(axis=1, keepdims=True))
        return np.asarray((centres @ planes.T > -self._radii[:, None]).all(axis=1))

    def runs(self, mask: NDArray[np.bool_], allowed: NDArray[np.bool_] | None = None) -> Runs:
        """First triangle and number of triangles of stretches that hold the marked groups, and few others (``allowed`` ones)."""
        marked = np.flatnonzero(mask)
        if len(marked) == 0:
            return []
        first, end = self.starts[marked], self.starts[marked + 1]
        far = first[1:] - end[:-1] > _BRIDGE
        if allowed is not None:
            others = np.cumsum(~allowed)[marked]
            far |= others[1:] != others[:-1]
        cut = np.flatnonzero(far)
        firsts, ends = first[np.r_[0, cut + 1]], end[np.r_[cut, len(end) - 1]]
        return [(int(a), int(b - a)) for a, b in zip(firsts, ends, strict=True)]
