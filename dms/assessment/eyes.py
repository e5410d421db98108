"""What one observation says about the lids: seen or not, shut or not. Not seen is never shut and never open."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from dms.profiles.rules import EyeRules
from dms.records import Eye, Observation

Scale = Literal["mm", "share", "shut"]


class Lids(NamedTuple):
    """Both eyes together. All ``None`` when no eye can be judged.

    ``opening`` is for blinks and means something only beside other openings of the same ``scale``: millimetres, else openness,
    else 1 or 0 where a record tells no more than open or shut. It may be known where ``shut`` is not.
    """

    shut: bool | None = None
    openness: float | None = None
    visible: float | None = None
    opening: float | None = None
    scale: Scale | None = None


UNSEEN = Lids()
NAMES = ("left", "right", "unknown")


def judge_lids(observation: Observation, rules: EyeRules) -> Lids:
    """Mean over the eyes that can be judged."""
    if not observation.eyes:
        return UNSEEN
    eyes = [eye for name, eye in observation.eyes.items() if name in NAMES and _clear(eye, rules)]
    told = [eye for eye in eyes if eye.closed is not None or eye.openness is not None]
    openness, millimetres = _mean([eye.openness for eye in told]), _mean([eye.opening_mm for eye in eyes])
    if not told:
        return UNSEEN if millimetres is None else Lids(opening=millimetres, scale="mm")
    shut = sum([_shut(eye, rules) for eye in told]) / len(told) >= rules.closed_probability
    visible = min([eye.visible or 0.0 for eye in told])
    if millimetres is not None:
        return Lids(shut, openness, visible, millimetres, "mm")
    if openness is not None:
        return Lids(shut, openness, visible, openness, "share")
    return Lids(shut, None, visible, 0.0 if shut else 1.0, "shut")


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _clear(eye: Eye, rules: EyeRules) -> bool:
    if eye.visible is None or eye.visible < rules.visible_min:
        return False
    if eye.closed is None or eye.openness is None:
        return True
    shut = eye.openness < rules.shut_openness
    return not (shut and eye.closed < 1.0 - rules.closed_probability)  # lids told open and shut at once tell nothing


def _shut(eye: Eye, rules: EyeRules) -> float:
    if eye.closed is not None:
        return eye.closed
    return 1.0 if eye.openness is not None and eye.openness < rules.shut_openness else 0.0
