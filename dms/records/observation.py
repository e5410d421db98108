"""Observation: what one picture shows. Output of perception, input of assessment; schema ``dms.observation/1``.

Camera frame as in OpenCV (x right in the picture, y down, z away, mm). "left" and "right" are the driver's own. Angles shown
to people: yaw positive to the driver's right, pitch positive up, roll positive towards the driver's right shoulder. A value that
could not be measured is ``None``, never 0 and never the last good value.
"""

from typing import Annotated

import msgspec

from dms.records.base import Count, Degrees, Direction, Length, Part, Probability, Seconds, Spread, Vector
from dms.records.words import Zone

Box = tuple[float, float, float, float]
"""x, y, width, height in pixels of the frame."""


class Face(Part, frozen=True, kw_only=True):
    """Is there a driver's face, and where."""

    present: bool
    confidence: Probability | None = None
    box_px: Box | None = None


class Head(Part, frozen=True, kw_only=True):
    """Head pose. ``forward_camera`` is where the nose points, ``[0, 0, -1]`` straight into the lens."""

    forward_camera: Direction
    up_camera: Direction
    position_camera_mm: Vector | None = None
    yaw_deg: Degrees | None = None
    pitch_deg: Degrees | None = None
    roll_deg: Degrees | None = None
    std_deg: Spread | None = None


class Gaze(Part, frozen=True, kw_only=True):
    """Line of sight of both eyes together; the origin is the middle between the eyeball centres."""

    direction_camera: Direction
    origin_camera_mm: Vector | None = None
    yaw_deg: Degrees | None = None
    pitch_deg: Degrees | None = None
    std_deg: Spread | None = None
    driver: str | None = None
    """Name of the driver file that has corrected this reading; ``None``: as it was read."""


Ellipse = tuple[float, float, float, float, float]
"""Centre x, y, half axes a >= b in pixels of the frame, angle of the longer one in degrees from picture x towards y."""


class Eye(Part, frozen=True, kw_only=True):
    """One eye. ``visible`` is the probability that the eye region can be judged at all; when low, the rest is ``None``.

    ``opening_std_mm``: one-sigma uncertainty of the opening. ``iris_px`` and ``pupil_px`` as the cornea shows them, not cut
    off by the lids.
    """

    visible: Probability | None = None
    opening_mm: Length | None = None
    opening_std_mm: Length | None = None
    openness: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    closed: Probability | None = None
    iris_px: Ellipse | None = None
    pupil_px: Ellipse | None = None


class Mouth(Part, frozen=True, kw_only=True):
    """Gap between the inner lips, and the probability of a yawn."""

    opening_mm: Length | None = None
    yawn: Probability | None = None


class Hand(Part, frozen=True, kw_only=True):
    """One hand; 21 points in the usual order (wrist, thumb, index, middle, ring, little finger)."""

    side: str | None = None
    confidence: Probability | None = None
    landmarks_px: list[tuple[float, float]] | None = None
    fingers: Annotated[int, msgspec.Meta(ge=0, le=5)] | None = None
    gesture: str | None = None
    gesture_confidence: Probability | None = None


class Objects(Part, frozen=True, kw_only=True):
    """Probabilities of things; ``None`` where no engine looked."""

    phone: Probability | None = None
    sunglasses: Probability | None = None
    mask: Probability | None = None


class Image(Part, frozen=True, kw_only=True):
    """Picture quality. ``blocked``: share of the picture that shows nothing; ``sharpness``: variance of the Laplacian."""

    mean: Annotated[float, msgspec.Meta(ge=0, le=255)] | None = None
    sharpness: Annotated[float, msgspec.Meta(ge=0)] | None = None
    saturated: Probability | None = None
    blocked: Probability | None = None
    frozen: bool | None = None


class Observation(Part, frozen=True, kw_only=True, tag_field="schema", tag="dms.observation/1"):
    """One picture's content. ``zone`` is only for policy work without a camera: it overrides the geometry."""

    t: Seconds
    source: str = ""
    frame: Count | None = None
    face: Face | None = None
    head: Head | None = None
    gaze: Gaze | None = None
    eyes: dict[str, Eye] | None = None
    mouth: Mouth | None = None
    hands: list[Hand] | None = None
    objects: Objects | None = None
    image: Image | None = None
    late: list[str] = []
    """Optional parts (``hands``) that were left out for want of time; they are unknown."""
    hands_t: float | None = None
    """Time, s, of the earlier picture that ``hands`` were seen in; ``None``: in this one. A live loop judges first and looks for
    hands afterwards, so that they never delay the readiness."""
    zone: Zone | None = None
    """Policy work only."""
