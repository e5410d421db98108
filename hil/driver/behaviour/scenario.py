"""Scenario files: what a driver does in a run, as plain YAML with a schema beside it (``scenario.schema.json``)."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from dms.errors import InputError
from dms.records.base import Vector
from dms.records.words import L3State
from hil.driver.behaviour import explain
from hil.driver.behaviour.parts import ChangeLook, Doing, Look, Part, Start, TakeoverRequest

SHIPPED = Path(__file__).resolve().parent.parent / "scenarios"
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Family = Literal["night", "day", "overcast", "low_sun", "tunnel", "dusk"]
Sizes = Annotated[int, msgspec.Meta(ge=64, le=4096, description="px")]


class _Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of a scenario."""


class Driver(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who drives: ``seed`` draws the person, ``look`` overrides single looks."""

    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    look: Look = {}


class Passenger(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody else in the car, beside the driver or in the middle behind (where the driver's camera sees him); sits still."""

    seed: Annotated[int, msgspec.Meta(ge=0)] = 40
    seat: Literal["front", "rear"] = "rear"


class CameraSetup(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the camera is (``vehicle``: as the vehicle file says), the picture's size, and the name of a sensor preset."""

    place: Literal["vehicle", "a_pillar", "column", "cluster", "mirror"] = "vehicle"
    size: tuple[Sizes, Sizes] = (640, 480)
    preset: Literal["clean", "good", "cheap", "old", "random"] = "good"


class LightFrame(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From ``at`` on, blended in over ``over`` seconds, the light is this family; a number given replaces the family's own."""

    at: Start
    family: Family
    over: Annotated[float, msgspec.Meta(ge=0, le=60)] = 1.0
    led: Annotated[float, msgspec.Meta(ge=0, le=10)] | None = None
    sun: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    ambient: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    outside: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None


class LightSetup(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The light. ``sun_yaw_deg``: where the sun stands at the start, positive to the driver's right; ``trees``: shade passing."""

    family: Family = "overcast"
    keyframes: list[LightFrame] = []
    sun_yaw_deg: Annotated[float, msgspec.Meta(ge=-180, le=180)] = -50.0
    sun_pitch_deg: Annotated[float, msgspec.Meta(ge=0, le=90)] | None = None
    trees: Share = 0.0


class KssFrame(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Karolinska sleepiness at a time: 1 wide awake, 9 fighting sleep; straight lines between."""

    at: Start
    value: Annotated[float, msgspec.Meta(ge=1, le=9)]


class Glance(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this person looks about: ``owl`` 1 turns the head, 0 (lizard) the eyes; ``checks`` scales glances away."""

    owl: Share = 0.5
    lean_mm: Vector = (0.0, 0.0, 0.0)
    checks: Annotated[float, msgspec.Meta(ge=0, le=3)] = 1.0


class Mood(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sleepiness over time, share of the time spent talking without any part, and the way of looking."""

    kss: list[KssFrame] = msgspec.field(default_factory=lambda: [KssFrame(at=0.0, value=2.0)])
    speech: Share = 0.0
    glance: Glance = Glance()


class SpeedFrame(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Speed at a time, km/h; straight lines between."""

    at: Start
    value: Annotated[float, msgspec.Meta(ge=0, le=250)]


class L3Frame(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """State of the Level 3 function from a time on."""

    at: Start
    value: L3State


class HandsFrame(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hands on the wheel from a time on, as far as no part needs them."""

    at: Start
    value: Literal["both", "left", "right", "none"]


class CarSetup(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the car does. Without ``hands_on`` both hands are on the wheel exactly while Level 3 is not active."""

    speed: list[SpeedFrame] = msgspec.field(default_factory=lambda: [SpeedFrame(at=0.0, value=90.0)])
    l3_state: list[L3Frame] = msgspec.field(default_factory=lambda: [L3Frame(at=0.0, value="active")])
    hands_on: list[HandsFrame] = []
    route: Literal["straight", "turning"] = "straight"


class TakeoverSetup(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the driver answers warnings and requests.

    ``slowness`` scales all times; ``ignores``: share of warnings (not requests) left unanswered; ``sleeps_through``: chance that
    a sleeper does not wake from one alarm; ``resumes``: goes back to what was interrupted by a warning.
    """

    slowness: Annotated[float, msgspec.Meta(ge=0.3, le=5)] = 1.0
    ignores: Share = 0.0
    sleeps_through: Share = 0.3
    resumes: bool = False


class ShotsSetup(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pictures that have nothing to do with each other, for training: each shows another pose, each run another driver.

    ``yaw_deg``, ``pitch_deg``: widest head angles; ``close``: share of pictures taken from near, with far-down glances;
    ``roaming``: share of cameras that stand anywhere before the face, not where cars have one; ``nods``: share of pictures whose
    nod is drawn evenly from all of ``pitch_deg``, not about that of a driver who looks ahead.
    """

    yaw_deg: Annotated[float, msgspec.Meta(ge=0, le=100)] = 98.0
    pitch_deg: Annotated[float, msgspec.Meta(ge=0, le=60)] = 50.0
    shut: Share = 0.15
    hands: Share = 0.3
    close: Share = 0.25
    roaming: Share = 0.0
    nods: Share = 0.2


class Scenario(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole scenario file."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]*$")]
    about: str
    duration_s: Annotated[float, msgspec.Meta(gt=0, le=36000)]
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    fps: Annotated[float, msgspec.Meta(ge=1, le=240)] = 30.0
    vehicle: str = "example_lhd"
    driver: Driver = Driver()
    passenger: Passenger | None = None
    camera: CameraSetup = CameraSetup()
    light: LightSetup = LightSetup()
    mood: Mood = Mood()
    car: CarSetup = CarSetup()
    takeover: TakeoverSetup = TakeoverSetup()
    parts: list[Part] = []
    shots: ShotsSetup | None = None

    def looks_at(self, t: float) -> Look:
        """Looks of the driver at ``t``: those of ``driver`` and every ``change_look`` up to then."""
        looks = dict(self.driver.look)
        for part in sorted(self.parts, key=lambda p: p.at):
            if isinstance(part, ChangeLook) and part.at <= t:
                looks.update(part.look)
        return looks


def shipped() -> list[str]:
    """Names of the shipped scenarios."""
    return sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or any by path.

    Raises:
        InputError: the file cannot be read or is not a scenario; one line with file, field and what is allowed.
    """
    path = SHIPPED / f"{name}.yaml" if name in shipped() else Path(name)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"scenario {name} cannot be read ({error.strerror}); give a file or one of {', '.join(shipped())}"
        ) from None
    return decode_scenario(text, name)


def decode_scenario(text: bytes, name: str) -> Scenario:
    """Parse and check a scenario.

    Raises:
        InputError: one line with ``name``, the field and what is allowed.
    """
    import yaml

    try:
        plain: Any = msgspec.yaml.decode(text)
    except (msgspec.MsgspecError, yaml.YAMLError) as error:
        raise InputError(f"{name} is not YAML: {' '.join(str(error).split())}") from None
    try:
        scenario = msgspec.convert(plain, Scenario)
    except msgspec.ValidationError as error:
        raise InputError(f"{name}: {explain.line(str(error), plain, schema())}") from None
    check(scenario, name)
    return scenario


def schema() -> dict[str, Any]:
    """JSON schema of a scenario file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Scenario)}


def check(scenario: Scenario, name: str) -> None:
    """What types cannot say: everything inside the duration, keyframes in order.

    Raises:
        InputError: one line with ``name``, the field and what is allowed.
    """
    for i, part in enumerate(scenario.parts):
        end = part.at + (part.for_s if isinstance(part, Doing) else 0.0)
        if end > scenario.duration_s + 1e-9:
            raise InputError(f"{name}: parts[{i}] ends at {end:g} s; allowed: up to duration_s = {scenario.duration_s:g}")
        if isinstance(part, TakeoverRequest) and (part.hands_on_s or 0.0) > (part.taken_over_s or 1e9):
            raise InputError(f"{name}: parts[{i}].hands_on_s is later than taken_over_s; allowed: hands first")
    mood, car = scenario.mood, scenario.car
    for field, frames in (
        ("mood.kss", mood.kss), ("car.speed", car.speed), ("car.l3_state", car.l3_state), ("car.hands_on", car.hands_on),
        ("light.keyframes", scenario.light.keyframes),
    ):  # fmt: skip
        times = [frame.at for frame in frames]
        if any(later <= sooner for sooner, later in pairwise(times)):
            raise InputError(f"{name}: {field} has times {times}; allowed: each later than the one before")
    for field, needed in (("mood.kss", mood.kss), ("car.speed", car.speed), ("car.l3_state", car.l3_state)):
        if not needed:
            raise InputError(f"{name}: {field} is empty; allowed: one keyframe or more")
