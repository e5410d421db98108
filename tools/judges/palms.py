"""Figures of hands: found, with the right number of fingers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from judges.drawn import FINGERS, Drawn
from judges.figure import Figure, Pair, of, share
from judges.reading import HandSeen

from dms.perception.hands import count_fingers
from hil.driver.truth.labels import HandTruth

HAND_NEAR = 0.35
"""A hand is found when the mean distance of its points is below this share of its size."""

HAND_INSIDE = 0.9
"""Share of its points in the picture from which a hand counts."""


def fingers(pairs: Sequence[Pair]) -> list[Figure]:
    """Hands that are (nearly) wholly in the picture: found, and with the right number of fingers, by shape.

    The palm detectors are the weak part on grey pictures of hands, real ones too, so what counts is the hand network where the
    hand is known (``Reading.led``); a judge without that is measured by what it found.
    """
    some = [
        (d, r, hand)
        for d, r in of(pairs, "hands")
        for hand in d.truth.hands
        if hand.shape in FINGERS and _inside(hand, d) >= HAND_INSIDE
    ]
    led = any(r.led for _, r, _ in some)
    ways = [("found", False)] + ([("shown", True)] if led else [])
    out = []
    for word, use in ways:
        rows = [(h.shape, _same_hand(h, r.led if use else r.hands)) for _, r, h in some]
        seen = [(shape, one is not None) for shape, one in rows]
        right = [(shape, one is not None and one.fingers == FINGERS[shape]) for shape, one in rows]
        out.append(
            Figure(
                f"hands {word}: confirmed", share(ok for _, ok in seen), len(rows), _by_shape(seen), least=0.95 if use else None
            )
        )
        out.append(
            Figure(
                f"hands {word}: right number of fingers",
                share(ok for _, ok in right),
                len(rows),
                _by_shape(right),
                least=0.95 if use else None,
            )
        )
    return out


def _by_shape(rows: Sequence[tuple[str, bool]]) -> str:
    shapes = dict.fromkeys(shape for shape, _ in rows)
    return " ".join(f"{s}:{100 * share(ok for w, ok in rows if w == s):.0f}" for s in shapes)


def finger_labels(pictures: Sequence[Drawn]) -> list[Figure]:
    """The same count on the label's own points: what is wrong here is the hand's pose, not the picture."""
    rows = [
        (hand.shape, count_fingers(np.array(hand.points_px)) == FINGERS[hand.shape])
        for drawn in pictures
        if drawn.ask.group == "hands"
        for hand in drawn.truth.hands
        if hand.shape in FINGERS and _inside(hand, drawn) >= HAND_INSIDE
    ]
    wrong = " ".join(f"{s}:{sum(not ok for w, ok in rows if w == s)}" for s in dict.fromkeys(s for s, ok in rows if not ok))
    return [
        Figure(
            "fingers of the labels' own points", share(ok for _, ok in rows), len(rows), f"wrong {wrong or 'none'}", least=0.98
        )
    ]


def _inside(hand: HandTruth, drawn: Drawn) -> float:
    height, width = drawn.grey.shape
    return float(np.mean([0 <= x < width and 0 <= y < height for x, y in hand.points_px]))


def _same_hand(hand: HandTruth, seen: Sequence[HandSeen]) -> HandSeen | None:
    true = np.array(hand.points_px)
    size = float(np.ptp(true, axis=0).max())
    near = [(float(np.linalg.norm(h.points[:, :2] - true, axis=1).mean()), h) for h in seen]
    best = min(near, key=lambda pair: pair[0], default=None)
    return best[1] if best is not None and best[0] < HAND_NEAR * size else None
