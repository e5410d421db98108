"""One-point gaze calibration: the driver looked at a known point, so the mean error is this driver's own offset."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dms.camera.base import Source
from dms.errors import InputError
from dms.perception.gaze import in_head_deg
from dms.perception.pipeline import Perception, Sight
from dms.records.angles import unit, yaw_pitch_deg
from dms.records.cabin import DriverBaseline

MIN_READINGS = 30
MAX_SPREAD_DEG = 8.0
MAX_OFFSET_DEG = 25.0
"""A larger offset is no driver's anatomy: wrong point, wrong camera file, or not looking there."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Readings with both eyes open and seen: error of the gaze in the head's axes (yaw, pitch), degrees."""

    errors: list[tuple[float, float]]
    head: list[tuple[float, float]]
    """Lens direction minus head direction, shown angles (yaw, pitch), degrees."""
    frames: int


def collect(perception: Perception, source: Source, start: float, end: float) -> Collected:
    """Errors of all usable frames with ``start <= t < end`` while the driver looked into the lens."""
    errors, head, frames = [], [], 0
    for sight in _sights(perception, source, start, end):
        frames += 1
        gaze, fit = sight.observation.gaze, sight.fit
        eyes = (sight.observation.eyes or {}).values()
        if gaze is None or fit is None or any(e.closed is None or e.closed > 0.1 for e in eyes):
            continue  # never learned from closed or unseen eyes
        lens = -unit(fit.position_mm)
        target = in_head_deg(lens, fit.rotation)
        seen = in_head_deg(np.array(gaze.direction_camera), fit.rotation)
        errors.append((target[0] - seen[0], target[1] - seen[1]))
        (lens_yaw, lens_pitch), (yaw, pitch) = yaw_pitch_deg(lens), yaw_pitch_deg(-fit.rotation[:, 2])
        head.append((lens_yaw - yaw, lens_pitch - pitch))
    return Collected(errors, head, frames)


def baseline(collected: Collected, name: str) -> DriverBaseline:
    """The driver file.

    Raises:
        InputError: too few or too scattered readings, or an offset no driver has.
    """
    if len(collected.errors) < MIN_READINGS:
        raise InputError(
            f"only {len(collected.errors)} of {collected.frames} frames show both eyes open; {MIN_READINGS} are needed: "
            "choose a span in which the driver looks into the lens"
        )
    errors = np.asarray(collected.errors)
    yaw, pitch = (float(v) for v in np.median(errors, axis=0))
    spread = float(np.median(np.abs(errors - (yaw, pitch)))) * 1.4826
    if spread > MAX_SPREAD_DEG:
        raise InputError(
            f"the gaze wanders by {spread:.1f} degrees in this span; it must rest on the lens (at most {MAX_SPREAD_DEG:g})"
        )
    head_yaw, head_pitch = (float(v) for v in np.median(np.asarray(collected.head), axis=0))
    if max(abs(yaw), abs(pitch), abs(head_yaw), abs(head_pitch)) > MAX_OFFSET_DEG:
        raise InputError(
            f"offsets of gaze ({yaw:.1f}, {pitch:.1f}) and head ({head_yaw:.1f}, {head_pitch:.1f}) degrees cannot be; "
            f"at most {MAX_OFFSET_DEG:g} is accepted"
        )
    # One point takes the constant error out; gain errors off that point remain.
    return DriverBaseline(
        name=name,
        gaze_yaw_deg=round(yaw, 2),
        gaze_pitch_deg=round(pitch, 2),
        gaze_std_deg=round(math.hypot(5.0, spread), 1),
        head_yaw_deg=round(head_yaw, 2),
        head_pitch_deg=round(head_pitch, 2),
    )


def _sights(perception: Perception, source: Source, start: float, end: float) -> Iterator[Sight]:
    for frame in source.frames():
        if frame.t >= end:
            return
        if frame.t >= start:
            yield perception.see(frame)
