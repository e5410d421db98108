"""DriverState: what the driver has been doing over time. Output of assessment, input of readiness.

The same parts appear in the published state record (``dms.records.takeover``).
"""

from typing import Annotated, Literal

import msgspec

from dms.records.base import Count, Degrees, Duration, Length, Part, Probability, Seconds
from dms.records.words import Criterion, HealthPart, HealthState, WarningClass, Zone


class Calibration(Part, frozen=True, kw_only=True):
    """What the running self-calibration has learned of this driver's gaze.

    ``progress`` is 1 only when it is complete. The offsets are those in use now, added to the reading in the head's own axes
    (yaw to the driver's right, pitch up); 0 while there is too little evidence to use any.
    """

    progress: Probability = 0.0
    yaw_deg: Degrees = 0.0
    pitch_deg: Degrees = 0.0


class Attention(Part, frozen=True, kw_only=True):
    """Where the driver looks (ISO 15007 glance terms) and whether that counts as attentive."""

    zone: Zone = "unknown"
    eyes_off_road_s: Duration | None = None
    cumulative_off_30s: Duration | None = None
    attentive: bool | None = None
    criterion: Criterion | None = None
    calibration: Calibration | None = None
    buffer_s: Duration | None = None
    """What is left of AttenD's attention buffer; empty: distracted."""
    zone_probability: Probability | None = None
    """How likely this picture's line of sight, with its uncertainty, meets ``zone``."""
    road_probability: Probability | None = None
    """How likely it meets the road."""


class Availability(Part, frozen=True, kw_only=True):
    """UN R157 availability. ``criteria``: age of the last evidence, s; ``available`` is ``None`` when it cannot be told."""

    available: bool | None = None
    criteria: dict[str, Duration | None] = {}
    valid: Count = 0
    monitorable: Count = 0


class Blink(Part, frozen=True, kw_only=True):
    """One finished blink; ``amplitude`` is the fall of openness from the open level, 0..1."""

    start: Seconds
    end: Seconds
    amplitude: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None


class Foretold(Part, frozen=True, kw_only=True):
    """Probability that it happens within the next minute, learned from simulated drives only."""

    microsleep: Probability
    sleep: Probability
    nod: Probability


class Drowsiness(Part, frozen=True, kw_only=True):
    """Eyelid statistics over time. Unseen eyes count in neither numerator nor denominator.

    ``perclos_60s`` decides: lids shut by the record, or 80 % closed against the driver's own open level once that is known.
    """

    kss: Annotated[float, msgspec.Meta(ge=1, le=9)] | None = None
    perclos_60s: Probability | None = None
    mean_closure_s: Duration | None = None
    event: str | None = None
    blinks_total: Count = 0
    last_blink: Blink | None = None
    kss_std: Annotated[float, msgspec.Meta(ge=0, le=9)] | None = None
    """One standard deviation of ``kss``, larger where PERCLOS speaks against it."""
    foretold: Foretold | None = None
    alertness: Literal["alert", "doubtful", "drowsy"] | None = None
    """In words; never ``alert`` while the own open level is being learned."""
    baseline: Literal["learning", "frozen"] | None = None
    """The driver's own open level; while it is being learned ``perclos_60s`` rests on what the records call shut alone."""
    baseline_mm: Length | None = None
    """That level, where the records tell millimetres."""
    p80_60s: Probability | None = None
    """Share of seen time with the lids 80 % (``p70``: 70 %) closed against the own open level, blinks left out."""
    p80_180s: Probability | None = None
    p70_60s: Probability | None = None
    p70_180s: Probability | None = None
    long_closures_60s: Count | None = None
    long_closure_share_60s: Probability | None = None
    """Closures of half a second and more: how many reach into the last minute, and their share of its seen time."""
    blinks_60s: Count | None = None
    """Blinks that ended in the last minute; shown only, nothing rests on it."""
    nods_total: Count = 0
    yawns_total: Count = 0
    """Nods and yawns support a finding; nothing rests on them alone."""
    driven_s: Duration | None = None
    """Time on task, whole seconds: driven in this journey; ``since_break_s``: since the last break, short stops included."""
    since_break_s: Duration | None = None


class Health(Part, frozen=True, kw_only=True):
    """Can the camera and the chain judge at all.

    ``parts``: what is not well: the camera and its pictures, or the system behind it (another back end than asked for, a stage
    that is down).
    """

    state: HealthState = "init"
    reasons: list[str] = []
    parts: list[HealthPart] = []


class Requests(Part, frozen=True, kw_only=True):
    """What the driver is asked to do: 1 request, 2 escalated; ``wake_up`` 1 chime, 2 and haptic, 3 and voice."""

    hands_on: Annotated[int, msgspec.Meta(ge=0, le=2)] = 0
    eyes_on: Annotated[int, msgspec.Meta(ge=0, le=2)] = 0
    take_control: bool = False
    safe_stop: bool = False
    wake_up: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0


class LockedOut(Part, frozen=True, kw_only=True):
    """The assistance should not be offered again: why, and for how much longer; ``None``: for this ignition cycle."""

    reason: str = ""
    remaining_s: Duration | None = None


class DriverState(Part, frozen=True, kw_only=True):
    """Assessment's result at time ``t``; ``because`` is the chain of causes, most important first."""

    t: Seconds
    present: bool | None = None
    eyes_closed_s: Duration | None = None
    """How long the eyes have been shut without a break; ``None`` when they cannot be judged."""
    attention: Attention = Attention()
    availability: Availability = Availability()
    drowsiness: Drowsiness = Drowsiness()
    drowsy: bool | None = False
    """The lids say so, whether or not a warning is given; ``None``: too little was seen of them to rule it out."""
    hands_on: bool | None = None
    seat: bool | None = None
    belt: bool | None = None
    warning: WarningClass | None = None
    """The one warning the profile's clocks ask for."""
    warning_stage: Annotated[int, msgspec.Meta(ge=0, le=3)] = 0
    requests: Requests = Requests()
    """What the rules ask of the driver, all together."""
    locked_out: LockedOut | None = None
    confidence: Probability = 0.0
    health: Health = Health()
    because: list[str] = []
