"""Faces with what the chain sees in them: sets are joined row by row, and a set that has no meshes says what to do."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dms.errors import InputError
from tools.training import faces
from tools.training.faces import Faces, joined, load_faces


def some(count: int, first: int, side: int) -> Faces:
    """``count`` pictures in two shards, each of one grey level that is also its label; the second set has a column more."""
    levels = np.arange(first, first + count)
    pictures = [np.stack([np.full((side, side), v, np.uint8) for v in part]) for part in (levels[:2], levels[2:])]
    where = np.array([(int(k >= 2), k if k < 2 else k - 2) for k in range(count)])
    columns: dict[str, Any] = {"level": levels, "split": np.zeros(count)} | ({"more": levels} if first else {})
    drivers = [np.packbits(p > first, axis=2) for p in pictures]
    return Faces(columns, pictures, drivers, where, np.tile(np.eye(3), (count, 1, 1)) * levels[:, None, None], ["chin"])


def test_joined_sets_keep_picture_label_and_view_together() -> None:
    both = joined([some(5, 0, 8), some(4, 50, 16)])
    assert len(both) == 9 and set(both.columns) == {"level", "split"}
    for row in range(9):
        level = both.columns["level"][row]
        assert (both.picture(row) == level).all() and both.view[row][0, 0] == level
        assert both.driver(row).shape == both.picture(row).shape


def test_a_set_without_meshes_says_how_to_make_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Bare:
        manifest = type("Manifest", (), {"shards": []})

        def __init__(self, folder: Path) -> None: ...

    monkeypatch.setattr(faces, "TrainingSet", Bare)
    with pytest.raises(InputError, match="make them"):
        load_faces(tmp_path)
