"""Faults of whole processes: killed, stopped, the publisher's alone."""

import os
import signal
from collections.abc import Callable
from typing import Any

Out = Callable[[], None]
"""``bench`` is a ``hil.faults.live.LiveBench``."""


def process_off(bench: Any) -> Out:
    """Killed as a power cut kills it; taken out again, it is started anew."""
    bench.kill(signal.SIGKILL)
    start: Out = bench.start
    return start


def process_stuck(bench: Any) -> Out:
    """Stopped: it is there, but does nothing."""
    bench.kill(signal.SIGSTOP)
    publisher = bench.publisher()
    os.kill(publisher, signal.SIGSTOP)

    def out() -> None:
        os.kill(publisher, signal.SIGCONT)
        bench.kill(signal.SIGCONT)

    return out


def process_slow(bench: Any) -> Out:
    """All but its publisher stopped: perception and rules stand, frames go on."""
    bench.kill(signal.SIGSTOP)
    return lambda: bench.kill(signal.SIGCONT)


def publisher_off(bench: Any) -> Out:
    """The publisher's process killed; the product starts another."""
    os.kill(bench.publisher(), signal.SIGKILL)
    return lambda: None


EFFECTS: dict[str, dict[str, Callable[..., Out]]] = {
    "process": {"off": process_off, "stuck": process_stuck, "slow": process_slow},
    "publisher_process": {"off": publisher_off},
}
