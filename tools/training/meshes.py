"""What our own chain sees in the rendered faces: detector box and mesh of each picture, for training on real detector behaviour.

python -m tools.training.meshes SET [--follow]

Writes ``meshes_NNNNN.npz`` beside each shard of a ``faces`` set. Each picture is first put before another background, lit and
taken anew (seeded by its shard), because the networks meet such pictures and not clean ones. ``--follow`` waits for new shards
until the set is complete. What is there already is not made again.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.inference.base import Options
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.slots import find_engine
from dms.perception.detection import Detector
from dms.perception.face import FACE_LAYERS, FaceFinder
from dms.perception.settings import Settings
from hil.driver.truth.training_reader import TrainingSet
from hil.driver.truth.training_store import Shard
from tools.training import augment
from tools.training.answer import answered

NEW_BACKGROUND, NEW_LIGHT = 0.7, 0.8


class Reader:
    """Detector and mesh on one picture."""

    def __init__(self) -> None:
        backend = OnnxRuntimeBackend()
        engines = {slot: backend.load(find_engine(slot), Options()) for slot in ("face_detector", "face_mesh")}
        self._finder = FaceFinder(engines, Settings())
        self._detector = Detector(engines["face_detector"], FACE_LAYERS, Settings().face_score)

    def row(self, grey: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Columns of one picture; NaN where nothing was found."""
        found = self._finder.still(grey, once=True)
        mesh = found.mesh if found is not None else None
        boxes = sorted(self._detector.find(grey, 1.5), key=lambda d: -d.score)
        box = (*boxes[0].box, boxes[0].score) if boxes else (np.nan,) * 5
        out: dict[str, Any] = {"detected": np.array(box, np.float32)}
        out["presence"] = np.float32(mesh.presence if mesh else 0.0)
        blank = {"points": (468, 3), "left_eye": (71, 2), "right_eye": (71, 2), "left_iris": (5, 2), "right_iris": (5, 2)}
        if mesh is None:
            return out | {k: np.full(s, np.nan, np.float32) for k, s in (blank | {"lips": (80, 2)}).items()}
        out["points"] = mesh.points
        for side in ("left", "right"):
            out[f"{side}_eye"], out[f"{side}_iris"] = mesh.eye_contours[side], mesh.irises[side]
        out["lips"] = mesh.lips
        return {k: np.asarray(v, np.float32) for k, v in out.items()}


def retaken(rng: np.random.Generator, picture: NDArray[np.uint8], packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture before another background, in another light, through another camera."""
    if rng.random() < NEW_BACKGROUND:
        driver = np.unpackbits(packed, axis=1)[:, : picture.shape[1]].astype(bool)
        picture = augment.put_behind(rng, picture, driver, augment.background(rng, *picture.shape))
    if rng.random() < NEW_LIGHT:
        picture = augment.relight(rng, picture)
    return augment.sensor(rng, picture)


def read_shard(data: TrainingSet, shard: Shard, reader: Reader) -> dict[str, NDArray[Any]]:
    """All pictures of a shard."""
    columns = data.shard(shard, ("picture", "driver"))
    rng = np.random.default_rng([shard.number, 77])
    rows = [reader.row(retaken(rng, p, d)) for p, d in zip(columns["picture"], columns["driver"], strict=True)]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def meshes_of(data: TrainingSet, shard: Shard) -> Path:
    """Where the meshes of a shard lie."""
    return data.folder / f"meshes_{shard.number:05d}.npz"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--follow", action="store_true")
    args = parser.parse_args()
    reader = Reader()
    while True:
        data = TrainingSet(args.set)
        for shard in data.manifest.shards:
            path = meshes_of(data, shard)
            if not path.exists():
                columns = read_shard(data, shard, reader)
                part = path.with_suffix(".part")
                with open(part, "wb") as file:
                    np.savez(file, **columns)  # type: ignore[arg-type]
                part.rename(path)
                print(path.name, f"mesh found {np.isfinite(columns['points'][:, 0, 0]).mean():.2f}", file=sys.stderr, flush=True)
        if data.manifest.complete or not args.follow:
            return 0
        time.sleep(10)


if __name__ == "__main__":
    sys.exit(answered(main))
