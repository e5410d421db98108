"""Figures of hands: found, fingers right, and hands that nobody labelled."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from measuring.answers import Record, get
from measuring.chain import Topic
from measuring.spread import Figure, mean, spread

Records = Mapping[str, Record]
Hand = tuple[np.ndarray, int | None]
"""Middle of the box of the 21 points, and the fingers counted."""


def hands(topic: Topic, records: Records) -> Iterator[Figure]:
    """A true hand is found when a reported hand's middle lies in its box; one reported hand finds one true hand."""
    found: list[bool] = []
    right: list[bool] = []
    others: list[int] = []
    shown: list[int] = []
    for row in topic.rows:
        pairs, left = matched(reported(records.get(row["file"])), row["hands"])
        found += [hand is not None for _, hand in pairs]
        right += [hand is not None and hand[1] == true["fingers"] for true, hand in pairs]
        shown += [true["fingers"] for true, _ in pairs]
        others.append(left)
    yield figure(topic, "all", "found", found)
    yield figure(topic, "all", "fingers right, of all", right)
    yield figure(topic, "all", "other hands a picture", others)
    for count in sorted(set(shown)):
        chosen = [index for index, fingers in enumerate(shown) if fingers == count]
        yield figure(topic, f"fingers {count}", "found", [found[i] for i in chosen])
        yield figure(topic, f"fingers {count}", "fingers right, of all", [right[i] for i in chosen])


def hands_reported(topic: Topic, records: Records) -> Iterator[Figure]:
    """How often a hand is reported in pictures without labels of hands; some may show one."""
    counts = [len(reported(records.get(row["file"]))) for row in topic.rows]
    yield figure(topic, "all", "hands reported a picture", counts)


def reported(record: Record | None) -> list[Hand]:
    """Hands of a record."""
    out: list[Hand] = []
    for hand in get(record, "hands") or []:
        points = hand.get("landmarks_px")
        if points and len(points) == 21:
            array = np.array(points, float)
            out.append(((array.max(axis=0) + array.min(axis=0)) / 2, hand.get("fingers")))
    return out


def matched(free: Sequence[Hand], true: Sequence[Mapping[str, Any]]) -> tuple[list[tuple[Mapping[str, Any], Hand | None]], int]:
    """Each true hand with the nearest reported one in its box; and how many reported ones are left over."""
    left, pairs = list(free), []
    for one in true:
        x, y, w, h = one["box_px"]
        within = [k for k, (middle, _) in enumerate(left) if x <= middle[0] <= x + w and y <= middle[1] <= y + h]
        middle = np.array([x + w / 2, y + h / 2])
        nearest = min(within, key=lambda k: float(np.linalg.norm(left[k][0] - middle)), default=None)
        pairs.append((one, None if nearest is None else left.pop(nearest)))
    return pairs, len(left)


def figure(topic: Topic, part: str, name: str, values: Sequence[float]) -> Figure:
    """A mean with its spread."""
    array = np.array(values, float)
    return Figure(topic.name, part, name, mean(array) if len(array) else None, len(array), *spread(array))
