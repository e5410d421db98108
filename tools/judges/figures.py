"""All figures together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from judges.drawn import Drawn
from judges.eyes import eyelids, irises, pupils
from judges.faces import detection, disturbances, head_angles, mouths, zero_pose
from judges.figure import Figure, Pair, table
from judges.palms import finger_labels, fingers

__all__ = [
    "DRAWN", "JUDGED", "Figure", "Pair", "all_of", "detection", "disturbances", "eyelids", "finger_labels", "fingers",
    "head_angles", "irises", "mouths", "pupils", "table", "zero_pose",
]  # fmt: skip
JUDGED: tuple[Callable[[Sequence[Pair]], list[Figure]], ...] = (
    detection, head_angles, zero_pose, irises, eyelids, mouths, fingers, disturbances,
)  # fmt: skip
"""Of a judge."""

DRAWN: tuple[Callable[[Sequence[Drawn]], list[Figure]], ...] = (finger_labels, pupils)
"""Of pictures and labels alone."""


def all_of(pairs: Sequence[Pair]) -> list[Figure]:
    """All figures of one judge for the groups that were drawn."""
    return [figure for measure in JUDGED for figure in measure(pairs) if figure.n]
