"""Percentiles of measured milliseconds, the same everywhere they are told."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def percentiles(values: Sequence[float] | NDArray[np.float64], shares: tuple[int, ...] = (50, 95, 99)) -> dict[str, float]:
    """``{"p50": ..}`` for each share, rounded to microseconds."""
    found = np.percentile(np.asarray(values), shares)
    return {f"p{share}": round(float(value), 3) for share, value in zip(shares, found, strict=True)}
