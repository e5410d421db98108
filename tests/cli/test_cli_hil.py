"""``dms hil`` as a new user would try it."""

import json

import pytest


def test_help_names_the_machine_and_the_exit_codes(dms) -> None:
    assert dms("hil", "--help").code == 0
    result = dms("hil", "never-false-ready", "--help")
    assert result.code == 0 and "--scenario SEED:NUMBER" in result.out and "else 1" in result.out


@pytest.mark.parametrize(
    "wrong",
    [
        [], ["never"], ["never-false-ready", "--hours", "0"], ["never-false-ready", "--hours", "nan"],
        ["never-false-ready", "--seed", "-1"], ["never-false-ready", "--jobs", "0"], ["never-false-ready", "--scenario", "1"],
        ["never-false-ready", "--plant", "nothing"],
    ],
)  # fmt: skip
def test_wrong_usage_is_2_and_names_what_is_wrong(dms, wrong) -> None:
    result = dms("hil", *wrong)
    assert result.code == 2 and result.out == "" and "Traceback" not in result.err
    assert "dms hil" in result.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (["--out", "a.jsonl"], "--scenario SEED:NUMBER"),
        (["--scenario", "1:3", "--hours", "2"], "leave --hours"),
        (["--hours", "0.1", "--profile", "none"], "unknown profile none"),
        (["--hours", "0.1", "--family", "none"], "one of: attentive"),
    ],
)
def test_options_that_do_not_fit_are_2_in_one_line(dms, wrong, says) -> None:
    result = dms("hil", "never-false-ready", *wrong)
    assert result.code == 2 and says in result.complaint and result.out == ""


def test_a_file_that_cannot_be_written_is_3(dms, tmp_path) -> None:
    result = dms("hil", "never-false-ready", "--scenario", "1:3", "--out", tmp_path / "none" / "a.jsonl")
    assert result.code == 3 and "cannot be written" in result.complaint


def test_a_short_campaign_for_people_and_machines(dms) -> None:
    result = dms("hil", "never-false-ready", "--hours", "0.02", "--seed", "4", "--json")
    found = json.loads(result.out)
    assert result.code == (0 if found["aim_met"] else 1)
    assert found["hours"] > 0.02 and found["hours_per_minute"] > 0
    result = dms("hil", "never-false-ready", "--hours", "0.02", "--seed", "4")
    assert result.out.splitlines()[-1] in ("aim met", "aim missed") and "hours of driving a minute" in result.err


def test_a_drive_is_written_with_its_truth_and_assess_takes_it(dms, tmp_path) -> None:
    path = tmp_path / "drive.jsonl"
    result = dms("hil", "never-false-ready", "--scenario", "1:3", "--out", path, "--json")
    assert result.code in (0, 1) and json.loads(result.out)["drives"] == 1
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert {row["schema"] for row in rows} == {"dms.observation/1", "dms.vehicle/1"}
    assert set(rows[0]["truth"]) == {"ready", "causes", "attentive", "looks_at"}
    assert {row["truth"]["ready"] for row in rows} == {True, False}
    path.write_text("\n".join(path.read_text().splitlines()[:300]))
    command = result.err.split("dms assess ")[1].splitlines()[0].split()
    assert dms("assess", *command).code == 0


def test_a_planted_bug_is_the_exit_code_1(dms) -> None:
    result = dms(
        "hil", "never-false-ready", "--hours", "0.3", "--seed", "1", "--family", "bus_faults", "--plant", "stale_value_held"
    )
    assert result.code == 1 and "bug planted: stale_value_held" in result.out and "aim missed" in result.out
