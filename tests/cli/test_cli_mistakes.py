"""The user's mistakes and the world's: one line on stderr, the right exit code, no traceback, nothing wrong on stdout."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dms.cli.main import COMMANDS
from dms.resources import cache_dir, shipped

ROOT = Path(__file__).resolve().parents[2]


def check_stdout(out: str) -> None:
    for line in out.splitlines():
        json.loads(line)


def test_observe_says_what_is_wrong_with_an_input(dms, bad_input, engines_built):
    result = dms("observe", bad_input, "--jsonl")
    assert result.code == 3
    assert bad_input.name in result.complaint
    check_stdout(result.out)


def test_observe_does_the_other_inputs_all_the_same(dms, portrait, engines_built):
    result = dms("observe", portrait, "none.png", portrait, "--jsonl")
    assert result.code == 3 and "none.png" in result.complaint
    assert len(result.out.splitlines()) == 2


def test_one_bad_picture_in_a_folder_does_not_lose_the_rest(dms, portrait, tmp_path, engines_built):
    (tmp_path / "a.png").write_bytes(portrait.read_bytes())
    (tmp_path / "b.png").write_text("no picture")
    (tmp_path / "c.png").write_bytes(portrait.read_bytes())
    result = dms("observe", tmp_path, "--jsonl")
    assert result.code == 3 and "b.png" in result.complaint
    assert [json.loads(line)["frame"] for line in result.out.splitlines()] == [0, 2]


@pytest.mark.parametrize("command", ["replay", "calibrate", "bench", "run"])
def test_every_command_that_takes_pictures_says_so_too(dms, command, tmp_path, engines_built):
    (tmp_path / "film.mp4").write_text("no video")
    (tmp_path / "run.yaml").write_text("source: film.mp4")
    arguments = {
        "replay": [tmp_path / "film.mp4"],
        "calibrate": ["gaze", tmp_path / "film.mp4"],
        "bench": ["--source", tmp_path / "film.mp4"],
        "run": ["--config", tmp_path / "run.yaml"],
    }[command]
    result = dms(command, *arguments)
    assert result.code == 3 and "film.mp4" in result.complaint and result.out == ""


def test_an_engine_file_that_is_none(dms, portrait, tmp_path, engines_built):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    result = dms("observe", portrait, "--engine", f"face_mesh={broken}")
    assert result.code == 3 and "broken.onnx" in result.complaint and "ONNX" in result.complaint and result.out == ""
    result = dms("observe", portrait, "--engine", f"face_mesh={tmp_path / 'none.onnx'}")
    assert result.code == 3 and "none.onnx" in result.complaint


def test_an_engine_of_another_shape_names_what_was_expected(dms, portrait, tmp_path, engines_built):
    import onnx
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(n, TensorProto.UINT8, [1, 100, 100, 3]) for n in ("image", "mesh")]
    graph = helper.make_graph([helper.make_node("Identity", ["image"], ["mesh"])], "g", ends[:1], ends[1:])
    path = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    result = dms("observe", portrait, "--engine", f"face_mesh={path}")
    assert result.code == 3 and "other.onnx does not fit slot face_mesh: expected input image" in result.complaint
    assert "100x100" in result.complaint and result.out == ""


@pytest.mark.parametrize("option", ["face_mesh", "face_mesh=", "nose=mesh.onnx"])
def test_a_wrong_engine_option(dms, portrait, option, engines_built):
    result = dms("observe", portrait, "--engine", option)
    assert result.code == 2 and "--engine" in result.complaint


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("bf16", "fp32, fp16, int8"),
        ("eye_state=", "fp32, fp16, int8"),
        ("nose=fp16", "this command has the slots"),
        ("face_mesh=fp16", "engine face_mesh has no fp16 file; it has: fp32"),
    ],
)
def test_a_precision_that_is_not_there(dms, portrait, option, said, engines_built):
    result = dms("observe", portrait, "--precision", option)
    assert result.code == 2 and said in result.complaint and result.out == ""


def test_a_precision_for_an_own_file(dms, portrait, tmp_path, engines_built):
    options = ("--engine", f"eye_state={tmp_path / 'own.onnx'}", "--precision", "eye_state=int8")
    result = dms("observe", portrait, *options)
    assert result.code == 2 and "cannot be asked for as int8" in result.complaint


def test_a_precision_in_the_configuration_that_is_not_there(dms, tmp_path, engines_built):
    for text, said in (
        ("face_mesh: int8", "engine face_mesh has no int8 file"),
        ("nose: int8", "engines.precision: no slot nose"),
        ("eye_state: half", "engines.precision"),
    ):
        config = tmp_path / "run.yaml"
        config.write_text(f"source: sample\nengines: {{precision: {{{text}}}}}\n")
        result = dms("run", "--config", config)
        assert result.code == 2 and said in result.complaint


def test_unknown_back_end_lists_the_known(dms, portrait):
    result = dms("observe", portrait, "--backend", "openvino")
    assert result.code == 2 and "openvino" in result.complaint and "onnxruntime" in result.complaint


@pytest.mark.parametrize("command", ["observe", "replay", "demo", "bench", "calibrate"])
def test_tensorrt_is_never_replaced_by_something_else(dms, command, portrait, short_log, engines_built):
    arguments = {"observe": [portrait], "replay": [short_log], "calibrate": ["gaze", short_log]}.get(command, [])
    result = dms(command, *arguments, "--backend", "tensorrt")
    assert result.code == 4 and "tensorrt" in result.complaint.lower() and result.out == ""


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [("broken.dbc", "BO_ nonsense", 3), ("empty.dbc", "", 3), ("missing.dbc", None, 3)],
)
def test_a_broken_message_set(dms, short_log, tmp_path, file, content, code):
    path = tmp_path / file
    if content is not None:
        path.write_text(content)
    result = dms("replay", short_log, "--dbc", path)
    assert result.code == code and file in result.complaint and result.out == ""


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("dbc: [", 3, "map.yaml"),
        ("dbc: [none.dbc]\ninputs: {}", 3, "none.dbc"),
        ("dbc: [broken.dbc]\ninputs: {}", 3, "broken.dbc"),
        ("dbc: [example.dbc]\ninputs: {speed: {message: X, signal: Y}}", 2, "speed"),
        ("dbc: [example.dbc]\ninputs: {speed_kmh: {message: Nothing, signal: Y}}", 2, "Nothing"),
        ("dbc: [example.dbc]\ninputs: {}\nwheel: 3", 2, "wheel"),
    ],
)
def test_a_broken_mapping_of_vehicle_inputs(dms, short_log, tmp_path, text, code, words, engines_built):
    (tmp_path / "map.yaml").write_text(text)
    (tmp_path / "broken.dbc").write_text("BO_ nonsense")
    (tmp_path / "example.dbc").write_bytes((ROOT / "dms" / "bus" / "example_vehicle.dbc").read_bytes())
    result = dms("replay", short_log, "--inputs", tmp_path / "map.yaml")
    assert (result.code, words in result.complaint) == (code, True), result.complaint
    assert result.out == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["replay", "LOG", "--profile", "sport"], 2, "sport"),
        (["replay", "LOG", "--vehicle", "truck"], 3, "truck"),
        (["replay", "LOG", "--camera", "none.json"], 3, "none.json"),
        (["replay", "LOG", "--driver", "none.yaml"], 3, "none.yaml"),
        (["replay", "none.mcap"], 3, "none.mcap"),
        (["observe", "PICTURE", "--vehicle", "truck"], 3, "truck"),
        (["observe", "PICTURE", "--camera", "none.json"], 3, "none.json"),
        (["observe", "v4l2:0"], 2, "live camera"),
        (["demo", "--interface", "carrier_pigeon"], 2, "carrier_pigeon"),
        (["demo", "--interface", "socketcan", "--channel", "can99"], 4, "can99"),
        (["demo", "--log", "none.mcap"], 3, "none.mcap"),
        (["demo", "--seed", "3"], 2, "--synthetic"),
        (["demo", "--synthetic", "--log", "LOG"], 2, "--log"),
        (["demo", "--synthetic", "--interface", "udp_multicast"], 2, "--interface"),
        (["demo", "--synthetic", "nowhere"], 3, "nowhere"),
        (["calibrate", "gaze", "LOG", "--start", "3", "--end", "2"], 2, "--end"),
        (["calibrate", "gaze", "LOG", "--start", "100"], 3, "frames"),
        (["bench", "--frames", "3"], 2, "--frames"),
        (["bench", "--seconds", "0"], 2, "--seconds"),
        (["run"], 2, "--config"),
        (["run", "--config", "none.yaml"], 3, "none.yaml"),
        (["engines", "build", "--force", "--wheel", "none.whl"], 3, "none.whl"),
        (["dance"], 2, "dance"),
        (["Demo"], 2, "Demo"),
    ],
)
def test_a_mistake_is_one_line(dms, short_log, portrait, tmp_path, monkeypatch, engines_built, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    names = {"LOG": short_log, "PICTURE": portrait}
    result = dms(*(names.get(a, a) for a in arguments))
    assert (result.code, words in result.complaint) == (code, True), result.complaint
    assert result.out == ""


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("source: sample\nbus: {interface: carrier_pigeon}", 2, "carrier_pigeon"),
        ("source: sample\nbus: {interface: socketcan, channel: can99}", 4, "can99"),
        ("source: sample\nengines: {backend: tensorrt}", 4, "tensorrt"),
        ("source: sample\nengines: {files: {nose: a.onnx}}", 2, "nose"),
        ("source: v4l2:99", 4, "video99"),
        ("source: sample\nrecord: no/such/folder/a.mcap", 3, "a.mcap"),
        ("source: sample\nspeed: 3", 2, "speed"),
        ("source: nothing.mp4", 3, "nothing.mp4"),
    ],
)
def test_a_wrong_run_configuration_is_one_line(dms, tmp_path, monkeypatch, engines_built, text, code, words):
    monkeypatch.chdir(tmp_path)
    Path("run.yaml").write_text(text)
    result = dms("run", "--config", "run.yaml", "--seconds", "1")
    assert (result.code, words in result.complaint) == (code, True), result.complaint
    assert result.out == ""


def test_argument_errors_are_usage(dms):
    for arguments in (
        ["observe"],
        ["replay"],
        ["assess", "a", "--no-such-option"],
        ["explain", "a", "--at", "soon"],
        ["engines"],
    ):
        result = dms(*arguments)
        assert result.code == 2 and "usage: dms" in result.err and "Traceback" not in result.err and result.out == ""


def test_no_network_at_the_first_build(dms_process, tmp_path):
    nowhere = {
        "DMS_CACHE": str(tmp_path / "cache"), "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "",
        "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null",
    }  # fmt: skip
    result = dms_process("engines", "build", env=nowhere)
    assert result.code == 4 and result.out == "" and "Traceback" not in result.err
    complaints = [line for line in result.err.splitlines() if line.startswith("dms: ")]
    assert len(complaints) == 1 and "check the network" in complaints[0] and "--wheel" in complaints[0]
    leftovers = [p for p in (tmp_path / "cache").rglob("*") if p.is_file() and not p.name.endswith("lock")]
    assert leftovers == []


def test_engines_that_were_not_built_say_what_to_run(dms, portrait, tmp_path, monkeypatch):
    monkeypatch.setenv("DMS_CACHE", str(tmp_path / "cache"))
    result = dms("observe", portrait)
    assert result.code == 4 and "dms engines build" in result.complaint and result.out == ""


def test_a_missing_package_is_one_line_with_the_extra(dms, portrait, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    result = dms("observe", portrait)
    assert result.code == 4 and "pip install" in result.complaint


def test_overlay_into_a_file_is_refused(dms, portrait, tmp_path, engines_built):
    (tmp_path / "taken").write_text("")
    result = dms("observe", portrait, "--overlay", tmp_path / "taken" / "deep", "--jsonl")
    assert result.code == 3 and "--overlay" in result.complaint


def test_an_output_file_that_cannot_be_written(dms, short_log, tmp_path, engines_built):
    result = dms("replay", short_log, "--out", "/proc/no")
    assert result.code == 3 and "--out" in result.complaint


def test_help_of_every_command_and_version(dms):
    overview = dms("--help")
    assert overview.code == 0 and all(f"  {name} " in overview.out for name in COMMANDS)
    assert dms().code == 2
    for name in COMMANDS:
        result = dms(name, "--help")
        assert result.code == 0 and result.out.startswith(f"usage: dms {name}") and result.err == ""
    assert dms("--version").out.startswith("dms 0.")


def test_help_names_the_module_s_command_and_module_texts_agree():
    import importlib

    for name in COMMANDS:
        module = importlib.import_module(f"dms.cli.{name.replace('-', '_')}")
        assert isinstance(module.HELP, str) and module.__doc__ and callable(module.run)
    files = {
        p.stem.replace("_", "-") for p in (ROOT / "dms" / "cli").glob("*.py") if "\nHELP = " in p.read_text(encoding="utf-8")
    }
    assert files == COMMANDS.keys()


@pytest.mark.parametrize(
    "arguments", ["--help", "observe --help", "run --example", "engines list", "observe PICTURE PICTURE --jsonl", "doctor"]
)
def test_a_reader_that_goes_early_is_no_error(arguments, portrait, engines_built):
    words = arguments.replace("PICTURE", str(portrait))
    command = f"{{ '{sys.executable}' -m dms {words}; echo \"code ${{?}}\" >&2; }} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr, done.stderr
    assert done.stderr.splitlines()[-1] in ("code 0", "code 4"), done.stderr


def test_no_colour_codes_where_nobody_looks(dms_process, portrait, engines_built):
    for arguments in (["doctor"], ["engines", "list"], ["observe", portrait]):
        result = dms_process(*arguments, env={"NO_COLOR": "1"})
        assert "\x1b" not in result.out + result.err
        assert "\x1b" not in dms_process(*arguments).out


def test_interrupting_the_loop_is_an_orderly_end(tmp_path, engines_built):
    (tmp_path / "run.yaml").write_text("source: sample\n")
    command = [sys.executable, "-m", "dms", "run", "--config", "run.yaml", "--jsonl"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        begin = time.monotonic()
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and time.monotonic() - begin < 10
    assert "Traceback" not in err and "frames judged" in err
    check_stdout(out)


def test_a_broken_engine_beside_a_gstreamer_camera_is_one_line(dms_process, tmp_path, engines_built):
    """In a process of its own: the ONNX library's errors crashed once GStreamer had been loaded before it."""
    pytest.importorskip("gi", reason="PyGObject is not installed")
    (tmp_path / "broken.onnx").write_bytes(b"no network")
    pipeline = "videotestsrc is-live=true ! video/x-raw,format=GRAY8,width=64,height=48 ! appsink"
    (tmp_path / "run.yaml").write_text(f"source: 'gst:{pipeline}'\nengines: {{files: {{face_mesh: broken.onnx}}}}\n")
    result = dms_process("run", "--config", "run.yaml", "--seconds", "1")
    assert result.code == 3 and "broken.onnx" in result.complaint and result.out == ""


@pytest.mark.requirement("GSR-01", "FS-14")
def test_nothing_is_sent_home(portrait, tmp_path, engines_built):
    """ONNX Runtime from 1.29 on keeps usage data under the home folder and sends it, unless it is told not to."""
    kept = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "CI")}
    environment = {**kept, "HOME": str(tmp_path), "DMS_CACHE": str(cache_dir())}
    environment.pop("XDG_CACHE_HOME", None)
    command = [sys.executable, "-m", "dms", "observe", str(portrait), "--jsonl"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == ""
    assert [str(p) for p in tmp_path.rglob("*") if p.is_file()] == []


def test_shipped_files_are_found():
    assert shipped("engines", "face_mesh", "engine.yaml").is_file()
