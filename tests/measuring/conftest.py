"""Tiny made-up topics: no real picture is needed to test the programs that measure real pictures."""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import pytest
from made_up import Record, picture

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

MakeTopic = Callable[[str, Iterable[Record]], Path]


@pytest.fixture
def make_topic(tmp_path: Path) -> MakeTopic:
    """Writes a topic with one made-up picture a row; gives the folder of topics."""

    def make(name: str, rows: Iterable[Record]) -> Path:
        folder = tmp_path / "data" / name
        (folder / "pictures").mkdir(parents=True)
        rows = list(rows)
        for number, row in enumerate(rows):
            cv2.imwrite(str(folder / "pictures" / row["file"]), picture(number))
        (folder / "truth.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return tmp_path / "data"

    return make
