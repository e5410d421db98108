"""The clock everything else is given."""

import time


def now() -> float:
    """Seconds, monotonic; the same clock the kernel stamps camera buffers with."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that stands until it is set: replay and tests."""

    def __init__(self, t: float = 0.0) -> None:
        self.t = t

    def __call__(self) -> float:
        """The time set last."""
        return self.t
