"""The first layers of a converted network as a torch module, to go on training from: they have seen real faces, ours have not.

The trunk of a published network (Apache-2.0) is read out of the engine cache (``dms engines build`` makes it); its convolutions
become parameters. It is fully convolutional, so it may be fed another picture size than the network it comes from.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

from dms.inference.slots import find_engine


class Trunk(nn.Module):
    """Layers from the input picture to the tensor ``until``.

    Takes n x c x h x w, levels 0..255 as float; c is 1 for a network that takes grey, else 3.
    """

    def __init__(self, engine: str, until: str) -> None:
        super().__init__()
        path = find_engine(engine).path
        assert path is not None
        self._steps: list[tuple[str, list[str], str, dict[str, Any]]] = []
        self.weights = nn.ParameterDict()
        self._read(path, until)

    def _read(self, path: Path, until: str) -> None:
        graph = onnx.load(str(path)).graph
        constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        self._input = self._start(graph)
        for node in graph.node:
            if node.op_type == "Cast" and node.input[0] in constants:
                constants[node.output[0]] = constants[node.input[0]].astype(np.float32)
            elif node.output[0] != self._input and self._after_input(node):
                self._add(node, constants)
            if node.output[0] == until:
                break
        else:
            raise ValueError(f"{path.name} has no tensor {until}")
        self.until = until

    def _start(self, graph: Any) -> str:
        """Output of the reshaping of the input picture to n x c x h x w."""
        return str(next(node.output[0] for node in graph.node if node.op_type in ("Reshape", "Transpose")))

    def _after_input(self, node: Any) -> bool:
        known = {self._input, *(step[2] for step in self._steps)}
        return any(name in known for name in node.input)

    def _add(self, node: Any, constants: dict[str, Any]) -> None:
        options = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Pad":
            options["pads"] = constants[node.input[1]].astype(int).tolist()
        else:
            for name in node.input[1:] if node.op_type != "Add" else node.input:
                if name in constants:
                    self.weights[name.replace(".", "_")] = nn.Parameter(torch.tensor(constants[name], dtype=torch.float32))
        inputs = [name for name in node.input if name]
        self._steps.append((node.op_type, inputs, node.output[0], options))

    def first(self) -> tuple[nn.Parameter, nn.Parameter]:
        """Weights and bias of the first layer."""
        weight, bias = (self.weights[name.replace(".", "_")] for name in self._steps[0][1][1:3])
        return weight, bias

    def set_first(self, weight: Tensor) -> None:
        """Other weights for the first layer, say for another number of channels."""
        self.weights[self._steps[0][1][1].replace(".", "_")] = nn.Parameter(weight.detach().clone())

    def forward(self, picture: Tensor) -> Tensor:
        """Feature map, n x channels x h x w."""
        return self.maps(picture, (self.until,))[0]

    def maps(self, picture: Tensor, names: Sequence[str]) -> list[Tensor]:
        """Several feature maps by name, none beyond ``until``."""
        values: dict[str, Tensor] = {self._input: picture}

        def get(name: str) -> Tensor:
            return values[name] if name in values else self.weights[name.replace(".", "_")]

        for op, inputs, output, options in self._steps:
            values[output] = _APPLY[op]([get(i) for i in inputs if op != "Pad" or i in values], options)
        return [values[name] for name in names]


def _conv(x: list[Tensor], options: dict[str, Any]) -> Tensor:
    top, left, bottom, right = options.get("pads", [0, 0, 0, 0])
    picture = x[0]
    if (top, left) != (bottom, right):
        picture, top, left = F.pad(picture, (left, right, top, bottom)), 0, 0
    bias = x[2] if len(x) > 2 else None
    return F.conv2d(picture, x[1], bias, options.get("strides", [1, 1]), (top, left), 1, options.get("group", 1))


def _pad(x: list[Tensor], options: dict[str, Any]) -> Tensor:
    begin, end = options["pads"][:4], options["pads"][4:]
    return F.pad(x[0], (begin[3], end[3], begin[2], end[2], begin[1], end[1]))


def _prelu(x: list[Tensor], options: dict[str, Any]) -> Tensor:
    return F.prelu(x[0], x[1].flatten())


def _pool(x: list[Tensor], options: dict[str, Any]) -> Tensor:
    return F.max_pool2d(x[0], options["kernel_shape"], options.get("strides", [1, 1]))


_APPLY: dict[str, Any] = {
    "Conv": _conv,
    "Pad": _pad,
    "PRelu": _prelu,
    "Relu": lambda x, options: F.relu(x[0]),
    "Add": lambda x, options: x[0] + x[1],
    "Sub": lambda x, options: x[0] - x[1],
    "MaxPool": _pool,
}
