"""Taps that any seam takes: lose, hold, delay, thin out, come and go."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Going = Sequence[tuple[T, float]]
Tap = Callable[[T, float], Going[T]]


def lose(item: T, t: float) -> Going[T]:
    """Nothing goes on."""
    return []


def hold_first() -> Tap[T]:
    """The first item goes on in place of all that follow."""
    first: list[T] = []

    def tap(item: T, t: float) -> Going[T]:
        first.append(item)
        del first[1:]
        return [(first[0], 0.0)]

    return tap


def delay(seconds: float) -> Tap[T]:
    """Everything comes later, unchanged."""
    return lambda item, t: [(item, seconds)]


def thin(every: int) -> Tap[T]:
    """One of so many goes on."""
    count = [-1]

    def tap(item: T, t: float) -> Going[T]:
        count[0] += 1
        return [(item, 0.0)] if count[0] % every == 0 else []

    return tap


def come_and_go(away_s: float, there_s: float, away: Tap[T] = lose) -> Tap[T]:
    """Away for a while, there for a while, from the first item on."""
    start: list[float] = []

    def tap(item: T, t: float) -> Going[T]:
        start.append(t)
        del start[1:]
        return away(item, t) if (t - start[0]) % (away_s + there_s) < away_s else [(item, 0.0)]

    return tap
