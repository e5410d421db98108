"""``dms demo --synthetic``: the closed loop from the command line, and what it says where nothing can be drawn."""

import importlib.util
import json

import pytest

from dms.runtime import graphics

HEAD = """name: brief
about: a test
duration_s: 1.2
fps: 25
seed: 5
driver: {seed: 35, look: {hair: bun}}
camera: {preset: clean}
"""


@pytest.fixture
def brief(tmp_path):
    path = tmp_path / "brief.yaml"
    path.write_text(HEAD)
    return path


def test_without_moderngl_the_command_that_mends_it(dms, brief, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "moderngl" else real(name, *a))
    result = dms("demo", "--synthetic", brief)
    assert result.code == 4 and "pip install 'dms[synth]'" in result.complaint and result.out == ""
    assert dms("demo", "--seconds", "0.5", "--json").code == 0  # from the log it needs no renderer


def test_without_egl_the_packages_are_named(dms, brief, monkeypatch):
    monkeypatch.setattr(graphics, "_TRY", "import os; os.abort()")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: object())
    result = dms("demo", "--synthetic", brief)
    assert result.code == 4 and "apt install libegl1 libgl1-mesa-dri" in result.complaint


def test_a_seed_is_a_whole_number(dms, brief):
    result = dms("demo", "--synthetic", brief, "--seed", "-3")
    assert result.code == 2 and "-3 is not a whole number" in result.err


@pytest.mark.slow
@pytest.mark.usefixtures("engines_built")
def test_the_loop_reports_in_words_and_as_json(dms, brief):
    try:
        graphics.probe_renderer()
    except Exception as error:
        pytest.skip(f"no renderer: {error}")
    told = dms("demo", "--synthetic", brief, "--plain")
    assert told.code == 0, told.err
    assert "CAN 3A0#" in told.out and "truth          pictures" in told.out and "latency" not in told.out
    found = json.loads(dms("demo", "--synthetic", brief, "--json", "--seconds", "0.4").out)
    assert found["frames"] == found["frames_judged"] == 10 and found["readiness_frames"] == 8
    assert found["e2e_verdicts"] == {"OK": 8} and found["cpu_ms_per_frame"]["monitor"] > 0
    assert sum(sum(c.values()) for c in found["readiness_by_truth"].values()) == 10
