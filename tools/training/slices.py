"""Figures of a network over groups of synthetic test drivers: mean, spread, count, by what is worn, light, skin, age, turn."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.driver.look.look import look_for

Groups = dict[str, NDArray[np.bool_]]


def groups_of(columns: Mapping[str, NDArray[Any]], turned_deg: NDArray[Any] | None = None) -> Groups:
    """Rows by slice. ``turned_deg``: angle between face and camera."""
    looks = {int(seed): look_for(int(seed)) for seed in np.unique(columns["person"])}
    skin = np.array([looks[int(seed)].skin.type for seed in columns["person"]])
    age = np.array([looks[int(seed)].age for seed in columns["person"]])
    mean = columns["mean"]
    out: Groups = {
        "all": np.ones(len(mean), bool),
        "no glasses": ~columns["glasses"],
        "clear glasses": columns["glasses"] & ~columns["sunglasses"],
        "mask": columns["mask"],
        "hat": columns["hat"],
        "dark (mean < 35)": mean < 35,
        "bright (mean > 75)": mean > 75,
        "skin type I-III": skin <= 3,
        "skin type IV-VI": skin >= 4,
        "younger half": age < 0.45,
        "older half": age >= 0.45,
    }
    if turned_deg is not None:
        for low, high in ((0, 30), (30, 60), (60, 180)):
            out[f"turned {low}-{min(high, 90)} deg"] = (turned_deg >= low) & (turned_deg < high)
    return out


def table(values: Mapping[str, NDArray[Any]], groups: Groups, people: NDArray[Any]) -> str:
    """Markdown: a row a group, a column a figure (mean over rows, NaN left out), with rows and people counted."""
    names = list(values)
    lines = ["| slice | pictures | people | " + " | ".join(names) + " |", "|---|---|---|" + "---|" * len(names)]
    for group, rows in groups.items():
        if rows.any():
            cells = [f"{np.nanmean(v[rows]):.2f}" if np.isfinite(v[rows]).any() else "" for v in values.values()]
            lines.append(f"| {group} | {int(rows.sum())} | {len(np.unique(people[rows]))} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(values: NDArray[Any], people: NDArray[Any]) -> tuple[float, float]:
    """95 % interval of the mean, bootstrapped over people."""
    rng = np.random.default_rng(0)
    each = [values[people == p] for p in np.unique(people)]
    each = [v[np.isfinite(v)] for v in each]
    draws = [np.concatenate([each[i] for i in rng.integers(0, len(each), len(each))]).mean() for _ in range(500)]
    low, high = np.percentile(draws, (2.5, 97.5))
    return float(low), float(high)
