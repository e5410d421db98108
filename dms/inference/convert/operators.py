"""One small function per TensorFlow Lite operator; ``OPERATORS`` finds it by name.

Each function reads its inputs from the ``Lowering``, emits ONNX nodes of the standard domain and puts its output back.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tflite
from numpy.typing import NDArray

from dms.errors import InputError
from dms.inference.convert.lowering import NCHW, PLAIN, Layout, Lowering
from dms.inference.convert.reader import Operator

Lower = Callable[[Lowering, Operator], None]
OPERATORS: dict[str, Lower] = {}

_TO_NCHW = (0, 2, 3, 1)  # a channels-last axis as NCHW axis


def lowers(*names: str) -> Callable[[Lower], Lower]:
    """Register a function for the operators ``names``."""

    def register(function: Lower) -> Lower:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


@lowers("DENSIFY", "DEQUANTIZE")
def _unpack(graph: Lowering, op: Operator) -> None:
    # Only constants are packed here; the reader has made them dense and the builder widens them.
    graph.source.fold(op.outputs[0], graph.constant(op.inputs[0]))


@lowers("CONV_2D", "DEPTHWISE_CONV_2D")
def _convolution(graph: Lowering, op: Operator) -> None:
    depthwise = op.name == "DEPTHWISE_CONV_2D"
    options = op.options(tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
    source, weights = op.inputs[0], graph.constant(op.inputs[1])
    channels = graph.source.shape(source)[3]
    groups = channels if depthwise else channels // weights.shape[3]
    strides = (options.StrideH(), options.StrideW())
    dilations = (options.DilationHFactor(), options.DilationWFactor())
    kernel = weights.shape[1:3]
    weights = weights.transpose((3, 0, 1, 2) if depthwise else (0, 3, 1, 2))
    inputs = [graph.value(source, NCHW), graph.build.floats(_absorb(graph, source, weights))]
    bias = graph.source.constant(op.inputs[2]) if len(op.inputs) > 2 else None
    if bias is not None:
        inputs.append(graph.build.floats(bias))
    pads = _pads(graph.source.shape(source)[1:3], kernel, strides, dilations, options.Padding())
    value = graph.build.emit("Conv", *inputs, kernel_shape=kernel, strides=strides, dilations=dilations, pads=pads, group=groups)
    graph.put(op.outputs[0], _activate(graph, value, options), NCHW)


def _absorb(graph: Lowering, source: int, weights: NDArray[Any]) -> NDArray[Any]:
    """Weights with the picture's scale, and the sum over three equal channels, folded in (worked out in double precision)."""
    fold = graph.folds.get(source)
    if fold is None:
        return weights
    wide = weights.astype(np.float64) * fold.scale
    return (wide.sum(axis=1, keepdims=True) if fold.grey else wide).astype(np.float32)


def _pads(size: tuple[int, ...], kernel: Any, strides: Any, dilations: Any, padding: int) -> list[int]:
    """ONNX pads ``[top, left, bottom, right]``; SAME is worked out per layer and often asymmetric."""
    if padding != tflite.Padding.SAME:
        return [0, 0, 0, 0]
    total = [
        max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0) for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)
    ]
    return [n // 2 for n in total] + [n - n // 2 for n in total]


def _activate(graph: Lowering, value: str, options: Any) -> str:
    kind = options.FusedActivationFunction()
    if kind == tflite.ActivationFunctionType.NONE:
        return value
    if kind == tflite.ActivationFunctionType.RELU:
        return graph.build.emit("Relu", value)
    if kind == tflite.ActivationFunctionType.RELU6:
        return graph.build.emit("Clip", value, graph.build.floats(np.float32(0)), graph.build.floats(np.float32(6)))
    raise InputError(f"fused activation {kind} is not supported")


@lowers("MAX_POOL_2D")
def _max_pool(graph: Lowering, op: Operator) -> None:
    options = op.options(tflite.Pool2DOptions)
    kernel, strides = (options.FilterHeight(), options.FilterWidth()), (options.StrideH(), options.StrideW())
    pads = _pads(graph.source.shape(op.inputs[0])[1:3], kernel, strides, (1, 1), options.Padding())
    value = graph.build.emit("MaxPool", graph.value(op.inputs[0], NCHW), kernel_shape=kernel, strides=strides, pads=pads)
    graph.put(op.outputs[0], _activate(graph, value, options), NCHW)


@lowers("PAD")
def _pad(graph: Lowering, op: Operator) -> None:
    amounts = graph.constant(op.inputs[1])[[0, 3, 1, 2]]
    if op.inputs[0] in graph.folds:  # zeros stay zeros under scaling, so the next convolution may still absorb it
        graph.folds[op.outputs[0]] = graph.folds[op.inputs[0]]
    pads = graph.build.integers(*amounts[:, 0], *amounts[:, 1])
    graph.put(op.outputs[0], graph.build.emit("Pad", graph.value(op.inputs[0], NCHW), pads, mode="constant"), NCHW)


@lowers("ADD", "MUL")
def _arithmetic(graph: Lowering, op: Operator) -> None:
    options = op.options(tflite.AddOptions if op.name == "ADD" else tflite.MulOptions)
    layout: Layout = NCHW if any(graph.layout(tensor) == NCHW for tensor in op.inputs) else PLAIN
    value = graph.build.emit(op.name.capitalize(), *(graph.value(tensor, layout) for tensor in op.inputs))
    graph.put(op.outputs[0], _activate(graph, value, options), layout)


@lowers("RELU", "LOGISTIC")
def _unary(graph: Lowering, op: Operator) -> None:
    layout = graph.layout(op.inputs[0])
    name = {"RELU": "Relu", "LOGISTIC": "Sigmoid"}[op.name]
    graph.put(op.outputs[0], graph.build.emit(name, graph.value(op.inputs[0], layout)), layout)


@lowers("PRELU")
def _prelu(graph: Lowering, op: Operator) -> None:
    slope = graph.constant(op.inputs[1])
    value = graph.value(op.inputs[0], NCHW)
    if graph.split_prelu:
        result = _split_prelu(graph, value, slope.astype(np.float64).ravel())
    else:
        result = graph.build.emit("PRelu", value, graph.build.floats(slope.reshape(-1, 1, 1)))
    graph.put(op.outputs[0], result, NCHW)


def _split_prelu(graph: Lowering, value: str, slope: NDArray[np.float64]) -> str:
    """PRelu(x) as a x + (1 - a) Relu(x), the two factors per channel written as 1x1 depthwise convolutions.

    ONNX Runtime's PRelu kernel is slow, and a plain Mul makes it leave its blocked channel layout; a convolution stays in it.
    """

    def scaled(source: str, factor: NDArray[np.float64]) -> str:
        weights = graph.build.floats(factor.astype(np.float32).reshape(-1, 1, 1, 1))
        return graph.build.emit("Conv", source, weights, kernel_shape=[1, 1], group=factor.size)

    above = scaled(graph.build.emit("Relu", value), 1 - slope)
    return graph.build.emit("Add", scaled(value, slope), above)


@lowers("RESHAPE")
def _reshape(graph: Lowering, op: Operator) -> None:
    shape = graph.build.integers(*graph.source.shape(op.outputs[0]))
    graph.put(op.outputs[0], graph.build.emit("Reshape", graph.value(op.inputs[0], PLAIN), shape), PLAIN)


@lowers("CONCATENATION")
def _concatenate(graph: Lowering, op: Operator) -> None:
    axis = op.options(tflite.ConcatenationOptions).Axis() % len(graph.source.shape(op.outputs[0]))
    layout: Layout = NCHW if all(graph.layout(tensor) == NCHW for tensor in op.inputs) else PLAIN
    values = [graph.value(tensor, layout) for tensor in op.inputs]
    graph.put(op.outputs[0], graph.build.emit("Concat", *values, axis=_TO_NCHW[axis] if layout == NCHW else axis), layout)


@lowers("RESIZE_BILINEAR")
def _resize(graph: Lowering, op: Operator) -> None:
    options = op.options(tflite.ResizeBilinearOptions)
    mode = "align_corners" if options.AlignCorners() else "half_pixel" if options.HalfPixelCenters() else "asymmetric"
    (_, in_h, in_w, _), (_, out_h, out_w, _) = graph.source.shape(op.inputs[0]), graph.source.shape(op.outputs[0])
    scales = graph.build.floats(np.array([1, 1, out_h / in_h, out_w / in_w], np.float32))
    value = graph.value(op.inputs[0], NCHW)
    result = graph.build.emit("Resize", value, "", scales, mode="linear", coordinate_transformation_mode=mode)
    graph.put(op.outputs[0], result, NCHW)


@lowers("DEPTH_TO_SPACE")
def _depth_to_space(graph: Lowering, op: Operator) -> None:
    block = op.options(tflite.DepthToSpaceOptions).BlockSize()
    value = graph.build.emit("DepthToSpace", graph.value(op.inputs[0], NCHW), blocksize=block, mode="DCR")
    graph.put(op.outputs[0], value, NCHW)


@lowers("MEAN")
def _mean(graph: Lowering, op: Operator) -> None:
    keep = bool(op.options(tflite.ReducerOptions).KeepDims())
    axes = [_TO_NCHW[int(axis)] for axis in graph.constant(op.inputs[1]).ravel()]
    value = graph.build.emit("ReduceMean", graph.value(op.inputs[0], NCHW), axes=axes, keepdims=int(keep))
    graph.put(op.outputs[0], value, NCHW if keep else PLAIN)


@lowers("FULLY_CONNECTED")
def _fully_connected(graph: Lowering, op: Operator) -> None:
    weights = graph.constant(op.inputs[1])
    value = graph.value(op.inputs[0], PLAIN)
    if len(graph.source.shape(op.inputs[0])) != 2:
        value = graph.build.emit("Reshape", value, graph.build.integers(-1, weights.shape[1]))
    bias = graph.build.floats(graph.constant(op.inputs[2]))
    result = graph.build.emit("Gemm", value, graph.build.floats(weights), bias, transB=1)
    graph.put(op.outputs[0], _activate(graph, result, op.options(tflite.FullyConnectedOptions)), PLAIN)


@lowers("STRIDED_SLICE")
def _strided_slice(graph: Lowering, op: Operator) -> None:
    options = op.options(tflite.StridedSliceOptions)
    if options.ShrinkAxisMask() or options.EllipsisMask() or options.NewAxisMask():
        raise InputError("STRIDED_SLICE that changes the rank is not supported")
    begin, end, strides = (graph.constant(tensor).ravel() for tensor in op.inputs[1:4])
    shape = graph.source.shape(op.inputs[0])
    starts = [0 if options.BeginMask() >> k & 1 else int(v) for k, v in enumerate(begin)]
    stops = [shape[k] if options.EndMask() >> k & 1 else int(v) for k, v in enumerate(end)]
    limits = [graph.build.integers(*row) for row in (starts, stops, range(len(starts)), strides)]
    graph.put(op.outputs[0], graph.build.emit("Slice", graph.value(op.inputs[0], PLAIN), *limits), PLAIN)
