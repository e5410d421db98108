"""What is installed: the wheel's files, what the core can do alone, which platforms the dependencies resolve for."""

import email
import fnmatch
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from dms.records import Observation, VehicleState
from dms.records.jsonl import decode_state, encode

ROOT = Path(__file__).resolve().parents[1]
WHEEL_MIB = 24.0
CORE_MIB = 130.0
"""Limits for the wheel (seven networks in three precisions are 14 of it, the sample log 4, the synthetic driver 5) and for a core
installation (NumPy is two thirds of it)."""

ALLOWED = [
    "dms/*.py", "dms/profiles/*.yaml", "dms/profiles/manifest.json", "dms/bus/*.dbc", "dms/bus/*.yaml", "dms/bus/contract/c/*",
    "dms/diagnostics/trouble_codes.yaml",
    "dms/drivelog/sample/sample.mcap", "dms/perception/head_model.npz", "dms/py.typed", "dms/_shipped/engines/manifest.json",
    "dms/inference/quantities.yaml", "dms/runtime/accept/limits.yaml", "dms/gesture/*.yaml", "dms/gesture/*.json",
    "dms/_shipped/engines/*/engine.yaml", "dms/_shipped/engines/*/parity.npz", "dms/_shipped/engines/*/*.md",
    "dms/_shipped/engines/*/recipe.yaml", "dms/_shipped/engines/*/*.onnx",
    "dms/_shipped/calibration/*.yaml", "dms/_shipped/calibration/*.md",
    "hil/*.py", "hil/*.yaml", "hil/*.md", "hil/*/scenario.schema.json", "hil/driver/render/shaders/*",
    "hil/driver/asset/driver.npz", "hil/py.typed", "hil/cockpit/page.html",
    "dms-*.dist-info/*",
]  # fmt: skip
"""Everything in the wheel fits one of these (``*`` crosses folders)."""

NEEDED = [
    "dms/__init__.py", "dms/__main__.py", "dms/cli/main.py", "dms/profiles/l3_default.yaml", "dms/profiles/manifest.json",
    "dms/gesture/manifest.json",
    "dms/bus/dms.dbc", "dms/bus/example_vehicle.dbc", "dms/bus/example_vehicle.yaml", "dms/drivelog/sample/sample.mcap",
    "dms/bus/dms_classic.dbc", "dms/bus/example_vehicle_classic.yaml", "dms/bus/contract/c/dms_receiver.c",
    "dms/perception/head_model.npz", "dms/_shipped/calibration/vehicles/example_lhd.yaml",
    "dms/_shipped/calibration/vehicles/example_rhd.yaml",
    "dms/_shipped/calibration/drivers/sample.yaml",
    "dms/_shipped/engines/manifest.json", "dms/_shipped/engines/face_mesh/engine.yaml",
    "dms/_shipped/engines/face_mesh/parity.npz", "hil/__init__.py",
    "hil/driver/asset/driver.npz", "hil/driver/scenarios/sample.yaml", "hil/driver/behaviour/scenario.schema.json",
]  # fmt: skip

PLATFORMS = ["x86_64-manylinux_2_28", "aarch64-manylinux_2_28"]
PYTHONS = ["3.10", "3.11", "3.12"]
RESOLVING = ["", "signing", "cpu", "cuda12", "cuda13", "jetson", "view", "mf4", "diag", "fleet", "train", "dev"]
"""Extras whose packages have wheels for every platform and Python we promise."""

APART = "cuda12"
"""Excludes ``cuda13``: the driver's major version decides between them."""

X86_ONLY = ["synth", "synth-build"]
"""moderngl has no wheels for aarch64; it needs a compiler there. The body is made again on a workstation only."""

WITH_SOURCES = ["pycuda", "tensorrt", "test-tensorrt"]
"""Something in them is built or fetched by its source distribution; none of them is needed to run the product."""


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release would build it (build tools of this environment, no index needed)."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("dms-*.whl")
    return path


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_what_it_needs(names: set[str]) -> None:
    assert set(NEEDED) <= names, sorted(set(NEEDED) - names)
    modules = {
        str(p.relative_to(ROOT)) for room in ("dms", "hil") for p in (ROOT / room).rglob("*.py") if "_shipped" not in p.parts
    }
    assert modules <= names, sorted(modules - names)
    shipped = {
        f"dms/_shipped/{p.relative_to(ROOT)}" for room in ("engines", "calibration") for p in (ROOT / room).rglob("*.yaml")
    }
    assert shipped <= names, sorted(shipped - names)


def test_wheel_holds_nothing_else(names: set[str]) -> None:
    foreign = [n for n in names if not any(fnmatch.fnmatch(n, pattern) for pattern in ALLOWED)]
    assert not foreign
    assert not [n for n in names if "__pycache__" in n or n.startswith(("tests/", "tools/", "dms/tests"))]


def test_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < WHEEL_MIB * 2**20, f"{wheel.stat().st_size / 2**20:.1f} MiB"


def test_wheel_metadata(wheel: Path) -> None:
    from dms import __version__

    with zipfile.ZipFile(wheel) as archive:
        folder = next(n.split("/")[0] for n in archive.namelist() if ".dist-info/" in n)
        facts = email.message_from_bytes(archive.read(f"{folder}/METADATA"))
        files = set(archive.namelist())
    assert facts["Version"] == __version__ == project()["version"]
    assert facts["License-Expression"] == "Apache-2.0"
    assert {f"{folder}/licenses/LICENSE", f"{folder}/licenses/NOTICE"} <= files
    assert wheel.name.endswith("-py3-none-any.whl")


def test_every_extra_is_resolved() -> None:
    assert {"", *project()["optional-dependencies"]} == {*RESOLVING, *X86_ONLY, *WITH_SOURCES}


def test_every_package_that_is_imported_is_a_dependency() -> None:
    """The core's own imports are declared, not borrowed from another package's dependencies."""
    facts = project()
    declared = {re.split(r"[<>=!~;\[ ]", d)[0].lower() for d in facts["dependencies"]}
    assert {"numpy", "msgspec", "python-can", "cantools", "mcap", "pyyaml", "zstandard"} <= declared
    assert facts["requires-python"] == ">=3.10,<3.13"


def clean_venv(folder: Path, *options: str, python: str = sys.executable) -> Path:
    """A new environment with nothing in it (``--seed``: but pip); the path of its Python."""
    uv("venv", "--quiet", "--python", python, *options, str(folder))
    return folder / "bin" / "python"


def uv_environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def uv(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(["uv", *arguments], capture_output=True, text=True, env=uv_environment())
    assert not check or done.returncode == 0, f"uv {' '.join(arguments)}: {done.stderr}"
    return done


def small_drive() -> str:
    """A second of an attentive driver in a car that reports belt and seat."""
    lines = []
    for i in range(20):
        t = i / 20
        lines.append(encode(VehicleState(t=t, belt=True, seat=True, hands_on=True, speed_kmh=80.0, l3_state="active")))
        lines.append(encode(Observation(t=t, zone="road")))
    return b"\n".join(lines).decode() + "\n"


SMOKE = """
import numpy as np
from dms.bus import e2e
from dms.bus.layout import load
from dms.bus.messages import Encoder
from dms.bus.port import BusConfig, open_bus
from dms.bus.receiver import TakeoverReceiver
from dms.bus.samples import Sample
from dms.bus.vehicle_inputs import VehicleInputs
from dms.camera.log import sample_log
from dms.drivelog.reader import LogReader
from dms.records import TakeoverReadiness
from dms.bus.port import CanFrame

layout, inputs = load(), VehicleInputs()
with LogReader(sample_log()) as log:
    for t, r in log.can(end=2.0):
        inputs.feed(CanFrame(r.id, r.data, r.extended, r.fd, r.brs), t)
assert inputs.snapshot(2.0).belt is not None
ports = [open_bus(BusConfig(interface="virtual", channel="smoke")) for _ in range(2)]
sample = Sample(state=TakeoverReadiness(t=1.0, readiness="ready", level=4), captured=1.0, frame_counter=1)
frame = Encoder(layout).takeover_ready(sample, 1.01, None)
assert ports[0].send(frame)
heard = ports[1].receive(1.0)
assert heard == frame, (heard, frame)
assert TakeoverReceiver(layout).feed(heard, 1.02) is not None
for port in ports:
    port.close()
print("smoke ok")
"""

PICTURE_SMOKE = """
from dms.camera.open import open_source
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import SLOTS, Perception
with open_source("sample") as source, EngineSet(SLOTS) as engines:
    seen = [Perception(engines).observe(f) for f, _ in zip(source.frames(), range(3))]
assert seen[2].face.present, seen
print("picture ok")
"""


def check_core(python: Path, folder: Path) -> None:
    """Records, rules, E2E, CAN and logs work; pictures say what to install."""

    def dms(*arguments: str) -> "subprocess.CompletedProcess[str]":
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "DMS_"))}
        environment = {**kept, "DMS_CACHE": str(folder / "cache")}
        return subprocess.run(
            [str(python.with_name("dms")), *arguments], capture_output=True, text=True, cwd=folder, env=environment
        )

    (folder / "drive.jsonl").write_text(small_drive())
    (folder / "picture.png").write_bytes(b"never read")
    assert dms("--version").stdout.startswith("dms 0.")
    listed = dms("engines", "list")
    assert listed.returncode == 0 and "face_mesh" in listed.stdout, listed.stderr
    assessed = dms("assess", "drive.jsonl", "--jsonl")
    assert assessed.returncode == 0, assessed.stderr
    assert [decode_state(line).attention.zone for line in assessed.stdout.splitlines()] == ["road"] * 20
    smoke = subprocess.run([str(python), "-c", SMOKE], capture_output=True, text=True, cwd=folder)
    assert smoke.returncode == 0, smoke.stderr
    for arguments in (["observe", "picture.png"], ["replay", "sample"], ["demo", "--seconds", "1"], ["engines", "build"]):
        refused = dms(*arguments)
        complaints = [line for line in refused.stderr.splitlines() if line.startswith("dms: ")]
        assert refused.returncode == 4 and len(complaints) == 1 and "Traceback" not in refused.stderr, refused.stderr
        assert "pip install 'dms[cpu]'" in complaints[0], complaints[0]
    examined = dms("doctor")
    assert examined.returncode == 4 and "pip install 'dms[cpu]'" in examined.stdout


@pytest.mark.slow
@pytest.mark.network
def test_core_alone(wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    python = clean_venv(tmp_path / "venv")
    uv("pip", "install", "--quiet", "--python", str(python), str(wheel))
    check_core(python, tmp_path)
    packages = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    size = sum(p.stat().st_size for p in packages.rglob("*") if p.is_file()) / 2**20
    with capsys.disabled():
        print(f" [core installation {size:.0f} MiB]", end="")
    assert size < CORE_MIB


def lower_bounds(*extras: str) -> dict[str, str]:
    """Package to the lowest version the project claims to work with."""
    facts = project()
    wanted = [*facts["dependencies"], *(d for extra in extras for d in facts["optional-dependencies"][extra])]
    return {m[1].lower(): m[2] for m in (re.match(r"([\w.-]+)>=([\d.]+)", text) for text in wanted) if m}


def install_lowest(python: Path, wheel: Path, *extras: str) -> None:
    """Direct dependencies at their lowest. Not through the wheel: uv would take them for indirect ones and install the newest."""
    options = [word for extra in extras for word in ("--extra", extra)]
    source = ["--resolution", "lowest-direct", "-r", str(ROOT / "pyproject.toml"), *options]
    uv("pip", "install", "--quiet", "--python", str(python), "--only-binary", ":all:", *source)
    uv("pip", "install", "--quiet", "--python", str(python), "--no-deps", "--reinstall-package", "dms", str(wheel))
    listed = json.loads(uv("pip", "list", "--python", str(python), "--format", "json").stdout)
    have = {row["name"].lower(): row["version"] for row in listed}
    wrong = {n: f"{have[n]}, not {low}" for n, low in lower_bounds(*extras).items() if not f"{have[n]}.".startswith(f"{low}.")}
    assert not wrong, f"not the lowest versions: {wrong}"


@pytest.mark.slow
@pytest.mark.network
def test_lowest_versions_really_work(wheel: Path, tmp_path: Path, engines_built: None) -> None:
    """The lower bounds are tried on the Python that runs the tests, not guessed."""
    python = clean_venv(tmp_path / "venv", "--seed")
    install_lowest(python, wheel)
    check_core(python, tmp_path)
    install_lowest(python, wheel, "cpu")
    smoke = subprocess.run([str(python), "-c", PICTURE_SMOKE], capture_output=True, text=True, cwd=tmp_path)
    assert smoke.returncode == 0, smoke.stderr
    built = subprocess.run(
        [str(python.with_name("dms")), "engines", "build"],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "DMS_CACHE": str(tmp_path / "fresh")},
    )  # fmt: skip
    assert built.returncode == 0 and "built face_mesh" in built.stdout, built.stderr


Resolution = Callable[[str, str, str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def resolved() -> Iterator[Resolution]:
    """What uv finds for a Python, a platform and some extras (words). All are asked side by side: they wait for the index."""

    def resolve(python: str, platform: str, extras: str) -> "subprocess.CompletedProcess[str]":
        arguments = ["pip", "compile", "--quiet", "--no-header", "--only-binary", ":all:"]
        arguments += ["--python-version", python, "--python-platform", platform, str(ROOT / "pyproject.toml")]
        return uv(*arguments, *(word for extra in extras.split() for word in ("--extra", extra)), check=False)

    with ThreadPoolExecutor(6) as pool:
        asked = {key: pool.submit(resolve, *key) for key in RESOLUTIONS}
        yield lambda python, platform, extras: asked[python, platform, extras].result()


def together(platform: str) -> list[str]:
    """Extras that are resolved at once, where no two exclude each other: what resolves together also does so one by one."""
    extras = set(RESOLVING + (X86_ONLY if platform.startswith("x86_64") else [])) - {""}
    return [" ".join(sorted(extras - {APART})), APART]


RESOLUTIONS = [(python, platform, extras) for python in PYTHONS for platform in PLATFORMS for extras in together(platform)]


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize(("python", "platform", "extras"), RESOLUTIONS)
def test_dependencies_resolve_from_wheels(python: str, platform: str, extras: str, resolved: Resolution) -> None:
    """JetPack 6 is Python 3.10 on aarch64: nothing may need a compiler there."""
    done = resolved(python, platform, extras)
    assert done.returncode == 0, f"[{extras}] on Python {python}, {platform}: {done.stderr}"
    assert "numpy==" in done.stdout
