"""FS-10: one byte changed in a profile or an engine file, or in a manifest, and it is refused in one line."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dms.profiles
from dms import manifest
from dms.errors import InputError
from dms.inference import definition, parity, slots
from dms.profiles import FOLDER, LISTED, load_profile
from dms.resources import shipped

ENGINE = "drowsiness"
"""The smallest one."""

PROFILE_FILES = ("un_r171_cn.yaml", "un_r171_eu.yaml", "base.yaml", "limits.yaml", manifest.NAME)
"""All that ``un_r171_cn`` is read from."""


def load_parity() -> None:
    list(parity.cases(definition.definition(ENGINE)))


ENGINE_FILES: dict[str, Callable[[], object]] = {
    f"{ENGINE}/engine.yaml": lambda: definition.definition(ENGINE),
    f"{ENGINE}/{ENGINE}.onnx": lambda: slots.find_engine(ENGINE),
    f"{ENGINE}/{ENGINE}.fp16.onnx": lambda: slots.find_engine(ENGINE, precision="fp16"),
    f"{ENGINE}/{ENGINE}.int8.onnx": lambda: slots.find_engine(ENGINE, precision="int8"),
    f"{ENGINE}/parity.npz": load_parity,
    manifest.NAME: lambda: definition.definition(ENGINE),
}
"""File of the engine to what reads it."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Copies of both folders, which the product takes for its own."""
    root = tmp_path_factory.mktemp("copy")
    profiles, engines = root / "profiles", root / "engines"
    shutil.copytree(FOLDER, profiles, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    engines.mkdir()
    shutil.copy(shipped("engines") / manifest.NAME, engines)
    shutil.copytree(shipped("engines") / ENGINE, engines / ENGINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dms.profiles, "FOLDER", profiles)
        for module in (definition, parity):
            patch.setattr(module, "shipped", lambda *parts: engines.joinpath(*parts[1:]))
        yield profiles, engines


@contextmanager
def flipped(path: Path, where: float, mask: int) -> Iterator[None]:
    """One byte of a file changed; ``where`` is a share of its length."""
    before = path.read_bytes()
    data = bytearray(before)
    data[min(int(where * len(data)), len(data) - 1)] ^= mask
    path.write_bytes(data)
    try:
        yield
    finally:
        path.write_bytes(before)


def refused(load: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        load()
    line = str(caught.value)
    assert "\n" not in line
    return line


@pytest.mark.requirement("FS-10", "R171-13")
@settings(max_examples=100, deadline=None, derandomize=True)
@given(name=st.sampled_from(PROFILE_FILES), where=st.floats(0, 1), mask=st.integers(1, 255))
def test_FS10_any_flipped_byte_of_a_profile_is_refused(folders: tuple[Path, Path], name: str, where: float, mask: int) -> None:
    with flipped(folders[0] / name, where, mask):
        assert "changed or is damaged" in refused(lambda: load_profile("un_r171_cn"))


@pytest.mark.requirement("FS-10", "R171-13")
@settings(max_examples=100, deadline=None, derandomize=True)
@given(name=st.sampled_from(sorted(ENGINE_FILES)), where=st.floats(0, 1), mask=st.integers(1, 255))
def test_FS10_any_flipped_byte_of_an_engine_is_refused(folders: tuple[Path, Path], name: str, where: float, mask: int) -> None:
    with flipped(folders[1] / name, where, mask):
        assert "changed or is damaged" in refused(ENGINE_FILES[name])


def test_unchanged_copies_load(folders: tuple[Path, Path]) -> None:
    assert load_profile("un_r171_cn").identity.trust == "manifest"
    for load in ENGINE_FILES.values():
        load()


def test_an_engine_and_its_specification_changed_together_are_refused(folders: tuple[Path, Path]) -> None:
    onnx, text = folders[1] / ENGINE / f"{ENGINE}.onnx", folders[1] / ENGINE / "engine.yaml"
    before = text.read_bytes()
    old = slots.find_engine(ENGINE).sha256
    with flipped(onnx, 0.5, 1):
        text.write_bytes(before.replace(old.encode(), manifest.hashlib.sha256(onnx.read_bytes()).hexdigest().encode()))
        line = refused(lambda: slots.find_engine(ENGINE))
        text.write_bytes(before)
    assert "engine.yaml: the file was changed" in line


@pytest.mark.requirement("P-01")
def test_a_profile_that_is_not_listed_is_refused(folders: tuple[Path, Path]) -> None:
    path = folders[0] / "un_r999.yaml"
    path.write_text("extends: base\n")
    assert "un_r999.yaml: not in manifest.json" in refused(lambda: load_profile("un_r999"))
    path.unlink()


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"null", b"\xff", b'{"files": []}', b'{"files": {"base.yaml": 3}}', b"[" * 5000]
)
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / manifest.NAME).write_bytes(text)
    assert "the manifest was changed or is damaged" in refused(lambda: manifest.read(tmp_path))


def test_without_a_manifest_nothing_loads(tmp_path: Path) -> None:
    assert "manifest.json: No such file" in refused(lambda: manifest.check(tmp_path, "base.yaml", b""))


def test_the_committed_manifests_are_current() -> None:
    for folder, patterns in ((FOLDER, LISTED), (shipped("engines"), definition.LISTED)):
        assert manifest.problems(folder, patterns) == [], "run: dms profiles manifest"


def test_manifest_names_what_differs(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml", "c.txt"):
        (tmp_path / name).write_text(name)
    assert manifest.write(tmp_path, ("*.yaml",)) == ["a.yaml", "b.yaml"]
    assert manifest.write(tmp_path, ("*.yaml",)) == [] and manifest.problems(tmp_path, ("*.yaml",)) == []
    (tmp_path / "a.yaml").write_text("changed")
    (tmp_path / "b.yaml").rename(tmp_path / "d.yaml")
    assert manifest.problems(tmp_path, ("*.yaml",)) == ["a.yaml: changed", "b.yaml: missing", "d.yaml: not in manifest.json"]
    assert manifest.write(tmp_path, ("*.yaml",)) == ["a.yaml", "b.yaml", "d.yaml"]
