"""Sensor noise that is stored as a seed and added when the log is read.

Noise is what video coders cannot keep. A log of clean pictures stores ``{"seed": 7, "spans": [[0, 60, 1.5], [40, 46, 5]]}``
under the key ``noise`` of its camera channel instead: from, to (s, capture time), standard deviation (grey levels); the last span
that holds the time counts. The raw numbers of NumPy's PCG64 never change between versions: each reading gives the same bytes.
"""

from functools import lru_cache
from typing import Annotated, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from dms.records.frame import Grey

PLATES = 16
"""Noise pictures made once and then used in turn: making one costs more than reading a picture."""

_BYTES = 4
_SPREAD = float(np.sqrt(_BYTES * (256**2 - 1) / 12.0))  # standard deviation of the sum of four uniform bytes


class Noise(msgspec.Struct, frozen=True):
    """When and how strong; see the module text."""

    seed: Annotated[int, msgspec.Meta(ge=0)]
    spans: list[tuple[float, float, float]]

    @classmethod
    def parse(cls, text: str) -> "Noise":
        """From the channel's metadata.

        Raises:
            InputError: not as described.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.MsgspecError as error:
            raise InputError(f"noise of the camera channel: {error}") from None

    def sigma(self, t: float) -> float:
        """Standard deviation at a capture time, grey levels."""
        return next((s for start, end, s in reversed(self.spans) if start <= t < end), 0.0)

    def add(self, grey: Grey, t: float, number: int) -> Grey:
        """The picture with its noise; ``number`` is the picture's sequence number in the log."""
        sigma = self.sigma(t)
        return grey if sigma <= 0 else _noisy(grey, sigma, self.seed, number)


def _noisy(grey: Grey, sigma: float, seed: int, number: int) -> Grey:
    gain = round(sigma / _SPREAD * 65536)  # whole numbers only: the same on every machine
    plate = _plate(seed, number % PLATES, grey.shape, gain)
    row = number // PLATES * 37 % grey.shape[0]  # the same plate comes back turned to another row
    noisy = np.empty(grey.shape, np.int16)
    np.add(grey[: len(grey) - row], plate[row:], out=noisy[: len(grey) - row])
    np.add(grey[len(grey) - row :], plate[:row], out=noisy[len(grey) - row :])
    return cast(Grey, np.clip(noisy, 0, 255, out=noisy).astype(np.uint8))


@lru_cache(maxsize=2 * PLATES)
def _plate(seed: int, number: int, shape: tuple[int, int], gain: int) -> NDArray[np.int16]:
    """A picture of bell-shaped noise: the sum of four uniform bytes a pixel, centred and scaled."""
    count = shape[0] * shape[1] * _BYTES
    words = np.random.PCG64([seed, number]).random_raw(-(-count // 8))
    raw: NDArray[np.uint8] = np.asarray(words).astype("<u8").view(np.uint8)[:count].reshape(_BYTES, *shape)
    steps = ((np.arange(_BYTES * 255 + 1) - _BYTES * 255 // 2) * gain + 32768) >> 16
    return np.asarray(steps.astype(np.int16)[np.add.reduce(raw, axis=0, dtype=np.uint16)])
