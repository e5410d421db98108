"""TensorFlow Lite's block-sparse weights (the input of DENSIFY) as dense arrays.

A sparse tensor is stored as a tree: one level per dimension in *traversal order*, followed by one level per *block* dimension.
A dense level visits every index, a sparse (CSR) level only the stored ones. The leaves, in order, are the values.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

_VECTORS: dict[int, Any] = {
    tflite.SparseIndexVector.Int32Vector: tflite.Int32Vector,
    tflite.SparseIndexVector.Uint16Vector: tflite.Uint16Vector,
    tflite.SparseIndexVector.Uint8Vector: tflite.Uint8Vector,
}


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of the tree: ``size`` if dense, else CSR ``segments`` and ``indices``."""

    size: int
    segments: NDArray[np.int64] | None = None
    indices: NDArray[np.int64] | None = None

    def children(self, parents: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """For nodes ``parents`` of the level above: (which parent, own index, own node number) of each child."""
        if self.segments is None or self.indices is None:
            own = np.tile(np.arange(self.size), len(parents))
            return np.repeat(np.arange(len(parents)), self.size), own, np.repeat(parents * self.size, self.size) + own
        begin, end = self.segments[parents], self.segments[parents + 1]
        node = np.concatenate([np.arange(b, e) for b, e in zip(begin, end, strict=True)])
        return np.repeat(np.arange(len(parents)), end - begin), self.indices[node], node


def densify(values: NDArray[Any], shape: tuple[int, ...], sparsity: Any) -> NDArray[Any]:
    """Dense array of ``shape`` from the stored ``values`` and the flatbuffer ``SparsityParameters``."""
    rank = len(shape)
    order = [sparsity.TraversalOrder(k) for k in range(sparsity.TraversalOrderLength())]
    block_map = [sparsity.BlockMap(k) for k in range(sparsity.BlockMapLength())]
    levels = [_level(sparsity.DimMetadata(k)) for k in range(sparsity.DimMetadataLength())]
    block = [1] * rank
    for number, dimension in enumerate(block_map):
        block[dimension] = levels[order.index(rank + number)].size
    nodes = np.zeros(1, np.int64)
    where = np.zeros((1, rank), np.int64)
    for level, step in zip(levels, order, strict=True):
        parent, own, nodes = level.children(nodes)
        where = where[parent]
        if step < rank:
            where[:, step] += own * block[step]
        else:
            where[:, block_map[step - rank]] += own
    dense = np.zeros(shape, values.dtype)
    dense[tuple(where.T)] = values[nodes]
    return dense


def _level(table: Any) -> _Level:
    if table.Format() == tflite.DimensionType.DENSE:
        return _Level(table.DenseSize())
    segments = _vector(table.ArraySegments(), table.ArraySegmentsType())
    return _Level(0, segments, _vector(table.ArrayIndices(), table.ArrayIndicesType()))


def _vector(union: Any, kind: int) -> NDArray[np.int64]:
    vector = _VECTORS[kind]()
    vector.Init(union.Bytes, union.Pos)
    return np.asarray(vector.ValuesAsNumpy()).astype(np.int64)
