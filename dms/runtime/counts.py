"""What the loop did, in numbers."""

from dataclasses import dataclass, field

from dms.ring import Ring
from dms.runtime.figures import percentiles

KEPT = 20000
"""Pictures that latencies are kept of: eleven minutes at 30 a second."""


@dataclass(slots=True)
class LoopCounts:
    """What the loop did. Latencies in ms: capture to judged, and capture to the first CAN frame that carries it."""

    frames: int = 0
    states: int = 0
    late: int = 0
    """Pictures that were not judged: of wrong size, too old on arrival, out of order, from the future."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Pictures without an optional part, for want of time, by part."""
    judged_ms: Ring = field(default_factory=lambda: Ring(KEPT))
    bus_ms: Ring = field(default_factory=lambda: Ring(KEPT))

    def percentiles(self, values: Ring, last: int | None = None) -> dict[str, float] | None:
        """p50, p99 and max, of the ``last`` so many; ``None`` without values."""
        chosen = values.last(last)
        if not chosen.size:
            return None
        return {**percentiles(chosen, (50, 99)), "max": round(float(chosen.max()), 3)}
