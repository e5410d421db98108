"""The same network in lower precision, as a file of its own: half, or int8 by explicit Q/DQ. Inputs and outputs do not change.

Precision is written into the file (casts, quantisers): a strongly typed TensorRT network needs no flags and no calibrator.
"""

import contextlib
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tools.training.export import ExportError, Feeds, Run, finish, onnx_run
from tools.training.graph import WEIGHTED, body, last_layers, tidy

FLOAT_OPS = frozenset(
    {
        "Exp", "InstanceNormalization", "LayerNormalization", "Log", "LpNormalization", "Pow", "ReduceL2", "ReduceSum",
        "ReduceSumSquare", "Softplus",
    }
)  # fmt: skip
"""Kept in float32 wherever they stand: sums and powers that half can overflow or round away."""

_FLOAT_INPUTS = {"Resize": (1, 2)}
"""Inputs that are float32 by definition whatever the data is."""

QUANTISED = ("Conv", "Gemm", "MatMul")


@dataclass(frozen=True, slots=True)
class Distance:
    """Between two networks' values of one output, over all elements of all samples, in the output's own unit."""

    mean: float
    worst: float


def distances(wanted: Run, found: Run, feeds: Iterable[Feeds]) -> dict[str, Distance]:
    """How far ``found`` is from ``wanted``, by output."""
    apart: dict[str, list[NDArray[Any]]] = {}
    for feed in feeds:
        have = found(feed)
        for name, value in wanted(feed).items():
            apart.setdefault(name, []).append(np.abs(have[name].astype(np.float64) - value).ravel())
    flat = {name: np.concatenate(values) for name, values in apart.items()}
    return {name: Distance(float(values.mean()), float(values.max())) for name, values in flat.items()}


def fp16(data: bytes) -> bytes:
    """Weights and arithmetic of the body in half; the scaling of the inputs and what follows the last layers stay float32.

    Raises:
        ExportError: a weight does not fit into half, or the result is not a valid model.
    """
    model = onnx.load_from_string(data)
    half = {node.name for node in body(model) if node.op_type not in FLOAT_OPS}
    kinds = _float_tensors(model)
    _Halver(model, half, kinds).run()
    return finish(tidy(model))


def _float_tensors(model: onnx.ModelProto) -> set[str]:
    """Names of all float32 tensors."""
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    infos = (*graph.input, *graph.output, *graph.value_info)
    found = {item.name for item in infos if item.type.tensor_type.elem_type == TensorProto.FLOAT}
    return found | {item.name for item in graph.initializer if item.data_type == TensorProto.FLOAT}


class _Halver:
    """Rewrites the named nodes to half and puts one cast where a tensor crosses between half and float32."""

    def __init__(self, model: onnx.ModelProto, half: set[str], floats: set[str]) -> None:
        self.model, self.half, self.floats = model, half, floats
        self.stored = {item.name: item for item in model.graph.initializer}
        self.made_half = {name for node in model.graph.node if node.name in half for name in node.output if name in floats}
        self.nodes: list[onnx.NodeProto] = []
        self.casts: set[str] = set()

    def run(self) -> None:
        outputs = {item.name for item in self.model.graph.output}
        for node in self.model.graph.node:
            inside = node.name in self.half
            apart = _FLOAT_INPUTS.get(node.op_type, ())
            for i, name in enumerate(node.input):
                if name in self.floats:
                    node.input[i] = self._as_half(name) if inside and i not in apart else self._as_float(name)
            shown = outputs & set(node.output)
            if inside:
                self._relabel(node)
            self.nodes.append(node)
            for name in sorted(shown):
                self._as_float(name)
        del self.model.graph.node[:]
        self.model.graph.node.extend(self.nodes)

    def _relabel(self, node: onnx.NodeProto) -> None:
        node.output[:] = [f"{name}_half" if name in self.made_half else name for name in node.output]
        for item in node.attribute:
            if node.op_type == "Cast" and item.name == "to" and item.i == TensorProto.FLOAT:
                item.i = TensorProto.FLOAT16
        if node.op_type == "Cast" or not any(item.type == onnx.AttributeProto.TENSOR for item in node.attribute):
            return
        raise ExportError(f"{node.name} ({node.op_type}): holds a constant in an attribute, which has no rule for half")

    def _as_half(self, name: str) -> str:
        """The half tensor that stands for ``name`` of the float32 network."""
        if name not in self.made_half and name in self.stored:
            return self._half_constant(name)
        if name not in self.made_half:
            self._cast(name, f"{name}_half", TensorProto.FLOAT16)
        return f"{name}_half"

    def _as_float(self, name: str) -> str:
        if name in self.made_half:
            self._cast(f"{name}_half", name, TensorProto.FLOAT)
        return name

    def _cast(self, source: str, target: str, kind: int) -> None:
        if target not in self.casts:
            self.casts.add(target)
            self.nodes.append(helper.make_node("Cast", [source], [target], f"cast_{target}", to=kind))

    def _half_constant(self, name: str) -> str:
        target = f"{name}_half"
        if target not in self.stored:
            with np.errstate(over="ignore"):
                value = numpy_helper.to_array(self.stored[name]).astype(np.float16)
            if not np.isfinite(value).all():
                raise ExportError(f"{name}: a constant is too large for half")
            self.stored[target] = numpy_helper.from_array(value, target)
            self.model.graph.initializer.append(self.stored[target])
        return target


def int8(data: bytes, calibration: Sequence[Feeds], keep: Iterable[str] = ()) -> bytes:
    """Weights (per channel) and activations symmetric int8 at the inputs of the weighted layers; heads and biases in float32.

    The ranges are the largest values met on ``calibration``. Nothing is quantised between a layer and its activation, so that
    TensorRT can fuse the two. A layer fed by a float input (signals, whose columns have unlike scales) and those named in
    ``keep`` stay float32.

    Raises:
        ExportError: nothing is left to quantise, or the result is not a valid model.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(calibration)

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            feed = next(self.left, None)
            return None if feed is None else dict(feed)

    model = onnx.load_from_string(data)
    chosen = quantised_layers(model, keep)
    if not chosen:
        raise ExportError("int8: no layer is left to quantise")
    with tempfile.TemporaryDirectory() as folder, _no_advice():
        target = Path(folder, "int8.onnx")
        quantize_static(
            model, target, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QInt8, weight_type=QuantType.QInt8,
            op_types_to_quantize=sorted({node.op_type for node in chosen}), nodes_to_quantize=[node.name for node in chosen],
            extra_options={
                "ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False,
                "OpTypesToExcludeOutputQuantization": list(QUANTISED), "DedicatedQDQPair": False,
            },
        )  # fmt: skip
        return finish(tidy(onnx.load(target)))


@contextlib.contextmanager
def _no_advice() -> Iterator[None]:
    """The quantiser's advice to preprocess goes to the root logger at every call; ``tidy`` has done it."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def quantised_layers(model: onnx.ModelProto, keep: Iterable[str] = ()) -> list[onnx.NodeProto]:
    """The layers ``int8`` quantises."""
    heads, kept = last_layers(model), set(keep)
    stored = {item.name for item in model.graph.initializer}
    signals = _before_any_layer(model)
    return [
        node
        for node in model.graph.node
        if node.op_type in QUANTISED
        and node.name not in heads | kept
        and node.input[1] in stored
        and node.input[0] not in signals
    ]


def _before_any_layer(model: onnx.ModelProto) -> set[str]:
    """Tensors that reach back to a float input without passing a weighted layer."""
    found = {item.name for item in model.graph.input if item.type.tensor_type.elem_type == TensorProto.FLOAT}
    for node in model.graph.node:
        if node.op_type not in WEIGHTED and found & set(node.input):
            found.update(node.output)
    return found


def measured(data: bytes, variant: bytes, feeds: Iterable[Feeds]) -> dict[str, Distance]:
    """Distance of a variant's file to the float32 file, both in ONNX Runtime."""
    return distances(onnx_run(data), onnx_run(variant), feeds)
