"""The rendered faces with what our chain sees in them, in memory: labels in the frames perception works in."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from dms.perception.head_pose import turn_to
from hil.driver.truth.columns import WORDS
from hil.driver.truth.training_reader import TrainingSet, map_npz
from tools.training.meshes import meshes_of

Array = NDArray[np.float64]
TRAIN = WORDS["split"].index("train")
FEWEST_SEEN = 0.2


@dataclass(frozen=True, eq=False)
class Faces:
    """Rows of a ``faces`` or ``people`` set whose meshes are read; pictures stay on disk.

    Attributes:
        columns: label and mesh columns, row by row.
        pictures, drivers: one mapped array a shard; ``where``: (shard, row) of each row.
        view: n x 3 x 3, true rotation about the line of sight to the eyes, see ``HeadFit.view``.
        marks: names of the label column ``landmarks``.
    """

    columns: dict[str, NDArray[Any]]
    pictures: list[NDArray[np.uint8]]
    drivers: list[NDArray[np.uint8]]
    where: NDArray[np.int64]
    view: Array
    marks: list[str]

    def __len__(self) -> int:
        return len(self.where)

    def picture(self, row: int) -> NDArray[np.uint8]:
        """h x w grey."""
        shard, at = self.where[row]
        return np.asarray(self.pictures[shard][at])

    def driver(self, row: int) -> NDArray[np.bool_]:
        """h x w: pixels of the driver."""
        shard, at = self.where[row]
        packed = np.asarray(self.drivers[shard][at])
        return np.unpackbits(packed, axis=1)[:, : self.pictures[shard].shape[2]].astype(bool)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of ``train`` or ``test`` drivers."""
        return np.flatnonzero((self.columns["split"] == TRAIN) == (split == "train"))


def load_faces(folder: Path, pixels: bool = True) -> Faces:
    """All rows that show enough of a face, of the shards whose meshes are there.

    Raises:
        InputError: no shard has any.
    """
    data = TrainingSet(folder)
    kept: dict[str, list[NDArray[Any]]] = {}
    pictures, drivers, where = [], [], []
    for shard in data.manifest.shards:
        path = meshes_of(data, shard)
        if not path.exists():
            continue
        labels = dict(data.shard(shard))
        picture, driver = labels.pop("picture"), labels.pop("driver")
        rows = np.flatnonzero(labels["face_visible"] >= FEWEST_SEEN)
        where.append(np.stack([np.full(len(rows), len(pictures)), rows], axis=1))
        if pixels:
            pictures.append(picture)
            drivers.append(driver)
        else:
            pictures.append(picture[:0])
        for name, values in (labels | dict(map_npz(path))).items():
            kept.setdefault(name, []).append(np.asarray(values[rows]))
    if not where:
        raise InputError(f"{folder}: has no meshes; make them: python -m tools.training.meshes {folder}")
    columns = {name: np.concatenate(parts) for name, parts in kept.items()}
    return Faces(columns, pictures, drivers, np.concatenate(where), true_views(columns), data.manifest.shards[0].landmarks)


def joined(sets: Sequence[Faces]) -> Faces:
    """Several sets as one, row by row."""
    first, begin, where = sets[0], 0, []
    for faces in sets:
        where.append(faces.where + np.array([begin, 0]))
        begin += len(faces.pictures)
    names = [name for name in first.columns if all(name in s.columns for s in sets)]
    columns = {name: np.concatenate([s.columns[name] for s in sets]) for name in names}
    return Faces(
        columns,
        [p for s in sets for p in s.pictures],
        [d for s in sets for d in s.drivers],
        np.concatenate(where),
        np.concatenate([s.view for s in sets]),
        first.marks,
    )


def true_views(columns: dict[str, NDArray[Any]]) -> Array:
    """Head rotation about the line of sight to the point between the eyes."""
    forward, up = (columns[k].astype(float) for k in ("head_forward", "head_up"))
    y, z = -up, -forward
    rotation = np.stack([np.cross(y, z), y, z], axis=2)
    position = columns["head_position_mm"].astype(float)
    return np.stack([turn_to(p).T @ r for p, r in zip(position, rotation, strict=True)])
