"""The record types between the rooms. Each is immutable and refuses NaN, infinities and values out of range."""

from dms.records.driver import (
    Attention,
    Availability,
    Blink,
    Calibration,
    DriverState,
    Drowsiness,
    Foretold,
    Health,
    LockedOut,
    Requests,
)
from dms.records.frame import Frame
from dms.records.observation import Eye, Face, Gaze, Hand, Head, Image, Mouth, Objects, Observation
from dms.records.takeover import ProfileId, TakeoverReadiness, Warning
from dms.records.vehicle import VehicleState

__all__ = [
    "Attention", "Availability", "Blink", "Calibration", "DriverState", "Drowsiness", "Eye", "Face", "Foretold", "Frame", "Gaze",
    "Hand", "Head", "Health", "Image", "LockedOut", "Mouth", "Objects", "Observation", "ProfileId", "Requests",
    "TakeoverReadiness", "VehicleState", "Warning",
]  # fmt: skip
