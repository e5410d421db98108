"""State of one conversion: which ONNX value stands for which source tensor, and in which layout."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from dms.inference.convert.builder import Builder
from dms.inference.convert.reader import SourceGraph

Layout = Literal["NCHW", "plain"]
NCHW: Layout = "NCHW"
PLAIN: Layout = "plain"


@dataclass(frozen=True, slots=True)
class InputFold:
    """What the first convolution must still absorb: the picture's scale, and one grey channel for three equal ones."""

    scale: float
    grey: bool


class Lowering:
    """A source graph on its way to ONNX; every operator function gets this and fills in its outputs.

    Pictures are kept NCHW inside; everything else, and what leaves, is as in the source (``plain``).
    """

    def __init__(self, source: SourceGraph, split_prelu: bool) -> None:
        self.source = source
        self.build = Builder()
        self.split_prelu = split_prelu
        self.folds: dict[int, InputFold] = {}
        self._values: dict[int, tuple[str, Layout]] = {}

    def put(self, tensor: int, value: str, layout: Layout) -> None:
        """The ONNX value ``value`` stands for ``tensor`` from now on."""
        self._values[tensor] = (value, layout)

    def layout(self, tensor: int) -> Layout:
        """Layout in which ``tensor`` is held; constants count as plain."""
        return self._values[tensor][1] if tensor in self._values else PLAIN

    def value(self, tensor: int, layout: Layout) -> str:
        """Name of the value (or constant) in the wanted layout; a Transpose is added where needed."""
        constant = self.source.constant(tensor)
        if constant is not None:
            return self.build.floats(_channels_first(constant) if layout == NCHW else constant)
        name, have = self._values[tensor]
        if have == layout or len(self.source.shape(tensor)) != 4:
            return name
        perm = [0, 3, 1, 2] if layout == NCHW else [0, 2, 3, 1]
        return self.build.emit("Transpose", name, perm=perm)

    def constant(self, tensor: int) -> NDArray[Any]:
        """Value of a tensor that has to be constant (weights, paddings, axes)."""
        value = self.source.constant(tensor)
        if value is None:
            raise InputError(f"tensor {self.source.name(tensor)} should be constant but is computed")
        return value


def _channels_first(value: NDArray[Any]) -> NDArray[Any]:
    if value.ndim in (3, 4):
        return np.moveaxis(value, -1, -3)
    return value.reshape(-1, 1, 1) if value.ndim == 1 and value.size > 1 else value
