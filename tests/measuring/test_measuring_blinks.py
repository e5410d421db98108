"""The program that measures blinks on a lid series: a made-up series, and files that are none."""

import math
from pathlib import Path

import evaluate_blinks
import pytest

from dms.errors import InputError
from dms.profiles import load_profile


def series(path: Path, blinks: int) -> Path:
    """Eyes open but for 0.2 s every 4 s, after half a minute in which nothing is tagged."""
    lines = ["ear,tag"]
    for number in range(30 * (30 + 4 * blinks)):
        into = number / 30 - 30.0
        shut = into >= 0.0 and into % 4.0 < 0.2
        lines.append(f"{0.05 if shut else 0.3 + 0.003 * math.sin(number)},{int(shut)}")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_blinks_of_a_made_up_series_are_found(tmp_path: Path) -> None:
    read = evaluate_blinks.read_series(series(tmp_path / "a.csv", 10), "ear", "tag", 30.0)
    assert len(read.runs) == 10
    assert evaluate_blinks.judge([read], load_profile("l3_default"))["f1"] == 1.0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "has no column ear nor tag"),
        (b"ear,other\n0.3,0\n", "has no column tag"),
        (b"ear,tag\n0.3,0\nwide,0\n", "column ear"),
        (b"ear,tag\n0.3\n", "has no column tag"),
        (b"\x89PNG\xff", "cannot be read"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_series_is_refused(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        evaluate_blinks.read_series(path, "ear", "tag", 30.0)
