"""The cabin and the camera as data: vehicle file and camera intrinsics.

Vehicle frame as in ISO 8855: x forward, y left, z up, mm, origin as the vehicle file says. Camera frame: x right in the picture,
y down, z away.
"""

import math
from typing import Annotated, Literal, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from dms.records.base import Vector
from dms.records.words import Zone

T = TypeVar("T")


class Camera(msgspec.Struct, frozen=True, kw_only=True):
    """Pinhole intrinsics in pixels, for pictures of ``width`` x ``height``; ``distortion`` as OpenCV's k1 k2 p1 p2 k3."""

    fx: float
    fy: float
    cx: float
    cy: float
    width: int | None = None
    height: int | None = None
    distortion: list[float] = []

    def __post_init__(self) -> None:
        """Refuse what cannot be a camera.

        Raises:
            InputError: naming the value.
        """
        for name in ("fx", "fy", "cx", "cy"):
            value = getattr(self, name)
            if not math.isfinite(value) or (name in ("fx", "fy") and value <= 0):
                raise InputError(f"camera {name} = {value} cannot be; give pixels")

    def scaled(self, width: int, height: int) -> "Camera":
        """The same camera for pictures of another size (only if the calibrated size is known)."""
        if not self.width or not self.height or (self.width, self.height) == (width, height):
            return self
        sx, sy = width / self.width, height / self.height
        return msgspec.structs.replace(
            self, fx=self.fx * sx, fy=self.fy * sy, cx=self.cx * sx, cy=self.cy * sy, width=width, height=height
        )


def default_camera(width: int, height: int) -> Camera:
    """The stated default when no intrinsics are given: 41 degrees over the larger side, usual for driver cameras."""
    focal = 0.5 * max(width, height) / math.tan(math.radians(20.5))
    return Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2, width=width, height=height)


class CameraPose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the camera is and where it looks, vehicle frame; ``up`` is the picture's up as far as it is not along ``forward``."""

    position_mm: Vector
    forward: Vector
    up: Vector = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        """Refuse a camera that looks nowhere.

        Raises:
            InputError: an entry that is not finite, or ``up`` along ``forward``.
        """
        _check_finite(("camera position_mm", self.position_mm), ("camera forward", self.forward), ("camera up", self.up))
        if np.linalg.norm(np.cross(self.forward, self.up)) < 1e-6:
            raise InputError(f"camera forward {self.forward} and up {self.up} must be two different directions")

    def rotation(self) -> NDArray[np.float64]:
        """3 x 3 matrix that turns camera-frame directions into vehicle-frame directions."""
        z = np.asarray(self.forward, float)
        z = z / np.linalg.norm(z)
        x = np.cross(z, np.asarray(self.up, float))
        x = x / np.linalg.norm(x)
        return np.stack([x, np.cross(z, x), z], axis=1)


UNKNOWN_DRIVER_STD_DEG = 10.0
"""How far a driver's own constant gaze offset may reach while nobody has calibrated it (one sigma). No population figure is
known, so the profile's limit for a known zone is not met without a driver file or the running self-calibration."""


class DriverBaseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was learned of one driver: ``calibration/drivers/*.yaml``.

    ``gaze_yaw_deg`` and ``gaze_pitch_deg`` are added to the eye's direction in the head's own axes (yaw positive to the driver's
    right, pitch up), after the gains have stretched it about straight ahead; ``gaze_std_deg`` is what uncertainty is left of one
    reading. ``head_yaw_deg`` and ``head_pitch_deg`` are added to the head's shown angles where the head stands in for the gaze:
    nobody's nose points quite where the eyes look.
    """

    name: str
    gaze_yaw_deg: Annotated[float, msgspec.Meta(ge=-25, le=25)]
    gaze_pitch_deg: Annotated[float, msgspec.Meta(ge=-25, le=25)]
    gaze_std_deg: Annotated[float, msgspec.Meta(ge=0.5, le=20)]
    head_yaw_deg: Annotated[float, msgspec.Meta(ge=-25, le=25)] = 0.0
    head_pitch_deg: Annotated[float, msgspec.Meta(ge=-25, le=25)] = 0.0
    gaze_yaw_gain: Annotated[float, msgspec.Meta(ge=0.5, le=2)] = 1.0
    gaze_pitch_gain: Annotated[float, msgspec.Meta(ge=0.5, le=2)] = 1.0

    def corrected(self, yaw_deg: float, pitch_deg: float) -> tuple[float, float]:
        """This driver's line of sight for one reading; both in the head's own axes, degrees.

        Never beyond straight up, straight down or straight back, however far out the reading lies.
        """
        yaw = self.gaze_yaw_gain * yaw_deg + self.gaze_yaw_deg
        pitch = self.gaze_pitch_gain * pitch_deg + self.gaze_pitch_deg
        return max(-180.0, min(180.0, yaw)), max(-90.0, min(90.0, pitch))


class ZoneBox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An axis-aligned box (a panel has one thin side) that a line of sight can hit; vehicle frame, mm."""

    zone: Zone
    low_mm: Vector
    high_mm: Vector


class Cabin(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle file: ``calibration/vehicles/*.yaml``."""

    name: str
    drive: Literal["lhd", "rhd"]
    origin: str
    camera: CameraPose
    ocular_point_mm: Vector
    seat_region: tuple[float, float, float, float]
    """x, y, width, height as fractions of the picture: the driver's face centre lies inside."""
    zones: list[ZoneBox]

    def __post_init__(self) -> None:
        """Refuse points and a seat region that cannot be.

        Raises:
            InputError: naming the value.
        """
        _check_finite(("ocular_point_mm", self.ocular_point_mm))
        x, y, width, height = self.seat_region
        if not (min(x, y) >= 0 and min(width, height) > 0 and x + width <= 1 + 1e-6 and y + height <= 1 + 1e-6):
            raise InputError(f"seat_region {self.seat_region} is not x, y, width, height as fractions of the picture")


def _check_finite(*vectors: tuple[str, Vector]) -> None:
    for name, vector in vectors:
        if not all(math.isfinite(v) for v in vector):
            raise InputError(f"{name} {vector} has an entry that is not a finite number")


def decode_cabin(text: bytes, name: str) -> Cabin:
    """Parse a vehicle file.

    Raises:
        InputError: not YAML or not a vehicle file, with the field.
    """
    return _decode_yaml(text, Cabin, name, "vehicle file")


def decode_camera(text: bytes, name: str) -> Camera:
    """Parse camera intrinsics (JSON, which is YAML too).

    Raises:
        InputError: not JSON or not intrinsics, with the field.
    """
    return _decode_yaml(text, Camera, name, "camera file")


def decode_driver(text: bytes, name: str) -> DriverBaseline:
    """Parse a driver file.

    Raises:
        InputError: not YAML or not a driver file, with the field.
    """
    return _decode_yaml(text, DriverBaseline, name, "driver file")


def _decode_yaml(text: bytes, kind: type[T], name: str, what: str) -> T:
    import yaml

    try:
        return msgspec.yaml.decode(text, type=kind)
    except (msgspec.MsgspecError, yaml.YAMLError, InputError) as error:
        line = " ".join(str(error).split())
        raise InputError(f"{name} is not a usable {what}: {line}") from None
