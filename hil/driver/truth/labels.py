"""The label record: everything that is true about one synthetic picture; schema ``dms.truth/1``.

Frames, units and signs as in the contract's observation record: camera frame x right, y down, z away, mm; ``*_vehicle`` in the
vehicle frame (ISO 8855); "left" and "right" are the driver's own; shown angles yaw positive to the driver's right, pitch up, roll
towards the driver's right shoulder. Pixels have whole numbers at pixel centres. ``None``: there is no such thing in this picture.
"""

from collections.abc import Iterable
from typing import Annotated

import msgspec

from dms.errors import RecordError
from dms.records.base import Count, Degrees, Direction, Duration, Length, Part, Probability, Seconds, Vector
from dms.records.cabin import Camera, CameraPose
from dms.records.observation import Box
from dms.records.vehicle import VehicleState
from dms.records.words import Zone
from hil.driver.pose import Activity, Blink, Prop, Shape, Side
from hil.driver.split import Split

SCHEMA = "dms.truth/1"
Pixel = tuple[float, float]
"""x, y."""

Radii = tuple[float, float]
"""Half axes in pixels, the longer one first."""

Openness = Annotated[float, msgspec.Meta(ge=0, le=2)]


class Ellipse(Part, frozen=True, kw_only=True):
    """An ellipse in the picture; ``angle_deg`` of its longer axis from picture x towards y. ``visible``: share of it seen."""

    centre_px: Pixel
    radii_px: Radii
    angle_deg: Degrees
    visible: Probability


class Occlusion(Part, frozen=True, kw_only=True):
    """Shares of a surface hidden by what: the picture's edge, the face itself (turned away), hand, hair ..."""

    edge: Probability = 0.0
    itself: Probability = 0.0
    hand: Probability = 0.0
    hair: Probability = 0.0
    glasses: Probability = 0.0
    hat: Probability = 0.0
    mask: Probability = 0.0
    thing: Probability = 0.0
    other: Probability = 0.0


class Landmark(Part, frozen=True, kw_only=True):
    """A named point on the driver's skin."""

    name: str
    px: Pixel
    visible: bool


class HeadTruth(Part, frozen=True, kw_only=True):
    """Head in six degrees of freedom; its position is the middle between the eyeball centres."""

    forward_camera: Direction
    up_camera: Direction
    position_camera_mm: Vector
    yaw_deg: Degrees
    pitch_deg: Degrees
    roll_deg: Degrees
    forward_vehicle: Direction
    up_vehicle: Direction
    position_vehicle_mm: Vector
    yaw_vehicle_deg: Degrees
    pitch_vehicle_deg: Degrees
    roll_vehicle_deg: Degrees


class EyeTruth(Part, frozen=True, kw_only=True):
    """One eye. ``visible``: share of its relaxed opening (lids included) that the picture shows.

    ``openness``: lid gap as a share of this person's relaxed gap at this gaze; ``closed``: less than a fifth of it (PERCLOS P80).
    ``iris`` (to where the white begins), ``pupil``: as seen, lids not cut off; ``None`` when turned away from the camera.
    """

    visible: Probability
    hidden: Occlusion
    lid_gap_mm: Length
    openness: Openness
    closed: bool
    centre_camera_mm: Vector
    centre_vehicle_mm: Vector
    direction_optical_camera: Direction
    direction_visual_camera: Direction
    direction_visual_vehicle: Direction
    pupil_mm: Length
    iris: Ellipse | None = None
    pupil: Ellipse | None = None


class GazeTruth(Part, frozen=True, kw_only=True):
    """Both eyes together, lids open or not: mean of the visual axes from the middle between the eyeball centres."""

    direction_camera: Direction
    direction_vehicle: Direction
    origin_camera_mm: Vector
    yaw_deg: Degrees
    pitch_deg: Degrees
    target_camera_mm: Vector
    target_vehicle_mm: Vector
    """Where the visual axes should meet (vergence)."""


class FaceTruth(Part, frozen=True, kw_only=True):
    """Box round the face landmarks, not cut at the picture's edge; ``visible``: share of the landmarks that can be seen.

    A row of landmarks (``left_upper_lid_0`` ...) counts as one in it, so that eyes behind dark lenses are not the whole face.
    """

    box_px: Box
    visible: Probability
    hidden: Occlusion


class MouthTruth(Part, frozen=True, kw_only=True):
    """Gap between the inner lips."""

    opening_mm: Length
    yawning: bool
    speaking: bool


class HandTruth(Part, frozen=True, kw_only=True):
    """One hand in the usual 21 points; a point behind the camera's plane makes the hand be left out."""

    side: Side
    points_px: list[Pixel]
    visible: Probability
    shape: Shape
    gesture: str

    def __post_init__(self) -> None:
        """Refuse what is not 21 finite points.

        Raises:
            RecordError: naming the count or the value.
        """
        super().__post_init__()
        if len(self.points_px) != 21:
            raise RecordError(f"points_px has {len(self.points_px)} points, wanted 21")
        refuse_not_finite("points_px", (v for point in self.points_px for v in point))


class ThingTruth(Part, frozen=True, kw_only=True):
    """A thing in a hand or on the dash, the box not cut at the picture's edge."""

    kind: Prop
    box_px: Box
    visible: Probability


class WearTruth(Part, frozen=True, kw_only=True):
    """What the driver wears; ``none`` for nothing. ``sunglasses``: lenses that hide the eyes from this camera."""

    glasses: str = "none"
    sunglasses: bool = False
    mask: str = "none"
    hat: str = "none"


class DrowsyTruth(Part, frozen=True, kw_only=True):
    """The driver's lids over time, from the scenario."""

    kss: Annotated[float, msgspec.Meta(ge=1, le=9)]
    blink: Blink
    blinks_total: Count
    closed_s: Duration
    perclos_60s: Probability | None = None


class StoryTruth(Part, frozen=True, kw_only=True):
    """The scenario's own words for this instant; ``since_s``: how long the gaze has been in this zone."""

    scenario: str
    part: str
    activity: Activity
    zone: Zone
    since_s: Duration
    hands_on: bool
    taking_over: bool
    event: str | None = None
    warning_seen: str | None = None


class LightTruth(Part, frozen=True, kw_only=True):
    """Light as in ``hil.driver.pose.Light``."""

    led: float
    sun: float
    ambient: float
    outside: float
    street: float
    direction_sun_vehicle: Direction


class ImageTruth(Part, frozen=True, kw_only=True):
    """How the picture was taken, and its mean grey level and share of pixels at full scale."""

    mean: Annotated[float, msgspec.Meta(ge=0, le=255)]
    saturated: Probability
    exposure_us: Annotated[float, msgspec.Meta(ge=0)] | None = None
    gain: Annotated[float, msgspec.Meta(ge=0)] | None = None


class PersonTruth(Part, frozen=True, kw_only=True):
    """Which made-up person, and on which side of the train/test line."""

    seed: int
    split: Split


class Truth(Part, frozen=True, kw_only=True, tag_field="schema", tag=SCHEMA):
    """All of one picture. ``head``, ``eyes``, ``gaze``, ``mouth``, ``face`` are ``None`` when nobody is on the seat."""

    t: Seconds
    frame: Count
    camera: Camera
    camera_pose: CameraPose
    present: bool
    person: PersonTruth
    story: StoryTruth
    drowsy: DrowsyTruth
    light: LightTruth
    image: ImageTruth
    vehicle: VehicleState
    wear: WearTruth = WearTruth()
    face: FaceTruth | None = None
    head: HeadTruth | None = None
    eyes: dict[Side, EyeTruth] | None = None
    gaze: GazeTruth | None = None
    mouth: MouthTruth | None = None
    landmarks: list[Landmark] = []
    hands: list[HandTruth] = []
    things: list[ThingTruth] = []


_DECODER = msgspec.json.Decoder(Truth)


def refuse_not_finite(name: str, values: Iterable[float]) -> None:
    """Refuse a list with NaN or infinity in it.

    Raises:
        RecordError: naming the field and the value.
    """
    for value in values:
        if not -1e12 < value < 1e12:
            raise RecordError(f"{name} has the entry {value}, which is not a finite number")


def decode_truth(line: bytes | str) -> Truth:
    """A label from its JSON form (``dms.records.jsonl.encode`` is the way there).

    Raises:
        RecordError: not JSON, NaN, wrong type, out of range or another schema.
    """
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, RecordError, UnicodeDecodeError) as error:
        raise RecordError(f"label: {' '.join(str(error).split())}") from None
