"""A seeded set of pictures with labels that asks each question of a judge by itself: head, gaze, lids, jaw, hands, disturbances.

Head angles are as the camera shows them, eye angles as turned in the head. Faces are bare (no glasses, mask or hat) except where
the group is about that, so that each figure has one cause.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dms.assessment.cabins import load_cabin
from dms.records import VehicleState
from hil.driver.body.asset import load
from hil.driver.body.figure import Figure
from hil.driver.camera.pipeline import CameraModel
from hil.driver.camera.presets import Preset
from hil.driver.camera.rig import Rig, rig
from hil.driver.look.families import EYEWEAR, HAIR, HEADWEAR, MASKS
from hil.driver.look.look import Look
from hil.driver.look.wardrobe import dress
from hil.driver.look.words import Word, look_of
from hil.driver.pose import Grip, Hand, Light, Moment, Pose, Shape, Story, head_rotation
from hil.driver.render.cabin import interior_meshes
from hil.driver.render.renderer import Renderer
from hil.driver.split import split_of
from hil.driver.truth.filmed import Filmed, view_of
from hil.driver.truth.geometry import Array, View, shown_in_vehicle
from hil.driver.truth.labels import Truth
from hil.driver.truth.seen import Person

BARE: Mapping[str, Word] = {"eyewear": "none", "mask": "none", "hat": "none"}
AWAY = Grip()
NIGHT = Light(led=1.0, ambient=0.01, outside=0.02)
FINGERS: Mapping[Shape, int] = {
    "fist": 0, "point": 1, "thumb_up": 1, "victory": 2, "rock": 2, "call": 2, "three": 3, "four": 4, "open_palm": 5,
}  # fmt: skip
"""Shapes on whose count of fingers everybody agrees."""
SETTLING = 6
FAR_MM = 3000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One picture to draw.

    Attributes:
        group: which question it belongs to; ``label``: its case within the group.
        seed: the driver.
        head: yaw, pitch, roll as the camera shows them; ``None``: level, along the road.
        eyes: yaw and pitch in the head; ``None``: at the camera.
        lids, jaw, pupil_mm: opening shares, weight of ``jawOpen``, diameter.
        left, right: the hands.
        words: looks; ``motion_px``: blur; ``preset``: of the camera; ``gain``: factor on the radiance, for a wrong exposure.
    """

    group: str
    label: str = ""
    seed: int = 0
    head: tuple[float, float, float] | None = (0.0, 0.0, 0.0)
    eyes: tuple[float, float] | None = (0.0, 0.0)
    lids: float = 1.0
    jaw: float = 0.0
    pupil_mm: float = 4.0
    left: Grip = AWAY
    right: Grip = AWAY
    light: Light = NIGHT
    words: Mapping[str, Word] = field(default_factory=lambda: BARE)
    motion_px: tuple[float, float] = (0.0, 0.0)
    preset: Preset = "good"
    gain: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A finished picture (height x width), its label, and what was asked."""

    ask: Ask
    grey: np.ndarray
    truth: Truth


def grid(seeds: Sequence[int], step: int = 10) -> list[Ask]:
    """Head yaw x pitch, eyes with the head."""
    angles = itertools.product(range(-60, 61, step), range(-30, 31, step))
    return [Ask(group="grid", seed=s, head=(float(y), float(p), 0.0)) for y, p in angles for s in seeds]


def gaze(
    seeds: Sequence[int], yaws: Sequence[float] = (-25, -12, 0, 12, 25), pitches: Sequence[float] = (-25, -15, -5, 5, 15)
) -> list[Ask]:
    """Head still towards the camera, the eyes sweep."""
    return [Ask(group="gaze", seed=s, eyes=(y, p)) for s in seeds for y in yaws for p in pitches]


def lids(seeds: Sequence[int], steps: Sequence[float] = (0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.15)) -> list[Ask]:
    """Lids from shut to wide, looking at the camera and along the road."""
    looks: list[tuple[str, tuple[float, float] | None]] = [("camera", None), ("road", (0.0, 0.0))]
    return [
        Ask(group="lids", label=name, seed=s, head=None, eyes=eyes, lids=o) for s in seeds for name, eyes in looks for o in steps
    ]


def jaw(seeds: Sequence[int], steps: Sequence[float] = (0, 0.12, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)) -> list[Ask]:
    """Mouth from shut to a yawn; a shaven face, so that lips are seen."""
    words = {**BARE, "beard": "none"}
    return [Ask(group="jaw", seed=s, jaw=o, words=words) for s in seeds for o in steps]


TURNS: tuple[tuple[float, float, float], ...] = (
    (0, 0, 0),
    (0, 0, 18),
    (0, 0, -18),
    (25, 0, 0),
    (-25, 0, 0),
    (0, 18, 0),
    (0, -18, 0),
)


def hands(
    seeds: Sequence[int], shapes: Sequence[Shape] = tuple(FINGERS), turns: Sequence[tuple[float, float, float]] = TURNS
) -> list[Ask]:
    """Each shape with a known number of fingers, either hand, turned a little."""
    found = []
    for seed, shape, turn, side in itertools.product(seeds, shapes, turns, ("left", "right")):
        grip = Grip("front", shape, turn_deg=turn)
        ask = Ask(group="hands", label=shape, seed=seed)
        found.append(replace(ask, left=grip) if side == "left" else replace(ask, right=grip))
    return found


def disturbed(seeds: Sequence[int]) -> list[Ask]:
    """Light, camera and clothing that get in the way."""
    sun = Light(led=1.0, ambient=0.4, outside=2.5, sun=5.0)
    cases: list[Ask] = [
        Ask(group="disturbed", label="sun_left", light=replace(sun, sun_direction=(0.3, 0.8, 0.52))),
        Ask(group="disturbed", label="sun_ahead", light=replace(sun, sun_direction=(0.9, 0.2, 0.39))),
        Ask(group="disturbed", label="dim_leds", light=replace(NIGHT, led=0.08)),
        Ask(group="disturbed", label="old_camera", preset="old"),
        Ask(group="disturbed", label="cheap_camera", preset="cheap"),
        Ask(group="disturbed", label="overexposed", gain=2.6),
        Ask(group="disturbed", label="underexposed", gain=0.12),
        Ask(group="disturbed", label="motion_blur", motion_px=(9.0, 2.0)),
    ]
    worn = [("eyewear", model) for split in EYEWEAR.values() for model in split] + [
        ("eyewear", "sunglasses_clear"), ("eyewear", "sunglasses_opaque"),
    ]  # fmt: skip
    worn += [("hat", hat) for split in HEADWEAR.values() for hat in split]
    worn += [("mask", mask) for split in MASKS.values() for mask in split]
    worn += [("hair", hair) for split in HAIR.values() for hair in split]
    worn += [("beard", beard) for beard in ("stubble", "moustache", "goatee", "full", "long")]
    for word, value in worn:
        extra: dict[str, Word] = {"eyewear.lens": "clear_coated"} if word == "eyewear" and "sun" not in value else {}
        cases.append(Ask(group="disturbed", label=f"{word} {value}", words={**BARE, word: value, **extra}))
    return [replace(case, seed=seed) for seed in seeds for case in cases]


def zero(seeds: Sequence[int]) -> list[Ask]:
    """Many people looking straight at the camera and a little aside: is our zero pose the one of the networks?"""
    words = {**BARE, "beard": "none"}
    return [Ask(group="zero", seed=s, head=(float(yaw), 0.0, 0.0), words=words) for s in seeds for yaw in (-10, 0, 10)]


def whole_set() -> list[Ask]:
    """Everything, some 1 300 pictures."""
    return [
        *zero(range(24)),
        *grid((0, 1, 2, 3, 5)), *gaze((0, 1, 2, 3, 4, 5)), *lids((0, 1, 2, 3, 4, 5, 6, 11)), *jaw((0, 1, 2, 3, 5, 11)),
        *hands((0, 2, 5)), *disturbed((1, 5)),
    ]  # fmt: skip


class Stage:
    """Draws asks one by one in the example car; dressing a driver takes a second, so ask for one after the other.

    Raises:
        HardwareError: no renderer on this machine.
    """

    def __init__(self, size: tuple[int, int] = (640, 480), vehicle: str = "example_lhd") -> None:
        self._cabin = load_cabin(vehicle)
        self._size = size
        self.renderer = Renderer(interior_meshes(self._cabin, 0), door=1.0, middle_mm=self._cabin.ocular_point_mm)
        self._rigs: dict[Preset, Rig] = {}
        self._dressed: tuple[int, tuple[tuple[str, Word], ...]] | None = None
        self._running: tuple[object, CameraModel] | None = None
        self._figure: Figure | None = None
        self._look: Look | None = None

    def draw(self, asks: Sequence[Ask]) -> Iterator[Drawn]:
        """The pictures, sorted so that nobody dresses twice."""
        for ask in sorted(asks, key=lambda a: (a.seed, sorted(a.words.items()))):
            yield self.shoot(ask)

    def shoot(self, ask: Ask) -> Drawn:
        """One picture."""
        self._dress(ask)
        assert self._figure is not None
        assert self._look is not None
        mounted = self._rigs.setdefault(ask.preset, rig(self._cabin, "vehicle", self._size, ask.preset))
        moment = Moment(t=0.0, pose=self._pose(ask), light=ask.light, vehicle=VehicleState(t=0.0), story=Story(part=ask.group))
        posed = self._figure.pose(moment.pose)
        model, settled = self._model(ask, mounted)
        drawn, light = model.view(0.0), model.lit(ask.light)
        picture = self.renderer.render(drawn, mounted.pose, posed, light, mounted.leds)
        view = view_of(model, drawn)
        box = metered(view, posed.head_mm)
        for _ in range(0 if settled else SETTLING):
            model.shoot(picture.radiance, 0.0, light=light, face=box)
        taken = model.shoot(picture.radiance * np.float32(ask.gain), 0.0, ask.motion_px, light=light, face=box)
        filmed = Filmed(
            moment=moment, posed=posed, picture=picture, taken=taken, view=view, look=self._look,
            person=Person(seed=ask.seed, split=split_of(ask.seed)),
        )  # fmt: skip
        return Drawn(ask, taken.grey, filmed.label("judged", 0))

    def _model(self, ask: Ask, mounted: Rig) -> tuple[CameraModel, bool]:
        """The camera, and whether its exposure has settled on this driver in this light."""
        key = (self._dressed, ask.preset, ask.light)
        if self._running is None or self._running[0] != key:
            self._running = (key, CameraModel(mounted, ask.seed))
            return self._running[1], False
        return self._running[1], True

    def _dress(self, ask: Ask) -> None:
        key = (ask.seed, tuple(sorted(ask.words.items())))
        if key == self._dressed:
            return
        self._dressed = key
        if self._figure is None or self._figure.person.seed != ask.seed:
            self._figure = Figure(ask.seed, self._cabin)
        self._look = look_of(ask.seed, ask.words)
        clothes, skin = dress(self._look, self._figure.person.coarse, load())
        self.renderer.set_driver(clothes, skin)

    def _pose(self, ask: Ask) -> Pose:
        turn = np.eye(3) if ask.head is None else facing(self._cabin.camera.rotation()) @ head_rotation(*ask.head)
        yaw, pitch, roll = shown_in_vehicle(turn)
        eyes = np.asarray(self._cabin.ocular_point_mm, float)
        target = np.asarray(self._cabin.camera.position_mm, float)
        if ask.eyes is not None:
            target = eyes + FAR_MM * (turn @ head_rotation(*ask.eyes, 0.0)[:, 0])
        return Pose(
            yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll, gaze_target_mm=(float(target[0]), float(target[1]), float(target[2])),
            lids=(ask.lids, ask.lids), face={"jawOpen": ask.jaw} if ask.jaw else {}, pupil_mm=ask.pupil_mm,
            left_hand=Hand(end=ask.left, start=ask.left), right_hand=Hand(end=ask.right, start=ask.right),
        )  # fmt: skip


def metered(view: View, head_mm: Array) -> tuple[int, int, int, int]:
    """x, y, width, height of the face for the exposure control, as a tracking camera would know it."""
    (x, y), depth = view.pixels(head_mm)[0], float(view.to_camera(head_mm)[2])
    half = 75.0 * view.camera.fx / depth
    return round(x - half), round(y - 0.6 * half), round(2 * half), round(2.2 * half)


def facing(camera_axes: Array) -> Array:
    """Rotation (head axes to vehicle frame) of a head that looks straight into a camera with these axes (right, down, away)."""
    forward, up = -camera_axes[:, 2], -camera_axes[:, 1]
    return np.stack([forward, np.cross(up, forward), up], axis=1)
