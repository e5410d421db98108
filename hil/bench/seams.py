"""The places between the product's rooms where something can be put in: faults, delays, planted bugs.

A seam hands every item through its taps. A tap answers each item with the items that go on in its place, each with a delay in
seconds: ``[]`` loses it, ``[(item, 0.0)]`` leaves it alone, ``[(item, 0.2)]`` holds it back, two entries send it twice.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from itertools import count
from typing import Any, Generic, NamedTuple, TypeVar

from dms.bus.port import CanFrame
from dms.bus.samples import BusHealth, GestureEvent, Sample
from dms.records import Frame, Observation, VehicleState

T = TypeVar("T")
Tap = Callable[[T, float], Sequence[tuple[T, float]]]
"""Item and time to what goes on, each with its delay, s."""


class Seen(NamedTuple):
    """An observation with the camera's counter of its picture."""

    observation: Observation
    counter: int


class Seam(Generic[T]):
    """One such place. With no taps everything goes straight through."""

    def __init__(self) -> None:
        self._taps: list[Tap[T]] = []
        self._held: list[tuple[float, int, T]] = []
        self._number = count()

    def add(self, tap: Tap[T]) -> Callable[[], None]:
        """Put a tap in, behind those that are there; the answer takes it out again."""
        self._taps.append(tap)
        return lambda: self._taps.remove(tap) if tap in self._taps else None

    @property
    def tapped(self) -> bool:
        """Is anything put in, or held back."""
        return bool(self._taps or self._held)

    def give(self, item: T, t: float) -> list[T]:
        """What goes on at once; what is held back comes with ``due``."""
        going = [(item, 0.0)]
        for tap in self._taps:
            going = [(after, before_s + more_s) for before, before_s in going for after, more_s in tap(before, t)]
        for one, delay in going:
            if delay > 0.0:
                heapq.heappush(self._held, (t + delay, next(self._number), one))
        return [one for one, delay in going if delay <= 0.0]

    def next_due(self) -> float | None:
        """When the first item that is held back goes on."""
        return self._held[0][0] if self._held else None

    def due(self, t: float) -> list[T]:
        """What was held back until ``t``."""
        found = []
        while self._held and self._held[0][0] <= t + 1e-9:
            found.append(heapq.heappop(self._held)[2])
        return found


@dataclass(slots=True)
class Seams:
    """All of them, in the order in which things pass.

    Attributes:
        camera: pictures on their way to perception; only at rendered level.
        perception: observations on their way to judgement, at both levels.
        inputs: vehicle inputs as the product read them off the bus, on their way to judgement.
        judgement: judged pictures on their way to the publisher's mailbox.
        publisher: what the publisher is about to send, in each of its cycles (the watchdog's place); lose it and nothing is sent.
        health, gesture: what else goes to the publisher.
        bus_out: frames from the product to the bus.
        bus_in: frames from the bus to the product.
    """

    camera: Seam[Frame] = field(default_factory=Seam)
    perception: Seam[Seen] = field(default_factory=Seam)
    inputs: Seam[VehicleState] = field(default_factory=Seam)
    judgement: Seam[Sample] = field(default_factory=Seam)
    publisher: Seam[Sample | None] = field(default_factory=Seam)
    health: Seam[BusHealth] = field(default_factory=Seam)
    gesture: Seam[GestureEvent] = field(default_factory=Seam)
    bus_out: Seam[CanFrame] = field(default_factory=Seam)
    bus_in: Seam[CanFrame] = field(default_factory=Seam)

    def __getitem__(self, name: str) -> Seam[Any]:
        """A seam by name.

        Raises:
            KeyError: there is none of that name.
        """
        if name not in names():
            raise KeyError(f"no seam {name!r}; there are {', '.join(names())}")
        seam: Seam[Any] = getattr(self, name)
        return seam

    def next_due(self) -> float | None:
        """When the first item held back anywhere goes on."""
        times = [seam.next_due() for seam in (getattr(self, name) for name in names())]
        return min((due for due in times if due is not None), default=None)


@cache
def names() -> tuple[str, ...]:
    """Names of the seams."""
    return tuple(one.name for one in fields(Seams))
