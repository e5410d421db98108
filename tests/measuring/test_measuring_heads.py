"""What two readings of a head err by alike, and the program that tells it."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_up import head_row

from dms.errors import InputError
from dms.records.angles import unit


def noise(seed: int, sd_deg: float, n: int = 4000) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, sd_deg, (n, 3))


def test_what_is_common_is_found_whatever_each_reading_adds(make_topic: Any) -> None:
    import measure_heads

    labels = noise(1, 3.0)
    one, other = labels + noise(2, 2.0), labels + noise(3, 6.0)
    assert measure_heads.common(one, other) == pytest.approx(np.linalg.norm(labels, axis=1).mean(), rel=0.06)
    assert measure_heads.common(noise(2, 2.0), noise(3, 2.0)) < 0.6


def test_a_few_wild_readings_do_not_decide() -> None:
    import measure_heads

    labels = noise(1, 2.0)
    wild = labels.copy()
    wild[:40] += 60.0
    line = list(measure_heads.alike(wild + noise(2, 1.0), wild + noise(3, 1.0)))[-1]
    assert "3.2 degrees" in line


def test_turns_are_about_the_heads_own_axes() -> None:
    import measure_heads

    forward = unit(np.array([0.0, np.sin(np.radians(20)), -np.cos(np.radians(20))]))  # the picture's y points down: a nod
    up = np.cross(np.array([-1.0, 0.0, 0.0]), forward)
    turned = measure_heads.turn(measure_heads.rotation_of({"forward_camera": list(forward), "up_camera": list(up)}))
    assert np.abs(turned) == pytest.approx([20.0, 0.0, 0.0], abs=1e-6)


def test_pictures_without_a_face_are_too_few_and_a_missing_topic_is_told(
    make_topic: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import measure_heads

    data = make_topic("headpose", [head_row(f"{k}.png", 0.0) for k in range(2)])
    monkeypatch.setattr(sys, "argv", ["measure_heads.py", str(data)])
    assert measure_heads.main() == 1
    assert "too few" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["measure_heads.py", str(tmp_path)])
    with pytest.raises(SystemExit):
        measure_heads.main()
    assert "no headpose/truth.jsonl" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"), [("not json", "line 2 is no JSON object"), ('{"file": "0.png"}', "lacks forward_camera, up_camera")]
)
def test_odd_labels_are_told(make_topic: Any, monkeypatch: pytest.MonkeyPatch, line: str, said: str) -> None:
    import measure_heads

    data = make_topic("headpose", [head_row("0.png", 0.0)])
    with (data / "headpose/truth.jsonl").open("a") as file:
        file.write(line + "\n")
    monkeypatch.setattr(sys, "argv", ["measure_heads.py", str(data)])
    with pytest.raises(InputError, match=said):
        measure_heads.main()
