"""One head pose from two readings: the rigid fit of the mesh and the head-pose network, each weighed by its own uncertainty.

The mesh is the better reading towards the camera and bends towards frontal beyond 60 degrees; the network sees all sides and
needs no mesh. Where they disagree the result is less sure than either.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from dms.perception.head_net import STD_MAX_DEG, HeadReading, nearest_rotation
from dms.perception.head_pose import Array, HeadFit, turn_to
from dms.records.angles import roll_deg, rounded, yaw_pitch_deg
from dms.records.cabin import Camera
from dms.records.observation import Head

NETWORK_SPREAD = 1.6
"""Real faces differ more from rendered ones than the network knows: its spread is taken this many times."""

HEAD_BOX_MM = 150.0
"""Larger side of the box a detector draws round an adult face; distance from it is good to about a fifth."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadPose:
    """``view``, ``rotation``, ``position_mm`` as in ``HeadFit``; ``std_deg``: one sigma of the whole turn."""

    view: Array
    rotation: Array
    position_mm: Array
    std_deg: float

    def record(self) -> Head:
        """The observation record's part."""
        forward, up = -self.rotation[:, 2], -self.rotation[:, 1]
        yaw, pitch = yaw_pitch_deg(forward)
        return Head(
            forward_camera=rounded(forward, 5),
            up_camera=rounded(up, 5),
            position_camera_mm=rounded(self.position_mm, 1),
            yaw_deg=round(yaw, 2),
            pitch_deg=round(pitch, 2),
            roll_deg=round(roll_deg(forward, up), 2),
            std_deg=round(self.std_deg, 1),
        )


def of_mesh(fit: HeadFit) -> HeadPose:
    """The mesh's own reading."""
    return HeadPose(fit.view, fit.rotation, fit.position_mm, fit.std_deg)


def fused(fit: HeadFit, reading: HeadReading) -> HeadPose:
    """Both readings of one head."""
    network_std = NETWORK_SPREAD * reading.std_deg
    weights = 1.0 / fit.std_deg**2, 1.0 / network_std**2
    view = nearest_rotation((weights[0] * fit.view + weights[1] * reading.view) / sum(weights))
    apart = angle_deg(fit.view, reading.view)
    share = weights[1] / sum(weights)
    # what two normal readings of this spread differ by is expected; only what lies beyond is held against them
    surplus = max(0.0, apart - math.hypot(fit.std_deg, network_std))
    std = math.hypot(math.sqrt(1.0 / sum(weights)), math.sqrt(share * (1.0 - share)) * surplus)
    return HeadPose(view, fit.rotation @ fit.view.T @ view, fit.position_mm, min(STD_MAX_DEG, std))


def by_network(reading: HeadReading, box: tuple[float, float, float, float], camera: Camera) -> HeadPose:
    """A head without a mesh (turned away, masked): rotation from the network, position from the face's box."""
    x, y, w, h = box
    ray = np.array([(x + w / 2 - camera.cx) / camera.fx, (y + h / 2 - camera.cy) / camera.fy, 1.0])
    distance = 0.5 * (camera.fx + camera.fy) * HEAD_BOX_MM / max(w, h, 1.0)
    rotation = turn_to(ray) @ reading.view
    return HeadPose(reading.view, rotation, ray * distance, min(STD_MAX_DEG, NETWORK_SPREAD * reading.std_deg))


def with_pose(fit: HeadFit, pose: HeadPose) -> HeadFit:
    """The fit with another rotation, for what works on the fit's scale and place."""
    return replace(fit, view=pose.view, rotation=pose.rotation, std_deg=pose.std_deg)


def angle_deg(one: Array, other: Array) -> float:
    """Angle of the turn between two rotations."""
    cosine = (float(np.trace(one.T @ other)) - 1.0) / 2.0
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
