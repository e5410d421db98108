"""What the publisher is fed with: a judged picture, the chain's health, a gesture."""

import math
from dataclasses import dataclass
from typing import Literal

from dms.errors import RecordError
from dms.records import Observation, TakeoverReadiness, VehicleState

CameraWord = Literal["unknown", "ok", "blocked", "faulty", "degraded", "no_signal"]
LedWord = Literal["unknown", "ok", "blocked", "faulty"]
CalibrationWord = Literal["unknown", "not_calibrated", "running", "calibrated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One judged picture.

    Attributes:
        state: the statement about the driver.
        captured: capture time of the newest picture behind it, s, the publisher's clock.
        frame_counter: the camera's own counter of that picture; ``None`` when the source has none (never "ready" then).
        observation: what that picture shows, for eyes, gaze and head.
        vehicle: vehicle inputs, for the belt.
    """

    state: TakeoverReadiness
    captured: float
    frame_counter: int | None
    observation: Observation | None = None
    vehicle: VehicleState | None = None

    def __post_init__(self) -> None:
        """Refuse a capture time that is no time.

        Raises:
            RecordError: NaN or infinite.
        """
        if not math.isfinite(self.captured):
            raise RecordError(f"capture time {self.captured} is not a finite number")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusHealth:
    """Health and identification; ``None`` is sent as "not available".

    Attributes:
        fps: valid pictures processed per second.
        latency_p50_ms: capture to result, median.
        latency_p99_ms: capture to result, 99th percentile.
        dropped_frames: pictures not processed since start.
        backend: inference back end in use: ``tensorrt``, ``onnxruntime-cuda``, ``onnxruntime``, any other is sent as "other".
        model_hash: hash of the engine bundle, hexadecimal, at least 8 digits.
        profile_hash: hash of profile and configuration, hexadecimal, at least 4 digits.
        software_version: ``major.minor.patch``.
        camera: state of the camera.
        ir_led: state of the infrared illumination.
        bus_ok: can frames be sent; filled in by the publisher.
        calibration: camera pose calibration.
        temperature_degc: of the computer.
        throttle_level: 0 none .. 13 full.
        trouble_codes: number of confirmed trouble codes.
        recording: are pictures recorded or do they leave the process.
    """

    fps: float | None = None
    latency_p50_ms: float | None = None
    latency_p99_ms: float | None = None
    dropped_frames: int | None = None
    backend: str | None = None
    model_hash: str | None = None
    profile_hash: str | None = None
    software_version: str | None = None
    camera: CameraWord | None = None
    ir_led: LedWord | None = None
    bus_ok: bool | None = None
    calibration: CalibrationWord | None = None
    temperature_degc: float | None = None
    throttle_level: int | None = None
    trouble_codes: int | None = None
    recording: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GestureEvent:
    """One recognised gesture.

    Attributes:
        name: a gesture word.
        side: the driver's own hand.
        confidence: 0..1.
        value: 0..1 where the gesture has one.
        function: what it does in the head unit's context; ``None``: nothing.
        phase: ``start``, ``repeat``, ``release``, ``cancel``, ``inhibited``; ``None``: not told.
        reason: why it is inhibited; sent in the function's place.
    """

    name: str
    side: Literal["left", "right"] | None = None
    confidence: float | None = None
    value: float | None = None
    function: str | None = None
    phase: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodingParameters:
    """Limits of the encoding, as data.

    Attributes:
        stale_after_s: an older picture is no evidence: "not determined", operating state TempUnavailable, camera degraded. With a
            50 ms cycle, 0.15 s keeps a lost or frozen camera within a budget of 200 ms until the bus says so.
        likely: a probability from here on is a "yes".
        availability_window_s: evidence of an availability criterion counts this long (UN R157: 30 s).
    """

    stale_after_s: float = 0.15
    likely: float = 0.5
    availability_window_s: float = 30.0
