"""All together: a scenario's driver before a camera, picture by picture with what is true.

    with Studio(load_scenario("sample")) as studio:
        for frame, truth in studio.frames():
            ...

In closed loop call ``step`` with what the car says to the driver. Same scenario, seed and software stack: same pictures.
"""

import math
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.assessment.cabins import load_cabin
from dms.records import Frame
from hil.driver.behaviour.director import Director
from hil.driver.behaviour.scenario import Scenario
from hil.driver.behaviour.takeover import Heard
from hil.driver.body.asset import load
from hil.driver.body.figure import Figure
from hil.driver.body.posed import Posed
from hil.driver.camera.pipeline import CameraModel
from hil.driver.camera.rig import rig
from hil.driver.look.look import Look
from hil.driver.look.words import look_of
from hil.driver.pose import Hand, Moment, Pose, Side
from hil.driver.split import split_of
from hil.driver.stage import renderer_for
from hil.driver.truth.filmed import Filmed, view_of
from hil.driver.truth.geometry import Array, View
from hil.driver.truth.labels import Truth
from hil.driver.truth.seen import Person

if TYPE_CHECKING:
    from hil.driver.render.drawable import Mesh, Skin
    from hil.driver.render.renderer import Renderer

Size = tuple[int, int]
SETTLING = 16
"""Pictures the exposure control gets before the first one that counts."""


class Shot(NamedTuple):
    """One picture, its labels, and the instant they show."""

    frame: Frame
    truth: Truth
    moment: Moment


class Studio:
    """One scenario being filmed; a context manager.

    Args:
        scenario: what happens.
        size: of the picture; ``None``: the scenario's.
        seed: of the driver and of all chance; ``None``: the scenario's own.
        place, preset: camera place and quality; ``None``: the scenario's own.

    Raises:
        InputError: the scenario cannot be played in its cabin.
        HardwareError: no renderer on this machine, with the command that mends it (when the context is entered).
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        size: Size | None = None,
        seed: int | None = None,
        place: str | None = None,
        preset: str | None = None,
    ) -> None:
        self.scenario = scenario = scenario if seed is None else reseeded(scenario, seed)
        self.cabin = load_cabin(scenario.vehicle)
        setup = scenario.camera
        chance = np.random.Generator(np.random.PCG64([scenario.seed, 7]))
        self.rig = rig(
            self.cabin,
            place or setup.place,  # type: ignore[arg-type]
            size or setup.size,
            preset or setup.preset,  # type: ignore[arg-type]
            chance if (preset or setup.preset) == "random" else None,
        )
        self.camera = self.rig.camera
        self.director = Director(scenario, self.cabin)
        self.model = CameraModel(self.rig, scenario.seed)
        self._person = Person(seed=scenario.driver.seed, split=split_of(scenario.driver.seed))
        self._figure = Figure(scenario.driver.seed, self.cabin)
        self._words = scenario.looks_at(0.0)
        self._look = look_of(scenario.driver.seed, self._words)
        self._standing: list[Mesh] = []
        self._clothes: list[Mesh] = []
        self._held: list[Mesh] = []
        self._skin: Skin
        self._renderer: Renderer | None = None
        self._before: tuple[float, Array] | None = None
        self._count = 0

    def __enter__(self) -> "Studio":
        self._renderer, self._standing = renderer_for(self.scenario, self.cabin, self.scenario.seed, self._look)
        self._dress()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._renderer = None

    def frames(self, stop_s: float | None = None) -> Iterator[tuple[Frame, Truth]]:
        """The scenario from here to its end (or to ``stop_s``), with nobody speaking to the driver but the scenario."""
        scenario = self.scenario
        end = scenario.duration_s if stop_s is None else min(stop_s, scenario.duration_s)
        while self._count < math.floor(end * scenario.fps + 1e-6):
            shot = self.step()
            yield shot.frame, shot.truth

    def step(self, heard: Heard | None = None) -> Shot:
        """The next picture; ``heard``: what the car has told the driver since the last one."""
        t = self._count / self.scenario.fps
        moment = self.director.step(t, heard)
        words = self.scenario.looks_at(t)
        if words != self._words:
            self._words = words
            self._dress()
        return self._shoot(moment)

    def _dress(self) -> None:
        from hil.driver.look.wardrobe import dress

        self._look = look_of(self.scenario.driver.seed, self._words)
        self._clothes, self._skin = dress(self._look, self._figure.person.coarse, load())
        self._held = held_things(self._look, Pose())
        self._rendering.set_driver([*self._standing, *self._clothes, *self._held], self._skin)

    def _hold(self, pose: Pose) -> None:
        """What is in the hands comes and goes."""
        held = held_things(self._look, pose)
        if [id(mesh) for mesh in held] != [id(mesh) for mesh in self._held]:
            self._held = held
            self._rendering.set_driver([*self._standing, *self._clothes, *held], self._skin)

    @property
    def _rendering(self) -> "Renderer":
        if self._renderer is None:
            raise RuntimeError("a studio is used inside `with Studio(...) as studio:`")
        return self._renderer

    def _shoot(self, moment: Moment) -> Shot:
        model, t = self.model, moment.t
        self._hold(moment.pose)
        posed = self._figure.pose(moment.pose) if moment.pose.present else None
        # Drawn without the mount's shake and moved afterwards: what stands still is then drawn once, not for every picture.
        drawn, shaken, light = model.lens.pinhole, model.view(t), model.lit(moment.light)
        picture = self._rendering.render(drawn, self.rig.pose, posed, light, self.rig.leds)
        radiance = moved(picture.radiance, shaken.cx - drawn.cx, shaken.cy - drawn.cy)
        plain = View(camera=drawn, pose=self.rig.pose)
        velocity = self._velocity(plain, posed, t)
        exposure = model.setting.exposure_s
        motion = velocity[0] * exposure, velocity[1] * exposure
        box = face_box(plain, posed)
        for _ in range(SETTLING if self._count == 0 else 0):  # the camera has been running before the scenario begins
            model.shoot(radiance, t, light=light, face=box)
        taken = model.shoot(radiance, t, motion, light=light, face=box)
        index, self._count = self._count, self._count + 1
        frame = Frame(grey=taken.grey, t=t, index=index, counter=index, source=self.scenario.name)
        view = view_of(model, drawn, velocity, shaken)
        filmed = Filmed(moment=moment, posed=posed, picture=picture, taken=taken, view=view, look=self._look, person=self._person)
        return Shot(frame, filmed.label(self.scenario.name, index), moment)

    def _velocity(self, view: View, posed: Posed | None, t: float) -> tuple[float, float]:
        """How fast the head moves in the picture, px/s, from one picture to the next."""
        now = None if posed is None else view.pixels(posed.head_mm + 90.0 * posed.head_rotation[:, 0])[0]
        before, self._before = self._before, None if now is None or not np.isfinite(now).all() else (t, now)
        if before is None or self._before is None or t <= before[0]:
            return 0.0, 0.0
        x, y = (self._before[1] - before[1]) / (t - before[0])
        return float(x), float(y)


def moved(radiance: NDArray[np.float32], x: float, y: float) -> NDArray[np.float32]:
    """The picture shifted by a part of a pixel or more, its edge repeated."""
    if x == 0.0 and y == 0.0:
        return radiance
    import cv2

    height, width = radiance.shape
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    return np.asarray(cv2.warpAffine(radiance, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.float32)


def held_things(look: Look, pose: Pose) -> "list[Mesh]":
    """Meshes of what the hands hold."""
    from hil.driver.look.props import held

    hands: tuple[tuple[Side, Hand], ...] = (("left", pose.left_hand), ("right", pose.right_hand))
    return [mesh for side, hand in hands if hand.prop is not None for mesh in held(hand.prop, side, look)]


def reseeded(scenario: Scenario, seed: int) -> Scenario:
    """The same story with another driver and other chance."""
    driver = msgspec.structs.replace(scenario.driver, seed=seed)
    return msgspec.structs.replace(scenario, seed=seed, driver=driver)


def face_box(view: View, posed: Posed | None) -> tuple[int, int, int, int] | None:
    """x, y, width, height of the face, for metering."""
    if posed is None:
        return None
    middle = view.pixels(posed.head_mm)[0]
    scale = view.camera.fx / max(float(view.to_camera(posed.head_mm)[2]), 1.0)
    if not np.isfinite(middle).all():
        return None
    half = 75.0 * scale
    return round(middle[0] - half), round(middle[1] - 0.6 * half), round(2 * half), round(2.2 * half)
