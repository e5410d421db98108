"""``dms jetson-accept``: what a person without a Jetson sees, and what one with a record can check."""

import json
import sys

import pytest

from dms.runtime.machine import Machine


def test_without_a_jetson_one_line_says_so(dms):
    if Machine().release is not None:
        pytest.skip("this is a Jetson")
    result = dms("jetson-accept")
    assert result.code == 4 and "no Jetson" in result.complaint and "--dry-run" in result.complaint


def test_on_a_jetson_without_tensorrt(dms, monkeypatch):
    monkeypatch.setattr(Machine, "release", "36.4.3")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    result = dms("jetson-accept", "--config", "run.yaml")
    assert result.code == 4 and "TensorRT cannot be used" in result.complaint


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--part", "12"), "there is no part 12"),
        (("--dry-run", "--minutes", "0"), "--minutes"),
        (("--dry-run", "--config", "run.yaml"), "leave --config out"),
    ],
)
def test_wrong_use(dms, arguments, words):
    result = dms("jetson-accept", *arguments)
    assert result.code == 2 and words in result.complaint


@pytest.mark.alone
def test_a_dry_run_from_end_to_end(dms, tmp_path, engines_built):
    result = dms("jetson-accept", "--dry-run", "--out", tmp_path)
    lines = result.out.splitlines()
    assert result.code == 0, result.out
    assert lines[-1] == "ACCEPT: DRY RUN 11/11" and "DRY RUN ON FAKES" in result.out
    assert sum("dry run on fakes: " in line for line in lines) == 11 and "ACCEPT: PASS" not in result.out
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["content"]["dry_run"] is True and lines[-2] == f"SHA-256 {record['sha256']}"
    assert (tmp_path / "summary.txt").read_text() == result.out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["record.json", "summary.txt"]

    good = dms("jetson-accept", "--verify", tmp_path / "record.json")
    assert good.code == 0 and "it states: ACCEPT: DRY RUN 11/11" in good.out
    (tmp_path / "record.json").write_text(json.dumps(record).replace('"dry_run": true', '"dry_run": false'))
    changed = dms("jetson-accept", "--verify", tmp_path / "record.json")
    assert changed.code == 1 and "was changed" in changed.complaint


def test_a_part_alone_and_a_folder_that_cannot_be(dms, tmp_path, engines_built):
    result = dms("jetson-accept", "--dry-run", "--part", "1", "--part", "11", "--out", tmp_path / "new")
    assert result.code == 0 and result.out.splitlines()[-1] == "ACCEPT: DRY RUN 2/11"
    (tmp_path / "file").write_text("")
    refused = dms("jetson-accept", "--dry-run", "--part", "1", "--out", tmp_path / "file" / "deep")
    assert refused.code == 4 and "choose another folder" in refused.complaint


def test_no_record_there(dms, tmp_path):
    assert dms("jetson-accept", "--verify", tmp_path / "none.json").code == 3
