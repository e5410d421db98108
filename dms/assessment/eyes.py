"""What one observation says about the lids: seen or not, shut or not. Not seen is never shut and never open."""

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
    told = wide = measured = 0
    shut, openness, millimetres, visible = 0.0, 0.0, 0.0, 1.0
    for name, eye in observation.eyes.items():
        if name not in NAMES or not _clear(eye, rules):
            continue
        if eye.opening_mm is not None:
            measured, millimetres = measured + 1, millimetres + eye.opening_mm
        if eye.openness is not None:
            wide, openness = wide + 1, openness + eye.openness
        elif eye.closed is None:
            continue
        told, shut, visible = told + 1, shut + _shut(eye, rules), min(visible, eye.visible or 0.0)
    share = openness / wide if wide else None
    if told == 0:
        return Lids(opening=millimetres / measured, scale="mm") if measured else UNSEEN
    down = shut / told >= rules.closed_probability
    if measured:
        return Lids(down, share, visible, millimetres / measured, "mm")
    if share is not None:
        return Lids(down, share, visible, share, "share")
    return Lids(down, None, visible, 0.0 if down else 1.0, "shut")


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
