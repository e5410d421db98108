"""Building the cache: once, whole or not at all, and safe against damage and company."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest

from dms.errors import DmsError, HardwareError, InputError
from dms.inference import build as build_module
from dms.inference import cache, wheel
from dms.inference.build import build
from dms.inference.definition import Definition
from dms.inference.slots import find_engine


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "engines").glob("*")) if folder.is_dir() else []


def test_second_build_needs_no_network_and_nothing_heavy(own_cache: Path, small_wheel: Path) -> None:
    lines: list[str] = []
    first = build(small_wheel, tell=lambda done, text: lines.append(text))
    assert len(first.built) == 5
    assert not first.current
    assert lines[-1] == "done"
    assert all(0 < value < 1e-3 for value in first.worst.values())
    program = (
        "import sys; from dms.inference.build import build; r = build(); assert not r.built and len(r.current) == 5, r;"
        "print(*{'onnx', 'onnxruntime', 'tflite', 'cv2', 'rich'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done


def test_manifest_says_what_was_done(own_cache: Path, small_wheel: Path, only_eye: Definition) -> None:
    build(small_wheel)
    (folder,) = (path for path in (own_cache / "engines").iterdir() if path.is_dir())
    assert folder.name == cache.key(only_eye)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["name"] == "eye_landmarks"
    assert manifest["parity"].keys() == {"contour", "iris"}
    assert {name: cache.sha256(folder / name) for name in manifest["files"]} == manifest["files"]
    assert set(manifest["files"]) == {"eye_landmarks.onnx", "eye_landmarks.cpu.onnx", "eye_landmarks.tflite"}


@pytest.mark.parametrize("damage", ["change", "remove", "manifest", "no manifest"])
@pytest.mark.requirement("FS-10", "FS-01", "R171-13")
def test_damage_is_noticed_and_a_build_mends_it(own_cache: Path, small_wheel: Path, only_eye: Definition, damage: str) -> None:
    build(small_wheel)
    folder = own_cache / "engines" / cache.key(only_eye)
    victim = folder / ("manifest.json" if "manifest" in damage else "eye_landmarks.cpu.onnx")
    if damage in ("remove", "no manifest"):
        victim.unlink()
    else:
        data = bytearray(victim.read_bytes())
        data[0] ^= 1
        victim.write_bytes(data)
    with pytest.raises(InputError, match="run: dms engines build") as caught:
        find_engine("eye_landmarks")
    assert "\n" not in str(caught.value)
    assert build(small_wheel).built == ("eye_landmarks",)
    assert find_engine("eye_landmarks").sha256


def test_another_specification_is_another_folder(only_eye: Definition) -> None:
    from dataclasses import replace

    assert cache.key(replace(only_eye, text=only_eye.text + b"\n")) != cache.key(only_eye)


def test_wrong_wheel_is_refused(own_cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "other.whl"
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="not the expected wheel"):
        build(path)
    with pytest.raises(InputError, match="cannot be read"):
        build(tmp_path / "missing.whl")
    assert left_over(own_cache) == [".lock"]


def test_wrong_network_in_the_wheel_is_refused(
    own_cache: Path, small_wheel: Path, only_eye: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    assert only_eye.source is not None
    for source, message in (
        (replace(only_eye.source, sha256="0" * 64), "is not the expected network"),
        (replace(only_eye.source, member="gone.tflite"), "has no member gone.tflite"),
    ):
        changed = replace(only_eye, source=source)
        monkeypatch.setattr(build_module, "definitions", lambda changed=changed: (changed,))
        with pytest.raises(InputError, match=message):
            build(small_wheel)
        assert left_over(own_cache) == [".lock"]


def test_failed_parity_builds_nothing(
    own_cache: Path, small_wheel: Path, only_eye: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    strict = replace(only_eye, limits={"contour": 0.0, "iris": 0.0})
    monkeypatch.setattr(build_module, "definitions", lambda: (strict,))
    with pytest.raises(DmsError, match="off the reference") as caught:
        build(small_wheel)
    assert caught.value.exit_code == 1
    assert left_over(own_cache) == [".lock"]


def test_full_disk_is_one_line_and_leaves_nothing(
    own_cache: Path, small_wheel: Path, only_eye: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = cache.write_synced, 0

    def full(path: Path, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == 3:
            real(path, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(cache, "write_synced", full)
    with pytest.raises(HardwareError, match=r"No space left on device.*set DMS_CACHE") as caught:
        build(small_wheel)
    assert "\n" not in str(caught.value)
    assert left_over(own_cache) == [".lock"]


def test_unwritable_cache_is_one_line(
    own_cache: Path, small_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DMS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(HardwareError, match="cannot write the engine cache"):
        build(small_wheel)


def test_read_only_cache_is_one_line(own_cache: Path, small_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*args: object, **more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(HardwareError, match="Read-only file system"):
        build(small_wheel)


PROGRAM = """
import sys
from pathlib import Path
from dms.inference import build, wheel
wheel.WHEEL_SHA256 = sys.argv[2]
items = tuple(item for item in build.definitions() if item.name == "eye_landmarks")
build.definitions = lambda: items
print(len(build.build(Path(sys.argv[1])).built))
"""


def test_builders_at_once_do_not_hurt_each_other(own_cache: Path, small_wheel: Path, only_eye: Definition) -> None:
    command = [sys.executable, "-c", PROGRAM, str(small_wheel), wheel.WHEEL_SHA256]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    built = [process.communicate()[0].strip() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sorted(built) == ["0", "0", "1"]
    assert left_over(own_cache) == [".lock", cache.key(only_eye)]
    assert cache.lookup(only_eye) is not None


def test_what_a_killed_builder_left_is_swept(own_cache: Path, small_wheel: Path, only_eye: Definition) -> None:
    ruin = own_cache / "engines" / ".building-dead" / "eye_landmarks"
    ruin.mkdir(parents=True)
    (ruin / "half").write_bytes(b"x")
    build(small_wheel)
    assert left_over(own_cache) == [".lock", cache.key(only_eye)]


@pytest.mark.parametrize(
    ("complaint", "message"),
    [
        ("/usr/bin/python: No module named pip", "no pip.*ensurepip.*--wheel FILE"),
        (
            "WARNING: retry\nERROR: No matching distribution found for mediapipe==0.10.21",
            "No matching distribution.*check the network",
        ),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("", "without a message"),
    ],
)
def test_pip_failures_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaint: str, message: str) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{complaint}\nEND\nexit 1\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr(wheel.sys, "executable", str(stand_in))
    folder = tmp_path / "to"
    folder.mkdir()
    with pytest.raises(HardwareError, match=message) as caught:
        wheel.download(folder, lambda done: None)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_download_is_asked_for_without_installing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nsleep 0.5\nprintf abc > {tmp_path}/to/{wheel.WHEEL}\n')
    stand_in.chmod(0o755)
    monkeypatch.setattr(wheel.sys, "executable", str(stand_in))
    (tmp_path / "to").mkdir()
    told: list[float] = []
    path = wheel.download(tmp_path / "to", told.append)
    assert path.read_text() == "abc"
    assert told
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith("-m pip download")
    options = ("--no-deps", "--only-binary=:all:", "--platform manylinux_2_28_x86_64", "--python-version 3.11")
    assert all(part in asked for part in (*options, "mediapipe==0.10.21"))
    with pytest.raises(InputError, match="not the expected wheel"):
        wheel.verify(path)
