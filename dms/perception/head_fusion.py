"""One head pose from two readings: the rigid fit of the mesh and the head-pose network, each weighed by its own uncertainty.

The mesh is the better reading towards the camera and bends towards frontal beyond 60 degrees; the network sees all sides and
needs no mesh. What they differ by beyond their own uncertainties makes the result less sure.
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

BENT_FROM_DEG, BENT_OVER_DEG = 55.0, 6.0
"""Turn by the network from which the mesh is distrusted, and over which that doubles. On real heads to 60 degrees the mesh is
still the better reading (10 against 12 degrees at 45 to 60), so not earlier; on rendered heads at 60 to 75 it is 20 degrees off
and at 75 to 92 39, the network 10 and 14, so soon."""

NETWORK_STD_MIN_DEG = 4.0
"""No reading is surer than this, whatever the network says."""

TURNS_DEG_S = 100.0
"""How fast a driver's head may turn (one sigma): a quick look over the shoulder takes half a second to 80 degrees."""

UNCONFIRMED_STD_DEG = 10.0
"""Added where no mesh confirms that there is a face at all."""


@dataclass(frozen=True, slots=True, eq=False)
class HeadPose:
    """``view``, ``rotation``, ``position_mm`` as in ``HeadFit``; ``std_deg``: one sigma of the whole turn."""

    view: Array
    rotation: Array
    position_mm: Array | None
    std_deg: float

    def record(self) -> Head:
        """The observation record's part; no position where none was measured."""
        forward, up = -self.rotation[:, 2], -self.rotation[:, 1]
        yaw, pitch = yaw_pitch_deg(forward)
        return Head(
            forward_camera=rounded(forward, 5),
            up_camera=rounded(up, 5),
            position_camera_mm=None if self.position_mm is None else rounded(self.position_mm, 1),
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
    network_std = NETWORK_SPREAD * max(NETWORK_STD_MIN_DEG, reading.std_deg)
    view, std = _mixed((fit.view, fit.std_deg * _bent(reading)), (reading.view, network_std))
    return HeadPose(view, fit.rotation @ fit.view.T @ view, fit.position_mm, std)


def _mixed(one: tuple[Array, float], other: tuple[Array, float]) -> tuple[Array, float]:
    """Two rotations, each with its one-sigma in degrees, weighed by them. What two such readings differ by is expected; only what
    lies beyond is held against the result."""
    weights = 1.0 / one[1] ** 2, 1.0 / other[1] ** 2
    view = nearest_rotation((weights[0] * one[0] + weights[1] * other[0]) / sum(weights))
    surplus = max(0.0, angle_deg(one[0], other[0]) - math.hypot(one[1], other[1]))
    return view, min(STD_MAX_DEG, math.hypot(math.sqrt(1.0 / sum(weights)), surplus / 2))


def _bent(reading: HeadReading) -> float:
    """How much worse the mesh is than it says: it bends turned heads towards frontal and so doesn't see how far they are turned.

    On rendered drivers its error grows steeply there, while its own estimate stays small.
    """
    turn = math.degrees(math.acos(max(-1.0, min(1.0, float(reading.view[2, 2])))))
    return 1.0 + (max(0.0, turn - BENT_FROM_DEG) / BENT_OVER_DEG) ** 2


def by_network(reading: HeadReading, between_eyes: tuple[float, float], camera: Camera) -> HeadPose:
    """A head without a mesh (turned away, masked): rotation from the network alone, about the line to the point between the eyes
    (picture pixels), as the network learned it.

    No position: a box tells the distance to a fifth at best.
    """
    x, y = between_eyes
    ray = np.array([(x - camera.cx) / camera.fx, (y - camera.cy) / camera.fy, 1.0])
    std = math.hypot(NETWORK_SPREAD * max(NETWORK_STD_MIN_DEG, reading.std_deg), UNCONFIRMED_STD_DEG)
    return HeadPose(reading.view, turn_to(ray) @ reading.view, None, min(STD_MAX_DEG, std))


def carried_on(seen: HeadPose, last: HeadPose, age_s: float) -> HeadPose:
    """``seen`` without a mesh, ``age_s`` seconds after ``last`` with one: the network alone may take one side for the other, the
    last pose tells. What a head may have turned since then makes it less sure, so it soon counts for nothing."""
    network_std = math.sqrt(max(seen.std_deg**2 - UNCONFIRMED_STD_DEG**2, 1.0))
    view, std = _mixed((seen.view, network_std), (last.view, math.hypot(last.std_deg, TURNS_DEG_S * age_s)))
    rotation = seen.rotation @ seen.view.T @ view
    return replace(seen, view=view, rotation=rotation, std_deg=min(STD_MAX_DEG, math.hypot(std, UNCONFIRMED_STD_DEG)))


def with_pose(fit: HeadFit, pose: HeadPose) -> HeadFit:
    """The fit with another rotation, for what works on the fit's scale and place."""
    return replace(fit, view=pose.view, rotation=pose.rotation, std_deg=pose.std_deg)


def angle_deg(one: Array, other: Array) -> float:
    """Angle of the turn between two rotations."""
    cosine = (float(np.trace(one.T @ other)) - 1.0) / 2.0
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
