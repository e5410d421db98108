"""Names and words of a run's signals. All but ``driver.*`` and ``speed`` are heard on the bus, whatever the device."""

from typing import get_args

from dms.gesture.commands import Context
from dms.records.words import L3State, Zone
from hil.driver.pose import Activity

NUMBER, WORD, SET = "a number", "a word", "words, any of which may be named"
YES_NO = ("yes", "no", "unknown")
READINESS = ("ready", "ready_delayed", "not_ready", "impaired", "unresponsive", "unknown", "faulty", "no_data")
ZONES = (
    "road", "cluster", "infotainment", "rear_mirror", "driver_mirror", "passenger_mirror", "driver_window", "passenger_window",
    "lap_or_footwell", "phone", "passenger_side", "rear_seat", "other", "unknown",
)  # fmt: skip
"""As DMS_DriverState tells them: lap, knee and footwell are one, so are passenger and glovebox."""

SIGNALS: dict[str, tuple[str, ...] | str] = {
    # what the controller believes, by its own check of DMS_TakeoverReady
    "readiness": READINESS,
    "ready": ("yes", "no"),
    "level": NUMBER,
    "score": NUMBER,
    "takeover_time_s": NUMBER,
    "operating": ("init", "active", "degraded", "temp_unavailable", "blocked", "fault", "calibrating", "off", "no_data"),
    "reason": SET,
    "available": YES_NO,
    "present": YES_NO,
    "acknowledged": NUMBER,
    "e2e": ("nodata", "init", "valid", "invalid"),
    "age_ms": NUMBER,
    # what the cockpit shows, from DMS_TakeoverReady and DMS_DriverState
    "warning": ("none", "long_distraction", "short_distraction", "phone", "hands_off", "drowsy", "microsleep", "sleep",
                "unresponsive"),
    "request.eyes_on": NUMBER,
    "request.hands_on": NUMBER,
    "request.wake_up": NUMBER,
    "request.take_control": YES_NO,
    "request.safe_stop": YES_NO,
    "zone": ZONES,
    "attentive": YES_NO,
    "eyes": ("open", "closed", "one_closed", "occluded", "unknown"),
    "impairment": ("alert", "drowsy1", "drowsy2", "drowsy3", "drowsy4", "drowsy5", "microsleep", "asleep", "incapacitated",
                   "unknown"),
    "kss": NUMBER,
    "perclos": NUMBER,
    "eyes_off_s": NUMBER,
    "off_30s": NUMBER,
    # gestures as the head unit hears them; what it then shows
    "gesture": WORD,
    "gesture.phase": ("start", "repeat", "release", "cancel", "inhibited", "not_determined"),
    "gesture.function": WORD,
    "head_unit": get_args(Context),
    "head_unit.volume": NUMBER,
    "head_unit.track": NUMBER,
    # the controller
    "controller": get_args(L3State),
    "controller.phase": ("none", "planned", "imminent", "escalation", "minimum_risk"),
    "controller.warning": ("yes", "no"),
    "controller.handover_ok": ("yes", "no"),
    "controller.manoeuvre": ("inactive", "active", "done"),
    "controller.count": NUMBER,
    # what is true, from the scenario's driver
    "driver.zone": get_args(Zone),
    "driver.eyes": ("open", "shut"),
    "driver.hands_on": ("yes", "no"),
    "driver.activity": get_args(Activity),
    "driver.gesture": WORD,
    "driver.noticed": WORD,
    "speed": NUMBER,
}  # fmt: skip
