"""The newest so many numbers, in memory that is taken once: what a program measures of itself must not let it grow."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class Ring:
    """Append on one thread, read on any.

    Args:
        size: so many are kept.
    """

    def __init__(self, size: int) -> None:
        self._values = np.full(size, np.nan)
        self._count = 0

    def append(self, value: float) -> None:
        """Add one; the oldest goes if there is no room."""
        self._values[self._count % len(self._values)] = value
        self._count += 1

    def last(self, most: int | None = None) -> NDArray[np.float64]:
        """A copy of the newest, oldest first; ``most``: no more than so many."""
        count, size = self._count, len(self._values)
        kept = min(count, size, size if most is None else most)
        return self._values[np.arange(count - kept, count) % size]

    def __len__(self) -> int:
        return min(self._count, len(self._values))

    def __iter__(self) -> Iterator[float]:
        return iter(self.last().tolist())
