"""Single pictures for training: another pose in each, another driver, look, light and camera in each run, drawn directly.

``region`` draws only what a cut-out needs (both eyes, the face, a hand) with a camera of its own: the same camera with a shifted
principal point. So a picture costs what its pixels cost.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from dms.assessment.cabins import load_cabin
from dms.errors import InputError
from dms.records import Frame
from dms.records.cabin import Camera
from hil.driver.behaviour.scenario import Passenger, Scenario, ShotsSetup
from hil.driver.body.asset import load
from hil.driver.body.figure import Figure
from hil.driver.body.posed import Posed
from hil.driver.camera.grime import Grime
from hil.driver.camera.pipeline import CameraModel
from hil.driver.camera.rig import Place, Rig, rig, roaming
from hil.driver.draws import Draw
from hil.driver.look.words import look_of
from hil.driver.split import split_of
from hil.driver.stage import renderer_for
from hil.driver.studio import face_box, held_things
from hil.driver.truth.crops import Kind
from hil.driver.truth.filmed import Filmed, view_of
from hil.driver.truth.geometry import Array, View
from hil.driver.truth.labels import Truth
from hil.driver.truth.seen import Person

if TYPE_CHECKING:
    from hil.driver.render.renderer import Renderer

Size = tuple[int, int]
SIZES: dict[Kind, Size] = {"full": (640, 480), "face": (160, 160), "eyes": (224, 112), "hand": (128, 128)}
"""Pictures drawn for each kind of cut-out."""
WIDTH_MM: dict[Kind, float] = {"face": 300.0, "eyes": 160.0, "hand": 270.0}
PASSENGER_SHARE = 0.2
LENS_EVERY = 4
"""Pictures with one camera place; building a camera takes as long as a small picture."""
SETTLING = 5
"""Pictures the exposure control gets to find its level."""


class Shots:
    """Like ``hil.driver.studio.Studio``, for scenarios with ``shots``; a context manager.

    Args:
        scenario: with ``shots``.
        size: of the picture; ``None``: by ``region``.
        seed: of this run: who, which light, which poses.
        region: what the picture shows.

    Raises:
        InputError: the scenario has no ``shots``.
        HardwareError: no renderer (when the context is entered).
    """

    def __init__(self, scenario: Scenario, *, size: Size | None = None, seed: int | None = None, region: Kind = "full") -> None:
        if scenario.shots is None:
            raise InputError(f"{scenario.name}: has no `shots`; it is a drive")
        self.region = region
        self.seed = scenario.seed if seed is None else seed
        self._rng = np.random.Generator(np.random.PCG64([self.seed, 31]))
        self.scenario = scenario if region != "full" else self._accompanied(scenario)
        self.cabin = load_cabin(scenario.vehicle if self._rng.random() < 0.8 else "example_rhd")
        self._size = size or SIZES[region]
        self._roaming = scenario.shots.roaming
        self._rig = self._camera_place()
        self.camera: Camera = self._rig.camera
        self._draw = self._drawing(scenario.shots)
        self._figure = Figure(self.seed, self.cabin)
        self._look = look_of(self.seed, scenario.driver.look)
        self._person = Person(seed=self.seed, split=split_of(self.seed))
        self._renderer: Renderer | None = None
        self.ids: NDArray[np.uint8] | None = None
        """ID picture of the newest shot, pixel by pixel, unless ``region`` is "full", where the lens bends the shot."""

    def __enter__(self) -> "Shots":
        from hil.driver.look.wardrobe import dress

        self._renderer, _ = renderer_for(self.scenario, self.cabin, self.seed, self._look)
        self._clothes, self._skin = dress(self._look, self._figure.person.coarse, load())
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._renderer = None

    def frames(self, stop_s: float | None = None) -> Iterator[tuple[Frame, Truth]]:
        """The pictures of this run."""
        scenario = self.scenario
        end = scenario.duration_s if stop_s is None else min(stop_s, scenario.duration_s)
        for index in range(round(end * scenario.fps)):
            if index % LENS_EVERY == 0 and index:
                self._rig = self._camera_place()
            yield self._shoot(index)

    def _drawing(self, setup: ShotsSetup) -> Draw:
        """Who draws the poses."""
        return Draw(setup, self.cabin, self._rng, split_of(self.seed), hand=self.region == "hand")

    def _width_mm(self) -> float:
        """How much of the scene a cut-out is wide."""
        return WIDTH_MM[self.region] * float(np.exp(self._rng.normal(0, 0.1)))

    def _accompanied(self, scenario: Scenario) -> Scenario:
        """Now and then somebody sits on the rear bench."""
        if self._rng.random() > PASSENGER_SHARE:
            return scenario
        return msgspec.structs.replace(scenario, passenger=Passenger(seed=(self.seed * 7 + 3) // 6 * 6 + self.seed % 6))

    def _camera_place(self) -> Rig:
        places = get_args(Place)
        place = places[int(self._rng.integers(len(places)))]
        size = self._size if self.region == "full" else SIZES["full"]
        mounted = rig(self.cabin, place, size, "random", self._rng)
        if self._roaming and self._rng.random() < self._roaming:
            return roaming(mounted, self.cabin.ocular_point_mm, self._rng)
        return mounted

    def _shoot(self, index: int) -> tuple[Frame, Truth]:
        if self._renderer is None:
            raise RuntimeError("shots are taken inside `with Shots(...) as shots:`")
        moment = self._draw.moment(index / self.scenario.fps)
        self._renderer.set_driver([*self._clothes, *held_things(self._look, moment.pose)], self._skin)
        posed = self._figure.pose(moment.pose)
        mounted = self._rig if self.region == "full" else self._close_up(posed)
        model = CameraModel(mounted, int(self._rng.integers(2**31)))
        drawn, light = model.view(moment.t), model.lit(moment.light)
        picture = self._renderer.render(drawn, mounted.pose, posed, light, mounted.leds)
        self.ids = picture.ids
        radiance = picture.radiance * np.float32(np.exp(self._rng.normal(0, 0.25)))
        box = self._metered(View(camera=drawn, pose=mounted.pose), posed)
        for _ in range(SETTLING):
            taken = model.shoot(radiance, moment.t, light=light, face=box)
        frame = Frame(grey=taken.grey, t=moment.t, index=index, counter=index, source=self.scenario.name)
        filmed = Filmed(
            moment=moment,
            posed=posed,
            picture=picture,
            taken=taken,
            view=view_of(model, drawn),
            look=self._look,
            person=self._person,
        )
        return frame, filmed.label(self.scenario.name, index)

    def _metered(self, view: View, posed: Posed) -> tuple[int, int, int, int] | None:
        """What the exposure goes by: the face."""
        return face_box(view, posed)

    def _close_up(self, posed: Posed) -> Rig:
        """The same camera, seeing the region only: jittered in place and scale."""
        from hil.driver.render.projection import crop

        middle, rng = self._middle(posed), self._rng
        plain = msgspec.structs.replace(self._rig.camera, distortion=[])
        view = View(camera=plain, pose=self._rig.pose)
        scale = plain.fx / max(float(view.to_camera(middle)[2]), 100.0)
        width = self._width_mm() * scale
        height = width * self._size[1] / self._size[0]
        x, y = view.pixels(middle)[0] + rng.normal(0, 0.04 * width, 2)
        zoom = self._size[0] / width
        camera = crop(plain, 0, 0, 1, 1, zoom)
        camera = msgspec.structs.replace(
            camera,
            cx=camera.cx - (x - width / 2) * zoom,
            cy=camera.cy - (y - height / 2) * zoom,
            width=self._size[0],
            height=self._size[1],
        )
        return replace(self._rig, camera=camera, vibration_px=0.0, grime=Grime())  # specks would be as large as an eye

    def _middle(self, posed: Posed) -> Array:
        if self.region == "hand":
            for hand in posed.hands.values():
                if hand is not None:
                    return np.asarray(hand.points_mm.mean(axis=0))
        if self.region == "face":
            return np.asarray(posed.head_mm + posed.head_rotation @ np.array([0.0, 0.0, -35.0]))
        return posed.head_mm
