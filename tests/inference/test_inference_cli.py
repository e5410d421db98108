"""``dms engines``: text for people, JSON for machines, exit codes."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import pytest

from dms.cli import engines
from dms.errors import BackendUnavailable
from dms.inference import parity


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    engines.add_arguments(parser)
    return engines.run(parser.parse_args(words))


def test_list_before_and_after_building(own_cache: Path, small_wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["engines"]}
    assert rows["face_mesh"]["state"] == "not built"
    assert rows["face_mesh"]["sha256"] is None
    assert call("build", "--wheel", str(small_wheel)) == 0
    assert "built face_mesh" in capsys.readouterr().out
    assert call("list", "--json") == 0
    row = next(row for row in json.loads(capsys.readouterr().out)["engines"] if row["name"] == "face_mesh")
    assert row["state"] == "built"
    assert row["licence"] == "Apache-2.0"
    assert len(row["sha256"]) == 64
    assert row["size_bytes"] > 1e6
    assert "mesh:float32[1x468x3]" in row["outputs"]
    Path(row["path"]).write_bytes(b"damaged")
    assert call("list") == 0
    out = capsys.readouterr().out
    assert "face_mesh  [face_mesh]  damaged:" in out
    assert "palm_detector  [palm_detector]  built, 2.3 MB" in out


def test_build_reports_progress_on_stderr_only(
    own_cache: Path, small_wheel: Path, only_eye: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("build", "--wheel", str(small_wheel), "--json") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["built"].keys() == {"eye_landmarks"}
    assert "converting eye_landmarks" in captured.err
    assert call("build") == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("up to date: eye_landmarks")
    assert captured.err == ""
    assert call("build", "--force", "--wheel", str(small_wheel)) == 0
    assert "built eye_landmarks" in capsys.readouterr().out


def test_check_passes_and_fails(built: object, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert call("check", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    assert {"face_detector", "face_mesh", "palm_detector", "hand_landmarks", "eye_landmarks"} <= report["engines"].keys()
    real = parity.compare
    monkeypatch.setattr(parity, "compare", lambda *args: [replace(row, limit=0.0) for row in real(*args)])
    assert call("check") == 1
    assert "FAILED" in capsys.readouterr().out


def test_a_nan_never_passes() -> None:
    assert not parity.Difference("mesh", float("nan"), 1e-3).ok
    assert parity.Difference("mesh", 1e-4, 1e-3).ok


def test_check_without_engines_says_what_to_run(own_cache: Path) -> None:
    with pytest.raises(BackendUnavailable, match="run: dms engines build"):
        call("check")
