"""The parts of a scenario: what the driver does from ``at`` on for ``for`` seconds. One class a word of ``do``."""

from typing import Annotated, Literal

import msgspec

from dms.records.base import Vector
from dms.records.words import Zone
from hil.driver.pose import Side

Start = Annotated[float, msgspec.Meta(ge=0, description="s from the start of the scenario")]
Length = Annotated[float, msgspec.Meta(gt=0, description="s")]
Sighted = Zone | Literal["lens"]
"""What can be stared at: a zone, or the lens of the vehicle file's camera (as for ``dms calibrate gaze``)."""

Look = dict[str, str | float | bool]
"""Looks of the driver, free keys of the look package: eyewear, hair, hat, mask, beard ..."""
Gesture = Literal[
    "open_palm", "fist", "point", "victory", "three", "four", "thumb_up", "thumb_down", "ok", "call", "stop", "rock", "mute",
    "swipe_left", "swipe_right", "swipe_up", "swipe_down", "circle_cw", "circle_ccw", "pinch", "push", "wave",
]  # fmt: skip
"""Static gestures are held, the last nine are moved; left, right and clockwise as the driver sees them."""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What happens at one instant. ``name`` is shown as the part's name in the labels."""

    at: Start
    name: str = ""


class Doing(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What lasts."""

    for_s: Length = msgspec.field(name="for")


class LookAt(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="look"):
    """Keep the eyes on one zone, or on the camera's lens."""

    zone: Sighted


class Phone(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="phone"):
    """Use a phone: held up and read, at the ear, in the lap, or in its mount on the dash."""

    place: Literal["hand", "ear", "lap", "mount"] = "hand"
    hand: Side = "right"


class Eat(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="eat"):
    """Bites and chewing."""

    hand: Side = "right"


class Drink(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="drink"):
    """Sips from a cup."""

    hand: Side = "right"


class Smoke(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="smoke"):
    """A cigarette, with a draw now and then."""

    hand: Side = "left"


class Talk(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="talk"):
    """Speech, to the passenger with glances there, or hands-free."""

    to: Literal["passenger", "nobody"] = "nobody"


class Yawn(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="yawn"):
    """One yawn, 4 to 7 s long, perhaps with the hand before the mouth."""

    for_s: Annotated[float, msgspec.Meta(ge=4, le=7, description="s")] = msgspec.field(name="for")
    covered: bool = False
    hand: Side = "right"


class RubEyes(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="rub_eyes"):
    """A hand rubs the eyes."""

    hand: Side = "right"


class Hands(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="hands"):
    """Which hands are on the wheel; those that are not lie in the lap."""

    wheel: Literal["both", "left", "right", "none"]


class Gesturing(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="gesture"):
    """A hand gesture before the chest; moved ones are made over and over.

    ``shift_mm``: so far from the usual place, vehicle frame; ``stays``: the hand is not lowered at the end, for another follows.
    """

    gesture: Gesture
    hand: Side = "right"
    shift_mm: Vector = (0.0, 0.0, 0.0)
    stays: bool = False


class Nod(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="nod"):
    """The head sinks and jerks up again."""

    depth_deg: Annotated[float, msgspec.Meta(ge=5, le=50)] = 20.0


class SlowClosures(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="slow_closures"):
    """The lids fall shut slowly again and again, whatever the sleepiness."""

    per_min: Annotated[float, msgspec.Meta(gt=0, le=15)] = 6.0


class Microsleep(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="microsleep"):
    """The eyes are shut for ``for`` seconds, the head sinks a little."""

    for_s: Annotated[float, msgspec.Meta(ge=0.5, le=5, description="s")] = msgspec.field(name="for")


class Sleep(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="sleep"):
    """Asleep, with the head on the chest or the shoulder."""

    side: Literal["forward", "left", "right"] = "forward"


class Slump(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="slump"):
    """Unconscious: the trunk falls forward or aside; hears no warning."""

    side: Literal["forward", "left", "right"] = "forward"
    eyes_open: bool = False


class LeaveSeat(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="leave_seat"):
    """Moves out of the seat (``going_s``), is away, and comes back (``going_s``) before the part ends."""

    going_s: Annotated[float, msgspec.Meta(ge=0.5, le=10)] = 2.5
    returns: bool = True


class Absent(Doing, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="absent"):
    """Nobody on the seat, without the going and coming."""


class ChangeLook(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="change_look"):
    """From here on other eyewear, hat, mask ...: a cut, not an action."""

    look: Look


class TakeoverRequest(Event, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="takeover_request"):
    """The car asks the driver to take over, with this time budget; the driver model answers in its own time.

    ``hands_on_s`` and ``taken_over_s``, counted from the request, replace the drawn times.
    """

    budget_s: Annotated[float, msgspec.Meta(ge=1, le=60)] = 10.0
    hands_on_s: Annotated[float, msgspec.Meta(ge=0.5, le=60)] | None = None
    taken_over_s: Annotated[float, msgspec.Meta(ge=0.8, le=60)] | None = None


Part = (
    LookAt | Phone | Eat | Drink | Smoke | Talk | Yawn | RubEyes | Hands | Gesturing | Nod | SlowClosures | Microsleep | Sleep
    | Slump | LeaveSeat | Absent | ChangeLook | TakeoverRequest
)  # fmt: skip
