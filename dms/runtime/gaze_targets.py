"""What a driver looked at while calibrating, and when: points of the vehicle file, positions, or directions."""

import math
from collections.abc import Callable
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError, UsageError
from dms.records import Observation
from dms.records.angles import unit
from dms.records.base import Vector
from dms.records.cabin import Cabin

Array = NDArray[np.float64]
Aim = Callable[[Observation], Array | None]
"""Direction from the eyes to the target, camera frame; ``None`` where the eyes' place is not known."""

LENS, AHEAD = "lens", "ahead"
MAX_HALF_SIZE_DEG = 15.0
"""A zone that looks larger from the driver's seat is no point: nobody knows where on it he looked."""


class Target(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing looked at for ``start <= t < end`` seconds, told in exactly one way.

    ``at``: ``lens``, ``ahead`` (level along the vehicle) or a zone of the vehicle file, whose middle is meant; ``vehicle_mm`` and
    ``camera_mm``: a position in that frame; ``direction_camera``: a direction in the camera frame, of any length.
    """

    start: float
    end: float
    at: str | None = None
    vehicle_mm: Vector | None = None
    camera_mm: Vector | None = None
    direction_camera: Vector | None = None

    def __post_init__(self) -> None:
        """Refuse what tells no target.

        Raises:
            InputError: no target or several, an entry that is not finite, or an end before the start.
        """
        told = [self.at, self.vehicle_mm, self.camera_mm, self.direction_camera]
        if sum(value is not None for value in told) != 1:
            raise InputError("a target needs exactly one of at, vehicle_mm, camera_mm, direction_camera")
        if not all(math.isfinite(v) for vector in told[1:] if isinstance(vector, tuple) for v in vector):
            raise InputError(f"target {self.name} has an entry that is not a finite number")
        if self.direction_camera is not None and not any(self.direction_camera):
            raise InputError("direction_camera 0,0,0 is no direction")
        if not (math.isfinite(self.start) and self.start < self.end):
            raise InputError(f"target {self.name}: its span {self.start:g}-{self.end:g} s ends before it begins")

    @property
    def name(self) -> str:
        """For reports."""
        for frame in ("vehicle_mm", "camera_mm", "direction_camera"):
            value = getattr(self, frame)
            if value is not None:
                return f"{frame.removesuffix('_mm')}={','.join(f'{v:g}' for v in value)}"
        return self.at or ""

    @property
    def in_vehicle(self) -> bool:
        """Does it take a vehicle file to know where this is?"""
        return self.vehicle_mm is not None or self.at not in (None, LENS)

    @property
    def frontal(self) -> bool:
        """Is this something people turn their nose to, so that it tells the head's own offset?"""
        return self.at in (LENS, AHEAD)


def parse_point(text: str) -> Target:
    """``NAME:FROM-TO`` of the command line; ``NAME`` as in ``Target.at``, or ``vehicle=X,Y,Z``, ``camera=X,Y,Z``.

    Raises:
        UsageError: not of that form.
    """
    name, _, span = text.rpartition(":")
    kind, is_position, numbers = name.partition("=")
    try:
        start, _, end = span.partition("-")
        values: dict[str, object] = {"start": float(start), "end": float(end)}
        if is_position:
            x, y, z = (float(v) for v in numbers.split(","))
            values[{"vehicle": "vehicle_mm", "camera": "camera_mm"}[kind]] = (x, y, z)
        elif name:
            values["at"] = name
        return Target(**values)  # type: ignore[arg-type]
    except (ValueError, KeyError, InputError) as error:
        why = f" ({error})" if isinstance(error, InputError) else ""
        hint = "give NAME:FROM-TO in seconds, e.g. --point rear_mirror:4-6, --point vehicle=2100,370,900:7-9"
        raise UsageError(f"--point {text} cannot be used{why}; {hint}") from None


def decode_targets(text: bytes, name: str) -> list[Target]:
    """Parse a targets file: YAML, a list ``targets`` of entries as in ``Target``.

    Raises:
        InputError: not YAML or not targets, with the field.
    """
    import yaml

    try:
        return msgspec.yaml.decode(text, type=dict[str, list[Target]])["targets"]
    except (msgspec.MsgspecError, yaml.YAMLError, InputError, KeyError) as error:
        line = "no list 'targets'" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise InputError(f"{name} is not a usable targets file: {line}") from None


def check_targets(targets: list[Target], cabin: Cabin | None) -> None:
    """Refuse targets that cannot all be meant.

    Raises:
        UsageError: spans that overlap, or a point in the vehicle without a vehicle file.
        InputError: a zone that the vehicle file does not have, or that is no point.
    """
    order = sorted(targets, key=lambda target: target.start)
    for one, two in pairwise(order):
        if two.start < one.end:
            raise UsageError(f"the spans of {one.name} and {two.name} overlap; nobody looks at two points at once")
    for target in targets:
        if target.in_vehicle and cabin is None:
            raise UsageError(f"point {target.name} is a place in the vehicle; give its --vehicle FILE")
        if target.at is not None and target.in_vehicle and target.at != AHEAD:
            assert cabin is not None
            _middle(target.at, cabin)


def aim_of(target: Target, cabin: Cabin | None) -> Aim:
    """How to find the direction of a checked target from each observation."""
    if target.direction_camera is not None:
        direction = unit(np.asarray(target.direction_camera, float))
        return lambda observation: direction
    if target.at == AHEAD:
        assert cabin is not None
        ahead = unit(cabin.camera.rotation().T @ np.array([1.0, 0.0, 0.0]))
        return lambda observation: ahead
    position = _position(target, cabin)

    def aim(observation: Observation) -> Array | None:
        eyes = eyes_mm(observation)
        if eyes is None or np.linalg.norm(position - eyes) < 1.0:
            return None
        return unit(position - eyes)

    return aim


def eyes_mm(observation: Observation) -> Array | None:
    """Where the eyes are, camera frame, mm."""
    gaze, head = observation.gaze, observation.head
    origin = gaze.origin_camera_mm if gaze is not None else None
    if origin is None and head is not None:
        origin = head.position_camera_mm
    return None if origin is None else np.asarray(origin, float)


def _position(target: Target, cabin: Cabin | None) -> Array:
    """Camera frame, mm."""
    if target.camera_mm is not None:
        return np.asarray(target.camera_mm, float)
    if target.at == LENS:
        return np.zeros(3)
    assert cabin is not None
    place = _middle(target.at, cabin) if target.at is not None else np.asarray(target.vehicle_mm, float)
    return np.asarray(cabin.camera.rotation().T @ (place - np.asarray(cabin.camera.position_mm)))


def _middle(zone: str, cabin: Cabin) -> Array:
    """Middle of a zone, vehicle frame, mm.

    Raises:
        InputError: no such zone, several boxes, or one too large to be a point.
    """
    boxes = [box for box in cabin.zones if box.zone == zone]
    if len(boxes) != 1:
        known = ", ".join(sorted({box.zone for box in cabin.zones}))
        what = f"has {len(boxes)} boxes for" if boxes else "has no"
        raise InputError(f"vehicle file {cabin.name} {what} point {zone}; there are lens, ahead, {known}; or give vehicle=X,Y,Z")
    low, high = np.asarray(boxes[0].low_mm, float), np.asarray(boxes[0].high_mm, float)
    middle = (low + high) / 2
    eye = np.asarray(cabin.ocular_point_mm, float)
    size = math.degrees(math.atan2(float(np.linalg.norm(high - low)) / 2, float(np.linalg.norm(middle - eye))))
    if size > MAX_HALF_SIZE_DEG:
        hint = "use ahead" if zone == "road" else "give a point on it as vehicle=X,Y,Z"
        raise InputError(f"zone {zone} reaches {size:.0f} degrees from its middle and is no point to look at; {hint}")
    return np.asarray(middle)
