"""``dms assess`` and ``dms explain`` from the outside."""

import io
import json
import math
import sys
from pathlib import Path
from typing import TypeGuard

import pytest
from drives import drive, observation, vehicle
from msgspec.structs import replace

from dms.assessment.driver_file import with_driver_file
from dms.cli import assess as assess_command
from dms.cli.main import main
from dms.records import Gaze, Observation, VehicleState
from dms.records.cabin import decode_driver
from dms.records.jsonl import encode

LINES = [encode(record) for record in drive(8, 20.0)]


def write(path: Path, lines: list[bytes]) -> str:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


def run(capfdbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, list[bytes], str]:
    code = main(list(arguments))
    out, err = capfdbinary.readouterr()
    return code, out.splitlines(), err.decode()


def test_one_state_an_observation_complete_and_repeatable(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    name = write(tmp_path / "drive.jsonl", LINES)
    code, lines, err = run(capfdbinary, "assess", name, "--profile", "l3_default", "--jsonl")
    assert code == 0 and len(lines) == 160 and err == ""
    state = json.loads(lines[-1])
    assert state["schema"] == "dms.state/1" and state["readiness"] == "ready" and state["level"] == 4
    assert set(state) == {
        "schema", "t", "readiness", "readiness_score", "takeover_time_s", "takeover_interval_s", "confidence", "level",
        "attention", "availability", "drowsiness", "warning", "requests", "locked_out", "health", "because", "profile",
    }  # fmt: skip
    assert state["profile"]["name"] == "l3_default" and state["profile"]["trust"] == "manifest"
    assert run(capfdbinary, "assess", name, "--profile", "l3_default", "--jsonl")[1] == lines


def test_vehicle_keys_on_the_line_flat_or_nested_or_apart_are_the_same(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    pictures = [r for r in drive(8, 20.0) if isinstance(r, Observation)]
    given = {"belt": True, "seat": True, "hands_on": False, "brake": False, "speed_kmh": 90.0}
    flat = [json.dumps({**json.loads(encode(p)), **given}).encode() for p in pictures]
    nested = [json.dumps({**json.loads(encode(p)), "vehicle": given}).encode() for p in pictures]
    apart = [encode(r) for p in pictures for r in (VehicleState(t=p.t, **given), p)]  # type: ignore[arg-type]
    outputs = [run(capfdbinary, "assess", write(tmp_path / "x", x), "--jsonl")[1] for x in (flat, nested, apart)]
    assert outputs[0] == outputs[1] == outputs[2]
    assert json.loads(outputs[0][-1])["readiness"] == "ready"


def test_wrong_vehicle_key_on_an_observation_line_is_refused(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    bad = json.dumps({**json.loads(LINES[1]), "belt": "yes"}).encode()
    code, _, err = run(capfdbinary, "assess", write(tmp_path / "x", [LINES[0], bad]), "--jsonl")
    assert code == 3 and "line 2" in err and "belt" in err


@pytest.mark.parametrize(
    "line",
    [
        b'{"schema": "dms.observation/1", "t": NaN}',
        b'{"schema": "dms.observation/1", "t": 1e400}',
        b'{"schema": "dms.observation/1", "t": 1e300}',
        b'{"schema": "dms.observation/1", "t": "now"}',
        b'{"schema": "dms.observation/1", "t": -5.0}',
        b'{"schema": "dms.observation/2", "t": 9.0}',
        b'{"schema": "dms.observation/1", "t": 9.0, "gaze": {"direction_camera": [0, 0, -2]}}',
        b'{"schema": "dms.observation/1", "t": 9.0, "vehicle": 3}',
        b"[" * 100000,
        b"\xff\xfe",
        b"{",
    ],
)
def test_P01_unusable_record_is_refused_with_its_line_or_counted(
    line: bytes, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    name = write(tmp_path / "bad.jsonl", [*LINES, b"", line])
    code, lines, err = run(capfdbinary, "assess", name, "--jsonl")
    assert code == 3 and err.startswith(f"dms: {name} line {len(LINES) + 2}: ") and err.count("\n") == 1
    code, lenient, err = run(capfdbinary, "assess", name, "--jsonl", "--lenient")
    assert code == 0 and lenient == lines and "skipped 1 unusable" in err


@pytest.mark.requirement("FS-04")
def test_P01_evidence_is_only_as_fresh_as_the_last_good_record(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    bad = [b'{"schema": "dms.observation/1", "t": 8.1, "face": 1}'] * 20
    late = [encode(vehicle(8.0 + i / 10)) for i in range(1, 10)]
    name = write(tmp_path / "x", [*LINES, *bad, *late])
    _, lines, _ = run(capfdbinary, "assess", name, "--jsonl", "--lenient")
    assert [json.loads(line)["readiness"] for line in lines[160:]] == ["unknown"] * 9
    name = write(tmp_path / "y", [*LINES, *bad, *late, encode(vehicle(9.0)), encode(observation(9.0))])
    _, lines, _ = run(capfdbinary, "assess", name, "--jsonl", "--lenient")
    assert json.loads(lines[-1])["readiness"] == "unknown"


def test_plain_text_has_a_line_a_change_and_a_summary(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    code, lines, _ = run(capfdbinary, "assess", write(tmp_path / "x", LINES))
    text = b"\n".join(lines).decode()
    assert code == 0 and len(lines) < 10 and "ready" in text and lines[-1].startswith(b"160 states until t=7.950 s")


def test_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    class Stdin:
        buffer = io.BytesIO(b"\n".join(LINES))

    monkeypatch.setattr(sys, "stdin", Stdin())
    assert len(run(capfdbinary, "assess", "-", "--jsonl")[1]) == 160


@pytest.mark.parametrize("vehicle_file", ["example_lhd", "example_rhd"])
def test_vehicle_file_by_name(vehicle_file: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(capfdbinary, "assess", write(tmp_path / "x", LINES), "--vehicle", vehicle_file)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["assess", "FILE", "--profile", "l4"], 2),
        (["assess", "FILE", "--vehicle", "missing.yaml"], 3),
        (["assess", "missing.jsonl"], 3),
        (["assess", "EMPTY"], 3),
        (["explain", "FILE", "--at", "-1"], 2),
        (["explain", "EMPTY", "--at", "1"], 2),
        (["explain", "missing.jsonl", "--at", "1"], 3),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], code: int, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    files = {"FILE": write(tmp_path / "x", LINES), "EMPTY": write(tmp_path / "empty", [b""])}
    found, _, err = run(capfdbinary, *(files.get(a, a) for a in arguments))
    assert found == code and err.startswith("dms: ") and err.count("\n") == 1


def test_explain_gives_the_causes_from_observations_and_from_states_alike(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    away = [encode(r) for r in drive(9, 20.0, zone=lambda t: "phone" if t >= 5 else "road")]
    observations = write(tmp_path / "observations", [b"", *away])
    states = write(tmp_path / "states", [b"", *run(capfdbinary, "assess", observations, "--jsonl")[1]])
    code, lines, _ = run(capfdbinary, "explain", observations, "--at", "8.2s")
    assert code == 0 and lines == run(capfdbinary, "explain", states, "--at", "8.2")[1]
    text = b"\n".join(lines).decode()
    assert text.startswith("t=8.200 s  ready_delayed  level 3") and "gaze off road 3.2 s; zone=phone" in text
    assert "since t=5.000 s; before that " in text
    code, lines, err = run(capfdbinary, "explain", states, "--at", "999")
    assert code == 0 and err == f"dms: {states} ends at t=8.95 s; this is its last state\n", err
    assert lines[0].startswith(b"t=8.950 s ")
    _, lines, _ = run(capfdbinary, "explain", states, "--at", "8.2", "--json")
    assert json.loads(lines[0])["warning"] == {"class": "long_distraction", "stage": 1}


@pytest.mark.requirement("P-01")
@pytest.mark.parametrize("options", [["--profile", "l3_default,eu_addw"], ["--profile", "l3_default", "--profile", "eu_addw"]])
def test_P01_profiles_side_by_side_say_what_each_says_alone(
    options: list[str], tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    away = [encode(r) for r in drive(9, 20.0, zone=lambda t: "cluster" if t >= 5 else "road")]
    name = write(tmp_path / "x", away)
    code, both, _ = run(capfdbinary, "assess", name, *options, "--jsonl")
    assert code == 0
    for number, profile in enumerate(("l3_default", "eu_addw")):
        assert both[number::2] == run(capfdbinary, "assess", name, "--profile", profile, "--jsonl")[1]
        assert {json.loads(line)["profile"]["name"] for line in both[number::2]} == {profile}
    text = b"\n".join(run(capfdbinary, "assess", name, *options)[1]).decode().splitlines()
    assert text[0].split() == ["t", "l3_default", "eu_addw"]
    assert text[-2].startswith("l3_default  180 states until t=8.950 s") and "long_distraction x1" in text[-2]
    assert text[-1].startswith("eu_addw     180 states") and text[-1].endswith("warnings: none")
    warned = next(line for line in text if "long_distraction/1" in line)
    assert warned.split() == ["8.000", "3", "ready_delayed", "long_distraction/1", "3", "ready_delayed"]
    states = write(tmp_path / "states", both)
    code, _, err = run(capfdbinary, "explain", states, "--at", "8.2")
    assert code == 2 and "pick one with --profile" in err
    for profile in ("l3_default", "eu_addw"):
        told = run(capfdbinary, "explain", states, "--at", "8.2", "--profile", profile)[1]
        assert told == run(capfdbinary, "explain", name, "--at", "8.2", "--profile", profile)[1] and told


@pytest.mark.parametrize(("profiles", "says"), [("a,", "names with a comma"), ("eu_addw,eu_addw", "one name")])
def test_profiles_that_cannot_stand_side_by_side(
    profiles: str, says: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    code, _, err = run(capfdbinary, "assess", write(tmp_path / "x", LINES), "--profile", profiles)
    assert code == 2 and says in err and err.count("\n") == 1


DRIVER = b"name: anna\ngaze_yaw_deg: 0.0\ngaze_pitch_deg: 20.0\ngaze_std_deg: 5.0\n"
LOW = (0.0, math.sin(math.radians(8)), -math.cos(math.radians(8)))
"""Twenty degrees below straight ahead."""


def low_reading(seen: Observation) -> Observation:
    return replace(seen, gaze=Gaze(direction_camera=LOW, origin_camera_mm=(0.0, 0.0, 650.0), std_deg=10.2))


def test_driver_file_corrects_what_perception_has_not(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "anna.yaml").write_bytes(DRIVER)
    name = write(tmp_path / "x", [encode(r) for r in drive(8, 20.0, picture=low_reading)])
    options = ["--driver", str(tmp_path / "anna.yaml")]
    assert "ready " not in b"\n".join(run(capfdbinary, "assess", name)[1]).decode()
    state = json.loads(run(capfdbinary, "assess", name, *options, "--jsonl")[1][-1])
    assert state["readiness"] == "ready" and state["attention"]["zone"] == "road"
    told = run(capfdbinary, "explain", name, "--at", "7.9", *options, "--json")[1][0]
    assert json.loads(told)["readiness"] == "ready"
    by_file = [with_driver_file(r, decode_driver(DRIVER, "anna")) for r in drive(8, 20.0, picture=low_reading) if is_picture(r)]
    assert all(with_driver_file(r, decode_driver(DRIVER, "anna")) is r for r in by_file)
    assert by_file[0].gaze is not None and by_file[0].gaze.std_deg == pytest.approx(math.hypot(5.0, math.sqrt(10.2**2 - 100)))
    states = write(tmp_path / "states", run(capfdbinary, "assess", name, "--jsonl")[1])
    code, _, err = run(capfdbinary, "explain", states, "--at", "7", *options)
    assert code == 2 and "--driver is for observations" in err


def test_another_drivers_readings_are_refused(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    (tmp_path / "anna.yaml").write_bytes(DRIVER)
    marked = [replace(r, gaze=replace(r.gaze, driver="bob")) for r in drive(1, 20.0) if is_picture(r)]
    name = write(tmp_path / "x", [encode(r) for r in marked])
    code, _, err = run(capfdbinary, "assess", name, "--driver", str(tmp_path / "anna.yaml"))
    assert code == 3 and "line 1: the gaze was corrected with the driver file of bob, not of anna" in err
    code, _, err = run(capfdbinary, "assess", name, "--driver", str(tmp_path / "none.yaml"))
    assert code == 3 and err.count("\n") == 1


def test_a_gaze_without_a_head_cannot_be_corrected() -> None:
    seen = replace(low_reading(observation(0.0)), head=None)
    assert with_driver_file(seen, decode_driver(DRIVER, "anna")).gaze is None and with_driver_file(seen, None) is seen


def is_picture(record: object) -> TypeGuard[Observation]:
    return isinstance(record, Observation)


def test_commands_have_the_three_names() -> None:
    assert isinstance(assess_command.HELP, str) and callable(assess_command.add_arguments) and callable(assess_command.run)
