"""Faults behind perception: networks that die or take long, statements that do not arrive, a publisher that stands."""

from collections.abc import Callable

from hil.bench.bench import Bench
from hil.bench.seams import Seen
from hil.faults.taps import Going, come_and_go, delay, hold_first, lose, thin

Out = Callable[[], None]


def _crash(bench: Bench) -> Out:
    """Every call raises."""

    def tap(seen: Seen, t: float) -> Going[Seen]:
        bench.device.trouble = "RuntimeError: the network failed"
        return []

    return bench.seams.perception.add(tap)


def _networks_slow(bench: Bench, seconds: float = 0.2) -> Out:
    """A picture's statement takes so much longer."""
    return bench.seams.judgement.add(delay(seconds))


def _off(bench: Bench) -> Out:
    return bench.seams.judgement.add(lose)


def _stuck(bench: Bench) -> Out:
    """The same statement again and again, with its own age and counter."""
    return bench.seams.judgement.add(hold_first())


def _slow(bench: Bench, every: int = 10) -> Out:
    return bench.seams.judgement.add(thin(every))


def _intermittent(bench: Bench, away_s: float = 0.3, there_s: float = 0.3) -> Out:
    return bench.seams.judgement.add(come_and_go(away_s, there_s))


def _publisher_off(bench: Bench) -> Out:
    """Nothing is sent."""
    return bench.seams.publisher.add(lose)


def _publisher_slow(bench: Bench, every: int = 10) -> Out:
    """One cycle of so many."""
    return bench.seams.publisher.add(thin(every))


def _publisher_intermittent(bench: Bench, away_s: float = 0.3, there_s: float = 0.3) -> Out:
    return bench.seams.publisher.add(come_and_go(away_s, there_s))


def _publisher_stuck(bench: Bench) -> Out:
    """The newest statement is never looked at again; cycles go on."""
    return bench.seams.publisher.add(hold_first())


NETWORKS = {"off": _crash, "slow": _networks_slow}
JUDGEMENT = {"off": _off, "stuck": _stuck, "slow": _slow, "delayed": _networks_slow, "intermittent": _intermittent}
PUBLISHER = {"off": _publisher_off, "stuck": _publisher_stuck, "slow": _publisher_slow, "intermittent": _publisher_intermittent}
