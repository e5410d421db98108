"""Mesh work of the asset: groups of an .obj file, one Catmull-Clark step as a sparse matrix, vertices split at UV seams."""

from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def groups(path: Path) -> dict[str, Ints]:
    """Quads (k x 4 vertex numbers from 0) of each ``g`` group."""
    found: dict[str, list[list[int]]] = {}
    name = ""
    for line in path.read_text().splitlines():
        if line.startswith("g "):
            name = line.split()[1]
        elif line.startswith("f "):
            found.setdefault(name, []).append([int(corner.split("/")[0]) - 1 for corner in line.split()[1:]])
    return {key: np.array(quads, np.int64) for key, quads in found.items()}


def _selector(rows: Ints, columns: Ints, shape: tuple[int, int], value: float = 1.0) -> sp.csr_matrix:
    return sp.csr_matrix((np.full(rows.size, value), (rows.ravel(), columns.ravel())), shape)


def catmull_clark(quads: Ints, vertices: int) -> tuple[sp.csr_matrix, Ints]:
    """One subdivision step (Catmull and Clark 1978, boundary edges as creases).

    Returns:
        Sparse matrix (new x old vertices) and the new quads; of each old quad the four new ones stand together.
        New vertices are in the order: moved old ones, face points, edge points.
    """
    faces = len(quads)
    ends = np.stack([quads, np.roll(quads, -1, axis=1)], axis=2).reshape(-1, 2)
    edges, edge_of = np.unique(np.sort(ends, axis=1), axis=0, return_inverse=True)
    edge_of = edge_of.reshape(faces, 4)
    count = len(edges)
    face_rows = np.repeat(np.arange(faces), 4)
    face = _selector(face_rows, quads, (faces, vertices), 0.25)
    middle = _selector(np.repeat(np.arange(count), 2), edges, (count, vertices), 0.5)
    edge_faces = _selector(edge_of, face_rows.reshape(faces, 4), (count, faces))
    border = np.asarray(edge_faces.sum(axis=1)).ravel() != 2
    inner = sp.diags((~border).astype(float))
    edge = sp.diags(np.where(border, 1.0, 0.5)) @ middle + 0.25 * inner @ edge_faces @ face
    moved = _moved(quads, vertices, edges, border, face, middle)
    matrix = sp.vstack([moved, face, edge]).tocsr()
    at_edge = vertices + faces + edge_of
    new = [np.stack([quads[:, k], at_edge[:, k], vertices + np.arange(faces), at_edge[:, (k - 1) % 4]], axis=1) for k in range(4)]
    return matrix, np.stack(new, axis=1).reshape(-1, 4)


def _moved(
    quads: Ints, vertices: int, edges: Ints, border: NDArray[np.bool_], face: sp.csr_matrix, middle: sp.csr_matrix
) -> sp.csr_matrix:
    faces, count = len(quads), len(edges)
    to_faces = _selector(quads, np.repeat(np.arange(faces), 4).reshape(faces, 4), (vertices, faces))
    to_edges = _selector(edges, np.repeat(np.arange(count), 2).reshape(count, 2), (vertices, count))
    n = np.asarray(to_faces.sum(axis=1)).ravel().clip(1)
    n_edges = np.asarray(to_edges.sum(axis=1)).ravel().clip(1)
    inner = sp.diags(1 / n**2) @ to_faces @ face + sp.diags(2 / (n * n_edges)) @ to_edges @ middle
    inner = inner + sp.diags((n - 3) / n)
    on_border = np.zeros(vertices, bool)
    on_border[edges[border].ravel()] = True
    border_edges = to_edges @ sp.diags(border.astype(float))
    n_border = np.asarray(border_edges.sum(axis=1)).ravel().clip(1)
    outer = 0.5 * sp.eye(vertices) + 0.5 * sp.diags(1 / n_border) @ border_edges @ middle
    return sp.diags((~on_border).astype(float)) @ inner + sp.diags(on_border.astype(float)) @ outer


def subdivided_uv(corners: Floats) -> Floats:
    """UV of the four corners of each new quad (4k x 4 x 2) from those of the old ones (k x 4 x 2)."""
    middle = (corners + np.roll(corners, -1, axis=1)) / 2
    centre = corners.mean(axis=1)
    new = [np.stack([corners[:, k], middle[:, k], centre, middle[:, (k - 1) % 4]], axis=1) for k in range(4)]
    return np.stack(new, axis=1).reshape(-1, 4, 2)


def split_at_seams(quads: Ints, corners: Floats) -> tuple[Ints, Floats, Ints]:
    """A vertex for each pair of place and UV: (place of each, UV of each, triangles over them)."""
    keys = np.concatenate([quads.reshape(-1, 1), np.round(corners.reshape(-1, 2) * 16384)], axis=1).astype(np.int64)
    unique, first, index = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1, 4)
    triangles = np.concatenate([index[:, [0, 1, 2]], index[:, [0, 2, 3]]])
    return unique[:, 0], corners.reshape(-1, 2)[first], triangles
