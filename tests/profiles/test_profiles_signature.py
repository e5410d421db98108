"""Ed25519 signatures: good, bad, missing, another key's; OpenSSL and ``dms`` understand each other."""

import builtins
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import dms.profiles
from dms import manifest, signature
from dms.errors import BackendUnavailable, InputError
from dms.profiles import FOLDER, load_profile
from dms.resources import shipped
from dms.runtime import trust
from dms.runtime.config import RunConfig, load_parts, read_config
from dms.signature import TrustedKey, read_private_key, sign

OWN = "extends: un_r157\nname: mine\npresence:\n  absent_after_s: {value: 0.5, unit: s, source: [R157-01], certainty: proposed}\n"


def write_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """A new key pair as PEM files: private, public."""
    key = ed25519.Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}_public.pem"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    ours, theirs = write_pair(folder, "ours"), write_pair(folder, "theirs")
    return {"private": ours[0], "public": ours[1], "their_private": theirs[0], "their_public": theirs[1]}


@pytest.fixture
def signed(tmp_path: Path, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Copies of profiles and of the engines' manifest, signed with our key, and a cache without engines."""
    profiles, engines = tmp_path / "profiles", tmp_path / "engines"
    shutil.copytree(FOLDER, profiles, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    engines.mkdir()
    shutil.copy(shipped("engines") / manifest.NAME, engines)
    monkeypatch.setattr(dms.profiles, "FOLDER", profiles)
    monkeypatch.setattr(trust, "shipped", lambda *parts: engines)
    monkeypatch.setenv("DMS_CACHE", str(tmp_path / "cache"))
    for folder in (profiles, engines):
        sign(folder / manifest.NAME, read_private_key(keys["private"]))
    return profiles, engines


def config(keys: dict[str, Path], **changes: object) -> RunConfig:
    return RunConfig(**{"source": "sample", "trusted_key": str(keys["public"]), **changes})  # type: ignore[arg-type]


@pytest.mark.requirement("FS-10")
def test_a_good_signature_is_taken_and_told(signed: tuple[Path, Path], keys: dict[str, Path]) -> None:
    assert load_parts(config(keys)).profile.identity.trust == "signed"
    assert load_parts(config(keys, trusted_key=None)).profile.identity.trust == "manifest"


@pytest.mark.requirement("FS-10")
@pytest.mark.parametrize("which", [0, 1], ids=["profiles", "engines"])
@pytest.mark.parametrize("harm", ["missing", "flipped", "short", "empty", "another file's", "another key's"])
def test_FS10_a_bad_signature_is_refused(signed: tuple[Path, Path], keys: dict[str, Path], which: int, harm: str) -> None:
    path = signed[which] / manifest.NAME
    beside = signature.signature_of(path)
    data = beside.read_bytes()
    if harm == "missing":
        beside.unlink()
    elif harm == "another key's":
        sign(path, read_private_key(keys["their_private"]))
    else:
        other = signature.signature_of(signed[1 - which] / manifest.NAME).read_bytes()
        beside.write_bytes(
            {"flipped": bytes([data[0] ^ 1]) + data[1:], "short": data[:-1], "empty": b"", "another file's": other}[harm]
        )
    with pytest.raises(InputError) as caught:
        load_parts(config(keys))
    line = str(caught.value)
    assert str(path) in line and "\n" not in line
    assert ("not signed" if harm == "missing" else "its signature does not fit") in line


def test_a_manifest_made_anew_needs_a_new_signature(signed: tuple[Path, Path], keys: dict[str, Path]) -> None:
    """Who can change a profile and its hash cannot change the signature."""
    path = signed[0] / "base.yaml"
    path.write_bytes(path.read_bytes() + b"# harmless\n")
    manifest.write(signed[0], dms.profiles.LISTED)
    assert load_parts(config(keys, trusted_key=None)).profile.name == "l3_default"
    with pytest.raises(InputError, match="its signature does not fit"):
        load_parts(config(keys))


@pytest.mark.requirement("FS-12")
def test_FS12_an_illegal_value_is_refused_even_if_signed(signed: tuple[Path, Path], keys: dict[str, Path]) -> None:
    mine = signed[0].parent / "mine.yaml"
    mine.write_text(OWN.replace("value: 0.5", "value: 5.0"))
    sign(mine, read_private_key(keys["private"]))
    with pytest.raises(InputError, match="is outside its legal range"):
        load_parts(config(keys, profile=str(mine)))


def test_own_profile_and_own_engine_need_signatures_of_their_own(signed: tuple[Path, Path], keys: dict[str, Path]) -> None:
    folder = signed[0].parent
    mine, net = folder / "mine.yaml", folder / "net.onnx"
    mine.write_text(OWN)
    net.write_bytes(b"a network")
    text = f"source: sample\nprofile: mine.yaml\ntrusted_key: {keys['public']}\nengines: {{files: {{gaze: net.onnx}}}}\n"
    (folder / "run.yaml").write_text(text)
    for path in (mine, net):
        with pytest.raises(InputError, match=rf"{path.name}: not signed"):
            load_parts(read_config(str(folder / "run.yaml")))
        sign(path, read_private_key(keys["private"]))
    assert load_parts(read_config(str(folder / "run.yaml"))).profile.identity.trust == "signed"


def test_engines_that_were_built_here_need_a_signature(
    signed: tuple[Path, Path], keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = signed[0].parent / "cache" / "0123"
    built.mkdir(parents=True)
    (built / "manifest.json").write_text(json.dumps({"key": "0123"}))
    monkeypatch.setattr(trust, "built_manifests", lambda without=None: iter([built / "manifest.json"]))
    with pytest.raises(InputError, match="not signed"):
        load_parts(config(keys))
    sign(built / "manifest.json", read_private_key(keys["private"]))
    load_parts(config(keys))
    moved = built.rename(built.with_name("4567"))
    monkeypatch.setattr(trust, "built_manifests", lambda without=None: iter([moved / "manifest.json"]))
    with pytest.raises(InputError, match="belongs to another engine"):
        load_parts(config(keys))


def test_built_manifests_are_those_in_the_cache(engines_built: None) -> None:
    found = list(trust.built_manifests())
    assert len(found) == 5 and all(path.is_file() for path in found)
    assert len(list(trust.built_manifests(without={"face_mesh": Path("mine.onnx")}))) == 4


@pytest.mark.parametrize("text", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(text)
    with pytest.raises(InputError, match="not an Ed25519 public key"):
        TrustedKey(path)
    with pytest.raises(InputError, match="not an Ed25519 private key"):
        read_private_key(path)


def test_other_kinds_of_keys_are_refused(tmp_path: Path, keys: dict[str, Path]) -> None:
    path = tmp_path / "key.pem"
    other = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(InputError, match="not an Ed25519 private key"):
        read_private_key(path)
    path.write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    with pytest.raises(InputError, match="not an Ed25519 public key"):
        TrustedKey(path)
    with pytest.raises(InputError, match="not an Ed25519 public key"):
        TrustedKey(keys["private"])
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    path.write_bytes(locked)
    with pytest.raises(InputError, match="the key is encrypted"):
        read_private_key(path)
    with pytest.raises(InputError, match=r"none\.pem: No such file"):
        TrustedKey(tmp_path / "none.pem")


def test_without_the_package_one_line_says_what_to_install(keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def none_of_it(name: str, *rest: object) -> object:
        if name.split(".")[0] == "cryptography":
            raise ModuleNotFoundError(name=name)
        return plain(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", none_of_it)
    for read in (TrustedKey, read_private_key):
        with pytest.raises(BackendUnavailable, match=r"pip install 'dms\[signing\]'"):
            read(keys["public"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl program")
def test_openssl_makes_and_checks_the_same_signatures(tmp_path: Path) -> None:
    def openssl(*arguments: object) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=tmp_path)

    openssl("genpkey", "-algorithm", "ed25519", "-out", "private.pem")
    openssl("pkey", "-in", "private.pem", "-pubout", "-out", "public.pem")
    mine = tmp_path / "mine.yaml"
    mine.write_text(OWN)
    openssl("pkeyutl", "-sign", "-inkey", "private.pem", "-rawin", "-in", mine, "-out", "mine.yaml.sig")
    assert load_own(mine, tmp_path / "public.pem") == "signed"
    sign(mine, read_private_key(tmp_path / "private.pem"))
    openssl("pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin", "-in", mine, "-sigfile", "mine.yaml.sig")


def load_own(path: Path, public: Path) -> str:
    """How far an own profile is trusted, the shipped manifest being signed by nobody."""
    key = TrustedKey(public)
    with pytest.raises(InputError, match=r"manifest\.json: not signed"):
        load_profile(str(path), key)
    assert key.require(path) == path.read_bytes()
    return "signed"
