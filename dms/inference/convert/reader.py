"""Reads a TensorFlow Lite flatbuffer: tensors, constants (half precision, block sparse) and operators, nothing executed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from dms.errors import InputError
from dms.inference.convert.sparse import densify

_TYPES: dict[int, Any] = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
    tflite.TensorType.INT64: np.int64,
    tflite.TensorType.UINT8: np.uint8,
    tflite.TensorType.INT8: np.int8,
}
_OPERATOR_NAMES = {number: name for name, number in vars(tflite.BuiltinOperator).items() if isinstance(number, int)}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator: its name (``CONV_2D``, or a custom operator's own), tensor numbers, options."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: Any

    def options(self, kind: type) -> Any:
        """The built-in options, read as ``kind`` (a class of the ``tflite`` schema package)."""
        options, raw = kind(), self.table.BuiltinOptions()
        options.Init(raw.Bytes, raw.Pos)
        return options

    def custom_options(self) -> bytes:
        """The bytes (a flexbuffer map) a custom operator carries; empty if none."""
        return bytes(self.table.CustomOptionsAsNumpy()) if self.table.CustomOptionsLength() else b""


class SourceGraph:
    """The first sub-graph of a TensorFlow Lite file.

    Raises:
        InputError: the bytes are no TensorFlow Lite model.
    """

    def __init__(self, data: bytes) -> None:
        if data[4:8] != b"TFL3":
            raise InputError("not a TensorFlow Lite file (the TFL3 mark is missing)")
        self._model = tflite.Model.GetRootAs(data, 0)
        self._graph = self._model.Subgraphs(0)
        self._folded: dict[int, NDArray[Any]] = {}
        self.inputs = tuple(int(i) for i in self._graph.InputsAsNumpy())
        self.outputs = tuple(int(i) for i in self._graph.OutputsAsNumpy())

    def operators(self) -> Iterator[Operator]:
        """Operators in execution order."""
        for number in range(self._graph.OperatorsLength()):
            table = self._graph.Operators(number)
            code = self._model.OperatorCodes(table.OpcodeIndex())
            name = _OPERATOR_NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            if name == "CUSTOM":
                name = code.CustomCode().decode()
            inputs = tuple(table.Inputs(k) for k in range(table.InputsLength()))
            yield Operator(name, inputs, tuple(table.Outputs(k) for k in range(table.OutputsLength())), table)

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor, channels last."""
        table = self._graph.Tensors(tensor)
        return tuple(table.Shape(k) for k in range(table.ShapeLength()))

    def name(self, tensor: int) -> str:
        """Name of a tensor in the source file."""
        return str(self._graph.Tensors(tensor).Name().decode())

    def fold(self, tensor: int, value: NDArray[Any]) -> None:
        """Make a computed tensor a constant (DENSIFY and DEQUANTIZE of constants)."""
        self._folded[tensor] = value

    def constant(self, tensor: int) -> NDArray[Any] | None:
        """Value of a constant tensor in its stored type, dense; None for a computed one or a missing (-1) input."""
        if tensor < 0:
            return None
        if tensor not in self._folded:
            value = self._stored(tensor)
            if value is None:
                return None
            self._folded[tensor] = value
        return self._folded[tensor]

    def _stored(self, tensor: int) -> NDArray[Any] | None:
        table = self._graph.Tensors(tensor)
        buffer = self._model.Buffers(table.Buffer())
        if buffer.DataLength() == 0:
            return None
        if table.Type() not in _TYPES:
            raise InputError(f"tensor {self.name(tensor)} has the unsupported element type {table.Type()}")
        values = np.frombuffer(buffer.DataAsNumpy().tobytes(), _TYPES[table.Type()])
        if table.Sparsity() is not None:
            return densify(values, self.shape(tensor), table.Sparsity())
        return values.reshape(self.shape(tensor))
