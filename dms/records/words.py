"""The fixed vocabularies of the contract."""

from typing import Literal

Zone = Literal[
    "road", "cluster", "infotainment", "rear_mirror", "driver_mirror", "passenger_mirror", "glovebox", "lap", "knee", "phone",
    "footwell", "passenger", "driver_window", "passenger_window", "rear_seat", "roof", "other", "unknown",
]  # fmt: skip
Readiness = Literal["ready", "ready_delayed", "not_ready", "impaired", "unresponsive", "unknown"]
L3State = Literal["inactive", "available", "active", "takeover_request", "minimum_risk", "fault"]
Criterion = Literal["gaze_road", "gaze_mirror", "head_movement"]
AvailabilityCriterion = Literal["vehicle_input", "blink", "eye_closure", "head_movement", "body_movement"]
WarningClass = Literal[
    "long_distraction", "short_distraction", "phone", "hands_off", "drowsy", "microsleep", "sleep", "unresponsive", "camera",
]  # fmt: skip
HealthState = Literal["init", "calibrating", "ready", "degraded", "blocked", "fault", "off"]
HealthPart = Literal["camera", "system"]
Gear = Literal["P", "R", "N", "D"]
Ignition = Literal["off", "accessory", "on", "start"]
Profile = Literal[
    "l3_default", "un_r157", "un_r171_eu", "un_r171_cn", "eu_ddaw", "eu_addw", "euro_ncap_2023", "euro_ncap_2026",
    "openpilot_ref",
]  # fmt: skip
