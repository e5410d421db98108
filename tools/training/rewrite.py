"""Rewrites that keep what a network computes and make it faster, each proved by the parity check after it.

``canonical`` is the form every variant starts from; ``for_cpu`` is the float32 file that ONNX Runtime runs.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper

from tools.training.graph import add_constant, constants, consumers


def canonical(model: onnx.ModelProto) -> onnx.ModelProto:
    """Zero borders go into the convolutions, ``relu(x) - a relu(-x)`` becomes PRelu."""
    _absorb_pads(model)
    _find_prelus(model)
    return model


def for_cpu(model: onnx.ModelProto) -> onnx.ModelProto:
    """PRelu(x) as a x + (1 - a) Relu(x), the factors as 1x1 depthwise convolutions: they keep ONNX Runtime's blocked layout."""
    stored = constants(model)
    for node in [node for node in model.graph.node if node.op_type == "PRelu"]:
        slope = stored.get(node.input[1])
        if slope is None or slope.ndim != 3 or slope.shape[1:] != (1, 1):
            continue
        value, result = node.input[0], node.output[0]
        weights = [
            add_constant(model, f"{result}_{name}", factor.astype(np.float32).reshape(-1, 1, 1, 1))
            for name, factor in (("below", slope.astype(np.float64)), ("above", 1 - slope.astype(np.float64)))
        ]
        flags: dict[str, Any] = {"kernel_shape": [1, 1], "group": slope.size}
        below, above, positive = (f"{result}_{name}_value" for name in ("below", "above", "positive"))
        made = [
            helper.make_node("Relu", [value], [positive]),
            helper.make_node("Conv", [value, weights[0]], [below], **flags),
            helper.make_node("Conv", [positive, weights[1]], [above], **flags),
            helper.make_node("Add", [below, above], [result]),
        ]
        _replace(model, node, made)
    return model


def _replace(model: onnx.ModelProto, node: onnx.NodeProto, made: list[onnx.NodeProto]) -> None:
    place = list(model.graph.node).index(node)
    model.graph.node.remove(node)
    for offset, new in enumerate(made):
        model.graph.node.insert(place + offset, new)


def _absorb_pads(model: onnx.ModelProto) -> None:
    stored, read = constants(model), consumers(model)
    by_input = {name: node for node in model.graph.node for name in node.input[:1]}
    for pad in [node for node in model.graph.node if node.op_type == "Pad"]:
        sizes, conv = _border(pad, stored), by_input.get(pad.output[0])
        if sizes is None or conv is None or conv.op_type != "Conv" or read[pad.output[0]] != 1:
            continue
        flags = {item.name: item for item in conv.attribute}
        if "auto_pad" in flags:  # the exporter never writes it
            continue
        own = list(flags["pads"].ints) if "pads" in flags else [0] * len(sizes)
        if "pads" in flags:
            conv.attribute.remove(flags["pads"])
        conv.attribute.append(helper.make_attribute("pads", [a + b for a, b in zip(own, sizes, strict=True)]))
        conv.input[0] = pad.input[0]
        model.graph.node.remove(pad)


def _border(pad: onnx.NodeProto, stored: Mapping[str, NDArray[Any]]) -> list[int] | None:
    """Begin and end of each spatial dimension, if zeros are put round the picture and nothing else is done."""
    mode = next((helper.get_attribute_value(item) for item in pad.attribute if item.name == "mode"), b"constant")
    sizes = stored.get(pad.input[1])
    fill = pad.input[2] if len(pad.input) > 2 else ""
    if mode != b"constant" or sizes is None or len(pad.input) > 3 or (fill and (fill not in stored or stored[fill].any())):
        return None
    begin, end = np.split(sizes, 2)
    outside = [*begin[:2], *end[:2]]
    return None if any(outside) or (sizes < 0).any() else [int(n) for n in (*begin[2:], *end[2:])]


def _find_prelus(model: onnx.ModelProto) -> None:
    stored, read = constants(model), consumers(model)
    made_by = {name: node for node in model.graph.node for name in node.output}
    for sub in [node for node in model.graph.node if node.op_type == "Sub"]:
        parts = [made_by.get(name) for name in sub.input]
        found = _prelu_parts(parts, made_by, stored)
        if found is None or any(read[name] != 1 for name in sub.input):
            continue
        value, slope = found
        name = add_constant(model, f"{sub.output[0]}_slope", stored[slope].reshape(stored[slope].shape[-3:]))
        _replace(model, sub, [helper.make_node("PRelu", [value, name], [sub.output[0]])])


def _prelu_parts(
    parts: list[onnx.NodeProto | None], made_by: Mapping[str, onnx.NodeProto], stored: Mapping[str, NDArray[Any]]
) -> tuple[str, str] | None:
    """Names of x and a, if the two parts are relu(x) and a relu(-x)."""
    above, below = parts
    if above is None or below is None or above.op_type != "Relu" or below.op_type != "Mul":
        return None
    slope, rest = sorted(below.input, key=lambda name: name not in stored)
    mirrored = made_by.get(rest)
    negative = made_by.get(mirrored.input[0]) if mirrored is not None and mirrored.op_type == "Relu" else None
    if slope not in stored or negative is None or negative.op_type != "Neg" or negative.input[0] != above.input[0]:
        return None
    shape = stored[slope].shape
    return (above.input[0], slope) if len(shape) in (3, 4) and shape[-2:] == (1, 1) and shape[:-3] in ((), (1,)) else None
