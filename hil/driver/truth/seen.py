"""What the renderer hands over for labelling: the posed driver in the vehicle frame, and the ID and depth pictures.

All positions are in mm of the vehicle frame, after posing: what the picture shows, not what was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hil.driver.pose import Prop, Side
from hil.driver.split import Split
from hil.driver.truth.geometry import Array, Circle


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenEye:
    """One eye.

    Attributes:
        centre: of the eyeball, the point it turns about.
        optical: unit vector out of the eye through the pupil's centre.
        visual: unit vector towards what the eye looks at; differs from ``optical`` by this person's angle kappa.
        iris: its outer edge, where the white begins.
        pupil: its edge as the cornea shows it (``entrance_pupil``).
        pupil_mm: true diameter of the pupil.
        lid_gap_mm: between the lid margins at the pupil, signed: below 0 where they cross.
        relaxed_gap_mm: this person's gap at this gaze when relaxed.
        inner_corner, outer_corner: of the lids.
        radius: of the eyeball.
    """

    centre: Array
    optical: Array
    visual: Array
    iris: Circle
    pupil: Circle
    pupil_mm: float
    lid_gap_mm: float
    relaxed_gap_mm: float
    inner_corner: Array
    outer_corner: Array
    radius: float = 12.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenHead:
    """The driver's head: ``rotation`` turns head axes (x nose, y left, z up) into the vehicle frame."""

    rotation: Array
    left: SeenEye
    right: SeenEye
    landmarks: Mapping[str, Array]
    """Named points on the skin, (3,) each."""
    mouth_gap_mm: float

    @property
    def eyes(self) -> dict[Side, SeenEye]:
        """By side."""
        return {"left": self.left, "right": self.right}

    @property
    def position(self) -> Array:
        """The middle between the eyeball centres."""
        return np.asarray((self.left.centre + self.right.centre) / 2)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenHand:
    """One hand that is not below the picture; (21, 3) joints in the usual order (wrist, thumb, index ... little finger)."""

    side: Side
    points: Array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeenThing:
    """A thing in a hand or on the dash; (n, 3) corners of its convex outline."""

    kind: Prop
    corners: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """What the driver wears: words of the body's wardrobe, ``none`` for nothing. ``sunglasses``: the lenses hide the eyes."""

    glasses: str = "none"
    sunglasses: bool = False
    mask: str = "none"
    hat: str = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """How the picture was taken. ``saturated``: share of pixels at full scale; ``None``: count them in the picture."""

    exposure_us: float | None = None
    gain: float | None = None
    saturated: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Which made-up person this is, and which side of the train/test line he is on."""

    seed: int = 0
    split: Split = "train"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Seen:
    """One picture's geometry.

    Attributes:
        head: ``None`` when nobody is on the seat.
        hands, things: those that were drawn.
        ids: height x width uint8 of ``hil.driver.ids.Id``, aligned with the picture or with ``View.drawn``.
        depth_mm: height x width float32, camera z of what each pixel shows; ``None``: self-occlusion is then told by facing only.
    """

    head: SeenHead | None
    ids: NDArray[np.uint8]
    depth_mm: NDArray[np.float32] | None = None
    hands: tuple[SeenHand, ...] = ()
    things: tuple[SeenThing, ...] = ()
    wear: Wear = field(default_factory=Wear)
    exposure: Exposure = field(default_factory=Exposure)
