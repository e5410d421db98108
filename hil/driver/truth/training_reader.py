"""Reading training sets without loading them: columns are mapped from the files, batches drawn across shards."""

import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from hil.driver.split import Split
from hil.driver.truth.columns import WORDS
from hil.driver.truth.training_store import Arrays, Shard, read_manifest

_LOCAL_HEADER, _NAME_AT = 30, 26


def map_npz(path: Path, wanted: Collection[str] | None = None) -> Arrays:
    """Arrays of an uncompressed ``.npz``, mapped read-only: only the rows that are used are read.

    Raises:
        InputError: missing, damaged, compressed, or it lacks a wanted array.
    """
    try:
        with zipfile.ZipFile(path) as archive, open(path, "rb") as file:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            names = list(members) if wanted is None else list(wanted)
            return {name: _map(path, file, members[name]) for name in names}
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except KeyError as error:
        raise InputError(f"{path}: holds no column {error}") from None
    except (zipfile.BadZipFile, ValueError) as error:
        raise InputError(f"{path}: is damaged: {error}") from None


def _map(path: Path, file: Any, info: zipfile.ZipInfo) -> NDArray[Any]:
    if info.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{info.filename} is compressed")
    file.seek(info.header_offset)
    header = file.read(_LOCAL_HEADER)
    lengths = np.frombuffer(header, "<u2", 2, _NAME_AT)
    file.seek(info.header_offset + _LOCAL_HEADER + int(lengths.sum()))
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", file.tell(), shape, "F" if fortran else "C")


class TrainingSet:
    """A training set, complete or not.

    Attributes:
        manifest: what it is made of.

    Raises:
        InputError: no training set.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)

    def __len__(self) -> int:
        return self.manifest.rows

    def rows(self, split: Split | None = None) -> int:
        """Cut-outs of a split, or of all."""
        return len(self) if split is None else sum(shard.splits[split] for shard in self.manifest.shards)

    def shard(self, shard: Shard, columns: Collection[str] | None = None) -> Arrays:
        """Columns of one shard, mapped.

        Raises:
            InputError: see ``map_npz``.
        """
        return map_npz(self.folder / shard.file, columns)

    def batches(
        self, size: int, columns: Collection[str] | None = None, split: Split | None = None, shuffle: int | None = None
    ) -> Iterator[Arrays]:
        """Batches of ``size`` rows (the last one smaller), once through the set; ``shuffle``: seed of the order.

        Shuffled rows are mixed within each shard and shards among each other, so two shards are in use at a time.

        Raises:
            InputError: see ``map_npz``.
        """
        rng = None if shuffle is None else np.random.default_rng(shuffle)
        shards = list(self.manifest.shards)
        if rng is not None:
            rng.shuffle(shards)
        kept: list[Arrays] = []
        count = 0
        for shard in shards:
            data = self.shard(shard, columns)
            rows = self._rows_of(shard, split, rng)
            while len(rows):
                take, rows = rows[: size - count], rows[size - count :]
                kept.append({name: np.asarray(values[take]) for name, values in data.items()})
                count += len(take)
                if count == size:
                    yield _joined(kept)
                    kept, count = [], 0
        if kept:
            yield _joined(kept)

    def _rows_of(self, shard: Shard, split: Split | None, rng: np.random.Generator | None) -> NDArray[np.int64]:
        rows = np.arange(shard.rows)
        if split is not None:
            rows = rows[self.shard(shard, ("split",))["split"] == WORDS["split"].index(split)]
        return rows if rng is None else rng.permutation(rows)


def _joined(parts: list[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
