"""Uniform blocks as bytes, in the order of the GLSL files (std140: everything is four floats wide)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dms.records.cabin import Camera, CameraPose
from hil.driver.body.posed import Eye, Posed
from hil.driver.ids import Id
from hil.driver.pose import Light
from hil.driver.render.drawable import Led, Material, Skin
from hil.driver.render.projection import clip_matrix

Floats = NDArray[np.float32]
Array = NDArray[np.float64]
LEDS = 8
_UNIT_MM = 650.0
_CLOSE_MM = 40.0
_FRAME_ROWS = 8 + 1 + 2 * LEDS + 3
FRAME_BYTES = 16 * _FRAME_ROWS
_EYE_ROWS = 3 + 2 + 2 + 6 + 2 + 2 + 2 + 3
EYE_BYTES = 16 * _EYE_ROWS


def frame(
    camera: Camera, pose: CameraPose, light: Light, leds: Sequence[Led], sun: Array | None, cabin: tuple[float, float]
) -> Floats:
    """Block ``Frame``; ``sun`` is the sun's clip matrix, ``None`` without; ``cabin``: door's side, belt's albedo.

    Raises:
        ValueError: more than eight LEDs.
    """
    if len(leds) > LEDS:
        raise ValueError(f"{len(leds)} LEDs; the renderer takes at most {LEDS}")
    out = np.zeros((_FRAME_ROWS, 4), np.float32)
    out[0:4] = clip_matrix(camera, pose).T
    if sun is not None:
        out[4:8] = sun.T
    out[8] = (*pose.position_mm, 1.0 / camera.fx)
    total = sum(led.power for led in leds) or 1.0
    for i, led in enumerate(leds):
        out[9 + i] = (*led.position_mm, led.power / total * _UNIT_MM**2)
        out[9 + LEDS + i] = (*_unit(led.direction), led.exponent)
    rest = 9 + 2 * LEDS
    out[rest] = (*_unit(light.sun_direction), light.sun)
    out[rest + 1] = (light.led, light.ambient, light.outside, light.street)
    out[rest + 2] = (cabin[1], light.travelled_m, 0.0, cabin[0])
    return out


def two_stand_for_all(leds: Sequence[Led]) -> bool:
    """Whether matt surfaces may see two of the LEDs instead of all: more than two, alike, each near one of the two.

    The two are the middles of two bars, or opposite ones of a ring.
    """
    count = len(leds)
    if count < 3 or len({(led.power, led.exponent, led.direction) for led in leds}) > 1:
        return False
    first = (count - 1) // 4
    at = np.array([led.position_mm for led in leds], float)
    far = np.linalg.norm(at[:, None] - at[[first, count - 1 - first]][None], axis=2).min(axis=1)
    middle = at[[first, count - 1 - first]].mean(axis=0) - at.mean(axis=0)
    return bool(far.max() < _CLOSE_MM and np.abs(middle).max() < _CLOSE_MM / 4)


def shadow_frame(sun: Array) -> Floats:
    """Block ``Frame`` of the sun's own picture."""
    out = np.zeros((_FRAME_ROWS, 4), np.float32)
    out[0:4] = sun.T
    return out


def surface(material: Material) -> Floats:
    """Block ``Surface``."""
    m, s = material, material.strands
    out = np.zeros((6, 4), np.float32)
    out[0] = (m.albedo, m.specular, m.gloss, m.wrap)
    out[1] = (m.noise, 1.0 / m.noise_mm, m.folds, m.weave)
    out[2] = (int(m.id), m.reflect, m.alpha, 0.0)
    height = 0.0 if m.height is None else float(np.abs(m.height).max())
    out[3] = (m.texture is not None, m.texture is not None and m.texture.ndim == 3, m.height is not None, height)
    if s is not None:
        out[4] = (s.across, s.root, s.tip, s.wave)
        out[5] = (s.ragged, s.clump, s.shine, s.sharp)
    return out


def eyes(posed: Posed, skin: Skin, passenger: bool) -> Floats:
    """Block ``Eyes``."""
    out = np.zeros((_EYE_ROWS, 4), np.float32)
    out[0:3, :3] = posed.head_rotation.T
    for i, (side, eye) in enumerate(zip(("left", "right"), posed.eyes, strict=True)):
        out[3 + i] = (*eye.shell_centre_mm, eye.shell_radius_mm)
        out[5 + i] = (*eye.centre_mm, eye.radius_mm)
        out[7 + 3 * i : 10 + 3 * i, :3] = eye.rotation.T
        out[7 + 3 * i : 10 + 3 * i, 3] = (eye.cornea_mm, eye.cornea_centre_mm, eye.iris_plane_mm)
        out[13 + i, :2] = (eye.iris_mm, eye.pupil_mm)
        out[15 + i, :3] = _margin(posed, f"{side}_upper_lid", eye, 30.0)
        out[17 + i, :3] = _margin(posed, f"{side}_lower_lid", eye, -30.0)
    out[19, :3] = (skin.sclera, skin.iris, skin.iris_contrast)
    out[20, :2] = (skin.bright_pupil, 0.5 / np.radians(max(skin.bright_pupil_deg, 0.1)) ** 2)
    out[21, :2] = (Id.PASSENGER, Id.PASSENGER) if passenger else (Id.EYE, Id.PUPIL)
    return out


def _margin(posed: Posed, name: str, eye: Eye, without: float) -> Array:
    """Parabola z = a + b y + c y2 through a lid margin in head axes, from the shell's centre; ``without`` where it is unknown."""
    row = posed.landmarks.get(name)
    if row is None or len(row) < 3:
        return np.array([without, 0.0, 0.0])
    local = (row - eye.shell_centre_mm) @ posed.head_rotation
    y = local[:, 1]
    design = np.stack([np.ones_like(y), y, y * y], axis=1)
    return np.asarray(np.linalg.lstsq(design, local[:, 2], rcond=None)[0])


def _unit(vector: Sequence[float]) -> Array:
    v = np.asarray(vector, np.float64)
    return np.asarray(v / max(float(np.linalg.norm(v)), 1e-9))
