"""Small mesh building blocks: grids, tubes, ribbons, normals. Rest frame of the body, mm."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
"""Lengths in mm or shares; single or double precision, what reaches the renderer is single."""
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Sheet:
    """A triangle mesh: points and normals k x 3, uv k x 2 (origin below left), triangles n x 3."""

    points: Floats
    normals: Floats
    uv: Floats
    triangles: Ints

    def moved(self, matrix: ArrayLike) -> "Sheet":
        """The same mesh through a 4 x 4 matrix (rotation and shift)."""
        m = np.asarray(matrix, np.float32)
        return replace(self, points=self.points @ m[:3, :3].T + m[:3, 3], normals=self.normals @ m[:3, :3].T)

    def mapped(self, low: tuple[float, float], high: tuple[float, float]) -> "Sheet":
        """The same mesh with its uv squeezed from 0..1 into the box ``low`` .. ``high``."""
        low_, high_ = np.array(low, np.float32), np.array(high, np.float32)
        return replace(self, uv=low_ + self.uv * (high_ - low_))


def unit(v: ArrayLike) -> Floats:
    """Vectors of length 1 along the last axis."""
    a = np.asarray(v, np.float32)
    return np.asarray(a / np.maximum(np.linalg.norm(a, axis=-1, keepdims=True), 1e-9), np.float32)


def dot(a: ArrayLike, b: ArrayLike) -> Floats:
    """Inner products along the last axis, that axis kept."""
    return np.asarray((np.asarray(a, np.float32) * np.asarray(b, np.float32)).sum(axis=-1, keepdims=True), np.float32)


def smooth(x: ArrayLike, low: float, high: float) -> Floats:
    """0 below ``low``, 1 above ``high``, smooth between (``low`` may be the larger one)."""
    t = np.clip((np.asarray(x, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def vertex_normals(points: Floats, triangles: Ints) -> Floats:
    """Unit normals (k x 3), each the area-weighted mean of its triangles."""
    a, b, c = (points[triangles[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    rows = triangles.ravel()
    parts = [np.bincount(rows, np.repeat(face[:, i], 3), len(points)) for i in range(3)]
    return unit(np.stack(parts, axis=1))


def sheet(points: ArrayLike, uv: ArrayLike, triangles: ArrayLike) -> Sheet:
    """A mesh with normals from its triangles."""
    p, t = np.asarray(points, np.float32).reshape(-1, 3), np.asarray(triangles, np.int64).reshape(-1, 3)
    return Sheet(p, vertex_normals(p, t), np.asarray(uv, np.float32).reshape(-1, 2), t)


def grid_triangles(rows: int, columns: int) -> Ints:
    """Triangles of a rows x columns grid of points; outward is rows x columns by the right hand (row step, column step)."""
    at = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = at[:-1, :-1].ravel(), at[1:, :-1].ravel(), at[1:, 1:].ravel(), at[:-1, 1:].ravel()
    return np.asarray(np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]), np.int64)


def grid(points: ArrayLike, flip: bool = False) -> Sheet:
    """A mesh over rows x columns x 3 points; u runs along columns, v along rows. Closed when first and last line are equal."""
    p = np.asarray(points, np.float32)
    rows, columns = p.shape[:2]
    triangles = grid_triangles(rows, columns)
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, columns), indexing="ij")
    made = sheet(p, np.stack([u, v], axis=-1), triangles[:, ::-1] if flip else triangles)
    normals = made.normals.reshape(rows, columns, 3).copy()
    if np.allclose(p[:, 0], p[:, -1], atol=1e-3):
        normals[:, 0] = normals[:, -1] = unit(normals[:, 0] + normals[:, -1])
    if np.allclose(p[0], p[-1], atol=1e-3):
        normals[0] = normals[-1] = unit(normals[0] + normals[-1])
    return replace(made, normals=normals.reshape(-1, 3))


def merge(sheets: Iterable[Sheet]) -> Sheet:
    """One mesh of many."""
    parts = list(sheets)
    starts = np.cumsum([0] + [len(s.points) for s in parts[:-1]])
    return Sheet(
        np.concatenate([s.points for s in parts]), np.concatenate([s.normals for s in parts]),
        np.concatenate([s.uv for s in parts]), np.concatenate([s.triangles + k for s, k in zip(parts, starts, strict=True)]),
    )  # fmt: skip


def along(path: Floats, closed: bool = False) -> Floats:
    """Unit tangents of polylines (... x n x 3)."""
    if closed:
        return unit(np.roll(path, -1, axis=-2) - np.roll(path, 1, axis=-2))
    return unit(np.gradient(path, axis=-2))


def curve(knots: ArrayLike, count: int, closed: bool = False) -> Floats:
    """``count`` points of a Catmull-Rom curve through the knots (k x d); a closed one ends where it starts."""
    k = np.asarray(knots, np.float32)
    padded = np.concatenate([k[-1:], k, k[:2]]) if closed else np.concatenate([2 * k[:1] - k[1:2], k, 2 * k[-1:] - k[-2:-1]])
    spans = len(padded) - 3
    t = np.linspace(0, spans, count)
    i = np.minimum(t.astype(int), spans - 1)
    f = (t - i)[:, None]
    p0, p1, p2, p3 = (padded[i + j] for j in range(4))
    out = 0.5 * (2 * p1 + (p2 - p0) * f + (2 * p0 - 5 * p1 + 4 * p2 - p3) * f**2 + (3 * p1 - p0 - 3 * p2 + p3) * f**3)
    return np.asarray(out, np.float32)


def tube(path: ArrayLike, wide: ArrayLike, high: ArrayLike | None = None, up: ArrayLike = (0, 0, 1), sides: int = 8,
         closed: bool = False, caps: bool = True) -> Sheet:  # fmt: skip
    """A rounded bar along a path (n x 3).

    Args:
        path: middle line; of a closed one the first point is not repeated.
        wide, high: half axes of the elliptic section, across and along ``up``; numbers or one a point.
        up: direction (or one a point) that ``high`` is measured along.
        sides: corners of the section.
        closed: joins the end to the start.
        caps: close the ends of an open one with a point.
    """
    p = np.asarray(path, np.float32)
    n = len(p)
    a = np.broadcast_to(np.asarray(wide, np.float32), n)
    b = a if high is None else np.broadcast_to(np.asarray(high, np.float32), n)
    tangent = along(p, closed)
    side = np.cross(tangent, np.broadcast_to(np.asarray(up, np.float32), (n, 3)))
    lost = np.linalg.norm(side, axis=1, keepdims=True) < 1e-3
    side = unit(np.where(lost, np.cross(tangent, np.array([0.936, 0.352, 0.0])), side))
    lift = np.cross(side, tangent)
    angle = np.linspace(0, 2 * np.pi, sides + 1)[None, :, None]
    rings = p[:, None] + a[:, None, None] * np.cos(angle) * side[:, None] + b[:, None, None] * np.sin(angle) * lift[:, None]
    if closed:
        rings = np.concatenate([rings, rings[:1]])
    elif caps:
        ends = [np.repeat(p[k][None, None], sides + 1, axis=1) for k in (0, -1)]
        rings = np.concatenate([ends[0], rings, ends[1]])
    return grid(rings)


def ribbons(paths: Floats, widths: Floats, across: Floats, normals: Floats, columns: Floats) -> Sheet:
    """Flat strips: paths, ``across``, normals k x n x 3, full widths k x n; u over ``columns`` (k x 2), v from root to tip."""
    k, n = paths.shape[:2]
    half = 0.5 * widths[..., None] * across
    points = np.stack([paths - half, paths + half], axis=2)
    u = np.broadcast_to(columns[:, None, :], (k, n, 2))
    v = np.broadcast_to(np.linspace(0, 1, n, dtype=np.float32)[None, :, None], (k, n, 2))
    one = grid_triangles(n, 2)
    triangles = one[None] + (np.arange(k) * 2 * n)[:, None, None]
    doubled = np.repeat(normals[:, :, None], 2, axis=2)
    bent = unit(doubled + np.stack([-across, across], axis=2) * 0.35)
    flat = (points.reshape(-1, 3), bent.reshape(-1, 3), np.stack([u, v], axis=-1).reshape(-1, 2))
    at, shaded, uv = (np.asarray(x, np.float32) for x in flat)
    return Sheet(at, shaded, uv, np.asarray(triangles.reshape(-1, 3), np.int64))


def box(low: ArrayLike, high: ArrayLike, rounding: float = 0.0, steps: int = 9) -> Sheet:
    """A box with rounded edges, as a warped sphere (so its faces share one grid)."""
    low_, high_ = np.asarray(low, np.float32), np.asarray(high, np.float32)
    centre, half = (low_ + high_) / 2, (high_ - low_) / 2
    faces = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            faces.append(_face(centre, half, axis, sign, min(rounding, float(half.min()) * 0.99), steps))
    return merge(faces)


def _face(centre: Floats, half: Floats, axis: int, sign: float, rounding: float, steps: int) -> Sheet:
    others = [(axis + 1) % 3, (axis + 2) % 3]
    lines = []
    for o in others:
        inner = half[o] - rounding
        edge = np.linspace(0, 1, max(2, steps // 3))
        lines.append(np.unique(np.concatenate([-inner - rounding * edge, [-inner, inner], inner + rounding * edge])))
    p, q = np.meshgrid(lines[0], lines[1], indexing="ij")
    points = np.zeros((*p.shape, 3), np.float32)
    points[..., others[0]], points[..., others[1]], points[..., axis] = p, q, sign * half[axis]
    core = np.clip(points, rounding - half, half - rounding)
    away = unit(points - core) if rounding > 0 else np.zeros_like(points)
    made = grid(core + away * rounding + centre if rounding > 0 else points + centre, flip=sign < 0)
    return made if rounding == 0 else replace(made, normals=np.asarray(away.reshape(-1, 3), np.float32))
