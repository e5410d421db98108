"""The scheme of an evaluation: functions with their warnings and limits, gaze locations, points, what drowsiness asks for."""

from functools import cache
from pathlib import Path

import msgspec

from dms.records.words import WarningClass

DROWSY, ATTENTIVE = "drowsy", "attentive"
"""Trials with ratings, and trials in which every warning is false: they have no one moment to warn at."""


class Function(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which warnings answer it, and until when."""

    warnings: list[WarningClass]
    tolerance_s: float
    source: list[str]
    limit_s: float | None = None


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of ratings of drowsiness."""

    warn_from: float
    awake_below: float


class DrowsyRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of the drowsiness warning."""

    participants_min: int
    sensitivity_min: float
    bound_min: float
    lights: list[str]
    scales: dict[str, Scale]


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Gaze locations of one movement."""

    function: str
    scenario: str
    movement: str
    at: list[str]


class Scheme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    functions: dict[str, Function]
    informed_s: float
    held_s: float
    drowsy: DrowsyRules
    false_warnings_per_hour: float
    points: dict[str, float]
    locations: list[Group]


@cache
def scheme() -> Scheme:
    """The shipped one."""
    return msgspec.yaml.decode(Path(__file__).with_name("scheme.yaml").read_bytes(), type=Scheme)
