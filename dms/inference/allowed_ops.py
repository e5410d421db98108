"""What an ONNX file may hold so that TensorRT 10.3 (JetPack 6) takes it as well as ONNX Runtime.

A static check: it needs neither TensorRT nor a GPU, and it is stricter than the parser. The operators are those of the ONNX
parser's own support table up to opset 17 (``docs/operators.md`` of onnx-tensorrt), without control flow, sequences, random
numbers and everything whose output shape depends on data; plus ``LayerNormalization``, native since 8.6.
Passing means "nothing known stands against it", not "it was built on a Jetson".
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dms.errors import BackendUnavailable, InputError

OPSETS = range(9, 18)
"""TensorRT 10.0 to 10.3 read 9 to 20; what is above 17 brings nothing here and is younger in the parsers."""

_LIST = """
Abs Acos Add And ArgMax ArgMin Asin Atan AveragePool BatchNormalization Cast Ceil Celu Clip Concat Constant ConstantOfShape
Conv ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div Einsum Elu Equal Erf Exp Expand Flatten Floor GRU Gather
GatherElements GatherND Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GridSample HardSigmoid HardSwish Identity
InstanceNormalization LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LpNormalization MatMul Max MaxPool
Mean Min Mul Neg Not Or PRelu Pad Pow QuantizeLinear RNN Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Resize Round ScatterElements ScatterND Selu Shape
Sigmoid Sign Sin Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile TopK
Transpose Trilu Unsqueeze Where Xor
"""
ALLOWED = frozenset(_LIST.split())

_POOLS = ("AveragePool", "MaxPool")
_QUANTISERS = ("QuantizeLinear", "DequantizeLinear")
_RESIZE = {
    "mode": (b"nearest", b"linear"),
    "coordinate_transformation_mode": (
        b"half_pixel", b"pytorch_half_pixel", b"tf_half_pixel_for_nn", b"asymmetric", b"align_corners",
    ),
}  # fmt: skip


def violations(file: Path | bytes) -> list[str]:
    """What stands against ``file`` (a path, or the file's bytes), one line each with the node's name; empty if nothing.

    Raises:
        BackendUnavailable: the ``onnx`` package is missing.
        InputError: not an ONNX file.
    """
    try:
        import onnx
    except ImportError as error:
        raise BackendUnavailable("checking an engine file needs the onnx package", "run: pip install 'dms[cpu]'") from error
    try:
        model = onnx.load_from_string(file) if isinstance(file, bytes) else onnx.load(str(file), load_external_data=False)
    except Exception as error:  # protobuf and file errors have no common base
        name = "the model" if isinstance(file, bytes) else file
        raise InputError(f"{name}: not a usable ONNX file: {' '.join(str(error).split())[:160]}") from error
    return [line for rule in _RULES for line in rule(model, onnx)]


def _opset(model: Any, onnx: Any) -> Iterator[str]:
    for entry in model.opset_import:
        if entry.domain not in ("", "ai.onnx"):
            yield f"the file imports operators of domain {entry.domain!r}"
        elif entry.version not in OPSETS:
            yield f"opset {entry.version} is not one of {OPSETS.start} to {OPSETS.stop - 1}"


def _operators(model: Any, onnx: Any) -> Iterator[str]:
    for node in model.graph.node:
        if node.domain not in ("", "ai.onnx"):
            yield f"{_called(node)}: operator of domain {node.domain!r}"
        elif node.op_type not in ALLOWED:
            yield f"{_called(node)}: operator is not on the list"


def _interface(model: Any, onnx: Any) -> Iterator[str]:
    """Static shapes; float32 or uint8 in, float32 out; a uint8 input goes into a Cast and nowhere else."""
    kinds = onnx.TensorProto
    constants = {item.name for item in model.graph.initializer}
    inputs = [item for item in model.graph.input if item.name not in constants]
    for role, items, allowed in (
        ("input", inputs, (kinds.FLOAT, kinds.UINT8)),
        ("output", model.graph.output, (kinds.FLOAT,)),
    ):
        for item in items:
            tensor = item.type.tensor_type
            if tensor.elem_type not in allowed:
                yield f"{role} {item.name}: type {kinds.DataType.Name(tensor.elem_type)}"
            if not tensor.HasField("shape") or any(d.dim_value < 1 for d in tensor.shape.dim):
                yield f"{role} {item.name}: its shape is not static"
    bytes_in = {item.name for item in inputs if item.type.tensor_type.elem_type == kinds.UINT8}
    for node in model.graph.node:
        if node.op_type != "Cast" and bytes_in & set(node.input):
            yield f"{_called(node)}: takes a uint8 input of the network; only Cast may (cast to float first, then permute)"


def _constants(model: Any, onnx: Any) -> Iterator[str]:
    for item in model.graph.initializer:
        if item.data_location == onnx.TensorProto.EXTERNAL:
            yield f"constant {item.name}: lies in another file"
        elif item.data_type in (onnx.TensorProto.DOUBLE, onnx.TensorProto.STRING):
            yield f"constant {item.name}: type {onnx.TensorProto.DataType.Name(item.data_type)}"


def _quantisers(model: Any, onnx: Any) -> Iterator[str]:
    """Symmetric signed int8 and nothing else; biases stay float (int32 biases are refused by the parser)."""
    stored = {item.name: item for item in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type not in _QUANTISERS:
            continue
        if len(node.input) < 3 or any(name not in stored for name in node.input[1:3]):
            yield f"{_called(node)}: scale and zero point must be constants"
            continue
        zero = stored[node.input[2]]
        if zero.data_type != onnx.TensorProto.INT8:
            yield f"{_called(node)}: quantised to {onnx.TensorProto.DataType.Name(zero.data_type)}, only INT8 is taken"
        if onnx.numpy_helper.to_array(zero).any():
            yield f"{_called(node)}: the zero point is not 0"


def _attributes(model: Any, onnx: Any) -> Iterator[str]:
    for node in model.graph.node:
        found = {item.name: onnx.helper.get_attribute_value(item) for item in node.attribute}
        if node.op_type in _POOLS and len(found.get("kernel_shape", ())) == 1:
            yield f"{_called(node)}: pooling over one dimension"
        if node.op_type == "MaxPool" and len(node.output) > 1:
            yield f"{_called(node)}: the indices are asked for"
        if node.op_type == "Resize":
            for name, allowed in _RESIZE.items():
                if found.get(name, allowed[0]) not in allowed:
                    yield f"{_called(node)}: {name} {found[name].decode()}"


def _called(node: Any) -> str:
    name = node.name or f"before {', '.join(node.output)}"
    return f"node {name} ({node.op_type})"


_RULES: tuple[Callable[[Any, Any], Iterator[str]], ...] = (
    _opset, _operators, _interface, _constants, _quantisers, _attributes,
)  # fmt: skip
