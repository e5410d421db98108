"""Whose hand: the driver's or the passenger's, by where the arm comes from."""

from typing import Literal

import numpy as np

from dms.gesture.events import HandSeen, Side
from dms.gesture.settings import Interaction

Person = Literal["driver", "passenger", "unknown"]
Drive = Literal["lhd", "rhd"]
INBOARD: dict[Drive, Side] = {"lhd": "right", "rhd": "left"}
"""The driver's own hand on the passenger's side. With a level forearm it seems to come from there; a passenger reaches over
with his other hand."""
_WRIST, _KNUCKLES = 0, (5, 9, 13, 17)


def elbow(hand: HandSeen, reach: float) -> tuple[float, float]:
    """About where the forearm begins, as the hand's points are given: the wrist, and on from the knuckles."""
    wrist = hand.points[_WRIST]
    away = wrist - hand.points[list(_KNUCKLES)].mean(axis=0)
    length = float(np.linalg.norm(away))
    if length < 1e-6:
        return float(wrist[0]), float(wrist[1])
    x, y = wrist + away / length * reach * hand.size
    return float(x), float(y)


def whose(
    hand: HandSeen, seat_region: tuple[float, float, float, float], drive: Drive, aspect: float, rules: Interaction
) -> Person:
    """Whose hand this is.

    Args:
        hand: in picture heights.
        seat_region: the driver's part of the picture, x, y, width, height as fractions.
        drive: side of the steering wheel. The camera looks at the driver, so the passenger of a left-hand-drive car sits on the
            picture's left.
        aspect: width over height of the picture.
        rules: ``elbow_reach``, ``seat_margin``.
    """
    x = elbow(hand, rules.elbow_reach)[0] / aspect
    low, high = seat_region[0] - rules.seat_margin, seat_region[0] + seat_region[2] + rules.seat_margin
    if low <= x <= high:
        return "driver"
    on_left = x < low
    return "passenger" if on_left == (drive == "lhd") else "unknown"
