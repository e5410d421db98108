"""Frame: one camera picture with its time and counter. Pixels stay in the process, so a Frame has no text form."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.errors import RecordError

Grey = NDArray[np.uint8]
"""Height x width, 8 bit."""

Colour = NDArray[np.uint8]
"""Height x width x 3, red green blue, 8 bit."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture.

    Attributes:
        grey: height x width, 8 bit; the product's native input.
        t: capture time, s, monotonic.
        index: number in the source, from 0.
        counter: the camera's own frame counter; equal to ``index`` where the source has none.
        colour: the same picture in RGB where the source is a colour camera (the hand networks read it better).
        source: path or log name.
    """

    grey: Grey
    t: float
    index: int = 0
    counter: int = 0
    colour: Colour | None = None
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse anything that is not an 8-bit picture with a finite time.

        Raises:
            RecordError: naming what is wrong.
        """
        _check_pixels("grey", self.grey, 2)
        if self.colour is not None:
            _check_pixels("colour", self.colour, 3)
            if self.colour.shape[:2] != self.grey.shape:
                raise RecordError(f"colour {self.colour.shape} and grey {self.grey.shape} differ in size")
        if not math.isfinite(self.t):
            raise RecordError(f"frame time t = {self.t} is not a finite number")

    @property
    def width(self) -> int:
        """Pixels a row."""
        return int(self.grey.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.grey.shape[0])


def _check_pixels(name: str, pixels: Any, dimensions: int) -> None:
    if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8 or pixels.ndim != dimensions or 0 in pixels.shape:
        have = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
        raise RecordError(f"frame {name} must be a non-empty {dimensions}-d uint8 array, not {have}")
