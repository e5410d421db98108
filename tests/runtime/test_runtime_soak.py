"""The soak program itself, for a few seconds: it measures, it kills, it says what it saw."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def soak(*arguments):
    command = [sys.executable, str(ROOT / "tools" / "soak_loop.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=120)


@pytest.mark.usefixtures("engines_built")
def test_a_short_soak_with_a_death_in_it(tmp_path):
    done = soak("--seconds", "12", "--kill", "inference", "--out", str(tmp_path / "soak.json"))
    result = json.loads((tmp_path / "soak.json").read_text())
    assert done.returncode in (0, 1) and "capture to bus" in done.stdout, done.stderr  # 1: this machine missed cycles
    assert result["cycles"] > 150 and result["pictures_judged"] > 20 and result["foreign_load"] == 0
    for killed in result["killed"]:  # none where the machine was too slow for anybody to be ready
        assert killed["stage"] == "inference" and result["restarts"]["inference"] == 1
        assert killed["not_ready_ms"] is not None and killed["not_ready_ms"] <= 150.0 + max(0.0, killed["longest_gap_ms"] - 50.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--kill", "engine"], "no stage engine"), (["--seconds", "1"], "seconds from 10"), (["--load", "-1"], "load from 0")],
)
def test_mistakes(arguments, words):
    done = soak(*arguments)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
