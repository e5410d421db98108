"""Eyes aimed at a point: optical and visual axis, vergence, limits of the eye in the head."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.identity import Identity
from hil.driver.body.rotation import about, between, unit

Array = NDArray[np.float64]
YAW_LIMIT, UP_LIMIT, DOWN_LIMIT = 46.0, 36.0, 52.0
"""Oculomotor range of an adult, degrees; what lies further is not reached by the eye alone."""
LIMBUS_OF_BALL = 0.80
"""Plane of the iris ahead of the ball's centre, as a share of its radius."""


@dataclass(frozen=True, eq=False, slots=True)
class Aim:
    """One eye's axes (vehicle frame) and its angles in the head (shown angles)."""

    centre_mm: Array
    rotation: Array
    visual: Array
    yaw_deg: float
    pitch_deg: float


def ball_centre(person: Identity, side: int) -> Array:
    """Centre of the anatomical ball in the rest frame: it touches the shell at its front."""
    shell = person.shells_mm[side]
    return np.asarray(shell + np.array([person.shell_radii_mm[side] - person.eye_mm, 0.0, 0.0]), dtype=np.float64)


def aim(person: Identity, side: int, rest_to_vehicle: Array, head_rotation: Array, target_mm: Array) -> Aim:
    """Turn one eye so that its visual axis meets a point, as far as it can turn.

    Args:
        person: whose eye.
        side: 0 left, 1 right.
        rest_to_vehicle: 3 x 4 matrix of the head bone.
        head_rotation: head axes to vehicle frame.
        target_mm: vehicle frame.
    """
    centre = rest_to_vehicle[:, :3] @ ball_centre(person, side) + rest_to_vehicle[:, 3]
    wanted = head_rotation.T @ unit(target_mm - centre)
    yaw = math.degrees(math.atan2(-wanted[1], wanted[0]))
    pitch = math.degrees(math.asin(float(np.clip(wanted[2], -1, 1))))
    yaw, pitch = float(np.clip(yaw, -YAW_LIMIT, YAW_LIMIT)), float(np.clip(pitch, -DOWN_LIMIT, UP_LIMIT))
    y, p = math.radians(-yaw), math.radians(pitch)
    visual = np.array([math.cos(p) * math.cos(y), math.cos(p) * math.sin(y), math.sin(p)])
    turn = between(np.array([1.0, 0.0, 0.0]), visual)  # no torsion: the shortest turn from straight ahead (Listing)
    rotation = head_rotation @ turn @ kappa(person, side)
    return Aim(centre, rotation, head_rotation @ visual, yaw, pitch)


def kappa(person: Identity, side: int) -> Array:
    """Turn of the optical axis when the visual axis looks along x: the visual axis lies towards the nose and above."""
    towards_nose, above = person.kappa_deg
    outwards = towards_nose if side == 0 else -towards_nose
    return about(np.array([0.0, 0.0, 1.0]), outwards) @ about(np.array([0.0, 1.0, 0.0]), above)
