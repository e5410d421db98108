"""What the body hands to the renderer and to the labels: one figure in one pose. Vehicle frame, mm, unless said otherwise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hil.driver.pose import Side

Floats = NDArray[np.float32]
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Eye:
    """One eye: a ball with a corneal bulge, behind a larger static shell that the lids lie on.

    Attributes:
        centre_mm: centre of the anatomical ball = centre of rotation.
        rotation: 3 x 3, eye axes to vehicle frame: x is the optical axis, y to the left, z up.
        visual: unit vector of the visual axis, which meets the gaze target; kappa lies between the two.
        radius_mm, cornea_mm, cornea_centre_mm: ball, corneal sphere, its centre ahead of the ball's along the optical axis.
        iris_mm, iris_plane_mm: iris radius, its plane ahead of the ball's centre.
        pupil_mm: pupil radius.
        shell_centre_mm, shell_radius_mm: the static shell (it moves with the head only); touches the ball at its front.
        lid_gap_mm: between the lid margins above the middle of the ball, 0 when shut.
        relaxed_gap_mm: the same of this person, awake and relaxed, with this gaze.
        openness: gap as a share of ``relaxed_gap_mm``, at most 1.
    """

    centre_mm: Array
    rotation: Array
    visual: Array
    radius_mm: float
    cornea_mm: float
    cornea_centre_mm: float
    iris_mm: float
    iris_plane_mm: float
    pupil_mm: float
    shell_centre_mm: Array
    shell_radius_mm: float
    lid_gap_mm: float
    relaxed_gap_mm: float
    openness: float


@dataclass(frozen=True, eq=False, slots=True)
class PosedHand:
    """One hand.

    Attributes:
        points_mm: 21 x 3 in the usual order: wrist, then four of thumb, index, middle, ring, little finger from root to tip.
        palm: 4 x 4, palm axes to vehicle frame, origin in the middle of the palm's skin: x along the fingers, y out of the palm
            (where a held thing is), z = x cross y: towards the thumb of a right hand, away from that of a left hand.
    """

    points_mm: Array
    palm: Array


@dataclass(frozen=True, eq=False, slots=True)
class Posed:
    """A figure in a pose.

    Attributes:
        bones: b x 3 x 4, rest shape to vehicle frame, one a bone of the asset. A vertex is the weighted sum over its four bones.
        rest: vertices of each part in the rest frame, face units and lids in; unchanged parts keep the same array object.
        normals: unit normals to ``rest``.
        head_rotation, head_mm: head axes to vehicle frame; the point between the eyeball centres.
        head_frame: 4 x 4, rest frame of the head to vehicle frame (for what is worn on the head).
        eyes: left, right.
        landmarks: k x 3 by name; ``left_upper_lid`` and the like are rows from the inner to the outer corner.
        hands: by side; ``None`` for a hand that is away.
        mouth_opening_mm: between the inner lips.
    """

    bones: Floats
    rest: dict[str, Floats]
    normals: dict[str, Floats]
    head_rotation: Array
    head_mm: Array
    head_frame: Array
    eyes: tuple[Eye, Eye]
    landmarks: dict[str, Array]
    hands: dict[Side, PosedHand | None]
    mouth_opening_mm: float
