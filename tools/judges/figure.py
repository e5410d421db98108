"""One figure with its count and aim, and what all figures are made with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from judges.drawn import Drawn
from judges.reading import Reading

from hil.driver.truth.geometry import Array

Pair = tuple[Drawn, Reading]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure with its count; ``note``: spread or where the misses are; ``least``, ``most``: its aim, if any."""

    name: str
    value: float
    n: int
    note: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def meets(self) -> bool:
        """Within its aim; true without one, false when nothing was measured."""
        if self.least is None and self.most is None:
            return True
        low = self.least is None or self.value >= self.least
        return self.n > 0 and bool(np.isfinite(self.value)) and low and (self.most is None or self.value <= self.most)


def of(pairs: Sequence[Pair], group: str) -> list[Pair]:
    """Those of one group."""
    return [p for p in pairs if p[0].ask.group == group]


def line(x: Array, y: Array) -> tuple[float, float]:
    """Slope of y on x, and correlation."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), float("nan")
    return float(np.polyfit(x, y, 1)[0]), float(np.corrcoef(x, y)[0, 1])


def share(values: Iterable[bool]) -> float:
    """Of true ones."""
    listed = list(values)
    return float(np.mean(listed)) if listed else float("nan")


def mean(values: Sequence[float]) -> float:
    """NaN of nothing."""
    return float(np.mean(values)) if values else float("nan")


def table(figures: Sequence[Figure]) -> str:
    """For people."""
    lines = []
    for f in figures:
        aim = (
            ""
            if f.least is None and f.most is None
            else " ".join(
                text
                for text in (f"min {f.least:g}" if f.least is not None else "", f"max {f.most:g}" if f.most is not None else "")
                if text
            )
        )
        mark = "" if f.meets else "MISSED"
        lines.append(f"{f.name:58} {f.value:9.3f}  n {f.n:<5} {aim:18} {mark:7} {f.note}")
    return "\n".join(lines)
