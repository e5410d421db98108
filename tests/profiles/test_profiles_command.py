"""``dms profiles`` and ``--profile FILE`` as a user tries them, with wrong input too."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

import dms.profiles
from dms import manifest
from dms.gesture import data
from dms.inference import definition
from dms.profiles import FOLDER, available, load_profile
from dms.records import Observation, VehicleState
from dms.records.jsonl import encode
from dms.resources import shipped

Run = Callable[..., Any]
OWN = "extends: euro_ncap_2026\nlong_distraction:\n  warn_s: {value: 2.5, unit: s, source: [NCAP-01], certainty: proposed}\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(OWN)
    return path


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Profiles, gestures and one engine copied, with manifests of their own; no engine built."""
    profiles, gestures, engines = tmp_path / "profiles", tmp_path / "gestures", tmp_path / "engines"
    for folder, copy in ((FOLDER, profiles), (data.FOLDER, gestures)):
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(data, "FOLDER", gestures)
    shutil.copytree(shipped("engines") / "drowsiness", engines / "drowsiness", ignore=shutil.ignore_patterns("*.py"))
    monkeypatch.setattr(dms.profiles, "FOLDER", profiles)
    monkeypatch.setattr(definition, "shipped", lambda *parts: engines.joinpath(*parts[1:]))
    monkeypatch.setattr("dms.resources.shipped", lambda *parts: engines.joinpath(*parts[1:]))
    monkeypatch.setenv("DMS_CACHE", str(tmp_path / "cache"))
    return [profiles, gestures, engines]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    key, private, public = Ed25519PrivateKey.generate(), tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_list(dms: Run) -> None:
    text = dms("profiles", "list")
    assert text.code == 0 and text.err == ""
    assert [line.split()[0] for line in text.out.splitlines() if not line.startswith(" ")] == available()
    found = json.loads(dms("profiles", "list", "--json").out)
    assert found["schema"] == "dms.profiles/1" and [row["name"] for row in found["profiles"]] == available()
    row = next(row for row in found["profiles"] if row["name"] == "un_r171_eu")
    assert row["rules"] == ["eyes_on", "hands_on", "lock_out"] and row["follows"][0]["primary_read"] is False
    assert row["hash"] == load_profile("un_r171_eu").hash[:16]


def test_show_each_value_with_unit_source_certainty_and_range(dms: Run) -> None:
    text = dms("profiles", "show", "un_r171_cn").out
    line = next(line for line in text.splitlines() if line.startswith("hands_on.escalate_s"))
    assert line.split() == ["hands_on.escalate_s", "3", "s", "legal", "0.5..3", "secondary", "R171-06", "from", "un_r171_cn"]
    assert "not read in the primary" in text and "camera.silence_s" not in text
    assert "camera.silence_s" in dms("profiles", "show", "un_r171_cn", "--all").out


@pytest.mark.parametrize("name", available())
def test_show_as_json_is_complete(dms: Run, name: str) -> None:
    found, profile = json.loads(dms("profiles", "show", name, "--json").out), load_profile(name)
    assert (
        found["schema"] == "dms.profile/1"
        and found["sha256"] == profile.hash
        and found["values"].keys() == profile.settings.keys()
    )
    for value in found["values"].values():
        assert set(value) == {"value", "unit", "source", "certainty", "range", "from"}


def test_check_and_show_an_own_profile(dms: Run, mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(mine.parent)
    for name in ("mine.yaml", str(mine)):
        checked = dms("profiles", "check", name)
        assert checked.code == 0 and "usable (not in the manifest)" in checked.out and "warn_s  2.5 s" in checked.out
        found = json.loads(dms("profiles", "check", name, "--json").out)
        assert found["schema"] == "dms.profile-check/1" and list(found["own"]) == ["long_distraction.warn_s"]
    assert "mine, version 1" in dms("profiles", "show", "mine.yaml").out


def test_diff(dms: Run, mine: Path) -> None:
    lines = dms("profiles", "diff", "euro_ncap_2026", mine).out.splitlines()
    assert [line.split() for line in lines] == [["euro_ncap_2026", "mine"], ["long_distraction.warn_s", "3", "s", "2.5", "s"]]
    found = json.loads(dms("profiles", "diff", "un_r171_eu", "un_r171_cn", "--json").out)
    assert found["values"]["hands_on.escalate_s"] == [10.0, 3.0] and found["values"]["lock_out.lock_s"] == [None, 1800.0]
    assert dms("profiles", "diff", "un_r157", "un_r157").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["show", "l9"], 2, "unknown profile l9; available: "),
        (["show", "no.yaml"], 3, "profile no.yaml cannot be read: No such file"),
        (["check", "no.yaml"], 3, "no.yaml cannot be read: No such file"),
        (["check", "l9"], 3, "l9 cannot be read: No such file"),
        (["check", "."], 3, "cannot be read: Is a directory"),
        (["check", "bad.yaml"], 3, "long_distraction.warn_s = 9 s is outside its legal range 1..4"),
        (["check", "empty.yaml"], 2, "gives no value of its own"),
        (["diff", "un_r157", "l9"], 2, "unknown profile l9"),
        (["sign", "--key", "no.pem"], 3, "no.pem: No such file"),
        (["sign", "--key", "bad.yaml"], 3, "not an Ed25519 private key"),
        (["verify", "--public-key", "bad.yaml"], 3, "not an Ed25519 public key"),
        (["verify", "bad.yaml"], 2, "give --public-key"),
    ],
)
def test_mistakes_are_one_line(
    dms: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text(OWN.replace("2.5", "9"))
    (tmp_path / "empty.yaml").write_text("extends: eu_addw\n")
    found = dms("profiles", *arguments)
    assert found.code == code and told in found.complaint and found.out == ""


@pytest.mark.requirement("P-01", "FS-10")
def test_manifest_sign_and_verify(dms: Run, copies: list[Path], pair: tuple[Path, Path], mine: Path) -> None:
    private, public = pair
    written = dms("profiles", "manifest")  # the copied engines are fewer than the shipped ones
    assert written.code == 0 and "manifest.json: as it was" in written.out and "drowsiness/engine.yaml" in written.out
    assert dms("profiles", "verify", "--public-key", public).code == 3
    signed = dms("profiles", "sign", "--key", private)
    assert signed.out.split() == [word for folder in copies for word in ("wrote", f"{folder / manifest.NAME}.sig")]
    verified = dms("profiles", "verify", "--public-key", public)
    assert verified.code == 0 and "agree with their manifests" in verified.out and verified.out.count("signed with ") == 3
    assert dms("profiles", "sign", "--key", private, mine).code == 0
    assert dms("profiles", "verify", "--public-key", public, mine).code == 0
    mine.write_text(OWN.replace("2.5", "2.6"))
    assert "its signature does not fit" in dms("profiles", "verify", "--public-key", public, mine).complaint


def test_nobody_signs_what_is_damaged(dms: Run, copies: list[Path], pair: tuple[Path, Path]) -> None:
    assert dms("profiles", "manifest").code == 0
    (copies[0] / "base.yaml").write_bytes((copies[0] / "base.yaml").read_bytes() + b"#")
    for arguments in (["verify"], ["sign", "--key", pair[0]]):
        found = dms("profiles", *arguments)
        assert found.code == 3 and "base.yaml: changed" in found.complaint
    assert not list(copies[0].glob("*.sig"))


def test_a_folder_that_cannot_be_written(dms: Run, copies: list[Path], pair: tuple[Path, Path]) -> None:
    (copies[0] / f".{manifest.NAME}.new").mkdir()  # in the way, for root too
    assert "the manifest is written where dms is built" in dms("profiles", "manifest").complaint
    (copies[0] / f"{manifest.NAME}.sig").mkdir()
    assert dms("profiles", "sign", "--key", pair[0]).code == 3


def test_run_with_a_trusted_key_refuses_what_nobody_signed(dms: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("source: sample\ntrusted_key: public.pem\n")
    found = dms("run", "--config", tmp_path / "run.yaml")
    assert found.code == 3 and "manifest.json: not signed" in found.complaint
    (tmp_path / "run.yaml").write_text("source: sample\ntrusted_key: no.pem\n")
    assert "no.pem: No such file" in dms("run", "--config", tmp_path / "run.yaml").complaint


@pytest.mark.requirement("FS-10")
@pytest.mark.parametrize("arguments", [["run", "--config", "run.yaml"], ["assess", "drive.jsonl"], ["replay", "sample"]])
def test_FS10_a_changed_profile_ends_every_command_in_one_line(
    dms: Run, copies: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    (copies[0] / "base.yaml").write_bytes((copies[0] / "base.yaml").read_bytes().replace(b"30.0", b"30.1", 1))
    (tmp_path / "run.yaml").write_text("source: sample\n")
    (tmp_path / "drive.jsonl").write_bytes(encode(Observation(t=0.0)) + b"\n")
    monkeypatch.chdir(tmp_path)
    found = dms(*arguments)
    assert found.code == 3 and "base.yaml: the file was changed or is damaged" in found.complaint


@pytest.mark.requirement("FS-11")
def test_FS11_an_own_profile_is_named_in_every_record_and_said_to_be_unlisted(dms: Run, mine: Path, tmp_path: Path) -> None:
    drive = tmp_path / "drive.jsonl"
    drive.write_bytes(b"\n".join(encode(r) for t in (0.0, 0.05) for r in (VehicleState(t=t), Observation(t=t, zone="road"))))
    found = dms("assess", drive, "--profile", mine, "--jsonl")
    assert found.code == 0, found.err
    for line in found.out.splitlines():
        state = json.loads(line)
        assert state["profile"] == {"name": "mine", "version": 1, "hash": load_profile(str(mine)).hash[:16], "trust": "unlisted"}
        assert "profile mine is not in the manifest" in state["health"]["reasons"]
    shipped_one = json.loads(dms("assess", drive, "--profile", "un_r157", "--jsonl").out.splitlines()[0])
    assert shipped_one["profile"]["trust"] == "manifest" and not any("manifest" in r for r in shipped_one["health"]["reasons"])
