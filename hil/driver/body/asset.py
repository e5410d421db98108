"""The packed body that all drivers are made of: ``hil/driver/asset/driver.npz``, made by ``tools/driver_asset``.

Frame of the rest shape: x forward, y left, z up, mm, origin between the eyeball centres. A shape is a list of coarse vertices; a
part's own vertices are a sparse matrix times these (a Catmull-Clark step for the head). Drawn vertices repeat them at UV seams.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.canthi import held, sinking

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
PATH = Path(__file__).resolve().parent.parent / "asset" / "driver.npz"
PARTS = ("head", "body", "hands", "mouth", "lashes")
CORNER_DOWN = "eyeCornerDown"
"""Unit of our own, one a side: the outer corner of the lids goes down by 1 mm."""
UNMOVED_MM = 0.005
"""Half a step of the packed file: what a unit moves less stays."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """One part of the mesh.

    Attributes:
        place: drawn vertex to vertex, k.
        uv: k x 2, origin below left.
        triangles: n x 3 over drawn vertices; the halves of a quad stand n/2 apart.
        masks: k x 6, 0..1: lips, eyelids, inside of the mouth, ears, nails, ambient light that gets there.
        bones, weights: m x 4, of the vertices.
    """

    place: Ints
    uv: Floats
    triangles: Ints
    masks: Floats
    bones: Ints
    weights: Floats
    smooth_values: Floats
    smooth_columns: Ints
    smooth_rows: Ints

    @property
    def quads(self) -> Ints:
        """q x 4 over the vertices (not the drawn ones)."""
        half = len(self.triangles) // 2
        return np.asarray(self.place[np.concatenate([self.triangles[:half], self.triangles[half:, 2:]], axis=1)], np.int64)

    def refine(self, coarse: Floats) -> Floats:
        """Vertices (m x 3) of this part from the coarse ones."""
        moved = coarse[self.smooth_columns] * self.smooth_values[:, None]
        return np.asarray(np.add.reduceat(moved, self.smooth_rows[:-1], axis=0), np.float32)


class Asset:
    """The whole file, arrays decoded; read it through ``load``."""

    def __init__(self, path: Path = PATH) -> None:
        with np.load(path) as data:
            self._data = {key: data[key] for key in data.files}
        about = json.loads(self._data.pop("about").tobytes())
        self.bones: list[str] = about["bones"]
        self.parents: list[int] = about["parents"]
        self.units: list[str] = about["units"]
        self.landmarks: dict[str, tuple[str, list[int]]] = {k: (part, rows) for k, (part, rows) in about["landmarks"].items()}
        self.parts: dict[str, Part] = {name: self._part(name) for name in PARTS}
        self.tooth: NDArray[np.bool_] = self._data["mouth/tooth"] > 0
        self.lash: Floats = self._data["lashes/attributes"].astype(np.float32) / np.array([255, 255, 1, 1], np.float32)
        """Drawn lash vertices: root to tip, inner to outer, side (0 left), upper lid."""
        self.mean: Floats = self._data["shape/mean"]
        """Coarse vertices, then bone heads, bone tails, eyeball centres (left, right) and radii (in x)."""
        step = self._data["shape/step"][:, None, None]
        self.components: Floats = self._data["shape/components"].astype(np.float32) * step
        self.people: Floats = self._data["shape/people"].astype(np.float32) / 1000
        self.vertices = len(self.mean) - 2 * len(self.bones) - 4
        self._units = {name: self._unit(name) for name in self.units}
        for side in ("left", "right"):
            name = CORNER_DOWN + side.capitalize()
            self.units.append(name)
            self._units[name] = self._corner_down(side)

    def _part(self, name: str) -> Part:
        def get(key: str) -> NDArray[Any]:
            return np.asarray(self._data[f"{name}/{key}"])

        return Part(
            place=get("place").astype(np.int64), uv=get("uv"), triangles=get("triangles").astype(np.int64),
            masks=_shares(get("masks")), bones=get("bones").astype(np.int64),
            weights=_shares(get("weights")), smooth_values=get("smooth_values"),
            smooth_columns=get("smooth_columns").astype(np.int64), smooth_rows=get("smooth_rows").astype(np.int64),
        )  # fmt: skip

    def unit(self, name: str) -> tuple[Ints, Floats]:
        """Coarse vertices that a face unit moves, and by how much (mm at weight 1); units of the lids hold their corners."""
        return self._units[name]

    def corners(self, side: str, coarse: Floats) -> dict[str, Floats]:
        """Of the lids of the ``left`` or the ``right`` eye, from coarse vertices or from what moves them."""
        places = (f"{side}_inner_corner", f"{side}_outer_corner")
        marks = {name: self.landmarks[name] for name in places}
        return {name: self.parts[part].refine(coarse)[rows].mean(axis=0) for name, (part, rows) in marks.items()}

    def _unit(self, name: str) -> tuple[Ints, Floats]:
        moves = np.zeros((self.vertices, 3), np.float32)
        moves[self._data[f"unit/{name}/rows"]] = self._data[f"unit/{name}/moves"].astype(np.float32) / 100
        if name.startswith("eye"):
            side, mean = "left" if name.endswith("Left") else "right", self.mean[: self.vertices]
            moves = held(mean, self.corners(side, mean), moves, self.corners(side, moves))
        return _moved(moves)

    def _corner_down(self, side: str) -> tuple[Ints, Floats]:
        mean = self.mean[: self.vertices]
        return _moved(sinking(mean, self.corners(side, mean), f"{side}_outer_corner"))


def _moved(moves: Floats) -> tuple[Ints, Floats]:
    rows = np.flatnonzero(np.abs(moves).max(axis=1) > UNMOVED_MM)
    return rows, moves[rows]


def _shares(steps: NDArray[Any]) -> Floats:
    return np.asarray(np.asarray(steps, np.float32) / np.float32(255), np.float32)


@cache
def load() -> Asset:
    """The shipped asset."""
    return Asset()
