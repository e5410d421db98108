"""What happens in a drive, collected while it is drawn: lists of stretches by name."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from hil.never_false_ready.looking import Glance


@dataclass(slots=True)
class Draft:
    """Open for writing; ``hil.never_false_ready.script`` closes it.

    ``stretches`` by name: ``empty`` seat, ``unbuckled``, ``phone`` in use, ``lowered`` lids that are open, hidden eyes (``lens``,
    ``streak``, ``hand``, ``glare``), camera (``frozen black blocked burnt gap slow few late twice dark``), bus (``silent no_seat
    no_belt no_inputs``), ``request`` for takeover.
    """

    rng: np.random.Generator
    seconds: float
    glances: list[Glance] = field(default_factory=list)
    closures: list[tuple[float, float]] = field(default_factory=list)
    stretches: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    changes: list[float] = field(default_factory=list)
    """When another driver sits down."""

    def between(self, low: float, high: float) -> float:
        """A number drawn evenly."""
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        """True so often."""
        return bool(self.rng.random() < share)

    def one_of(self, *names: str) -> str:
        """One name, all alike."""
        return names[int(self.rng.integers(len(names)))]

    def add(self, name: str, start: float, seconds: float) -> float:
        """Note a stretch; returns its end."""
        self.stretches[name].append((start, start + seconds))
        return start + seconds

    def look(self, start: float, seconds: float, zone: str, lizard: bool = False) -> float:
        """Note a look; returns its end."""
        self.glances.append(Glance(start, start + seconds, zone, lizard))
        return start + seconds

    def shut(self, start: float, seconds: float) -> float:
        """Note a closure; returns its end."""
        self.closures.append((start, start + seconds))
        return start + seconds
