"""Figures of hands on synthetic test drivers: the chain's hands on pictures of a ``hands`` set as they were taken."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.inference.engine_set import EngineSet
from dms.perception.hands import HandFinder
from dms.perception.pipeline import HAND_SLOTS
from dms.perception.settings import Settings
from dms.records.frame import Frame
from tools.training.slices import groups_of, spread, table

Columns = Mapping[str, NDArray[Any]]
SEEN, HARDLY = 0.4, 0.04
"""Share of a hand's points that must be seen to ask for it; one that shows less than the second is as good as not there."""
SIZES = ((0, 40), (40, 80), (80, 256))
"""Larger side of a hand, px of 256."""


def hands(columns: Columns) -> str:
    """All figures, a Markdown table and the spread of the main one."""
    with EngineSet(HAND_SLOTS) as engines:
        finder = HandFinder(engines, Settings())
        rows = [judged(finder, columns, row) for row in range(len(columns["picture"]))]
    values = {name: np.array([r[name] for r in rows]) for name in ("found", "other_hands", "points_off")}
    size = np.array([r["size"] for r in rows])
    groups = groups_of(columns) | {f"hand {a}-{b} px": (size >= a) & (size < b) for a, b in SIZES} | {"no hand": np.isnan(size)}
    low, high = spread(values["found"], columns["person"])
    return f"{table(values, groups, columns['person'])}\n\nfound: {low:.3f} to {high:.3f} over people"


def judged(finder: HandFinder, columns: Columns, row: int) -> dict[str, float]:
    """Share of the hands found, hands where none is, distance of the 21 points as a share of the hand; NaN without a hand."""
    told = [
        np.array(hand.landmarks_px) for hand in finder.still(Frame(grey=np.ascontiguousarray(columns["picture"][row]), t=0.0))
    ]
    found, off, sizes, matched = [], [], [], set()
    for points, visible in zip(columns["hands"][row], columns["hands_visible"][row], strict=True):
        if visible < HARDLY or not _inside(points, columns["picture"].shape[1:]):
            continue
        extent = float(np.ptp(points, axis=0).max())
        near = [k for k, other in enumerate(told) if np.linalg.norm(other.mean(axis=0) - points.mean(axis=0)) < 0.5 * extent]
        matched |= set(near)
        if visible >= SEEN:
            found.append(float(bool(near)))
            sizes.append(extent)
            off += [float(np.linalg.norm(told[k] - points, axis=1).mean() / extent) for k in near[:1]]
    return {
        "found": _mean(found),
        "other_hands": float(len(told) - len(matched)),
        "points_off": _mean(off),
        "size": _mean(sizes),
    }


def _inside(points: NDArray[Any], shape: tuple[int, ...]) -> bool:
    x, y = points.mean(axis=0)
    return bool(0 <= x < shape[1] and 0 <= y < shape[0])


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
