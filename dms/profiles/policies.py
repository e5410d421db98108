"""The sections of a rule profile that say what is warned of and asked for. A profile without a section does not apply that rule.

Field names carry the unit; meaning, source and legal range stand in the YAML files. ``speed_from_kmh``: the rule applies at this
speed and above (0: at any, standing included; where a text says "above", "from" is the stricter reading); an unknown speed counts
as fast enough, so that a lost input silences nothing.
"""

from typing import Literal

import msgspec

from dms.records.words import L3State, Zone

EngagedState = L3State | Literal["unknown"]


class LongDistraction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One glance away from the road that is too long (Euro NCAP), and what follows when the driver does not look back."""

    warn_s: float
    speed_from_kmh: float
    release_s: float
    escalate_s: float | None = None
    unresponsive_s: float | None = None
    unresponsive_after_warning_s: float | None = None


class ShortDistraction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Glances away that add up (Euro NCAP); also the phone warning. Width and reset of the window stand in ``glance``."""

    cumulative_s: float
    speed_from_kmh: float
    release_s: float


class LowGaze(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Gaze in the area below (ADDW, Area 3), by speed. ``zones``: what counts where a record names a zone without direction."""

    below_deg: float
    side_deg: float
    window_margin_deg: float
    zones: list[Zone]
    slow_from_kmh: float
    slow_s: float
    fast_from_kmh: float
    fast_s: float
    degraded_extra_s: float
    flicker_s: float
    release_s: float


class Closures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Warnings on shut eyes. The rungs of the ladder stand in ``closure``."""

    speed_from_kmh: float
    release_s: float


class Drowsy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The drowsiness warning: by PERCLOS and, where ``kss_from`` is given, by KSS; it climbs until acknowledged (DDAW)."""

    speed_from_kmh: float
    kss_from: float | None = None
    kss_back: float | None = None
    kss_std_max: float | None = None
    cascade_s: float | None = None
    repeat_s: float | None = None


class EyesOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """UN R171 visual disengagement: request, escalated request, direct control alert, unavailability response.

    Each time is counted from the one before, ``unavailable_s`` from the escalated request. ``aversions_s``: so much
    time away within ``glance.cumulative_window_s`` also asks.
    """

    speed_from_kmh: float
    request_s: float
    escalate_s: float
    control_alert_s: float
    unavailable_s: float
    aversions_s: float
    aversions_release_s: float
    fast_from_kmh: float | None = None
    fast_request_s: float | None = None


class HandsOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """UN R171 hands off the wheel: request (later while the eyes are on the road), escalated request, unavailability response."""

    speed_from_kmh: float
    request_s: float
    request_eyes_on_s: float
    escalate_s: float
    unavailable_s: float


class LockOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """After how many failures the assistance is not offered again in this ignition cycle, or for ``lock_s`` where given."""

    responses: int | None = None
    window_s: float | None = None
    lock_s: float | None = None
    control_alerts: int | None = None
    escalated: int | None = None
    escalated_hold_s: float | None = None
    control_alerts_s: float | None = None
    """So long in direct control alerts, all together."""


class Buffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """AttenD: a buffer that empties while the eyes are off the road. A measure, no warning."""

    full_s: float
    refill_delay_s: float
    free_s: float
    free_zones: list[Zone]


class Awareness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """openpilot's leaky timer (reference only): seconds until each of three levels, by camera and by touch of the wheel.

    ``recovery_min``, ``recovery_max``: how many times as fast as it fell awareness comes back, when full and when empty.
    """

    vision_s: tuple[float, float, float]
    touch_s: tuple[float, float, float]
    step_s: float
    filter_s: float
    distracted_over: float
    attentive_under: float
    yaw_max_deg: float
    pitch_down_max_deg: float
    steering_from_deg: float
    steering_factor: float
    steering_max_deg: float
    std_high_deg: float
    std_high_for_s: float
    recovery_min: float
    recovery_max: float
    standstill_kmh: float
    engaged_states: list[EngagedState]

    def __post_init__(self) -> None:
        """Refuse levels out of order.

        Raises:
            ValueError: naming the path.
        """
        for name, (first, second, last) in (("vision_s", self.vision_s), ("touch_s", self.touch_s)):
            if not 0.0 < first < second < last:
                raise ValueError(f"awareness.{name} must rise from level to level")


class WakeUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wake-up request climbs by one level (chime, haptic, voice) each time it stays unanswered for so long."""

    escalate_s: float
    repeat_s: float


class Journey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules of one journey: from when the rules measure, and what an acknowledgement silences until the next one (Euro NCAP)."""

    measure_after_s: float
    measure_from_kmh: float
    suppress_transient: bool
