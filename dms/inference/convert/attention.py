"""The attention mesh's three custom operators in standard ONNX (``GridSample`` needs opset 16).

The mesh network looks a second time at lips and eyes: from a first estimate of the landmarks it works out an oriented square
around a point subset (*Landmarks2TransformMatrix*), samples the feature map there (*TransformTensorBilinear*), and maps the
refined points back (*TransformLandmarks*). Matrices are ``[1, 4, 4]``, row-major, acting on column vectors ``(x, y, z, 1)``.
"""

import numpy as np
from flatbuffers import flexbuffers

from dms.errors import InputError
from dms.inference.convert.lowering import NCHW, PLAIN, Lowering
from dms.inference.convert.operators import lowers
from dms.inference.convert.reader import Operator


@lowers("Landmarks2TransformMatrix")
def _transform_matrix(graph: Lowering, op: Operator) -> None:
    """Square around the points: rotation from two anchor points, extent from their bounding box times a scale."""
    options = flexbuffers.Loads(op.custom_options())
    if options["target_rotation_radians"] != 0:
        raise InputError("Landmarks2TransformMatrix with a target rotation is not supported")
    build = graph.build
    width, height = options["output_width"], options["output_height"]
    points = build.emit("Slice", graph.value(op.inputs[0], PLAIN), *map(build.integers, (0, 2, 2)))
    chosen = build.emit("Gather", points, build.integers(*options["subset_idxs"]), axis=1)
    inverse = _rotation(graph, points, options["left_rotation_idx"], options["right_rotation_idx"])
    rotation = build.emit("Transpose", inverse, perm=[0, 2, 1])
    upright = build.emit("MatMul", chosen, rotation)
    high = build.emit("ReduceMax", upright, axes=[1], keepdims=1)
    low = build.emit("ReduceMin", upright, axes=[1], keepdims=1)
    half = build.floats(np.float32(0.5))
    centre = build.emit("MatMul", build.emit("Mul", build.emit("Add", high, low), half), inverse)
    unit = build.floats([[[options["scale_x"] / width, options["scale_y"] / height]]])
    linear = build.emit("Mul", rotation, build.emit("Mul", build.emit("Sub", high, low), unit))
    to_corner = build.emit("MatMul", linear, build.floats([[[-width / 2], [-height / 2]]]))
    shift = build.emit("Add", build.emit("Transpose", centre, perm=[0, 2, 1]), to_corner)
    top = build.emit("Concat", linear, build.floats(np.zeros((1, 2, 1))), shift, axis=2)
    bottom = build.floats([[[0, 0, 1, 0], [0, 0, 0, 1]]])
    graph.put(op.outputs[0], build.emit("Concat", top, bottom, axis=1), PLAIN)


def _rotation(graph: Lowering, points: str, left: int, right: int) -> str:
    """``[1, 2, 2]`` rows (c, s), (-s, c) of the direction from point ``left`` to ``right``; no arc tangent needed."""
    build = graph.build
    ends = [build.emit("Gather", points, build.integers(index), axis=1) for index in (right, left)]
    along = build.emit("Sub", *ends)
    unit = build.emit("Div", along, build.emit("ReduceL2", along, axes=[2], keepdims=1))
    across = build.emit("MatMul", unit, build.floats([[[0, 1], [-1, 0]]]))
    return build.emit("Concat", unit, across, axis=1)


@lowers("TransformTensorBilinear")
def _sample(graph: Lowering, op: Operator) -> None:
    """Bilinear samples of the feature map on the square's grid; pixels centred at halves, hard zero outside."""
    build = graph.build
    _, in_h, in_w, _ = graph.source.shape(op.inputs[0])
    _, out_h, out_w, _ = graph.source.shape(op.outputs[0])
    rows, columns = np.mgrid[0:out_h, 0:out_w] + 0.5
    grid = np.stack([columns.ravel(), rows.ravel(), np.zeros(rows.size), np.ones(rows.size)])[None]
    matrix = build.emit("Slice", graph.value(op.inputs[1], PLAIN), *map(build.integers, (0, 2, 1)))
    at = build.emit("Sub", build.emit("MatMul", matrix, build.floats(grid)), build.floats(np.float32(0.5)))
    inside = build.emit("Min", build.emit("Max", at, build.floats(np.float32(0))), build.floats([[[in_w - 1], [in_h - 1]]]))
    outside = build.emit("ReduceMax", build.emit("Abs", build.emit("Sub", at, inside)), axes=[1], keepdims=1)
    zero, one = build.floats(np.float32(0)), build.floats(np.float32(1))
    # Any distance outside, however small, becomes 1: the source has a step there.
    step = build.emit("Clip", build.emit("Mul", outside, build.floats(np.float32(1e12))), zero, one)
    mask = build.emit("Reshape", build.emit("Sub", one, step), build.integers(1, 1, out_h, out_w))
    unit = build.emit("Sub", build.emit("Mul", inside, build.floats([[[2 / (in_w - 1)], [2 / (in_h - 1)]]])), one)
    where = build.emit("Reshape", build.emit("Transpose", unit, perm=[0, 2, 1]), build.integers(1, out_h, out_w, 2))
    features = graph.value(op.inputs[0], NCHW)
    # Inside is clamped already, so the padding rule never acts; "border" keeps rounding at the rim harmless.
    sampled = build.emit("GridSample", features, where, mode="bilinear", padding_mode="border", align_corners=1)
    graph.put(op.outputs[0], build.emit("Mul", sampled, mask), NCHW)


@lowers("TransformLandmarks")
def _map_back(graph: Lowering, op: Operator) -> None:
    """Points ``[1, N, 2]`` through the matrix: picture coordinates from square coordinates."""
    if graph.source.shape(op.inputs[0])[-1] != 2:
        raise InputError("TransformLandmarks is supported for two-dimensional points only")
    build = graph.build
    rows = build.emit("Slice", graph.value(op.inputs[1], PLAIN), *map(build.integers, (0, 2, 1)))
    linear = build.emit("Slice", rows, *map(build.integers, (0, 2, 2)))
    shift = build.emit("Slice", rows, *map(build.integers, (3, 4, 2)))
    turned = build.emit("MatMul", graph.value(op.inputs[0], PLAIN), build.emit("Transpose", linear, perm=[0, 2, 1]))
    graph.put(op.outputs[0], build.emit("Add", turned, build.emit("Transpose", shift, perm=[0, 2, 1])), PLAIN)
