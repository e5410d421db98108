"""The typed sections of a rule profile. Field names carry the unit; meaning, source and legal range stand in the YAML files.

Here: how the driver is judged. What is warned of and asked for: ``dms.profiles.policies``.
"""

from typing import Literal

import msgspec

from dms.profiles.policies import (
    Awareness,
    Buffer,
    Closures,
    Drowsy,
    EyesOn,
    HandsOn,
    Journey,
    LockOut,
    LongDistraction,
    LowGaze,
    ShortDistraction,
    WakeUp,
)
from dms.records.words import L3State, Zone


class CameraRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When pictures count as fresh, fast and usable."""

    silence_s: float
    max_gap_s: float
    fps_window_s: float
    fps_warm_up_s: float
    fps_timing_min: float
    fps_blink_min: float
    fps_min: float
    blocked_share: float
    dark_mean: float
    saturated_share: float
    sharpness_min: float
    blur_share: float
    blur_after_s: float
    sharpness_memory_s: float
    inform_after_s: float
    eyes_unseen_inform_s: float


class PresenceRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a face counts as seen and a seat as left."""

    face_confidence_min: float
    absent_after_s: float


class EyeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an eye can be judged, and when it is shut."""

    visible_min: float
    closed_probability: float
    shut_openness: float


class ClosureRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ladder blink, microsleep, sleep, unresponsive."""

    blink_max_s: float
    microsleep_s: float
    sleep_s: float
    unresponsive_s: float
    reopen_s: float
    freeze_max_s: float


class BlinkRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as a blink, how fast the open level follows, and over how long closures are averaged."""

    enter_share: float
    back_share: float
    depth_min: float
    rise_s: float
    fall_s: float
    settle_s: float
    pause_s: float
    min_s: float
    max_s: float
    statistics_s: float


class PerclosRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of seen time with shut eyes."""

    window_s: float
    seen_min_s: float
    blink_cut_s: float
    drowsy: float
    doubtful: float
    recovered: float
    bound_std: float
    p80_opening: float
    p70_opening: float
    long_window_s: float
    long_seen_min_s: float
    long_closure_s: float
    short_window_s: float
    short_seen_min_s: float
    short_share: float


class OpenBaselineRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the driver's own open level is learned: enough time, plausible limits, what is left out, how far it may move later."""

    learn_s: float
    open_min_mm: float
    open_max_mm: float
    open_min_share: float
    open_max_share: float
    near_share: float
    near_min: float
    floor_share: float
    ceiling_share: float
    down_deg: float
    down_zones: list[Zone]
    long_s: float
    after_long_s: float
    change_s: float


class NodRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a sinking head is a nod."""

    drop_deg: float
    back_share: float
    fall_max_s: float
    max_s: float
    follow_s: float
    lids_low_share: float


class YawnRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When an open mouth is a yawn; ``seen_min_s`` of it must not be behind a hand."""

    probability: float
    seen_min_s: float
    min_s: float
    max_s: float
    pause_s: float


class TaskRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time on task: what counts as driving, and how long a stop is a break."""

    moving_from_kmh: float
    break_s: float


class DrowsinessRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When sleepiness (KSS) is estimated, what the driver's own baseline is learned from, what the estimate is checked with."""

    every_s: float
    seen_min_s: float
    blinks_min: int
    baseline_s: float
    baseline_blinks: int
    baseline_long_max: float
    kss_at_drowsy: float
    kss_at_low: float
    perclos_low: float
    unseen_max_s: float
    std_max: float


class GazeRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a line of sight to a zone."""

    default_std_deg: float
    std_max_deg: float
    margin_deg: float
    road_probability_min: float
    hysteresis_s: float


class SelfCalibrationRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a driver's gaze offset is learned while he drives, and how far it is believed.

    Evidence (speed, states, lids, head), separate looks, the place they gather round, how much is needed, how it is used.
    """

    speed_min_kmh: float
    l3_states: list[L3State | Literal["unknown"]]
    road_yaw_deg: float
    road_pitch_deg: float
    offset_max_deg: float
    refine_max_deg: float
    offset_max_std: float
    reading_std_max_deg: float
    openness_min: float
    head_max_deg: float
    look_radius_deg: float
    look_min_s: float
    look_max_s: float
    away_s: float
    away_samples: int
    looks_kept: int
    kernel_deg: float
    gather_radius_deg: float
    share_min: float
    above_deg: float
    above_yaw_deg: float
    above_share_max: float
    seconds_min: float
    looks_min: int
    span_min_s: float
    use_from: float
    rate_deg_s: float
    settled_deg: float
    drift_deg_s: float
    disagree_deg: float
    unseen_reset_s: float
    bias_std_deg: float
    std_min_deg: float


class GlanceRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two clocks for eyes off the road: one glance, and glances added up in a window."""

    road_zones: list[Zone]
    flicker_s: float
    freeze_max_s: float
    likely_road_min: float
    cumulative_window_s: float
    reset_s: float


class AttentionRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which zones make a driver attentive, and after how long."""

    confirm_s: float
    confirm_share: float
    confirm_hidden_s: float
    steady_deg: float
    evidence_max_s: float
    clear_std: float
    mirror_max_s: float
    mirror_reset_s: float
    mirror_probability_min: float
    road_zones: list[Zone]
    mirror_zones: list[Zone]
    phone_probability: float


class AvailabilityRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """UN R157 availability criteria."""

    window_s: float
    valid_min: int
    torque_nm: float
    hands_on_counts: bool
    head_move_deg: float
    body_move_mm: float
    head_std_max_deg: float
    movement_s: float


class VehicleRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Time-out of vehicle inputs."""

    timeout_s: float


class ReadinessRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``ready`` asks for beyond the laws, and the bands of the score."""

    ready_on_head_pose: bool
    confidence_min: float
    score_ready: float
    score_delayed: float
    score_not_ready: float


class TakeoverRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The advisory take-over time: mean by state, its spread as a share of it, and the bounds of what was ever measured."""

    hands_on_s: float
    hands_off_s: float
    eyes_off_s: float
    eyes_off_growth: float
    phone_extra_s: float
    spread_share: float
    min_s: float
    max_s: float


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All values of one profile."""

    camera: CameraRules
    presence: PresenceRules
    eyes: EyeRules
    closure: ClosureRules
    blink: BlinkRules
    perclos: PerclosRules
    open_baseline: OpenBaselineRules
    nod: NodRules
    yawn: YawnRules
    task: TaskRules
    drowsiness: DrowsinessRules
    gaze: GazeRules
    self_calibration: SelfCalibrationRules
    glance: GlanceRules
    attention: AttentionRules
    availability: AvailabilityRules
    vehicle: VehicleRules
    readiness: ReadinessRules
    takeover: TakeoverRules

    long_distraction: LongDistraction | None = None
    short_distraction: ShortDistraction | None = None
    low_gaze: LowGaze | None = None
    closures: Closures | None = None
    drowsy: Drowsy | None = None
    eyes_on: EyesOn | None = None
    hands_on: HandsOn | None = None
    lock_out: LockOut | None = None
    buffer: Buffer | None = None
    awareness: Awareness | None = None
    wake_up: WakeUp | None = None
    journey: Journey | None = None
