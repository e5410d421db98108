"""Faults of the bus between the product and the controller, frame by frame."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from dms.bus.port import CanFrame
from hil.bench.bench import Bench
from hil.bench.seams import Seam
from hil.faults.taps import Going, Tap, come_and_go, delay, lose, thin

Out = Callable[[], None]


def _flip(share: float, seed: int) -> Tap[CanFrame]:
    """One bit turned over in this share of the frames: behind the bus's own CRC, as a gateway may do."""
    random = Random(seed)

    def tap(frame: CanFrame, t: float) -> Going[CanFrame]:
        if random.random() >= share:
            return [(frame, 0.0)]
        data = bytearray(frame.data)
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        return [(replace(frame, data=bytes(data)), 0.0)]

    return tap


def _repeat() -> Tap[CanFrame]:
    """Of each message the first frame, again and again: a gateway that holds on to its last copy, the counter stands."""
    first: dict[int, CanFrame] = {}
    return lambda frame, t: [(first.setdefault(frame.can_id, frame), 0.0)]


def _shorten(frame: CanFrame, t: float) -> Going[CanFrame]:
    """Half of the data."""
    return [(replace(frame, data=frame.data[: len(frame.data) // 2]), 0.0)]


def _effects(seam: Callable[[Bench], Seam[CanFrame]]) -> dict[str, Callable[..., Out]]:
    def off(bench: Bench) -> Out:
        return seam(bench).add(lose)

    def stuck(bench: Bench) -> Out:
        return seam(bench).add(_repeat())

    def garbage(bench: Bench, share: float = 1.0, seed: int = 1) -> Out:
        return seam(bench).add(_flip(share, seed))

    def wrong(bench: Bench) -> Out:
        return seam(bench).add(_shorten)

    def slow(bench: Bench, every: int = 10) -> Out:
        return seam(bench).add(thin(every))

    def delayed(bench: Bench, seconds: float = 0.3) -> Out:
        return seam(bench).add(delay(seconds))

    def intermittent(bench: Bench, away_s: float = 0.3, there_s: float = 0.3) -> Out:
        return seam(bench).add(come_and_go(away_s, there_s))

    return {
        "off": off, "stuck": stuck, "garbage": garbage, "wrong": wrong, "slow": slow, "delayed": delayed,
        "intermittent": intermittent,
    }  # fmt: skip


OUT = _effects(lambda bench: bench.seams.bus_out)
IN = _effects(lambda bench: bench.seams.bus_in)
