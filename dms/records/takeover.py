"""TakeoverReadiness: the published state record; schema ``dms.state/1``."""

from typing import Annotated, Literal

import msgspec

from dms.records.base import Count, Part, Probability, Seconds
from dms.records.driver import Attention, Availability, Drowsiness, Health, LockedOut, Requests
from dms.records.words import Readiness, WarningClass


class Warning(Part, frozen=True, kw_only=True):
    """The arbitrated warning: 1 request, 2 escalated, 3 take control now."""

    class_: WarningClass | None = msgspec.field(name="class", default=None)
    stage: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0


class ProfileId(Part, frozen=True, kw_only=True):
    """Which rules made the statement.

    ``hash``: the first 16 hexadecimal digits over name, version and all values; the bus carries the first four. ``trust``: listed
    in the shipped hash manifest, signed with the key the configuration trusts, or neither.
    """

    name: str
    version: Count
    hash: str
    trust: Literal["manifest", "signed", "unlisted"]


class TakeoverReadiness(Part, frozen=True, kw_only=True, tag_field="schema", tag="dms.state/1"):
    """One ordinal level, a score, a time estimate, and why. The default says "unknown".

    ``level``: 0 unknown or fault, 1 absent, 2 unavailable, 3 available but eyes off, 4 attentive, 5 attentive with hands on.
    """

    t: Seconds
    readiness: Readiness = "unknown"
    readiness_score: Probability | None = None
    takeover_time_s: Annotated[float, msgspec.Meta(ge=0, le=60)] | None = None
    takeover_interval_s: tuple[float, float] | None = None
    """Lowest and highest advisory time to be expected; the mean is ``takeover_time_s``."""
    confidence: Probability | None = None
    level: Annotated[int, msgspec.Meta(ge=0, le=5)] = 0
    attention: Attention = Attention()
    availability: Availability = Availability()
    drowsiness: Drowsiness = Drowsiness()
    warning: Warning = Warning()
    requests: Requests = Requests()
    locked_out: LockedOut | None = None
    health: Health = Health()
    because: list[str] = []
    profile: ProfileId | None = None
