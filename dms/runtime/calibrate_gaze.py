"""Gaze calibration: while the driver looks at known points, what the readings lack is this driver's own correction."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from dms.camera.base import Source
from dms.errors import InputError
from dms.perception.pipeline import Perception
from dms.records import Observation
from dms.records.angles import yaw_pitch_deg
from dms.records.base import Vector
from dms.records.cabin import Cabin, DriverBaseline
from dms.records.head_axes import head_axes
from dms.runtime.fit_gaze import MAX_OFFSET_DEG, GazeFit, Readings, fit_gaze
from dms.runtime.gaze_targets import LENS, Aim, Target, aim_of

MAX_CLOSED = 0.3
"""Lids probably lower than this are no open eye; those of an eye that looks down are low, but not that low."""


def collect(perception: Perception, source: Source, start: float, end: float) -> list[Readings]:
    """Readings of all usable frames with ``start <= t < end`` while the driver looked into the lens."""
    targets = [Target(at=LENS, start=start, end=end)]
    return collect_at(look(perception, source, targets), targets, None)


def look(perception: Perception, source: Source, targets: Sequence[Target]) -> Iterator[Observation]:
    """Observations of the frames at which a target was looked at; nothing is tracked from one span into the next."""
    last = max(target.end for target in targets)
    current = None
    for frame in source.frames():
        if frame.t >= last:
            return
        target = next((target for target in targets if target.start <= frame.t < target.end), None)
        if target is None:
            continue
        if current not in (None, target):
            perception.reset()
        current = target
        yield perception.observe(frame)


def collect_at(observations: Iterable[Observation], targets: Sequence[Target], cabin: Cabin | None) -> list[Readings]:
    """What was read at each target. ``targets`` are checked (see ``check_targets``)."""
    aims = [aim_of(target, cabin) for target in targets]
    found = [Readings(target.name, [], [], [], 0) for target in targets]
    frames = [0] * len(targets)
    for seen in observations:
        for i, target in enumerate(targets):
            if target.start <= seen.t < target.end:
                frames[i] += 1
                _read(seen, aims[i], found[i], target.frontal)
    return [Readings(one.name, one.seen, one.wanted, one.head, n) for one, n in zip(found, frames, strict=True)]


def _read(seen: Observation, aim: Aim, into: Readings, frontal: bool) -> None:
    """Add one observation, if its eyes are open and seen."""
    axes = head_axes(seen.head) if seen.head is not None else None
    if seen.gaze is None or seen.head is None or axes is None or not _open_eyes(seen):
        return  # never learned from closed or unseen eyes
    direction = aim(seen)
    if direction is None:
        return
    target: Vector = (float(direction[0]), float(direction[1]), float(direction[2]))
    into.seen.append(axes.angles_deg(seen.gaze.direction_camera))
    into.wanted.append(axes.angles_deg(target))
    if frontal:
        (yaw, pitch), (head_yaw, head_pitch) = yaw_pitch_deg(direction), yaw_pitch_deg(np.array(seen.head.forward_camera))
        into.head.append((yaw - head_yaw, pitch - head_pitch))


def _open_eyes(seen: Observation) -> bool:
    eyes = list((seen.eyes or {}).values())
    return bool(eyes) and all(eye.closed is not None and eye.closed <= MAX_CLOSED for eye in eyes)


def baseline(readings: Sequence[Readings], name: str) -> DriverBaseline:
    """The driver file.

    Raises:
        InputError: see ``fit_gaze``; also a head that points nowhere near the point.
    """
    return driver_file(fit_gaze(readings), readings, name)


def driver_file(fit: GazeFit, readings: Sequence[Readings], name: str) -> DriverBaseline:
    """The driver file of a fit.

    Raises:
        InputError: a head that points nowhere near the point.
    """
    head = [pair for one in readings for pair in one.head]
    head_yaw, head_pitch = (float(v) for v in np.median(np.asarray(head), axis=0)) if head else (0.0, 0.0)
    if max(abs(head_yaw), abs(head_pitch)) > MAX_OFFSET_DEG:
        raise InputError(
            f"head offsets of {head_yaw:.1f} and {head_pitch:.1f} degrees cannot be; at most {MAX_OFFSET_DEG:g} is accepted"
        )
    return DriverBaseline(
        name=name,
        gaze_yaw_deg=round(fit.yaw.offset, 2),
        gaze_pitch_deg=round(fit.pitch.offset, 2),
        gaze_std_deg=round(fit.std_deg, 1),
        head_yaw_deg=round(head_yaw, 2),
        head_pitch_deg=round(head_pitch, 2),
        gaze_yaw_gain=round(fit.yaw.gain, 3),
        gaze_pitch_gain=round(fit.pitch.gain, 3),
    )


def report(fit: GazeFit) -> str:
    """One line for people."""
    fits = (
        f"residual {fit.residual_deg:.1f}, {fit.left_out_deg:.1f} at a point left out, " if fit.left_out_deg is not None else ""
    )
    gains = f", gain {fit.yaw.gain:.2f} / {fit.pitch.gain:.2f}" if (fit.yaw.gain, fit.pitch.gain) != (1.0, 1.0) else ""
    return (
        f"gaze offset yaw {fit.yaw.offset:+.1f}, pitch {fit.pitch.offset:+.1f} degrees{gains}; {fit.points} "
        f"point{'s' if fit.points > 1 else ''}, {fit.readings} readings; {fits}spread {fit.spread_deg:.1f} degrees"
    )
