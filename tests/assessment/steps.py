"""Samples in even steps, for tests of a single running measure."""

from collections.abc import Iterable

from dms.assessment.windows import Tick
from dms.profiles import load_profile

RULES = load_profile("l3_default").rules
STEP = 0.125
"""Seconds a sample; exact in binary, so limits can be met exactly."""


def ticks(samples: Iterable[object], step: float = STEP) -> Iterable[tuple[Tick, object]]:
    for n, sample in enumerate(samples):
        yield Tick(n * step, step if n else 0.0, False), sample


def times(count: int, sample: object) -> list[object]:
    return [sample] * count
