"""What the contact sheets of the synthetic driver show: each topic a function that gives its tiles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, get_args

from dms.assessment.geometry import vehicle_direction
from hil.driver.behaviour.light import FAMILIES
from hil.driver.camera.presets import Preset
from hil.driver.camera.rig import Place
from hil.driver.draws import DOING, GESTURES
from hil.driver.look.attributes import BeardStyle, Collar, Extra, Lens
from hil.driver.look.families import EyewearModel, HairStyle, Headwear, MaskStyle, Pattern
from hil.driver.pose import Grip, Hand, Light, Pose, Prop, Shape
from hil.driver.split import split_of

Region = Literal["full", "face", "eyes"]
LENS = (0.0, 0.0, 0.0)
"""Gaze target that stands for the camera itself."""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One picture of a sheet. ``gaze``: degrees to the right and up from the way to the camera."""

    label: str
    seed: int = 3
    looks: Mapping[str, Any] = field(default_factory=dict)
    pose: Pose = field(default_factory=lambda: Pose(pitch_deg=-4.0, gaze_target_mm=LENS))
    gaze: tuple[float, float] | None = None
    light: Light = field(default_factory=lambda: Light(ambient=0.1, outside=0.6))
    place: Place = "vehicle"
    preset: Preset = "clean"
    region: Region = "face"
    mounted: bool = False


class Sheet(NamedTuple):
    """Tiles in rows of ``columns``."""

    columns: int
    tiles: list[Tile]


def _posed(**values: Any) -> Pose:
    return Pose(**{"pitch_deg": -4.0, "gaze_target_mm": LENS, **values})


def _hand(place: Any, shape: Shape, prop: Prop | None = None, clock: float | None = None) -> Hand:
    return Hand(end=Grip(place, shape, clock=clock), prop=prop)


BARE = {"worn.headwear": "none", "worn.mask": "none", "eyewear.model": "none", "worn.scarf": False}
MAN, WOMAN = 3, 10


def identities() -> Sheet:
    """Drivers of both splits, in what they drew."""
    seeds = [*range(1, 28), 29, 35, 41, 47, 53]
    return Sheet(8, [Tile(label=f"{s} {split_of(s)}", seed=s, pose=_posed(pitch_deg=-4.0)) for s in seeds])


def identities_full() -> Sheet:
    """Whole pictures, hands at the wheel."""
    pose = _posed(left_hand=_hand("wheel", "grip"), right_hand=_hand("wheel", "grip"))
    return Sheet(4, [Tile(label=f"{s} {split_of(s)}", seed=s, pose=pose, region="full") for s in range(30, 46)])


def gazes() -> Sheet:
    """Both eyes over directions relative to the way to the camera."""
    grid = [(x, y) for y in (20, 10, 0, -10, -20, -30) for x in (-30, -15, 0, 15, 30)]
    return Sheet(5, [Tile(label=f"right {x} up {y}", looks=BARE, gaze=(x, y), region="eyes") for x, y in grid])


def eyes() -> Sheet:
    """Eyes of many people."""
    tiles = [Tile(label=f"seed {s}", seed=s, looks=BARE, region="eyes") for s in range(24)]
    return Sheet(4, [replace(t, pose=_posed(pupil_mm=2.4 + 0.2 * t.seed)) for t in tiles])


def lids() -> Sheet:
    """Open to shut."""
    steps = (1.25, 1.0, 0.8, 0.6, 0.4, 0.25, 0.12, 0.05, 0.0)
    return Sheet(
        3, [Tile(label=f"seed {s} lids {v}", seed=s, looks=BARE, pose=_posed(lids=(v, v)), region="eyes")
            for v in steps for s in (3, 10, 11)],
    )  # fmt: skip


def heads() -> Sheet:
    """Yaw against pitch."""
    grid = [(y, p) for p in (25, 0, -25) for y in (-75, -50, -25, 0, 25, 50, 75)]
    return Sheet(
        7, [Tile(label=f"yaw {y} pitch {p}", seed=MAN, looks=BARE, pose=_posed(yaw_deg=y, pitch_deg=p)) for y, p in grid]
    )


def eyewear() -> Sheet:
    """Every model with every lens."""
    models = [m for m in get_args(EyewearModel) if m != "none"]
    return Sheet(
        6, [Tile(label=f"{m} {lens}", seed=MAN, region="eyes",
                 looks={**BARE, "eyewear.model": m, "eyewear.lens": lens}) for m in models for lens in get_args(Lens)],
    )  # fmt: skip


def eyewear_faces() -> Sheet:
    """Every model on a face, lenses by turns, in daylight."""
    models = [m for m in get_args(EyewearModel) if m != "none"]
    lenses = get_args(Lens)
    light = Light(ambient=0.35, outside=1.4, sun=1.5, sun_direction=vehicle_direction(-60, 40))
    return Sheet(
        5, [Tile(label=f"{m} {lenses[i % 6]}", seed=WOMAN if i % 2 else MAN, light=light,
                 looks={**BARE, "eyewear.model": m, "eyewear.lens": lenses[i % 6]}) for i, m in enumerate(models)],
    )  # fmt: skip


def hair() -> Sheet:
    """Every style from the front and from the side."""
    yaws = (0.0, 55.0)
    return Sheet(
        8, [Tile(label=f"{s}", seed=MAN + 6 * (k % 4), looks={**BARE, "hair.style": s}, pose=_posed(yaw_deg=y))
            for k, s in enumerate(get_args(HairStyle)) for y in yaws],
    )  # fmt: skip


def beards() -> Sheet:
    """Every style, mouth shut and open, and turned."""
    poses = {"": _posed(), "open": _posed(face={"jawOpen": 0.8}), "side": _posed(yaw_deg=45.0), "smile": _posed(
        face={"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8})}  # fmt: skip
    return Sheet(
        8, [Tile(label=f"{s} {n}", seed=k, looks={**BARE, "beard.style": s, "beard.albedo": a}, pose=p)
            for s in get_args(BeardStyle) if s != "none" for k, a in ((3, 0.1), (9, 0.35)) for n, p in poses.items()],
    )  # fmt: skip


def covers() -> Sheet:
    """Head covers and masks, straight, turned, and with an open mouth."""
    worn: list[tuple[str, str]] = [("worn.headwear", h) for h in get_args(Headwear) if h != "none"]
    worn += [("worn.mask", m) for m in get_args(MaskStyle) if m != "none"]
    poses = {"": _posed(), "left": _posed(yaw_deg=-50.0), "open": _posed(pitch_deg=-20.0, face={"jawOpen": 0.8})}
    return Sheet(
        6, [Tile(label=f"{v} {n}", seed=WOMAN + i, looks={**BARE, a: v, "beard.style": "none"}, pose=p)
            for i, (a, v) in enumerate(worn) for n, p in poses.items()],
    )  # fmt: skip


def lights() -> Sheet:
    """Families of light, the sun from several sides."""
    tiles = []
    for name, kind in FAMILIES.items():
        for yaw in (-60, 60, 15) if kind.sun else (0,):
            light = Light(
                sun=kind.sun, sun_direction=vehicle_direction(yaw, max(kind.sun_pitch, 2.0)), ambient=kind.ambient,
                outside=kind.outside, street=kind.street, travelled_m=40.0,
            )  # fmt: skip
            tiles += [Tile(label=f"{name} sun {yaw}", seed=s, light=light, region="full") for s in (MAN, 11)]
    return Sheet(4, tiles)


def occlusions() -> Sheet:
    """Hands, hair and the wheel before the face."""
    tiles = [
        Tile(label=f"{place} {shape}", seed=s, looks=BARE, pose=_posed(right_hand=_hand(place, shape, prop)), region="full")
        for s, (place, shape, prop) in zip((2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15), DOING, strict=True)
    ]
    for s in (3, 15):
        looks = {**BARE, "hair.style": "short_side", "hair.forelock": 1.0}
        tiles.append(Tile(label="forelock", seed=s, looks=looks, region="full"))
        tiles.append(Tile(label="wheel", seed=s, place="cluster", region="full", pose=_posed(left_hand=_hand("wheel", "grip"))))
    return Sheet(4, tiles)


def gestures() -> Sheet:
    """Every static gesture, by turns of the left and right hand."""
    made = [(g, {("left_hand", "right_hand")[i % 2]: _hand("front", g)}) for i, g in enumerate(GESTURES)]
    return Sheet(4, [Tile(label=g, seed=i + 1, pose=_posed(**h), region="full") for i, (g, h) in enumerate(made)])


def phones() -> Sheet:
    """In the hand, at the ear, in the lap, in its mount."""
    holds = (("chest", "right"), ("ear", "left"), ("ear", "right"), ("lap", "right"))
    tiles = [
        Tile(label=f"{place} {side}", seed=s, place=camera, region="full",
             pose=_posed(pitch_deg=-12.0, **{f"{side}_hand": _hand(place, "phone", "phone")}))
        for camera, s in (("vehicle", 3), ("mirror", 10)) for place, side in holds
    ]  # fmt: skip
    for camera in ("vehicle", "mirror"):
        hand = _hand("mount", "point")
        tiles.append(
            Tile(label=f"mount {camera}", seed=7, place=camera, region="full", mounted=True, pose=_posed(right_hand=hand))
        )
    return Sheet(4, tiles)


def places() -> Sheet:
    """Camera places."""
    pose = _posed(left_hand=_hand("wheel", "grip"), right_hand=_hand("wheel", "grip"))
    return Sheet(
        5, [Tile(label=f"{p} {s}", seed=s, place=p, pose=pose, region="full") for s in (3, 10, 17, 22) for p in get_args(Place)]
    )


def ages() -> Sheet:
    """One man and one woman growing old."""
    old = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    looks = [{**BARE, "age": a, "skin.wrinkles": max(0.0, 1.25 * a - 0.12), "beard.style": "none"} for a in old]
    return Sheet(6, [Tile(label=f"seed {s} age {k['age']}", seed=s, looks=k) for s in (MAN, WOMAN, 7) for k in looks])


def clothes() -> Sheet:
    """Collars with patterns, small things."""
    tiles = [
        Tile(label=f"{c} {p}", seed=20 + i, region="full", looks={**BARE, "cloth.collar": c, "cloth.pattern": p})
        for i, (c, p) in enumerate(zip(get_args(Collar), get_args(Pattern), strict=True))
    ]
    for name in get_args(Extra):
        tiles.append(Tile(label=name, seed=26, looks={**BARE, "worn.extras": (name,)}, pose=_posed(yaw_deg=40.0), region="full"))
    short = {**BARE, "cloth.collar": "tshirt", "cloth.sleeve_mm": 290.0, "worn.scarf": True}
    wheel = _posed(left_hand=_hand("wheel", "grip"), right_hand=_hand("front", "open_palm"))
    tiles.append(Tile(label="short sleeves, scarf", seed=27, looks=short, pose=wheel, region="full"))
    tiles.append(Tile(label="long sleeves", seed=28, looks={**BARE, "cloth.sleeve_mm": 530.0}, pose=wheel, region="full"))
    return Sheet(4, tiles)


def sensors() -> Sheet:
    """Camera qualities by night and by day."""
    lights_ = {"night": Light(ambient=0.01, outside=0.02, street=0.7), "day": Light(ambient=0.45, outside=2.5)}
    return Sheet(
        4, [Tile(label=f"{p} {n}", seed=s, preset=p, light=light, region="full")
            for n, light in lights_.items() for s in (3, 13) for p in ("good", "cheap", "old", "random")],
    )  # fmt: skip


SHEETS: dict[str, Callable[[], Sheet]] = {
    made.__name__: made
    for made in (
        identities, identities_full, gazes, eyes, lids, heads, eyewear, eyewear_faces, hair, beards, covers, lights, occlusions,
        gestures, phones, places, ages, clothes, sensors,
    )
}  # fmt: skip
