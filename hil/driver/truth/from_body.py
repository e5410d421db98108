"""The posed body as the labels want it."""

import math

import numpy as np

from hil.driver.body.posed import Eye, Posed
from hil.driver.pose import Moment, Prop, Side
from hil.driver.truth.geometry import Array, Circle, entrance_pupil
from hil.driver.truth.seen import SeenEye, SeenHand, SeenHead, SeenThing

PROP_HALF_MM: dict[Prop, tuple[float, float, float]] = {
    "phone": (74.0, 4.0, 36.0),
    "cup": (40.0, 40.0, 55.0),
    "cigarette": (42.0, 4.0, 4.0),
    "food": (45.0, 30.0, 45.0),
}
"""Half sizes along the palm's axes."""
PROP_FROM_PALM_MM: dict[Prop, tuple[float, float, float]] = {
    "phone": (35.0, 12.0, 0.0),
    "cup": (35.0, 40.0, 0.0),
    "cigarette": (105.0, 15.0, 25.0),
    "food": (50.0, 30.0, 0.0),
}


def seen_head(posed: Posed) -> SeenHead:
    """Head, eyes and named places; rows of points get numbers."""
    landmarks: dict[str, Array] = {}
    for name, points in posed.landmarks.items():
        if len(points) == 1:
            landmarks[name] = points[0]
        else:
            landmarks.update({f"{name}_{i}": point for i, point in enumerate(points)})
    left, right = (_eye(eye, posed, side) for eye, side in zip(posed.eyes, ("left", "right"), strict=True))
    return SeenHead(
        rotation=posed.head_rotation, left=left, right=right, landmarks=landmarks, mouth_gap_mm=posed.mouth_opening_mm
    )


def _eye(eye: Eye, posed: Posed, side: str) -> SeenEye:
    axis = eye.rotation[:, 0]
    top = eye.cornea_centre_mm + eye.cornea_mm
    depth, larger = entrance_pupil(top - eye.iris_plane_mm, eye.cornea_mm)
    middle = eye.centre_mm + axis * (top - depth)
    limbus = math.sqrt(eye.radius_mm**2 - eye.iris_mm**2)  # the cornea makes the iris larger, but ends where the white begins
    return SeenEye(
        centre=eye.centre_mm,
        optical=axis,
        visual=eye.visual,
        iris=Circle(eye.centre_mm + axis * limbus, axis, eye.iris_mm),
        pupil=Circle(middle, axis, eye.pupil_mm * larger),
        pupil_mm=2 * eye.pupil_mm,
        lid_gap_mm=eye.lid_gap_mm,
        relaxed_gap_mm=eye.relaxed_gap_mm,
        inner_corner=posed.landmarks[f"{side}_inner_corner"][0],
        outer_corner=posed.landmarks[f"{side}_outer_corner"][0],
        radius=eye.radius_mm,
    )


def seen_hands(posed: Posed) -> tuple[SeenHand, ...]:
    """Hands that are not below the picture."""
    return tuple(SeenHand(side=side, points=hand.points_mm) for side, hand in posed.hands.items() if hand is not None)


def seen_things(posed: Posed, moment: Moment) -> tuple[SeenThing, ...]:
    """What the hands hold."""
    held: dict[Side, Prop | None] = {"left": moment.pose.left_hand.prop, "right": moment.pose.right_hand.prop}
    things = []
    for side, prop in held.items():
        hand = posed.hands[side]
        if prop is not None and hand is not None:
            signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
            local = np.asarray(PROP_FROM_PALM_MM[prop]) + signs * PROP_HALF_MM[prop]
            things.append(SeenThing(kind=prop, corners=local @ hand.palm[:3, :3].T + hand.palm[:3, 3]))
    return tuple(things)
