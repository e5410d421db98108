"""What a number of trials proves: bounds of a mean (Student's t) and of a share (Clopper and Pearson)."""

import math
from collections.abc import Callable


def mean_lower_bound(values: list[float], confidence: float = 0.9) -> float | None:
    """One-sided lower bound of the mean; ``None`` for fewer than two values."""
    n = len(values)
    if n < 2:
        return None
    return mean(values) - _t_quantile(confidence, n - 1) * spread(values) / math.sqrt(n)


def mean(values: list[float]) -> float:
    """Of at least one value."""
    return sum(values) / len(values)


def spread(values: list[float]) -> float:
    """Standard deviation of a sample, 0 for one value."""
    middle = mean(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1)) if len(values) > 1 else 0.0


def share_lower_bound(passed: int, of: int, confidence: float = 0.95) -> float:
    """One-sided lower bound of a pass rate: 20 of 20 prove 86 %, 59 of 59 prove 95 %, 299 of 299 prove 99 % (P-20)."""
    if passed == 0:
        return 0.0
    return _root(lambda p: _at_least(passed, of, p) - (1.0 - confidence), 0.0, 1.0)


def _at_least(k: int, n: int, p: float) -> float:
    """Chance of ``k`` or more of ``n``."""
    if p <= 0.0 or p >= 1.0:
        return 1.0 if p >= 1.0 else 0.0
    logs = (
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)
        for i in range(k, n + 1)
    )
    return math.fsum(map(math.exp, logs))


def _t_quantile(share: float, freedom: int) -> float:
    """Of Student's distribution, for shares above a half."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def density(x: float) -> float:
        return scale * math.pow(1.0 + x * x / freedom, -(freedom + 1) / 2)

    def below(x: float, steps: int = 400) -> float:
        """Share below ``x``, by Simpson's rule."""
        h = x / steps
        inner = sum((4 if n % 2 else 2) * density(n * h) for n in range(1, steps))
        return 0.5 + h / 3.0 * (density(0.0) + inner + density(x))

    return _root(lambda x: below(x) - share, 0.0, 100.0)


def _root(rising: Callable[[float], float], low: float, high: float) -> float:
    """Where a rising function is 0, by halving."""
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0.0 else (low, middle)
    return (low + high) / 2
