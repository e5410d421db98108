"""One driver as the engines see him: where the eyes are, what the readings are always off by, how often he blinks."""

from dataclasses import dataclass

import numpy as np

from hil.never_false_ready import error_model as model
from hil.never_false_ready.spans import Array

EYEWEAR = ("none", "clear", "glints", "lens")
"""``lens``: dark glasses that infrared does not pass."""


@dataclass(frozen=True, slots=True)
class Person:
    """Drawn once for a driver. ``eye_mm``: vehicle frame; ``bias_deg``: yaw to the right, pitch up, what a reading adds."""

    eye_mm: Array
    bias_deg: tuple[float, float]
    head_bias_deg: tuple[float, float]
    slow_deg: float
    white_deg: float
    std_deg: float
    open_reads: float
    shut_reads: float
    blinks_per_min: float
    blink_s: float
    eyewear: str
    missed: float
    """Share of the time in which eyes that can be seen are called hidden."""


def draw(rng: np.random.Generator, ocular_mm: tuple[float, float, float], calibrated: bool, eyewear: str) -> Person:
    """A driver; ``calibrated``: readings have already been corrected by a driver file, up to what stays."""
    axis = model.GAZE_CALIBRATED_MEAN_DEG / model.RAYLEIGH
    std = model.GAZE_CALIBRATED_STD_DEG if calibrated else model.GAZE_UNCALIBRATED_STD_DEG
    rest = axis * (1.0 - model.GAZE_BIAS_SHARE) ** 0.5
    whole = axis if calibrated else float(rng.uniform(*model.GAZE_UNCALIBRATED_MEAN_DEG)) / model.RAYLEIGH
    bias = rng.normal(0.0, max(0.0, whole**2 - rest**2) ** 0.5, 2)
    bias *= min(1.0, std / max(1e-9, float(np.hypot(*bias))))  # never beyond what the reading itself states
    head = rng.normal(0.0, 0.8 * model.HEAD_MEAN_DEG / model.RAYLEIGH, 2)
    factor = {"clear": model.CLEAR_GLASSES_FACTOR, "glints": model.GLINTS_FACTOR}.get(eyewear, 1.0)
    return Person(
        eye_mm=np.asarray(ocular_mm) + np.clip(rng.normal(0.0, (30.0, 12.0, 20.0)), -60.0, 60.0),
        bias_deg=(float(bias[0]), float(bias[1])), head_bias_deg=(float(head[0]), float(head[1])),
        slow_deg=rest * 0.5**0.5, white_deg=rest * 0.5**0.5, std_deg=std,
        open_reads=float(np.clip(rng.normal(model.OPEN_READS, model.OPEN_SPREAD), 0.7, 1.3)),
        shut_reads=float(np.clip(rng.normal(model.SHUT_READS, model.SHUT_SPREAD), 0.0, 0.35)),
        # MET-07: 111 +- 51 ms at half amplitude, part of it between drivers
        blinks_per_min=float(rng.uniform(8.0, 24.0)), blink_s=float(np.clip(rng.normal(0.111, 0.03), 0.06, 0.2)),
        eyewear=eyewear, missed=min(0.5, factor * float(rng.exponential(model.SHOWN_CALLED_HIDDEN))),
    )  # fmt: skip
