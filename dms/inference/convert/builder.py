"""Collects ONNX nodes and constants while a source graph is walked."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from dms.inference.base import TensorSpec

# Smaller float16 constants are widened: a Cast node costs more than it saves.
_HALF_FROM = 256
_IR_VERSION = 8


class Builder:
    """An ONNX graph in the making; names of values are its currency."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._count = 0

    def emit(self, op: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        """Add a node and return the name of its one output."""
        name = out or self._name(op.lower())
        self._nodes.append(helper.make_node(op, inputs, [name], name=f"{len(self._nodes)}_{op}", **attributes))
        return name

    def floats(self, value: ArrayLike) -> str:
        """A float constant; a large ``float16`` one stays so in the file, behind a Cast (lossless)."""
        array = np.asarray(value)
        if array.dtype == np.float16 and array.size >= _HALF_FROM:
            return self.emit("Cast", self._constant(array), to=TensorProto.FLOAT)
        return self._constant(array.astype(np.float32))

    def integers(self, *values: int) -> str:
        """A one-dimensional ``int64`` constant."""
        return self._constant(np.asarray(values, np.int64))

    def finish(self, name: str, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], opset: int) -> bytes:
        """The checked ONNX file, the same bytes for the same graph."""
        graph = helper.make_graph(self._nodes, name, list(map(_info, inputs)), list(map(_info, outputs)), self._constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=_IR_VERSION)
        model.producer_name = "dms"
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))

    def _constant(self, array: NDArray[Any]) -> str:
        name = self._name("c")
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _name(self, base: str) -> str:
        self._count += 1
        return f"{base}_{self._count}"


def _info(tensor: TensorSpec) -> Any:
    return helper.make_tensor_value_info(tensor.name, helper.np_dtype_to_tensor_dtype(np.dtype(tensor.dtype)), tensor.shape)
