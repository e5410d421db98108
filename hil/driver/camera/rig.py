"""A camera in a cabin: where it sits, what it sees with, what lights the driver.

Positions are in the vehicle frame (x forward, y left, z up, mm). Places are worked out from the vehicle file's ocular point, so
they move with it; the interior mirror is found in the vehicle file where it has one.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.errors import UsageError
from dms.records.base import Vector
from dms.records.cabin import Cabin, Camera, CameraPose
from hil.driver.camera.exposure import ExposureLimits
from hil.driver.camera.grime import Grime
from hil.driver.camera.optics import Optics
from hil.driver.camera.presets import Preset, Quality, quality
from hil.driver.camera.sensor import SensorSpec
from hil.driver.camera.shutter import Shutter
from hil.driver.render.drawable import Led

Place = Literal["vehicle", "a_pillar", "column", "cluster", "mirror"]

FIELD_DEG = {"vehicle": 41.0, "a_pillar": 41.0, "column": 41.0, "cluster": 41.0, "mirror": 58.0}
"""Field of view over the larger side of the picture."""

_FROM_EYES_MM: dict[str, Vector] = {
    "a_pillar": (545.0, 258.0, 10.0),
    "column": (620.0, 0.0, -150.0),
    "cluster": (625.0, 0.0, -300.0),
    "mirror": (480.0, -265.0, 100.0),
}
"""Forward, towards the driver's own door, up. The cluster camera looks through the steering wheel, below the rim's top."""

_AIM_MM: dict[str, Vector] = {
    "a_pillar": (-40.0, 0.0, -20.0),
    "column": (-40.0, 0.0, -15.0),
    "cluster": (-40.0, 0.0, -10.0),
    "mirror": (-20.0, 0.0, -45.0),
}
"""Where it looks, from the ocular point: the head's middle, from the mirror lower so that hands are seen too."""

_BELOW_MIRROR_MM = 12.0
_SPREAD_MM, _SPREAD_DEG, _SPREAD_FOCAL, _SPREAD_CENTRE = 12.0, 1.5, 0.02, 0.006
"""Standard deviations of a mounting that is not as drawn; positions and angles are cut at two of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """A mounted camera with its LEDs.

    Attributes:
        place, preset: what it was made from.
        camera: true intrinsics with distortion.
        pose: where it is and looks.
        leds: its light.
        wavelength_nm: of the LEDs and the band-pass filter.
        outdoor_share: sun and daylight that the filter lets through compared with 850 nm.
        shutter, exposure, sensor, optics, grime, vibration_px: as in their modules.
    """

    place: Place
    preset: Preset
    camera: Camera
    pose: CameraPose
    leds: tuple[Led, ...]
    wavelength_nm: Literal[850, 940]
    outdoor_share: float
    shutter: Shutter
    exposure: ExposureLimits
    sensor: SensorSpec
    optics: Optics
    grime: Grime
    vibration_px: float


def rig(
    cabin: Cabin,
    place: Place = "vehicle",
    size: tuple[int, int] = (640, 480),
    preset: Preset = "good",
    rng: np.random.Generator | None = None,
) -> Rig:
    """A camera for a cabin.

    Args:
        cabin: the vehicle; ``vehicle`` is its file's own camera pose.
        place: where the camera sits.
        size: picture width and height.
        preset: how good it is; ``random`` draws it.
        rng: mounting and intrinsics vary with it; ``None`` = exactly as drawn.

    Raises:
        UsageError: no such place or preset, a picture too small, or ``random`` without ``rng``.
    """
    if place not in get_args(Place):
        raise UsageError(f"no camera place '{place}'; there are {', '.join(get_args(Place))}")
    if min(size) < 16:
        raise UsageError(f"a picture of {size[0]} x {size[1]} is too small; give at least 16 x 16")
    made = quality(preset, rng)
    pose = _mounted(cabin, place)
    camera = _intrinsics(place, size, made)
    if rng is not None:
        pose, camera = _jittered_pose(pose, rng), _jittered_camera(camera, rng)
    return Rig(
        place=place,
        preset=preset,
        camera=camera,
        pose=pose,
        leds=_leds(pose, made),
        wavelength_nm=made.wavelength_nm,
        outdoor_share=1.0 if made.wavelength_nm == 850 else 0.5,  # the air's water vapour takes about half at 940 nm
        shutter=made.shutter,
        exposure=made.exposure,
        sensor=made.sensor,
        optics=_in_pixels(made.optics, max(size)),
        grime=made.grime,
        vibration_px=made.vibration_px * max(size) / 640,
    )


def roaming(mounted: Rig, target_mm: Vector, rng: np.random.Generator) -> Rig:
    """The same camera and LEDs standing anywhere before ``target_mm`` (the eyes) and looking at it, 0.23 to 0.95 m away."""
    turn, lift = np.radians((float(rng.normal(0, 18)), float(rng.normal(-2, 14))))
    away = np.array([math.cos(turn) * math.cos(lift), math.sin(turn) * math.cos(lift), math.sin(lift)])
    target = np.asarray(target_mm)
    position = target + away * float(np.exp(rng.uniform(math.log(230), math.log(950))))
    pose = CameraPose(position_mm=_vector(position), forward=_vector(-away))
    move = pose.rotation() @ mounted.pose.rotation().T
    old = np.asarray(mounted.pose.position_mm)
    leds = tuple(
        replace(
            led,
            position_mm=_vector(position + move @ (np.asarray(led.position_mm) - old)),
            direction=_vector(move @ np.asarray(led.direction)),
        )
        for led in mounted.leds
    )
    return replace(mounted, pose=pose, leds=leds)


def _in_pixels(optics: Optics, side: int) -> Optics:
    """Presets give blur for 640 pixels a row; a larger picture of the same lens is blurred over more pixels."""
    scale = side / 640
    return replace(optics, blur_px=optics.blur_px * math.sqrt(scale), defocus_px=optics.defocus_px * scale)


def _mounted(cabin: Cabin, place: Place) -> CameraPose:
    if place == "vehicle":
        return cabin.camera
    eyes = np.asarray(cabin.ocular_point_mm)
    outboard = 1.0 if cabin.drive == "lhd" else -1.0
    position = eyes + np.asarray(_FROM_EYES_MM[place]) * (1.0, outboard, 1.0)
    mirror = next((z for z in cabin.zones if z.zone == "rear_mirror"), None)
    if place == "mirror" and mirror is not None:
        position = (np.asarray(mirror.low_mm) + np.asarray(mirror.high_mm)) / 2
        position[2] = mirror.low_mm[2] - _BELOW_MIRROR_MM
    aim = eyes + np.asarray(_AIM_MM[place]) * (1.0, outboard, 1.0)
    return CameraPose(position_mm=_vector(position), forward=_vector((aim - position) / np.linalg.norm(aim - position)))


def _intrinsics(place: Place, size: tuple[int, int], made: Quality) -> Camera:
    width, height = size
    focal = 0.5 * max(size) / math.tan(math.radians(FIELD_DEG[place] / 2))
    # The polynomial counts in tangents of the angle, so the same coefficients bend a wider picture more, as real lenses do.
    return Camera(fx=focal, fy=focal, cx=width / 2, cy=height / 2, width=width, height=height, distortion=list(made.distortion))


def _jittered_pose(pose: CameraPose, rng: np.random.Generator) -> CameraPose:
    axes = pose.rotation()
    shift = _SPREAD_MM * _cut_normal(rng, 3)
    right, down, roll = np.radians(_SPREAD_DEG) * _cut_normal(rng, 3)
    forward = axes[:, 2] + math.tan(right) * axes[:, 0] + math.tan(down) * axes[:, 1]
    up = -axes[:, 1] + math.tan(roll) * axes[:, 0]
    position = np.asarray(pose.position_mm) + shift
    return CameraPose(position_mm=_vector(position), forward=_vector(forward / np.linalg.norm(forward)), up=_vector(up))


def _jittered_camera(camera: Camera, rng: np.random.Generator) -> Camera:
    focal, aspect, x, y = _cut_normal(rng, 4)
    fx = camera.fx * (1 + _SPREAD_FOCAL * focal)
    side = _SPREAD_CENTRE * max(camera.width or 0, camera.height or 0)
    bend = _cut_normal(rng, 4) * (0.02, 0.02, 0.0008, 0.0008)
    distortion = [d + float(b) for d, b in zip(camera.distortion, bend, strict=False)] + camera.distortion[4:]
    return msgspec.structs.replace(
        camera, fx=fx, fy=fx * (1 + 0.002 * aspect), cx=camera.cx + side * x, cy=camera.cy + side * y, distortion=distortion
    )


def _leds(pose: CameraPose, made: Quality) -> tuple[Led, ...]:
    """A ring about the lens, or two bars of three beside it; all look where the camera looks."""
    axes, middle = pose.rotation(), np.asarray(pose.position_mm)
    if made.led_layout == "ring":
        turns = np.arange(6) * (math.pi / 3)
        places = made.led_apart_mm / 2 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    else:
        places = np.array([(side * made.led_apart_mm / 2, row * 9.0) for side in (-1, 1) for row in (-1, 0, 1)])
    return tuple(
        Led(
            position_mm=_vector(middle + axes[:, :2] @ place),
            direction=_vector(axes[:, 2]),
            exponent=made.led_exponent,
            power=1 / len(places),
        )
        for place in places
    )


def _cut_normal(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    return np.clip(rng.standard_normal(count), -2.0, 2.0)


def _vector(values: NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return x, y, z
