"""Labelled contact sheets of the synthetic driver, one a topic, for a person to look at.

    LP_NUM_THREADS=1 python tools/contact_sheets.py OUT_FOLDER [--only SHEET ...]

Pictures are taken by the clean camera (no noise, no dirt) unless the topic is the camera. Eye cut-outs are drawn about three
times finer than a 640 x 480 picture shows them.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
from contact_topics import LENS, SHEETS, Region, Tile
from numpy.typing import NDArray

from dms.assessment.cabins import load_cabin
from hil.driver.behaviour.parts import Phone
from hil.driver.behaviour.scenario import Scenario, load_scenario
from hil.driver.body.asset import load
from hil.driver.body.figure import Figure
from hil.driver.body.posed import Posed
from hil.driver.camera.pipeline import CameraModel
from hil.driver.camera.rig import rig
from hil.driver.look.attributes import Look
from hil.driver.look.look import look_for
from hil.driver.look.wardrobe import dress
from hil.driver.pose import Pose, head_rotation
from hil.driver.render.drawable import Mesh, Skin
from hil.driver.render.projection import crop
from hil.driver.render.renderer import Renderer
from hil.driver.stage import renderer_for
from hil.driver.studio import held_things
from hil.driver.truth.geometry import View

Grey = NDArray[np.uint8]
SIZES: dict[Region, tuple[int, int]] = {"full": (400, 300), "face": (240, 280), "eyes": (360, 120)}
WIDTH_MM: dict[Region, float] = {"full": 0.0, "face": 270.0, "eyes": 140.0}
SETTLING = 7


class Studio:
    """Takes the pictures; keeps the last driver, as many tiles show the same one."""

    def __init__(self) -> None:
        self.cabin = load_cabin("example_lhd")
        self._shots = load_scenario("shots")
        self._key: object = None
        self._figure: Figure
        self._renderer: Renderer
        self._dressed: tuple[list[Mesh], Skin]
        self._look: Look

    def take(self, tile: Tile) -> Grey:
        """One picture."""
        self._sit(tile)
        mounted = rig(self.cabin, tile.place, (640, 480), tile.preset, np.random.default_rng(tile.seed))
        mounted = replace(mounted, pose=mounted.pose if tile.preset != "clean" else rig(self.cabin, tile.place).pose)
        pose = self._looking(tile, np.asarray(mounted.pose.position_mm, float))
        posed = self._figure.pose(pose)
        plain = msgspec.structs.replace(mounted.camera, distortion=[])
        if tile.region != "full":
            view = View(camera=plain, pose=mounted.pose)
            middle = posed.head_mm + posed.head_rotation @ np.array([0.0, 0.0, -22.0 if tile.region == "face" else 0.0])
            x, y = view.pixels(middle)[0]
            across = WIDTH_MM[tile.region] * plain.fx / float(view.to_camera(middle)[2])
            width, height = SIZES[tile.region]
            zoom = width / across
            plain = crop(plain, 0, 0, 1, 1, zoom)
            plain = msgspec.structs.replace(
                plain, cx=plain.cx - (x * zoom - width / 2), cy=plain.cy - (y * zoom - height / 2), width=width, height=height
            )
            mounted = replace(mounted, camera=plain, vibration_px=0.0)
        face = _face_box(View(camera=plain, pose=mounted.pose), posed)
        meshes, skin = self._dressed
        self._renderer.set_driver([*meshes, *held_things(self._look, pose)], skin)
        model = CameraModel(mounted, tile.seed)
        for _ in range(2):  # how much of the LEDs' light is collected follows from the exposure
            light = model.lit(tile.light)
            picture = self._renderer.render(model.view(0.0), mounted.pose, posed, light, mounted.leds, depth=False)
            for _ in range(SETTLING):
                taken = model.shoot(picture.radiance, 0.0, light=light, face=face)
        if tile.region == "eyes":  # nothing dark beside the skin: the exposure control makes it darker than in a whole picture
            taken = replace(taken, grey=cv2.convertScaleAbs(taken.grey, alpha=1.9))
        return np.asarray(cv2.resize(taken.grey, SIZES[tile.region], interpolation=cv2.INTER_AREA), np.uint8)

    def _sit(self, tile: Tile) -> None:
        key = (tile.seed, tuple(tile.looks.items()), tile.mounted)
        if key == self._key:
            return
        self._look = look_for(tile.seed, None, tile.looks)
        scenario = _with_mount(self._shots) if tile.mounted else self._shots
        self._renderer, standing = renderer_for(scenario, self.cabin, tile.seed, self._look)
        self._figure = Figure(tile.seed, self.cabin)
        clothes, skin = dress(self._look, self._figure.person.coarse, load())
        self._dressed, self._key = ([*clothes, *standing], skin), key

    def _looking(self, tile: Tile, camera: NDArray[np.float64]) -> Pose:
        """The tile's pose with its gaze target in place."""
        pose = tile.pose
        if tile.gaze is None and pose.gaze_target_mm != LENS:
            return pose
        eyes = np.asarray(self.cabin.ocular_point_mm, float) + np.asarray(pose.eyes_offset_mm)
        right, up = tile.gaze or (0.0, 0.0)
        target = eyes + head_rotation(right, up, 0.0) @ (camera - eyes)
        return replace(pose, gaze_target_mm=(float(target[0]), float(target[1]), float(target[2])))


def _face_box(view: View, posed: Posed) -> tuple[int, int, int, int]:
    """x, y, width, height of the face, for metering."""
    x, y = view.pixels(posed.head_mm)[0]
    half = 75.0 * view.camera.fx / float(view.to_camera(posed.head_mm)[2])
    return round(x - half), round(y - 0.6 * half), round(2 * half), round(2.2 * half)


def _with_mount(scenario: Scenario) -> Scenario:
    return msgspec.structs.replace(scenario, parts=[Phone(at=0.0, for_s=1.0, place="mount")])


def labelled(picture: Grey, label: str) -> Grey:
    """The picture with a strip of text under it."""
    strip = np.full((18, picture.shape[1]), 30, np.uint8)
    cv2.putText(strip, label, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 255, 1, cv2.LINE_AA)
    return np.asarray(np.pad(np.vstack([picture, strip]), 2), np.uint8)


def rows(pictures: list[Grey], columns: int) -> Iterator[Grey]:
    """Rows of a sheet, the last one filled up."""
    for first in range(0, len(pictures), columns):
        row = pictures[first : first + columns]
        yield np.hstack([*row, *[np.zeros_like(row[0])] * (columns - len(row))])


def main() -> None:
    """Draw the sheets asked for."""
    parser = argparse.ArgumentParser(description="Labelled contact sheets of the synthetic driver.")
    parser.add_argument("out", type=Path, metavar="OUT_FOLDER")
    parser.add_argument("--only", nargs="+", choices=SHEETS, metavar="SHEET", help=", ".join(SHEETS))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    studio = Studio()
    for name in asked.only or SHEETS:
        sheet = SHEETS[name]()
        pictures = [labelled(studio.take(tile), tile.label) for tile in sheet.tiles]
        cv2.imwrite(str(asked.out / f"{name}.png"), np.vstack(list(rows(pictures, sheet.columns))))
        print(asked.out / f"{name}.png", len(pictures), flush=True)


if __name__ == "__main__":
    main()
