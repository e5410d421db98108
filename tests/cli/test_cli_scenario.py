"""``dms scenario``: what it writes with a studio that needs no renderer, and what it says to mistakes."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from dms.drivelog.format import TRUTH
from dms.drivelog.reader import LogReader
from dms.errors import BackendUnavailable, HardwareError
from dms.records.cabin import decode_camera
from dms.records.jsonl import decode_state
from dms.runtime import graphics
from hil.driver.behaviour.scenario import shipped
from hil.driver.truth import jobs
from hil.driver.truth.fake import FakeStudio
from hil.driver.truth.labels import decode_truth
from hil.driver.truth.training_reader import TrainingSet

SMALL = "name: small\nabout: Two seconds of nothing. More words.\nduration_s: 2\nfps: 8\ncamera: {size: [192, 128]}\n"


class BreakingStudio(FakeStudio):
    """The renderer gives up in the middle."""

    def frames(self, stop_s=None):
        for number, pair in enumerate(super().frames(stop_s)):
            if number == 5:
                raise HardwareError("the renderer lost its context; run it again")
            yield pair


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture
def studio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures from spheres, no renderer asked for."""
    monkeypatch.setattr(jobs, "open_studio", FakeStudio)
    monkeypatch.setattr(graphics, "probe_renderer", lambda: "fake")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def test_list_names_all_shipped_scenarios(dms):
    result = dms("scenario", "list")
    assert result.code == 0 and [line.split()[0] for line in result.out.splitlines()] == shipped() and shipped()
    found = json.loads(dms("scenario", "list", "--json").out)["scenarios"]
    assert [s["name"] for s in found] == shipped() and all(s["about"] and s["duration_s"] > 0 for s in found)


def test_show_tells_what_happens(dms, small):
    result = dms("scenario", "show", small)
    assert result.code == 0 and result.out.startswith("small: Two seconds of nothing.") and "192x128" in result.out
    for name in shipped():
        assert dms("scenario", "show", name).code == 0
        assert json.loads(dms("scenario", "show", name, "--json").out)["name"] == name


def test_schemas(dms):
    scenario, truth = (json.loads(dms("scenario", "schema", *which).out) for which in ((), ("truth",)))
    assert "duration_s" in json.dumps(scenario) and "lid_gap_mm" in json.dumps(truth) and "dms.truth/1" in json.dumps(truth)


@pytest.mark.usefixtures("studio")
def test_render_a_log(dms, small, out):
    result = dms("scenario", "render", small, "--out", out / "drive.mcap", "--labels", "--json")
    assert result.code == 0 and result.err == ""
    assert json.loads(result.out) == {"scenario": str(small), "out": str(out / "drive.mcap"), "pictures": 16}
    assert [p.name for p in out.iterdir()] == ["drive.mcap"]
    with LogReader(out / "drive.mcap") as log:
        assert log.complete and len(list(log.frames())) == 16
        assert [decode_truth(m.data).frame for m in log.messages((TRUTH,))] == list(range(16))
        assert log.header is not None and log.header.vehicle == "example_lhd" and "ynthetic" in log.header.note
    assert dms("scenario", "render", small, "--out", out / "plain.mcap", "--count", "4").out.startswith(
        f"{out / 'plain.mcap'}: 4"
    )
    with LogReader(out / "plain.mcap") as log:
        assert len(list(log.frames())) == 4 and not list(log.messages((TRUTH,)))


@pytest.mark.usefixtures("studio", "engines_built")
def test_a_rendered_log_is_replayed(dms, small, out):
    assert dms("scenario", "render", small, "--out", out / "drive.mcap").code == 0
    result = dms("replay", out / "drive.mcap", "--json")
    assert result.code == 0 and json.loads(result.out)["frames"] == 16


@pytest.mark.usefixtures("studio")
def test_render_pictures(dms, small, out):
    import cv2

    folder = out / "deep" / "pictures"
    result = dms("scenario", "render", small, "--out", folder, "--labels", "--size", "160x96", "--fps", "4", "--seed", "7")
    assert result.code == 0
    labels = [decode_truth(line) for line in (folder / "labels.jsonl").read_bytes().splitlines()]
    assert sorted(p.name for p in folder.glob("*.png")) == [f"{n:06d}.png" for n in range(8)] and len(labels) == 8
    assert cv2.imread(str(folder / "000003.png")).shape[:2] == (96, 160) and labels[3].t == 0.75 and labels[0].person.seed == 7
    assert decode_camera((folder / "camera.json").read_bytes(), "camera") == labels[0].camera
    again = dms("scenario", "render", small, "--out", folder)
    assert again.code == 2 and "not empty" in again.complaint


@pytest.mark.usefixtures("studio")
def test_render_a_video(dms, small, out):
    from dms.camera.video import Video

    assert dms("scenario", "render", small, "--out", out / "drive.mp4", "--labels").code == 0
    assert sorted(p.name for p in out.iterdir()) == ["drive.jsonl", "drive.mp4"]
    assert len((out / "drive.jsonl").read_bytes().splitlines()) == 16
    with Video(out / "drive.mp4") as video:
        frames = list(video.frames())
    assert len(frames) == 16 and frames[8].t == pytest.approx(1.0) and (frames[0].width, frames[0].height) == (192, 128)


@pytest.mark.usefixtures("studio")
def test_perfect_records_are_assessed(dms, small, out):
    path = out / "perfect.jsonl"
    assert dms("scenario", "render", small, "--out", path, "--fps", "30").code == 0
    result = dms("assess", path, "--vehicle", "example_lhd", "--jsonl")
    states = [decode_state(line) for line in result.out.splitlines()]
    assert result.code == 0 and len(states) == 60
    assert states[-1].attention.zone == "road" and states[-1].level >= 3
    refused = dms("scenario", "render", small, "--out", out / "b.jsonl", "--labels")
    assert refused.code == 2 and "--labels" in refused.complaint and not (out / "b.jsonl").exists()


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("workers", [1, 2])
def test_render_a_training_set(dms, small, out, workers):
    words = ["--crop", "eyes", "--count", "20", "--workers", workers, "--json"]
    result = dms("scenario", "render", small, "--out", out / "set", *words)
    assert result.code == 0 and json.loads(result.out)["cutouts"] == 20
    made = TrainingSet(out / "set")
    assert made.manifest.complete and made.manifest.plan.asset_sha256 == jobs.asset_hash()
    (batch,) = made.batches(32)
    assert batch["picture"].shape == (20, 64, 96) and set(batch["side"]) == {0, 1}
    assert dms("scenario", "render", small, "--out", out / "set", *words).code == 0  # nothing left to do
    other = dms("scenario", "render", small, "--out", out / "set", "--crop", "face", "--count", "20")
    assert other.code == 2 and "another training set" in other.complaint


@pytest.mark.usefixtures("studio")
def test_preview_sheet_and_film(dms, small, out):
    import cv2

    from dms.camera.video import Video

    plain, drawn = (out / f"{name}.png" for name in ("plain", "drawn"))
    assert dms("scenario", "preview", small, "--out", plain, "--count", "5", "--columns", "3").code == 0
    assert dms("scenario", "preview", small, "--out", drawn, "--count", "5", "--columns", "3", "--truth").code == 0
    first, second = (cv2.imread(str(p)) for p in (plain, drawn))
    assert first.shape == second.shape == (2 * (213 + 34), 3 * 320, 3) and (first != second).any()
    assert (first[-40:, -320:] == 0).all() and first[213:247, :320].max() > 200  # no sixth picture; a caption below the first
    assert dms("scenario", "preview", small, "--out", out / "film.mp4", "--truth").code == 0
    with Video(out / "film.mp4") as film:
        assert len(list(film.frames())) == 16


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["render", "none.yaml", "--out", "OUT/a.mcap"], 3, "scenario none.yaml cannot be read"),
        (["render", "SMALL", "--out", "OUT/a.avi"], 2, ".mcap, .mp4 or .jsonl"),
        (["render", "SMALL", "--out", "OUT/none/a.mcap"], 3, "no folder"),
        (["render", "SMALL", "--out", "OUT/a.mp4", "--size", "161x96"], 2, "even sides"),
        (["render", "SMALL", "--out", "OUT/a.mcap", "--crop", "eyes"], 2, "training set in a folder"),
        (["render", "SMALL", "--out", "OUT/a", "--workers", "2"], 2, "--workers is for training sets"),
        (["render", "SMALL", "--out", "SMALL"], 2, "give a folder"),
        (["render", "SMALL", "--out", "/proc/no/pictures"], 3, "cannot be made"),
        (["preview", "SMALL", "--out", "OUT/a.gif"], 2, ".png or .mp4"),
        (["show", "none"], 3, "scenario none cannot be read"),
    ],
)
@pytest.mark.usefixtures("studio")
def test_mistakes_are_one_line(dms, small, out, words, code, said):
    result = dms("scenario", *(w.replace("OUT", str(out)).replace("SMALL", str(small)) for w in words))
    assert result.code == code and said in result.complaint and result.out == ""
    assert list(out.iterdir()) == [] and small.read_text() == SMALL


@pytest.mark.parametrize(
    "words",
    [
        "--size 12x12",
        "--size big",
        "--fps 0",
        "--fps fast",
        "--count 0",
        "--count -3",
        "--seed -1",
        "--workers none",
        "--crop nose",
    ],
)
def test_options_out_of_range_are_usage(dms, small, out, words):
    result = dms("scenario", "render", small, "--out", out / "a.mcap", *words.split())
    assert result.code == 2 and words.split()[0] in result.err.splitlines()[-1] and "invalid _" not in result.err
    assert list(out.iterdir()) == []


def test_no_sub_command_is_usage(dms):
    assert dms("scenario").code == 2 and dms("scenario", "paint").code == 2


def test_a_broken_scenario_file_is_unreadable(dms, tmp_path, out):
    path = tmp_path / "bad.yaml"
    for text, said in (
        (SMALL + "colour: red\n", "colour"),
        ("{", "YAML"),
        (SMALL.replace("duration_s: 2", "duration_s: -2"), "duration_s"),
    ):
        path.write_text(text)
        result = dms("scenario", "render", path, "--out", out / "a.mcap")
        assert result.code == 3 and said in result.complaint and "bad.yaml" in result.complaint


@pytest.mark.parametrize("target", ["a.mcap", "a.mp4", "a.jsonl", "folder", "a.png"])
def test_a_renderer_that_fails_leaves_nothing_behind(dms, small, out, studio, monkeypatch, target):
    monkeypatch.setattr(jobs, "open_studio", BreakingStudio)
    command = "preview" if target.endswith(".png") else "render"
    result = dms(
        "scenario", command, small, "--out", out / target, *(["--labels"] if target in ("a.mcap", "a.mp4", "folder") else [])
    )
    assert result.code == 4 and "lost its context" in result.complaint and list(out.iterdir()) == []


def test_without_moderngl_the_command_to_install_it_is_said(dms, small, out, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "moderngl" else real(name, *a))
    result = dms("scenario", "render", small, "--out", out / "a.mcap")
    assert result.code == 4 and "moderngl" in result.complaint and "pip install 'dms[synth]'" in result.complaint
    assert list(out.iterdir()) == []
    row = next(c for c in json.loads(dms("doctor", "--json").out)["checks"] if c["name"] == "renderer")
    assert row["status"] == "missing" and row["mend"] == "pip install 'dms[synth]'" and not row["needed"]


@pytest.mark.parametrize("ending", ["raise RuntimeError('libEGL.so: not found')", "import os; os.abort()"])
def test_without_egl_the_packages_are_named(dms, small, out, monkeypatch, ending):
    """Also when OpenGL takes its process down."""
    monkeypatch.setattr(graphics, "_TRY", ending)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: sys)
    result = dms("scenario", "render", small, "--out", out / "a.mcap")
    assert result.code == 4 and "EGL" in result.complaint and "apt install libegl1 libgl1-mesa-dri" in result.complaint


def test_doctor_has_a_row_for_the_renderer(dms):
    row = next(c for c in json.loads(dms("doctor", "--json").out)["checks"] if c["name"] == "renderer")
    try:
        want = {"status": "ok", "detail": f"synthetic driver: {graphics.probe_renderer()}", "mend": ""}
        assert "OpenGL " in want["detail"]
    except BackendUnavailable as error:
        want = {"status": "missing", "detail": f"synthetic driver: {error.reason}", "mend": error.hint}
    assert row == {"name": "renderer", "needed": False, **want}
