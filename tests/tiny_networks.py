"""Small ONNX networks made without torch, and an engine folder round one of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIZE = 16

Node = tuple[str, Sequence[str], str, dict[str, Any]]


def model(
    nodes: Sequence[Node],
    constants: Mapping[str, NDArray[Any]],
    inputs: Sequence[tuple[str, int, Sequence[int | str]]],
    outputs: Sequence[tuple[str, int, Sequence[int | str]]],
    opset: int = 17,
) -> onnx.ModelProto:
    made = [
        helper.make_node(op, list(names), [out], f"{op.lower()}_{i}", **flags) for i, (op, names, out, flags) in enumerate(nodes)
    ]
    graph = helper.make_graph(
        made,
        "network",
        [helper.make_tensor_value_info(*item) for item in inputs],
        [helper.make_tensor_value_info(*item) for item in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def convolutions() -> onnx.ModelProto:
    """uint8 1 x 16 x 16 x 1 in; a direction of length 1 and a standard deviation out."""
    rng = np.random.default_rng(3)

    def weights(*shape: int) -> NDArray[np.float32]:
        return rng.normal(0, 0.5, shape).astype(np.float32)

    nodes: list[Node] = [
        ("Cast", ["image"], "f", {"to": TensorProto.FLOAT}),
        ("Transpose", ["f"], "t", {"perm": [0, 3, 1, 2]}),
        ("Div", ["t", "range"], "x", {}),
        ("Conv", ["x", "w0", "b0"], "c0", {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
        ("Relu", ["c0"], "r0", {}),
        ("Conv", ["r0", "w1", "b1"], "c1", {"pads": [1, 1, 1, 1]}),
        ("HardSwish", ["c1"], "r1", {}),
        ("Add", ["r0", "r1"], "a", {}),
        ("GlobalAveragePool", ["a"], "p", {}),
        ("Flatten", ["p"], "v", {}),
        ("Gemm", ["v", "w2", "b2"], "six", {"transB": 1}),
        ("LpNormalization", ["six"], "direction", {"axis": 1, "p": 2}),
        ("Gemm", ["v", "w3", "b3"], "log", {"transB": 1}),
        ("Exp", ["log"], "std", {}),
    ]
    constants = {
        "range": np.float32(255), "w0": weights(8, 1, 3, 3), "b0": weights(8), "w1": weights(8, 8, 3, 3) / 4, "b1": weights(8),
        "w2": weights(3, 8), "b2": weights(3), "w3": weights(1, 8) / 4, "b3": weights(1),
    }  # fmt: skip
    outputs = [("direction", TensorProto.FLOAT, [1, 3]), ("std", TensorProto.FLOAT, [1, 1])]
    return model(nodes, {k: np.asarray(v, np.float32) for k, v in constants.items()},
                 [("image", TensorProto.UINT8, [1, SIZE, SIZE, 1])], outputs)  # fmt: skip


def layers() -> onnx.ModelProto:
    """float32 1 x 12 in, 1 x 2 out, three layers."""
    rng = np.random.default_rng(4)
    nodes: list[Node] = [
        ("Gemm", ["signal", "w0", "b0"], "g0", {}),
        ("Tanh", ["g0"], "h0", {}),
        ("Gemm", ["h0", "w1", "b1"], "g1", {}),
        ("Tanh", ["g1"], "h1", {}),
        ("MatMul", ["h1", "w2"], "answer", {}),
    ]
    sizes = {"w0": (12, 16), "b0": (16,), "w1": (16, 16), "b1": (16,), "w2": (16, 2)}
    constants = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in sizes.items()}
    return model(nodes, constants, [("signal", TensorProto.FLOAT, [1, 12])], [("answer", TensorProto.FLOAT, [1, 2])])


def pictures(count: int, seed: int = 0) -> list[dict[str, NDArray[Any]]]:
    """Smooth random pictures for ``convolutions``."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(-1, 1, SIZE)
    found = []
    for _ in range(count):
        a, b, c, d = rng.uniform(-1, 1, 4)
        values = 128 + 60 * (a * ramp[:, None] + b * ramp[None] + c * np.outer(ramp, ramp) + d * rng.normal(0, 0.3, (SIZE, SIZE)))
        found.append({"image": values.clip(0, 255).astype(np.uint8).reshape(1, SIZE, SIZE, 1)})
    return found


def signals(count: int, seed: int = 0) -> list[dict[str, NDArray[Any]]]:
    """Inputs for ``layers``."""
    rng = np.random.default_rng(seed)
    return [{"signal": rng.normal(0, 1, (1, 12)).astype(np.float32)} for _ in range(count)]


ENGINE = """\
# Specification of an engine made by a test.
schema: dms.engine/1
name: tiny
slot: tiny
title: A tiny network
licence: Apache-2.0
provenance: made by a test
file: tiny.onnx  # ours
inputs:
  - {name: image, shape: [1, 16, 16, 1], dtype: uint8}  # grey
outputs:
  - name: direction
    shape: [1, 3]
    limit: 0.0001  # length 1
  - name: std
    shape: [1, 1]
    limit: 0.0001
"""


def engine_folder(parent: Path) -> Path:
    """``parent/engines/tiny`` with an ``engine.yaml`` and nothing else."""
    folder = parent / "engines" / "tiny"
    folder.mkdir(parents=True)
    (folder / "engine.yaml").write_text(ENGINE)
    return folder
