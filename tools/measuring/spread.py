"""Figures with their number of pictures and their bootstrap spread."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Statistic = Callable[[Values], float]
DRAWS = 1000
FEWEST = 5
"""Of fewer pictures (or groups) no spread is given."""


@dataclass(frozen=True)
class Figure:
    """One figure of one topic; ``low`` and ``high`` are the ends of the 95 % spread."""

    topic: str
    part: str
    name: str
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For machines: rounded."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}

    def line(self) -> str:
        """For people."""
        value = "-" if self.value is None else f"{self.value:.3f}"
        spread = "" if self.low is None or self.high is None else f"{self.low:.3f} .. {self.high:.3f}"
        return f"{self.topic:18} {self.part:22} {self.name:32} {value:>9}   {spread:20} n {self.n}"


HEAD = f"{'topic':18} {'part':22} {'figure':32} {'value':>9}   {'95 % spread':20}"


def mean(values: Values) -> float:
    return float(values.mean())


def p95(values: Values) -> float:
    return float(np.percentile(values, 95))


def spread(values: Values, statistic: Statistic = mean, strata: Sequence[Hashable] | None = None) -> tuple[float | None, ...]:
    """Ends of the 95 % spread of ``statistic`` over rows drawn again (within each of the strata), fixed seed."""
    if len(values) < FEWEST:
        return None, None
    rng = np.random.default_rng(0)
    labels = np.zeros(len(values), int) if strata is None else np.unique(np.array(strata, str), return_inverse=True)[1]
    groups = [np.flatnonzero(labels == k) for k in range(labels.max() + 1)]
    draws = [statistic(values[np.concatenate([rng.choice(g, len(g)) for g in groups])]) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def clustered(values: Values, clusters: Sequence[Hashable], statistic: Statistic = mean) -> tuple[float | None, ...]:
    """As ``spread``, but whole clusters are drawn again (pictures of one target are no independent pictures)."""
    labels = np.unique(np.array([str(c) for c in clusters]), return_inverse=True)[1] if len(clusters) else np.zeros(0, int)
    groups = [values[labels == k] for k in range(labels.max(initial=-1) + 1)]
    if len(groups) < FEWEST:
        return None, None
    rng = np.random.default_rng(0)
    draws = [statistic(np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def area_under_curve(positive: Values, negative: Values) -> float | None:
    """Chance that a positive scores above a negative; equal scores count half."""
    if not len(positive) or not len(negative):
        return None
    above = (positive[:, None] > negative[None, :]).mean()
    return float(above + 0.5 * (positive[:, None] == negative[None, :]).mean())
