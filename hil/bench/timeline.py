"""What happened in a run: signals as steps over time, and marks. Only changes are kept."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Value = str | float | int | bool | None | frozenset[str]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at one instant: a fault put in, a scenario part begun, a controller's event."""

    t: float
    name: str
    text: str = ""


class Timeline:
    """Signals by name; each holds a value until the next one is set.

    Times are s from the start of the run and never run backwards within one signal.
    """

    def __init__(self) -> None:
        self.marks: list[Mark] = []
        self.end = 0.0
        """Up to here everything is known."""
        self._steps: dict[str, tuple[list[float], list[Value]]] = {}

    def set(self, name: str, t: float, value: Value) -> None:
        """From ``t`` on the signal has this value."""
        times, values = self._steps.setdefault(name, ([], []))
        self.end = max(self.end, t)
        if values and values[-1] == value:
            return
        if times and times[-1] == t:
            values[-1] = value
            return
        times.append(t)
        values.append(value)

    def mark(self, t: float, name: str, text: str = "") -> None:
        """Note an event; its name can be used in expectations as ``event NAME``."""
        self.marks.append(Mark(t, name, text))
        self.end = max(self.end, t)

    def names(self) -> list[str]:
        """Of all signals."""
        return sorted(self._steps)

    def at(self, name: str, t: float) -> Value:
        """The value at ``t``; ``None`` before the first and for unknown signals."""
        times, values = self._steps.get(name, ([], []))
        number = bisect_right(times, t + 1e-9) - 1
        return values[number] if number >= 0 else None

    def steps(self, name: str) -> list[tuple[float, Value]]:
        """Changes of a signal: time and new value."""
        times, values = self._steps.get(name, ([], []))
        return list(zip(times, values, strict=True))

    def spans(self, name: str, holds: Callable[[Value], bool]) -> list[tuple[float, float]]:
        """When the condition holds: start and end, the end outside; the last one may reach to ``end``."""
        found: list[tuple[float, float]] = []
        steps = self.steps(name)
        for n, (t, value) in enumerate(steps):
            until = steps[n + 1][0] if n + 1 < len(steps) else self.end
            if not holds(value):
                continue
            if found and found[-1][1] == t:
                found[-1] = found[-1][0], until
            else:
                found.append((t, until))
        return found

    def plain(self) -> dict[str, Any]:
        """For JSON: ``signals`` as lists of [t, value], ``marks``."""
        return {
            "end": round(self.end, 4),
            "signals": {name: [[round(t, 4), _plain(v)] for t, v in self.steps(name)] for name in self.names()},
            "marks": [{"t": round(m.t, 4), "name": m.name, "text": m.text} for m in self.marks],
        }


def _plain(value: Value) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return round(value, 4) if isinstance(value, float) else value
