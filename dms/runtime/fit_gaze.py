"""From readings at known points to a driver's gaze correction. Pure arithmetic; angles are degrees in the head's own axes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError

Array = NDArray[np.float64]

MIN_READINGS = 30
MIN_AT_ONE = 10
MAX_SPREAD_DEG = 8.0
MAX_OFFSET_DEG = 25.0
"""A larger offset is no driver's anatomy: wrong point, wrong camera file, or not looking there."""

MAX_RESIDUAL_DEG = 8.0
"""A point this far off what the others say was not looked at, or is not where it was said to be."""

GAIN = (0.5, 2.0)
POINTS_FOR_GAIN = 4
MIN_RANGE_DEG = 8.0
"""Readings closer together than this tell noise, not a gain; it must hold with any one point left out."""

GAIN_MUST_SAVE = 0.9
"""A gain is taken only where it predicts a point it has not seen better than a plain offset, by at least a tenth."""

STD_LEFT_DEG = {1: 5.0, 2: 4.0, 3: 4.0}
STD_LEFT_MANY_DEG = 3.0
"""What is left off the points: about 3 degrees after five points (measured, one person), more where fewer say less."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read while the driver looked at one point: (yaw, pitch) pairs as seen, and as they should have been.

    ``head``: direction of the point minus direction of the head, shown angles; empty where the nose need not point there.
    """

    name: str
    seen: list[tuple[float, float]]
    wanted: list[tuple[float, float]]
    head: list[tuple[float, float]]
    frames: int


@dataclass(frozen=True, slots=True)
class Axis:
    """Correction of one axis: ``gain * seen + offset``."""

    gain: float
    offset: float

    def apply(self, seen: Array) -> Array:
        """Corrected angles."""
        return np.asarray(self.gain * seen + self.offset)


@dataclass(frozen=True, slots=True)
class GazeFit:
    """The correction and how well it fits.

    ``residual_deg``: distance of the points from where the correction puts them, root mean square; ``left_out_deg``: the same
    with each point left out of the fit that judges it (``None`` with one point); ``spread_deg``: scatter of readings at the worst
    point.
    """

    yaw: Axis
    pitch: Axis
    residual_deg: float
    left_out_deg: float | None
    spread_deg: float
    points: int
    readings: int

    @property
    def std_deg(self) -> float:
        """Uncertainty left of one reading, one standard deviation."""
        base = STD_LEFT_DEG.get(self.points, STD_LEFT_MANY_DEG)
        return math.hypot(base, self.spread_deg, self.left_out_deg or 0.0)


def fit_gaze(readings: Sequence[Readings]) -> GazeFit:
    """A constant offset; with four well-spread points also a gain per axis, where it helps.

    Raises:
        InputError: too few or too scattered readings, points that contradict each other, or an offset no driver has.
    """
    _check_numbers(readings)
    centres = [_centre(one) for one in readings]
    seen = np.array([c[0] for c in centres])
    wanted = np.array([c[1] for c in centres])
    axes = [_fit_axis(seen[:, i], wanted[:, i]) for i in (0, 1)]
    left_out = _left_out(seen, wanted, axes)
    _check_agreement(readings, left_out)
    offsets = [axis.offset for axis in axes]
    if max(map(abs, offsets)) > MAX_OFFSET_DEG:
        raise InputError(
            f"gaze offsets of {offsets[0]:.1f} and {offsets[1]:.1f} degrees cannot be; at most {MAX_OFFSET_DEG:g} is"
        )
    errors = np.stack([axis.apply(seen[:, i]) - wanted[:, i] for i, axis in enumerate(axes)], axis=1)
    return GazeFit(
        yaw=axes[0],
        pitch=axes[1],
        residual_deg=_rms(errors),
        left_out_deg=None if left_out is None else _rms(left_out),
        spread_deg=max(c[2] for c in centres),
        points=len(centres),
        readings=sum(c[3] for c in centres),
    )


def _check_numbers(readings: Sequence[Readings]) -> None:
    counts = [len(one.seen) for one in readings]
    if sum(counts) < MIN_READINGS:
        frames = sum(one.frames for one in readings)
        raise InputError(
            f"only {sum(counts)} of {frames} frames show both eyes open; {MIN_READINGS} are needed: "
            "choose a span in which the driver looks at the point"
        )
    for one, count in zip(readings, counts, strict=True):
        if count < MIN_AT_ONE:
            raise InputError(f"only {count} of {one.frames} frames at {one.name} show both eyes open; {MIN_AT_ONE} are needed")


def _centre(one: Readings) -> tuple[Array, Array, float, int]:
    """Middle of the readings and of what they should have been, without outliers; their spread; their number."""
    seen, wanted = np.asarray(one.seen, float), np.asarray(one.wanted, float)
    error = wanted - seen
    away = np.abs(error - np.median(error, axis=0))
    spread = float(np.median(away)) * 1.4826
    if not spread <= MAX_SPREAD_DEG:
        raise InputError(
            f"the gaze wanders by {spread:.1f} degrees at {one.name}; it must rest there (at most {MAX_SPREAD_DEG:g})"
        )
    kept = (away <= max(3.0 * spread, 1.0)).all(axis=1)
    if not kept.any():
        kept[:] = True
    middle = np.median(error[kept], axis=0)
    target = np.median(wanted[kept], axis=0)
    return target - middle, target, spread, int(kept.sum())


def _check_agreement(readings: Sequence[Readings], left_out: Array | None) -> None:
    if left_out is None:
        return
    off = np.hypot(left_out[:, 0], left_out[:, 1])
    worst = int(np.argmax(off))
    if not off[worst] <= MAX_RESIDUAL_DEG:
        raise InputError(
            f"point {readings[worst].name} is {off[worst]:.1f} degrees off what the other points say (at most "
            f"{MAX_RESIDUAL_DEG:g}): not looked at, or not where it was said to be"
        )


def _fit_axis(seen: Array, wanted: Array) -> Axis:
    plain = _constant(seen, wanted)
    if not _well_spread(seen):
        return plain
    saved = _rms(_errors_left_out(seen, wanted, _affine)) < GAIN_MUST_SAVE * _rms(_errors_left_out(seen, wanted, _constant))
    return _affine(seen, wanted) if saved else plain


def _well_spread(seen: Array) -> bool:
    """Enough points, and far enough apart whichever one is left out."""
    if len(seen) < POINTS_FOR_GAIN:
        return False
    return all(float(np.ptp(np.delete(seen, i))) >= MIN_RANGE_DEG for i in range(len(seen)))


def _constant(seen: Array, wanted: Array) -> Axis:
    return Axis(1.0, float(np.mean(wanted - seen)))


def _affine(seen: Array, wanted: Array) -> Axis:
    """Median of the slopes between points (Theil and Sen), so that one bad point cannot turn it; clamped."""
    pairs = [(i, j) for i, j in combinations(range(len(seen)), 2) if abs(seen[i] - seen[j]) >= MIN_RANGE_DEG / 2]
    slope = float(np.median([(wanted[i] - wanted[j]) / (seen[i] - seen[j]) for i, j in pairs]))
    gain = max(GAIN[0], min(GAIN[1], slope))
    return Axis(gain, float(np.median(wanted - gain * seen)))


def _errors_left_out(seen: Array, wanted: Array, fit: Callable[[Array, Array], Axis]) -> Array:
    errors = []
    for i in range(len(seen)):
        axis = fit(np.delete(seen, i), np.delete(wanted, i))
        errors.append(float(axis.apply(seen[i : i + 1])[0] - wanted[i]))
    return np.array(errors)


def _left_out(seen: Array, wanted: Array, axes: Sequence[Axis]) -> Array | None:
    """Error (yaw, pitch) of each point under a fit of the same kind to all others."""
    if len(seen) < 2:
        return None
    ways = [_constant if axis.gain == 1.0 else _affine for axis in axes]
    return np.stack([_errors_left_out(seen[:, i], wanted[:, i], way) for i, way in enumerate(ways)], axis=1)


def _rms(errors: Array) -> float:
    """Root mean square length; of each row where there are several columns."""
    squares = errors**2 if errors.ndim == 1 else (errors**2).sum(axis=1)
    return float(np.sqrt(np.mean(squares)))
