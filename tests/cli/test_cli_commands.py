"""Each command does what its help says, on small inputs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dms.drivelog.reader import LogReader
from dms.records.cabin import decode_driver
from dms.records.jsonl import decode_input, decode_state

pytestmark = pytest.mark.usefixtures("engines_built")


def records(out):
    return [decode_input(line, number) for number, line in enumerate(out.splitlines(), 1)]


def test_observe_finds_the_face_in_a_portrait(dms, portrait):
    result = dms("observe", portrait, "--jsonl")
    assert result.code == 0 and result.err == ""
    (seen,) = records(result.out)
    assert seen.face.present and seen.face.confidence > 0.9 and seen.source == str(portrait)
    x, y, w, h = seen.face.box_px
    assert x < 226 < x + w and y < 125 < y + h  # the middle of the face
    assert seen.head and seen.gaze and set(seen.eyes) == {"left", "right"}
    assert abs(np.linalg.norm(seen.head.forward_camera) - 1) < 1e-3


def test_observe_for_people_is_one_line_a_picture(dms, portrait):
    result = dms("observe", portrait, portrait)
    assert result.code == 0 and len(result.out.splitlines()) == 2 and result.out.startswith("portrait.png #0 t=0.000s: ")
    assert result.err == "2 frames observed\n"


def test_pictures_are_independent_of_each_other(dms, portrait, wide_portrait):
    alone = [json.loads(dms("observe", p, "--jsonl").out) for p in (portrait, wide_portrait)]
    together = [json.loads(line) for line in dms("observe", wide_portrait, portrait, wide_portrait, "--jsonl").out.splitlines()]
    assert together == [alone[1], alone[0], alone[1]]


def test_a_16_bit_picture_reads_like_its_8_bit_form(dms, portrait, tmp_path):
    import cv2

    grey = cv2.imread(str(portrait), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "eight.png"), grey)
    cv2.imwrite(str(tmp_path / "sixteen.png"), grey.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "ten.png"), grey.astype(np.uint16) * 4)
    first, *others = (records(dms("observe", tmp_path / f"{n}.png", "--jsonl").out)[0] for n in ("eight", "sixteen", "ten"))
    assert first.face.present
    for seen in others:
        assert seen.face.box_px == pytest.approx(first.face.box_px, abs=2.0)
        assert seen.head.yaw_deg == pytest.approx(first.head.yaw_deg, abs=1.0)


def test_observe_in_a_lower_precision(dms, portrait):
    full = records(dms("observe", portrait, "--jsonl").out)[0]
    result = dms("observe", portrait, "--jsonl", "--precision", "eye_state=int8")
    (seen,) = records(result.out)
    assert result.code == 0 and result.err == ""
    assert seen.head == full.head and seen.eyes != full.eyes
    assert seen.eyes["left"].opening_mm == pytest.approx(full.eyes["left"].opening_mm, abs=1.5)
    result = dms("observe", portrait, "--jsonl", "--precision", "fp16")
    assert result.code == 0 and records(result.out)[0].head.yaw_deg == pytest.approx(full.head.yaw_deg, abs=0.2)
    assert result.complaint.startswith(
        "dms: fp16: head_pose, eye_state, gaze, hand_detector, gesture; only as fp32: face_detector"
    )


def test_replay_in_a_lower_precision(dms, short_log):
    plain, small = (json.loads(dms("replay", short_log, "--json", *o).out) for o in ((), ("--precision", "drowsiness=int8")))
    assert plain["engines"] != small["engines"]


def test_overlay_writes_readable_pictures(dms, portrait, tmp_path):
    import cv2

    result = dms("observe", portrait, "--overlay", tmp_path / "seen" / "deep", "--jsonl")
    assert result.code == 0
    (written,) = (tmp_path / "seen" / "deep").iterdir()
    drawn, plain = cv2.imread(str(written)), cv2.imread(str(portrait))
    assert written.name == "portrait.png" and drawn.shape[1] == 512 and drawn.shape[0] >= 512
    drawn = drawn[:512]
    assert (drawn != cv2.cvtColor(cv2.cvtColor(plain, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)).any(axis=2).sum() > 200


def test_camera_file_scales_the_distance(dms, portrait, tmp_path):
    def distance(focal):
        path = tmp_path / "camera.json"
        path.write_text(json.dumps({"fx": focal, "fy": focal, "cx": 256, "cy": 256, "width": 512, "height": 512}))
        (seen,) = records(dms("observe", portrait, "--camera", path, "--jsonl").out)
        return seen.head.position_camera_mm[2]

    assert distance(1400.0) / distance(700.0) == pytest.approx(2.0, rel=0.05)


def test_vehicle_file_gives_the_seat_whose_face_is_the_driver(dms, wide_portrait, tmp_path):
    from dms.resources import shipped

    text = shipped("calibration", "vehicles", "example_lhd.yaml").read_text()
    line = next(row for row in text.splitlines() if row.startswith("seat_region"))
    boxes = {}
    for name, region in {"left": [0.0, 0.0, 0.5, 1.0], "right": [0.5, 0.0, 0.5, 1.0]}.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(text.replace(line, f"seat_region: {region}"))
        (seen,) = records(dms("observe", wide_portrait, "--vehicle", path, "--jsonl").out)
        boxes[name] = seen.face.box_px[0] + seen.face.box_px[2] / 2
    assert boxes["left"] < 512 < boxes["right"]
    (largest,) = records(dms("observe", wide_portrait, "--jsonl").out)
    assert largest.face.box_px[0] > 512  # without a vehicle file the largest face is the driver


def test_eye_pictures(dms, portrait, tmp_path):
    import cv2

    grey = cv2.imread(str(portrait), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(tmp_path / "eye.png"), grey[98:122, 230:262])
    result = dms("observe", tmp_path / "eye.png", "--input", "eye", "--jsonl")
    (seen,) = records(result.out)
    assert result.code == 0 and set(seen.eyes) == {"unknown"} and seen.face is None
    eye = seen.eyes["unknown"]
    assert eye.visible is not None and (eye.closed is None) == (eye.visible < 0.5)


def test_hand_landmarks_from_text(dms, tmp_path):
    points = [[0.5, 0.9], [0.6, 0.8], [0.66, 0.72], [0.71, 0.66], [0.76, 0.6]]  # wrist and a thumb held out
    points += [[0.42 + 0.06 * finger, 0.6 - 0.12 * joint] for finger in range(4) for joint in range(4)]
    lines = [json.dumps({"file": "a.png", "landmarks": points}), "", json.dumps({"file": "b.png", "landmarks": points})]
    path = tmp_path / "hands.jsonl"
    path.write_text("\n".join(lines))
    result = dms("observe", path, "--input", "hand-landmarks", "--jsonl")
    seen = records(result.out)
    assert result.code == 0 and [r.source for r in seen] == ["a.png", "b.png"] and seen[0].hands[0].fingers in (4, 5)
    for text, words in [
        ("\n", "holds no hand"),
        ("{", "line 1"),
        (json.dumps({"file": "a", "landmarks": points[:20]}), "20 landmarks, wanted 21"),
    ]:
        path.write_text(text)
        result = dms("observe", path, "--input", "hand-landmarks", "--jsonl")
        assert result.code == 3 and words in result.complaint and result.out == ""


def test_observe_video_and_log_have_times(dms, portrait_video, short_log):
    seen = records(dms("observe", portrait_video, "--jsonl").out)
    assert len(seen) == 30 and seen[15].t == pytest.approx(1.0) and all(r.face.present for r in seen)
    seen = records(dms("observe", short_log, "--jsonl").out)
    assert len(seen) > 100 and [r.t for r in seen] == sorted(r.t for r in seen)


def test_observe_then_assess_then_explain(dms, short_log, tmp_path):
    (tmp_path / "o.jsonl").write_text(dms("observe", short_log, "--jsonl").out)
    states = dms("assess", tmp_path / "o.jsonl", "--vehicle", "example_lhd", "--jsonl")
    assert states.code == 0
    decoded = [decode_state(line) for line in states.out.splitlines()]
    assert len(decoded) == len((tmp_path / "o.jsonl").read_text().splitlines())
    assert all(s.readiness != "ready" for s in decoded)  # belt and seat are unknown
    (tmp_path / "s.jsonl").write_text(states.out)
    told = dms("explain", tmp_path / "s.jsonl", "--at", "2.0")
    assert told.code == 0 and "because" in told.out


@pytest.mark.requirement("P-14")
def test_replay_twice_gives_the_same_bytes(dms, short_log, tmp_path):
    for name in ("first", "second"):
        result = dms("replay", short_log, "--out", tmp_path / name, "--json")
        assert result.code == 0 and result.err == ""
        summary = json.loads(result.out)
    for file in ("states.jsonl", "observations.jsonl", "can.log", "events.jsonl", "summary.json"):
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes(), file
    again = dms("assess", tmp_path / "first" / "observations.jsonl", "--driver", "sample", "--jsonl")
    assert again.code == 0 and again.out == (tmp_path / "first" / "states.jsonl").read_text()  # the rules got nothing else
    assert summary["frames"] > 100 and summary["can_frames"] > 150 and summary["backend"] == "onnxruntime"
    assert summary["readiness_share"]["ready"] > 0.2  # he looks ahead, but for two seconds his gaze is read too low to be sure


def test_replay_streams_states(dms, short_log):
    result = dms("replay", short_log, "--jsonl")
    assert result.code == 0 and len([decode_state(line) for line in result.out.splitlines()]) > 100


def test_replay_for_people(dms, short_log):
    result = dms("replay", short_log)
    assert result.code == 0 and result.out.startswith("drive    ") and "engines " in result.out


def test_replay_of_a_cut_log_does_what_it_can(dms, short_log, tmp_path):
    content = short_log.read_bytes()
    (tmp_path / "cut.mcap").write_bytes(content[: len(content) // 2])
    result = dms("replay", tmp_path / "cut.mcap", "--json")
    assert result.code == 3 and json.loads(result.out)["frames"] > 0
    assert all(line.startswith("dms: ") for line in result.err.splitlines()) and result.err


def test_replay_of_a_video_is_never_ready(dms, portrait_video):
    result = dms("replay", portrait_video, "--json")
    assert result.code == 0
    summary = json.loads(result.out)
    assert summary["frames"] == 30 and "ready" not in summary["readiness_share"] and summary["receiver_ready_share"] == 0


def test_demo_is_heard_by_the_receiver(dms):
    result = dms("demo", "--seconds", "3", "--json")
    assert result.code == 0
    summary = json.loads(result.out)
    assert summary["readiness_frames"] >= 40 and summary["frames_judged"] > 10
    assert set(summary["e2e_verdicts"]) <= {"OK", "OK_SOME_LOST", "INITIAL", "NO_NEW_DATA"}


def test_demo_in_plain_lines(dms):
    result = dms("demo", "--seconds", "2", "--plain")
    assert result.code == 0 and "CAN 3A0#" in result.out and "receiver believed" in result.out and "\x1b" not in result.out


def test_doctor_as_json(dms):
    result = dms("doctor", "--json")
    found = json.loads(result.out)
    assert result.code == 0 and found["ready"] is True
    for check in found["checks"]:
        assert check["status"] in ("ok", "missing", "degraded") and check["detail"]
        assert check["status"] == "ok" or check["mend"], check["name"]


def test_doctor_without_engines_says_what_mends_it(dms, tmp_path, monkeypatch):
    monkeypatch.setenv("DMS_CACHE", str(tmp_path))
    result = dms("doctor")
    assert result.code == 4 and "-> dms engines build" in result.out and "cannot run here" in result.out


@pytest.mark.slow
def test_bench_as_json(dms):
    result = dms("bench", "--frames", "30", "--seconds", "1", "--json")
    assert result.code == 0
    found = json.loads(result.out)
    assert found["size"] == "640x480" and found["lock_step"]["frames"] == 20 and found["lock_step"]["cpu_ms_per_frame"] > 0
    branch = found["hand_branch"]
    assert branch["without_hand"]["on_cpu_ms"] > 0 and branch["with_hand"] is None  # no hand at the sample's beginning
    assert branch["capture_to_judged_ms"]["p50"]["ratio"] > 0
    for part in ("camera_30_fps_without_hands", "camera_30_fps", "camera_30_fps_gestures", "full_load"):
        assert found[part]["publisher"]["cycles"] >= 15 and found[part]["judged_fps"] > 1
    assert "face_mesh" in found["lock_step"]["engines_ms"]


def test_bench_for_people(dms):
    result = dms("bench", "--frames", "20", "--seconds", "0.5")
    assert result.code == 0 and result.out.startswith("lock-step, 10 frames of 640x480")
    assert "full_load" in result.out and "hand branch, the same pictures without and with it" in result.out


def test_calibrate_gaze_makes_a_driver_file(dms, short_log, tmp_path):
    span = ("calibrate", "gaze", short_log, "--start", "0.7", "--end", "2.5", "--name", "anna")
    result = dms(*span, "--out", tmp_path / "anna.yaml")
    assert result.code == 0, result.err
    driver = decode_driver((tmp_path / "anna.yaml").read_bytes(), "anna.yaml")
    assert driver.name == "anna" and "anna.yaml: gaze offset yaw" in result.out
    printed = dms(*span)
    assert decode_driver(printed.out.encode(), "stdout") == driver
    assert dms("replay", short_log, "--driver", tmp_path / "anna.yaml", "--json").code == 0


def test_run_example_is_a_configuration_that_runs(dms, tmp_path):
    example = dms("run", "--example")
    assert example.code == 0 and example.err == ""
    (tmp_path / "run.yaml").write_text(example.out.replace("source: v4l2:0", "source: sample"))
    result = dms("run", "--config", tmp_path / "run.yaml", "--seconds", "1", "--jsonl")
    assert result.code == 0 and "cycles sent" in result.err and "RECORDING" not in result.err
    assert [decode_state(line).t for line in result.out.splitlines()]


@pytest.mark.requirement("FS-14")
def test_run_records_only_when_asked_and_the_record_can_be_replayed(dms, portrait_video, tmp_path):
    (tmp_path / "run.yaml").write_text(f"source: {portrait_video}\nrecord: {tmp_path / 'drive.mcap'}\n")
    result = dms("run", "--config", tmp_path / "run.yaml")
    assert result.code == 0 and "RECORDING PICTURES" in result.err and "left out" not in result.err
    with LogReader(tmp_path / "drive.mcap") as log:
        assert log.complete and len(list(log.frames())) > 5 and len(list(log.can(direction="tx"))) > 20
    again = dms("replay", tmp_path / "drive.mcap", "--json")
    assert again.code == 0 and json.loads(again.out)["frames"] > 5


def test_run_on_a_picture_folder(dms, portrait, tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(portrait.read_bytes())
    (tmp_path / "run.yaml").write_text("source: .\n")
    result = dms("run", "--config", tmp_path / "run.yaml", "--jsonl")
    assert result.code == 0 and "2 frames judged" in result.err


def test_engines_list_as_json(dms):
    rows = json.loads(dms("engines", "list", "--json").out)["engines"]
    assert {row["slot"] for row in rows} >= {"face_detector", "face_mesh", "hand_detector", "hand_landmarks", "eye_landmarks"}
    for row in rows:
        assert row["state"] == "built" and len(row["sha256"]) == 64 and row["licence"] and row["provenance"]


def test_the_installed_command_is_the_same_program(portrait):
    script = Path(sys.executable).with_name("dms")
    if not script.exists():
        pytest.skip("dms is not installed in this environment")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dms 0.")
