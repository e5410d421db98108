"""What one observation says about the lids: seen or not, shut or not. Not seen is never shut and never open."""

from typing import NamedTuple

from dms.profiles.rules import EyeRules
from dms.records import Eye, Observation


class Lids(NamedTuple):
    """Both eyes together. All ``None`` when no eye can be judged; ``shut`` counts for closures, ``down`` for blinks."""

    shut: bool | None = None
    down: bool | None = None
    openness: float | None = None
    visible: float | None = None


UNSEEN = Lids()
NAMES = ("left", "right", "unknown")


def judge_lids(observation: Observation, rules: EyeRules) -> Lids:
    """Mean over the eyes that can be judged."""
    if not observation.eyes:
        return UNSEEN
    seen = [eye for name, eye in observation.eyes.items() if name in NAMES and _can_be_judged(eye, rules)]
    if not seen:
        return UNSEEN
    openness = [eye.openness for eye in seen if eye.openness is not None]
    opened = sum(openness) / len(openness) if openness else None
    shut = sum([_shut(eye, rules) for eye in seen]) / len(seen) >= rules.closed_probability
    down = shut or (opened is not None and opened < rules.blink_openness)
    return Lids(shut, down, opened, min([eye.visible or 0.0 for eye in seen]))


def _can_be_judged(eye: Eye, rules: EyeRules) -> bool:
    judged = eye.closed is not None or eye.openness is not None
    if eye.closed is not None and eye.openness is not None:
        shut = eye.openness < rules.shut_openness
        judged = not (shut and eye.closed < 1.0 - rules.closed_probability)  # lids told open and shut at once tell nothing
    return judged and eye.visible is not None and eye.visible >= rules.visible_min


def _shut(eye: Eye, rules: EyeRules) -> float:
    if eye.closed is not None:
        return eye.closed
    return 1.0 if eye.openness is not None and eye.openness < rules.shut_openness else 0.0
