"""Stretches of time as sorted, disjoint rows of start and end (n x 2, s; the end is outside), and draws that hold for a while."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Spans = NDArray[np.float64]

NONE: Spans = np.zeros((0, 2))


def spans(pairs: Iterable[tuple[float, float]]) -> Spans:
    """Sorted and merged; empty pairs vanish."""
    rows = np.array([pair for pair in pairs if pair[1] > pair[0]], float).reshape(-1, 2)
    return union(rows)


def union(*parts: Spans) -> Spans:
    """All the time that lies in any of them."""
    rows = np.concatenate([NONE, *parts])
    if len(rows) < 2:
        return rows
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    reach = np.maximum.accumulate(rows[:, 1])
    first = np.concatenate([[True], rows[1:, 0] > reach[:-1]])
    last = np.concatenate([first[1:], [True]])
    return np.stack([rows[first, 0], reach[last]], axis=1)


def shifted(part: Spans, start_s: float = 0.0, end_s: float = 0.0) -> Spans:
    """Start and end moved by so much; what is empty then vanishes, what touches then is one."""
    moved = part + np.array([start_s, end_s])
    return union(moved[moved[:, 1] > moved[:, 0]])


def outside(part: Spans, end: float) -> Spans:
    """The rest of 0..``end``."""
    cut = np.clip(part, 0.0, end)
    edges = np.concatenate([[0.0], cut.reshape(-1), [end]]).reshape(-1, 2)
    return edges[edges[:, 1] > edges[:, 0]]


def within(part: Spans, t: Array) -> Bools:
    """Which times lie inside."""
    if not len(part):
        return np.zeros(len(t), bool)
    number = np.searchsorted(part[:, 0], t, side="right") - 1
    inside: Bools = (number >= 0) & (t < part[np.maximum(number, 0), 1])
    return inside


def common(one: Spans, other: Spans) -> Spans:
    """The time that lies in both."""
    found = []
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i, 0], other[j, 0]), min(one[i, 1], other[j, 1])
        if start < end:
            found.append((start, end))
        if one[i, 1] < other[j, 1]:
            i += 1
        else:
            j += 1
    return np.array(found, float).reshape(-1, 2)


def seconds(part: Spans) -> float:
    """Their total length."""
    return float((part[:, 1] - part[:, 0]).sum())


def where(marks: Bools, t: Array, end: float) -> Spans:
    """Samples that stand for the time up to the next one: the time of the marked ones."""
    until = np.append(t[1:], end)
    return union(np.stack([t[marks], until[marks]], axis=1)) if marks.any() else NONE


def now_and_then(rng: np.random.Generator, t: Array, share: float | Array, hold_s: float) -> Bools:
    """True for about ``share`` of the time, drawn anew every ``hold_s``: errors come in runs, not picture by picture."""
    block, level = _blocks(rng, t, hold_s)
    result: Bools = level[block] < share
    return result


def slow_noise(rng: np.random.Generator, t: Array, std: float, every_s: float) -> Array:
    """Noise that changes within about ``every_s``, with this standard deviation on the average."""
    knots = np.arange(t[0] - every_s * rng.random(), t[-1] + 2 * every_s, every_s)
    values = rng.normal(0.0, std * 1.2247, len(knots))  # a line between two draws has two thirds of their variance
    return np.interp(t, knots, values)


def _blocks(rng: np.random.Generator, t: Array, hold_s: float) -> tuple[NDArray[np.int64], Array]:
    block = ((t - t[0]) / hold_s + rng.random()).astype(np.int64)
    return block, rng.random(int(block[-1]) + 1)
