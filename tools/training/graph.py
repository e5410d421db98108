"""Tidies an ONNX graph so that nothing is left in it that is not computed at run time: constants, batch norms, names, origin.

Every function changes the model it is given. Shapes are static throughout, batch 1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from dms.inference.onnxruntime_backend import import_quietly

PRODUCER = "dms"
WEIGHTED = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "GRU", "LSTM", "RNN"})
"""Operators that carry the network's weights; where the first and the last of them stand divides body from borders."""

_KEPT = ("QuantizeLinear", "DequantizeLinear")


def tidy(model: onnx.ModelProto) -> onnx.ModelProto:
    """Fold what is constant, fold batch norms into the layer before, drop dead nodes, give nodes and tensors plain names."""
    _constants_to_initializers(model)
    _forget_shapes(model)
    while _fold_constants(model):  # a folded shape makes the next one known
        pass
    _fold_batch_norms(model)
    _drop_identities(model)
    _drop_dead(model)
    _name(model)
    _forget_origin(model)
    _state_output_shapes(model)
    return model


def constants(model: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Initializers by name."""
    return {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}


def consumers(model: onnx.ModelProto) -> Counter[str]:
    """How often each tensor is read, graph outputs included."""
    read = Counter(name for node in model.graph.node for name in node.input if name)
    read.update(item.name for item in model.graph.output)
    return read


def add_constant(model: onnx.ModelProto, name: str, value: NDArray[Any]) -> str:
    model.graph.initializer.append(numpy_helper.from_array(np.array(value, order="C"), name))
    return name


def body(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Nodes between the first and the last weighted layers, these included, in graph order.

    Outside lie the scaling of the inputs and what turns the last layer's numbers into the outputs.
    """
    nodes, after = list(model.graph.node), set[str]()
    for node in nodes:
        if node.op_type in WEIGHTED or after & set(node.input):
            after.update(node.output)
    before: set[str] = set()
    for node in reversed(nodes):
        if node.op_type in WEIGHTED or before & set(node.output):
            before.update(node.input)
    return [n for n in nodes if n.op_type in WEIGHTED or (after & set(n.input) and before & set(n.output))]


def last_layers(model: onnx.ModelProto) -> set[str]:
    """Names of the weighted nodes after which no weighted node comes: the heads."""
    before: set[str] = set()
    heads = set()
    for node in reversed(model.graph.node):
        follows = bool(before & set(node.output))
        if node.op_type in WEIGHTED and not follows:
            heads.add(node.name)
        if node.op_type in WEIGHTED or follows:
            before.update(node.input)
    return heads


def _constants_to_initializers(model: onnx.ModelProto) -> None:
    for node in [node for node in model.graph.node if node.op_type == "Constant"]:
        add_constant(model, node.output[0], _evaluate(model, node, {})[0])
        model.graph.node.remove(node)


def _forget_shapes(model: onnx.ModelProto) -> None:
    """The exporter names some sizes ("unk__7") that are plain numbers; they are worked out again from the inputs."""
    del model.graph.value_info[:]
    for item in model.graph.output:
        item.type.tensor_type.ClearField("shape")


def _state_output_shapes(model: onnx.ModelProto) -> None:
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for mine, known in zip(model.graph.output, inferred.graph.output, strict=True):
        mine.CopyFrom(known)


def _fold_constants(model: onnx.ModelProto) -> bool:
    """Evaluate every node whose inputs are all known; was there any."""
    before = len(model.graph.node)
    known = constants(model)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {item.name: _static_shape(item) for item in (*inferred.value_info, *inferred.input)}
    for node in list(model.graph.node):
        if node.op_type == "Shape" and shapes.get(node.input[0]):
            flags = {item.name: item.i for item in node.attribute}
            values = [np.array(shapes[node.input[0]][flags.get("start", 0) : flags.get("end")], np.int64)]
        elif node.op_type not in _KEPT and all(name in known for name in node.input if name):
            values = _evaluate(model, node, known)
        else:
            continue
        for name, value in zip(node.output, values, strict=True):
            known[name] = value
            add_constant(model, name, value)
        model.graph.node.remove(node)
    return len(model.graph.node) < before


def _static_shape(item: onnx.ValueInfoProto) -> tuple[int, ...]:
    sizes = tuple(d.dim_value for d in item.type.tensor_type.shape.dim)
    return sizes if all(sizes) else ()


def _evaluate(model: onnx.ModelProto, node: onnx.NodeProto, known: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """What ONNX Runtime gives for one node on constants."""
    feeds = {name: known[name] for name in node.input if name}
    inputs = [
        helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
        for name, value in feeds.items()
    ]
    graph = helper.make_graph([node], "one", inputs, [onnx.ValueInfoProto(name=name) for name in node.output])
    alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    session = import_quietly().InferenceSession(alone.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(value) for value in session.run(None, feeds)]


def _fold_batch_norms(model: onnx.ModelProto) -> None:
    """Into the Conv or Gemm before it where that feeds nothing else, else to one Mul and one Add."""
    for norm in [node for node in model.graph.node if node.op_type == "BatchNormalization"]:
        stored = constants(model)
        scale, shift, mean, variance = (stored[name].astype(np.float64) for name in norm.input[1:5])
        epsilon = next((a.f for a in norm.attribute if a.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        layer = _only_source(model, norm)
        if layer is not None and layer.input[1] in stored:
            _absorb(model, layer, stored, factor, shift - mean * factor)
            layer.output[0] = norm.output[0]
            model.graph.node.remove(norm)
        else:
            _replace_norm(model, norm, factor, shift - mean * factor)


def _only_source(model: onnx.ModelProto, norm: onnx.NodeProto) -> onnx.NodeProto | None:
    if consumers(model)[norm.input[0]] != 1:
        return None
    found = (n for n in model.graph.node if norm.input[0] in n.output and n.op_type in ("Conv", "Gemm"))
    return next(found, None)


def _absorb(
    model: onnx.ModelProto, layer: onnx.NodeProto, stored: Mapping[str, NDArray[Any]], factor: NDArray[Any], offset: NDArray[Any]
) -> None:
    weight = stored[layer.input[1]]
    flags = {a.name: helper.get_attribute_value(a) for a in layer.attribute}
    if flags.get("alpha", 1.0) != 1.0 or flags.get("beta", 1.0) != 1.0:
        raise ValueError(f"{layer.name}: Gemm with alpha or beta before a batch norm")
    axis = 1 if layer.op_type == "Gemm" and not flags.get("transB", 0) else 0
    broadcast = factor.reshape([-1 if i == axis else 1 for i in range(weight.ndim)])
    bias = stored[layer.input[2]] if len(layer.input) > 2 else np.zeros_like(factor)
    number = sum(item.name.startswith("folded") for item in model.graph.initializer)
    names = [
        add_constant(model, f"folded_weight_{number}", (weight * broadcast).astype(np.float32)),
        add_constant(model, f"folded_bias_{number}", (bias * factor + offset).astype(np.float32)),
    ]
    first = layer.input[0]
    del layer.input[:]
    layer.input.extend([first, *names])


def _replace_norm(model: onnx.ModelProto, norm: onnx.NodeProto, factor: NDArray[Any], offset: NDArray[Any]) -> None:
    known = onnx.shape_inference.infer_shapes(model).graph
    ranks = {i.name: len(i.type.tensor_type.shape.dim) for i in (*known.value_info, *known.input)}
    shape = [1, -1, *[1] * (ranks[norm.input[0]] - 2)]
    middle = f"{norm.output[0]}_scaled"
    names = [
        add_constant(model, f"{norm.output[0]}_{what}", value.astype(np.float32).reshape(shape))
        for what, value in (("factor", factor), ("offset", offset))
    ]
    place = list(model.graph.node).index(norm)
    model.graph.node.remove(norm)
    model.graph.node.insert(place, helper.make_node("Mul", [norm.input[0], names[0]], [middle], f"{norm.name}_mul"))
    model.graph.node.insert(place + 1, helper.make_node("Add", [middle, names[1]], [norm.output[0]], f"{norm.name}_add"))


def _drop_identities(model: onnx.ModelProto) -> None:
    outputs = {item.name for item in model.graph.output}
    for node in [node for node in model.graph.node if node.op_type in ("Identity", "Dropout")]:
        if node.output[0] in outputs:
            continue
        for other in model.graph.node:
            for i, name in enumerate(other.input):
                if name == node.output[0]:
                    other.input[i] = node.input[0]
        model.graph.node.remove(node)


def _drop_dead(model: onnx.ModelProto) -> None:
    needed = {item.name for item in model.graph.output}
    for node in reversed(list(model.graph.node)):
        if needed & set(node.output):
            needed.update(node.input)
        else:
            model.graph.node.remove(node)
    for item in [item for item in model.graph.initializer if item.name not in needed]:
        model.graph.initializer.remove(item)


def _name(model: onnx.ModelProto) -> None:
    """``conv_3``, its output ``conv_3_out``, its constants ``conv_3_in1``: the same for the same network on every run."""
    fixed = {item.name for item in (*model.graph.input, *model.graph.output)}
    names: dict[str, str] = {name: name for name in fixed} | {"": ""}
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type.lower()}_{number}"
        for tensor, label in _labels(node):
            names.setdefault(tensor, f"{node.name}_{label}")
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for item in model.graph.initializer:
        item.name = names[item.name]
    order = {name: place for place, name in enumerate(names.values())}
    stored = sorted(model.graph.initializer, key=lambda item: order[item.name])
    del model.graph.initializer[:]
    model.graph.initializer.extend(stored)


def _labels(node: onnx.NodeProto) -> Iterator[tuple[str, str]]:
    yield from ((name, f"in{i}") for i, name in enumerate(node.input))
    yield from ((name, "out" if i == 0 else f"out{i}") for i, name in enumerate(node.output))


def _forget_origin(model: onnx.ModelProto) -> None:
    """No version, path, time or stack trace: the bytes depend on the network alone."""
    model.producer_name, model.producer_version, model.doc_string, model.domain = PRODUCER, "", "", ""
    model.model_version = 0
    used = {node.domain for node in model.graph.node}
    for entry in [entry for entry in model.opset_import if entry.domain not in used]:
        model.opset_import.remove(entry)
    del model.metadata_props[:], model.graph.value_info[:], model.graph.metadata_props[:]
    model.graph.doc_string = ""
    for item in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        item.doc_string = ""
        del item.metadata_props[:]
