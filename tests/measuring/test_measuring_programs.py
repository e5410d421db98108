"""The programs themselves, with a made-up ``dms observe``: which calls they make, what they print and write."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from made_up import NAMES, Record, eyes_record, head_record, head_row, picture

from dms.errors import InputError


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], list[str]]]:
    """Stands in for ``dms observe``: all heads straight and eyes open; notes file names and options of each call."""
    from measuring import chain, covered_eyes

    made: list[tuple[list[str], list[str]]] = []

    def run(paths: Sequence[Path], extra: Sequence[str] = ()) -> list[str]:
        made.append(([p.name for p in paths], list(extra)))
        return [json.dumps(head_record(p.name, 0.0) | {"eyes": eyes_record("", 0.1)["eyes"]}) for p in paths if p.is_file()]

    monkeypatch.setattr(chain, "run_observe", run)
    monkeypatch.setattr(covered_eyes, "run_observe", run)
    return made


def call(module: Any, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, arguments)])
    return int(module.main())


def test_measure_real_prints_both_lights_and_writes_records(
    make_topic: Any,
    observed: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    import measure_real

    data = make_topic("headpose", [head_row("a.jpg", 0.0), head_row("b.jpg", 8.0)])
    make_topic(
        "eyes_crop", [{"file": "c.png", "eyes": "open", "light": "near-ir"}, {"file": "d.png", "eyes": "open", "light": "colour"}]
    )
    out = tmp_path / "out"
    assert call(measure_real, monkeypatch, data, "--out", out, "--topics", "headpose,eyes_crop", "--json") == 0
    figures = {(f["topic"], f["part"], f["name"]): f for f in json.loads(capsys.readouterr().out)["figures"]}
    assert figures["headpose_nir", "all", "whole turn, deg"]["value"] == pytest.approx(4.0)
    assert figures["eyes_crop", "all", "open right"]["n"] == 2 and figures["eyes_crop_nir", "all", "open right"]["n"] == 1
    assert observed[2] == (["c.png", "d.png"], ["--input", "eye"]) and observed[3] == (["d.png"], ["--input", "eye"])
    assert len((out / "observations" / "headpose_nir.jsonl").read_text().splitlines()) == 2
    assert (out / "infrared" / "headpose" / "a.jpg").is_file()


def test_gaze_gets_the_camera_of_each_picture(make_topic: Any, observed: list[Any], tmp_path: Path) -> None:
    from measuring.chain import observe, read_topic

    camera = {"fx": 60.0, "fy": 60.0, "cx": 32.0, "cy": 24.0}
    data = make_topic("gaze", [{"file": "a.png", "camera": camera}, {"file": "b.png", "camera": camera | {"fx": 70.0}}])
    observe(read_topic(data, "gaze"), tmp_path / "o" / "gaze.jsonl")
    assert [files for files, _ in observed] == [["a.png"], ["b.png"]]
    assert [json.loads(Path(extra[1]).read_text())["fx"] for _, extra in observed] == [60.0, 70.0]


def test_a_scoring_program_is_called_with_the_labels_measured(
    make_topic: Any,
    observed: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    import measure_real

    data = make_topic("headpose", [head_row(f"{n}.jpg", 0.0) for n in range(3)])
    program = tmp_path / "score.py"
    program.write_text(
        "import json, sys; from pathlib import Path\n"
        "truth, topic = Path(sys.argv[2]), sys.argv[4]\n"
        "print(json.dumps({topic: {'n': len((truth / topic / 'truth.jsonl').read_text().splitlines())}}))\n"
    )
    assert call(measure_real, monkeypatch, data, "--topics", "headpose", "--limit", "2", "--score", program, "--brief") == 0
    printed = capsys.readouterr().out
    assert "score headpose n 2" in printed and "score headpose_nir n 2" in printed
    assert "aim >= 0.97 not measured" in printed and "aim <= 5.2 met" in printed


def test_a_chain_that_answers_nothing_is_an_error_not_a_zero(tmp_path: Path) -> None:
    from measuring.chain import run_observe

    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match="observe ended with"):
        run_observe([tmp_path / "a.jpg"], ["--no-such-option"])


def places() -> Any:
    from measuring.covers import EyePlace

    return {"left": EyePlace(42.0, 20.0, 12.0, 5.0), "right": EyePlace(22.0, 18.0, 12.0, 5.0)}


def test_covers_hide_the_eyes_and_leave_the_rest() -> None:
    from measuring.covers import COVERS, covered

    for kind, cover in COVERS.items():
        shown, sides = covered(picture(), places(), kind, "a.jpg")
        again, _ = covered(picture(), places(), kind, "a.jpg")
        changed = np.abs(shown.astype(int) - picture()).max(axis=2) > 0
        assert np.array_equal(shown, again), kind
        assert len(sides) == (1 if cover.one_eye else 2)
        for side in sides:
            eye = places()[side]
            assert changed[int(eye.y) - 3 : int(eye.y) + 4, int(eye.x) - 6 : int(eye.x) + 7].mean() > 0.8, (kind, side)
        assert not changed[40:].any(), kind


def test_covered_eyes_are_counted_beside_the_same_uncovered(
    make_topic: Any, observed: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from measuring import covered_eyes as module

    data = make_topic("eyes_face", [{"file": f"{n}.png", "eyes": "open"} for n in range(6)])
    pictures = module.choose(sorted((data / "eyes_face" / "pictures").iterdir()), 4)
    monkeypatch.setattr(module, "find_eyes", lambda paths: [(p.name, places()) for p in paths[:3]])
    found = {(f.part, f.name): f for f in module.covered_eyes(pictures, tmp_path / "covered")}
    assert found["bar", "covered, called visible"].value == 1.0 and found["bar", "covered, called visible"].n == 6
    assert found["skin, one eye", "covered, called visible"].n == 3
    assert found["skin, one eye", "other eye still visible"].n == 3
    assert found["bar", "uncovered, called visible"].value == 1.0


def test_a_face_found_elsewhere_does_not_count_as_seen_through_the_cover() -> None:
    from measuring.covered_eyes import count

    plain, after = {"a": eyes_record("a", 0.1)}, {"a": eyes_record("a", 0.1)}
    after["a"]["face"]["box_px"] = [200, 10, 24, 28]
    figures = {f.name: f.value for f in count("bar", {"a": ("left", "right")}, plain, after)}
    assert figures == {"uncovered, called visible": 1.0, "covered, called visible": 0.0, "face found, eyes covered": 0.0}


def test_eye_places_come_from_the_lids() -> None:
    from measuring.covered_eyes import eye_places

    lids = np.array([[x, 10.0 + (x % 2)] for x in range(16)])
    brow = np.full((55, 2), 500.0)
    found = eye_places({"right": np.vstack([lids, brow]), "left": np.vstack([lids + 40.0, brow])})
    assert found["right"].x == pytest.approx(7.5) and found["left"].x == pytest.approx(47.5)
    assert found["left"].turn_deg == pytest.approx(45.0) and 15 <= found["left"].width <= 16


CAMERA = {"fx": 60.0, "fy": 60.0, "cx": 32.0, "cy": 24.0}
LOOK = {
    "direction_camera": [0.0, 0.0, -1.0],
    "yaw_deg": 0.0,
    "pitch_deg": 0.0,
    "origin_camera_mm": [0, 0, 600],
    "camera": CAMERA,
}
YAWN = {"yawn": 0.4}
ASIDE = {"direction_camera": [0.5, 0.0, -0.9], "yaw_deg": -29.0, "pitch_deg": 0.0}
CASES: dict[str, tuple[list[Record], list[Record]]] = {
    "headpose": ([head_row(n, 30.0) for n in NAMES], [head_record("a.png", 50.0), head_record("b.png", 31.0)]),
    "eyes_face": ([{"file": n, "eyes": "open"} for n in NAMES], [eyes_record("a.png", 0.9), eyes_record("b.png", 0.1)]),
    "yawn": (
        [{"file": n, "yawn": True} for n in NAMES],
        [eyes_record("a.png", None), {"source": "b.png", "mouth": YAWN}],
    ),
    "gaze": ([{"file": n, **LOOK} for n in NAMES], [{"source": "a.png"}, {"source": "b.png", "gaze": ASIDE}]),
}
"""Labels and records of topics; the first picture is the worse one."""


@pytest.mark.parametrize("name", CASES)
def test_worst_cases_come_first_on_the_sheet(
    name: str, make_topic: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    import worst_cases

    rows, records = CASES[name]
    data = make_topic(name, rows)
    (tmp_path / "o.jsonl").write_text("".join(f"{json.dumps(r)}\n" for r in records))
    out = tmp_path / "sheet.png"
    assert call(worst_cases, monkeypatch, tmp_path / "o.jsonl", "--data", data, "--topic", name, "--out", out) == 0
    listed = capsys.readouterr().out.splitlines()
    assert len(listed) == 2 and listed[0].startswith("a.png")
    sheet = cv2.imread(str(out))
    assert sheet.shape[1] == 1500 and sheet[:, :300].std() > 5


def test_engines_that_are_not_there_are_left_out_of_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    import time_engines

    from dms.errors import UsageError

    def timed(slot: str, runs: int) -> dict[str, list[float]]:
        if slot == "gaze":
            raise UsageError("there is no engine slot 'gaze'")
        return {"plain": [3.0] * runs, "cpu": [1.5] * runs}

    monkeypatch.setattr(time_engines, "timed", timed)
    printed = list(time_engines.lines(["head_pose", "eye_state", "gaze"], 3, total=True))
    assert printed[1].endswith("x 2 a frame") and "left out" in printed[2]
    assert printed[3].split(None, 2)[2] == "4.50 ms CPU, one thread, without gaze"
