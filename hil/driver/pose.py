"""The words between the driver model and the renderer: what the driver, the light and the car do in one instant.

Vehicle frame as in ISO 8855: x forward, y left, z up, mm. Head axes: x where the nose points, y to the driver's left, z up.
Shown angles as everywhere: yaw positive to the driver's right, pitch up, roll towards the driver's right shoulder, degrees; all
three are 0 when the head looks along vehicle x.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dms.records import VehicleState
from dms.records.base import Vector
from dms.records.words import Zone

Array = NDArray[np.float64]

Side = Literal["left", "right"]
Place = Literal[
    "away", "lap", "wheel", "gear", "screen", "mount", "ear", "mouth", "eyes", "cheek", "chin", "head", "chest", "front",
]  # fmt: skip
"""Where a hand is. ``away``: below the picture; ``front``: raised before the chest, for gestures; ``mount``: on the dash."""
Shape = Literal[
    "relaxed", "grip", "phone", "cup", "pinch_hold", "cover",
    "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock", "mute",
    "pinch",
]  # fmt: skip
"""What the fingers do: ways of holding, then the gesture words of the contract."""
Prop = Literal["phone", "cup", "cigarette", "food"]
Activity = Literal[
    "driving", "phone_hand", "phone_ear", "phone_lap", "phone_mount", "eating", "drinking", "smoking", "talking", "yawning",
    "yawning_covered", "rubbing_eyes", "gesture", "hands_off", "microsleep", "sleeping", "slumped", "leaving", "absent",
]  # fmt: skip
Blink = Literal["open", "closing", "shut", "opening"]


def head_rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> Array:
    """3 x 3 matrix that turns head axes into the vehicle frame; roll is about the nose, then pitch, then yaw."""
    y, p, r = (math.radians(a) for a in (-yaw_deg, -pitch_deg, roll_deg))
    yaw = np.array([[math.cos(y), -math.sin(y), 0], [math.sin(y), math.cos(y), 0], [0, 0, 1]])
    pitch = np.array([[math.cos(p), 0, math.sin(p)], [0, 1, 0], [-math.sin(p), 0, math.cos(p)]])
    roll = np.array([[1, 0, 0], [0, math.cos(r), -math.sin(r)], [0, math.sin(r), math.cos(r)]])
    return np.asarray(yaw @ pitch @ roll, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Grip:
    """Where a hand is and what its fingers do.

    Attributes:
        place: anchor on the car or on the driver's own head.
        shape: what the fingers do.
        offset_mm: from the anchor; vehicle frame, for anchors on the head in head axes.
        turn_deg: extra turn of the hand about the forearm, its side axis and the palm's normal.
        clock: only for ``wheel``: place on the rim as on a clock, 12 on top; ``None`` = 10 or 2 by the side.
    """

    place: Place = "away"
    shape: Shape = "relaxed"
    offset_mm: Vector = (0.0, 0.0, 0.0)
    turn_deg: Vector = (0.0, 0.0, 0.0)
    clock: float | None = None

    @property
    def shows(self) -> bool:
        """Is this how a gesture is shown: raised before the chest, or a finger before the lips."""
        return self.place == "front" or self.shape == "mute"


@dataclass(frozen=True, slots=True)
class Hand:
    """One hand on its way from one grip to the next; ``progress`` 0..1 already has its ease-in and ease-out."""

    start: Grip = Grip()
    end: Grip = Grip()
    progress: float = 1.0
    prop: Prop | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """What the driver's body does in one instant.

    Attributes:
        yaw_deg, pitch_deg, roll_deg: head, shown angles.
        eyes_offset_mm: shift of neck and head (lean, posture, slump). With the head straight this is the point between the eyes
            minus the vehicle file's ocular point; turning the head on the neck moves the eyes further, as in life.
        torso_deg: lean of the trunk about the foot of the neck: forward, to the left, turn to the left.
        gaze_target_mm: the point both visual axes meet at, vehicle frame.
        lids: left and right lid opening as a share of this person's relaxed opening for this gaze; 0 is just shut, above 1 wide.
        face: weights 0..1 of ARKit-named face units (``jawOpen`` ...); lid units follow from gaze and ``lids`` instead.
        pupil_mm: pupil diameter.
        left_hand, right_hand: the hands.
        present: the driver is on the seat.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    eyes_offset_mm: Vector = (0.0, 0.0, 0.0)
    torso_deg: Vector = (0.0, 0.0, 0.0)
    gaze_target_mm: Vector = (1e5, 0.0, 1200.0)
    lids: tuple[float, float] = (1.0, 1.0)
    face: Mapping[str, float] = field(default_factory=dict)
    pupil_mm: float = 4.0
    left_hand: Hand = Hand()
    right_hand: Hand = Hand()
    present: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Light:
    """Light of one instant, in units in which a white matt surface 650 mm before the LEDs at ``led`` = 1 has radiance 1.

    Attributes:
        led: power of the camera's own LEDs.
        sun: radiance of a white matt surface facing the sun; 0 when it is not in the cabin.
        sun_direction: unit vector towards the sun, vehicle frame.
        ambient: diffuse light in the cabin.
        outside: brightness seen through the windows.
        street: bright spots passing outside at night, 0..1, and their phase moves with ``travelled_m``.
        travelled_m: way the car has gone, moves what is outside.
    """

    led: float = 1.0
    sun: float = 0.0
    sun_direction: Vector = (0.3, 0.6, 0.74)
    ambient: float = 0.05
    outside: float = 0.3
    street: float = 0.0
    travelled_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What is true about the driver at this instant, for labels: the scenario's own words."""

    part: str = ""
    activity: Activity = "driving"
    zone: Zone = "road"
    zone_since_s: float = 0.0
    kss: float = 2.0
    blink: Blink = "open"
    blinks_total: int = 0
    closed_s: float = 0.0
    perclos_60s: float | None = None
    yawning: bool = False
    speaking: bool = False
    gesture: str = "none"
    hands_on: bool = True
    event: str | None = None
    warning_seen: str | None = None
    taking_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything of one instant: what the renderer draws and what the labels say."""

    t: float
    pose: Pose
    light: Light
    vehicle: VehicleState
    story: Story
