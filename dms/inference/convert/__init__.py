"""TensorFlow Lite networks as ONNX with our input contract, and nothing else installed than ``tflite``, ``onnx`` and NumPy.

``convert`` reads the flatbuffer, lowers operator by operator and folds the contract in: the input ``image`` is a ``uint8``
picture, the outputs have our names and shapes. Loading this package does not load ``onnx``; calling ``convert`` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dms.errors import InputError
from dms.inference.base import TensorSpec

if TYPE_CHECKING:
    from dms.inference.convert.lowering import Lowering

CONVERTER_VERSION = "2"
"""Part of every cache key; raise it when the same source would give another file."""

_OPSET, _OPSET_GRID_SAMPLE = 13, 16
_MAY_TAKE_PICTURE = ("PAD", "CONV_2D")  # these carry on or absorb the scale that is still owed


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a source network becomes an engine.

    Attributes:
        name: name of the graph.
        image: our input, ``uint8``, ``[1, H, W, 1]`` (grey) or ``[1, H, W, 3]`` (RGB).
        source_range: what the source expects for black..white, ``unit`` is [0, 1], ``symmetric`` is [-1, 1].
        outputs: our outputs, in our order.
        source_outputs: our output name to the source's tensor name.
    """

    name: str
    image: TensorSpec
    source_range: Literal["unit", "symmetric"]
    outputs: tuple[TensorSpec, ...]
    source_outputs: Mapping[str, str]


def convert(data: bytes, recipe: Recipe, split_prelu: bool = False) -> bytes:
    """ONNX file for the TensorFlow Lite file ``data``.

    Args:
        data: the ``.tflite`` bytes.
        recipe: input and output contract.
        split_prelu: write PRelu(x) as a x + (1 - a) Relu(x), which is faster in ONNX Runtime and differs by rounding only.

    Raises:
        InputError: unreadable, an operator is not supported, or it does not fit the recipe.
    """
    from dms.inference.convert import attention
    from dms.inference.convert.lowering import Lowering
    from dms.inference.convert.operators import OPERATORS
    from dms.inference.convert.reader import SourceGraph

    source = SourceGraph(data)
    graph = Lowering(source, split_prelu)
    _take_picture(graph, recipe)
    used = set()
    for op in source.operators():
        if op.name not in OPERATORS:
            raise InputError(f"{recipe.name}: operator {op.name} is not supported")
        if op.name not in _MAY_TAKE_PICTURE and graph.folds.keys() & set(op.inputs):
            raise InputError(f"{recipe.name}: the picture must go into a convolution, not into {op.name}")
        OPERATORS[op.name](graph, op)
        used.add(OPERATORS[op.name].__module__)
    _give_outputs(graph, recipe)
    opset = _OPSET_GRID_SAMPLE if attention.__name__ in used else _OPSET
    return graph.build.finish(recipe.name, (recipe.image,), recipe.outputs, opset)


def _take_picture(graph: "Lowering", recipe: Recipe) -> None:
    """Cast the picture and, for [-1, 1], centre it; the scale is left to the first convolution.

    Centring comes before the convolution and not out of its bias, so that zero padding stays exact.
    """
    from dms.inference.convert.lowering import NCHW, InputFold

    tensor = graph.source.inputs[0]
    _, height, width, channels = recipe.image.shape
    if graph.source.shape(tensor) != (1, height, width, 3):
        raise InputError(f"{recipe.name}: the source takes {list(graph.source.shape(tensor))}, the recipe says {recipe.image}")
    value = graph.build.emit("Cast", recipe.image.name, to=1)
    if channels == 1:
        value = graph.build.emit("Reshape", value, graph.build.integers(1, 1, height, width))
    else:
        value = graph.build.emit("Transpose", value, perm=[0, 3, 1, 2])
    scale = 1 / 255
    if recipe.source_range == "symmetric":
        value, scale = graph.build.emit("Sub", value, graph.build.floats(127.5)), 1 / 127.5
    graph.put(tensor, value, NCHW)
    graph.folds[tensor] = InputFold(scale, channels == 1)


def _give_outputs(graph: "Lowering", recipe: Recipe) -> None:
    from dms.inference.convert.lowering import PLAIN

    by_name = {graph.source.name(tensor): tensor for tensor in graph.source.outputs}
    for output in recipe.outputs:
        wanted = recipe.source_outputs[output.name]
        if wanted not in by_name:
            raise InputError(f"{recipe.name}: the source has no output {wanted}, only {', '.join(by_name)}")
        value = graph.value(by_name[wanted], PLAIN)
        graph.build.emit("Reshape", value, graph.build.integers(*output.shape), out=output.name)
