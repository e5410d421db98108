"""What the loop did, in numbers."""

from collections import deque
from dataclasses import dataclass, field

from dms.runtime.figures import percentiles


@dataclass(slots=True)
class LoopCounts:
    """What the loop did. Latencies in ms: capture to judged, and capture to the first CAN frame that carries it."""

    frames: int = 0
    states: int = 0
    late: int = 0
    """Pictures that were not judged: of wrong size, too old on arrival, out of order, from the future."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Pictures without an optional part, for want of time, by part."""
    judged_ms: deque[float] = field(default_factory=lambda: deque(maxlen=20000))
    bus_ms: deque[float] = field(default_factory=lambda: deque(maxlen=20000))

    def percentiles(self, values: "deque[float]", last: int | None = None) -> dict[str, float] | None:
        """p50, p99 and max, of the ``last`` so many; ``None`` without values."""
        chosen = list(values)[-last:] if last else list(values)  # copied at once: another thread goes on writing
        if not chosen:
            return None
        return {**percentiles(chosen, (50, 99)), "max": round(max(chosen), 3)}
