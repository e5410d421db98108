"""What is installed on a Jetson, as far as it can be checked without one: the script's decisions, the unit, the configuration,
the versions that pip would choose for its Pythons.
"""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dms.cli.run import EXAMPLE
from dms.runtime.config import read_config

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
SCRIPT = PACKAGING / "jetson" / "install.sh"
RELEASES = {
    "JetPack 6.2": ("# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n", "3.10"),
    "JetPack 7.2": ("# R39 (release), REVISION: 2.0, GCID: 45000000, BOARD: generic, EABI: aarch64\n", "3.12"),
}


@pytest.fixture
def machine(tmp_path):
    """Runs the script on a machine of the test's making: release file and version of the system's Python."""

    def run(release, python, *options):
        (tmp_path / "etc").mkdir(exist_ok=True)
        if release is not None:
            (tmp_path / "etc" / "nv_tegra_release").write_text(release)
        fake = tmp_path / "python3"
        fake.write_text(f"#!/bin/sh\necho {python}\n")
        fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
        environment = {**os.environ, "ROOT": str(tmp_path), "SYSTEM_PYTHON": str(fake)}
        return subprocess.run([str(SCRIPT), *options], capture_output=True, text=True, env=environment)

    return run


@pytest.mark.parametrize("name", RELEASES)
def test_what_the_script_would_do(machine, name):
    release, python = RELEASES[name]
    done = machine(release, python, "--dry-run", "--service", "--prefix", "/opt/elsewhere")
    assert done.returncode == 0, done.stderr
    steps = [line for line in done.stdout.splitlines() if line.startswith("+ ")]
    text = "\n".join(steps)
    assert "-m venv --system-site-packages /opt/elsewhere/venv" in text
    assert "python3-libnvinfer" in text and "nvidia-opencv" in text and "python3-gi" in text
    pip = next(step for step in steps if "pip" in step and "install --only-binary" in step)
    assert f"--constraint {PACKAGING}/jetson/constraints.txt" in pip
    assert f"[jetson,cuda{12 if python == '3.10' else 13}]" in pip
    assert steps.index(pip) < next(i for i, step in enumerate(steps) if "engines build" in step)
    assert "systemctl enable dms.service" in text and not list(Path("/opt").glob("elsewhere*"))


@pytest.mark.parametrize(
    ("release", "python", "options", "words"),
    [
        (None, "3.11", [], "this is no Jetson"),
        ("# R35 (release), REVISION: 6.0, GCID: 1\n", "3.8", [], "neither JetPack 6 (36.x) nor 7"),
        (RELEASES["JetPack 6.2"][0], "3.12", [], "the system's Python is 3.12, JetPack 6 has 3.10"),
        (RELEASES["JetPack 6.2"][0], "3.10", ["--wheel", "none.whl"], "none.whl: no such file"),
        (RELEASES["JetPack 6.2"][0], "3.10", ["--prefix"], "--prefix needs a folder"),
        (RELEASES["JetPack 6.2"][0], "3.10", ["--fast"], "unknown option --fast"),
    ],
)
def test_what_the_script_refuses_before_it_changes_anything(machine, release, python, options, words):
    done = machine(release, python, *options)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("install.sh: ") and words in done.stderr and len(done.stderr.splitlines()) == 1


def test_the_script_explains_itself_and_is_sound(machine):
    done = machine(None, "3.11", "--help")
    assert done.returncode == 0 and "--service" in done.stdout and "set -euo" not in done.stdout
    assert subprocess.run(["bash", "-n", str(SCRIPT)], check=False).returncode == 0
    assert SCRIPT.stat().st_mode & stat.S_IXUSR


def test_the_example_configuration_is_understood():
    config = read_config(str(PACKAGING / "jetson" / "run.yaml"))
    assert config.bus.interface == "socketcan" and config.real_time.lock_memory
    assert config.record is None and config.engines.backend == "onnxruntime"


def test_each_source_of_the_example_configuration_is_understood(tmp_path):
    """Also the ones that stand behind a mark; the devices themselves are not there."""
    lines = (PACKAGING / "jetson" / "run.yaml").read_text().splitlines()
    sources = [line.removeprefix("# ") for line in lines if re.match(r"(# )?source: ", line)]
    assert len(sources) == 4
    for source in sources:
        (tmp_path / "one.yaml").write_text(source + "\n")
        word = read_config(str(tmp_path / "one.yaml")).source
        assert word.startswith("v4l2:") or (word.startswith("gst:") and word.endswith("! appsink"))


def unit() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (PACKAGING / "systemd" / "dms.service").read_text().splitlines():
        key, is_one, value = line.partition("=")
        if is_one and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_grants_what_the_loop_asks_for():
    from dms.runtime.realtime import PRIORITIES

    said = unit()
    assert said["Type"] == ["notify"] and said["Restart"] == ["always"]
    assert int(said["LimitRTPRIO"][0]) >= max(PRIORITIES.values()) and said["LimitMEMLOCK"] == ["infinity"]
    assert {"CAP_SYS_NICE", "CAP_IPC_LOCK"} == set(said["AmbientCapabilities"][0].split())
    assert "AF_CAN" in said["RestrictAddressFamilies"][0] and "AF_INET" not in said["RestrictAddressFamilies"][0].split()
    assert "PrivateTmp" not in said  # it would hide the CSI camera's frame server
    config = read_config(str(PACKAGING / "jetson" / "run.yaml"))
    assert float(said["WatchdogSec"][0]) > 2 * config.camera_timeout_s
    assert str(config.health_file).startswith("/run/dms/") and said["RuntimeDirectory"] == ["dms"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path):
    text = (PACKAGING / "systemd" / "dms.service").read_text()
    (tmp_path / "dms.service").write_text(text.replace("/opt/dms/venv/bin/dms", shutil.which("true") or "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(tmp_path / "dms.service")], capture_output=True, text=True)
    assert done.returncode == 0 and "dms.service" not in done.stderr, done.stderr
    (tmp_path / "dms.service").write_text(text.replace("WatchdogSec=10", "WatchdogSec=soon"))
    broken = subprocess.run(["systemd-analyze", "verify", str(tmp_path / "dms.service")], capture_output=True, text=True)
    assert "WatchdogSec" in broken.stderr or "soon" in broken.stderr  # the check can fail


def test_the_container_follows_the_same_rules():
    text = (PACKAGING / "jetson" / "Dockerfile").read_text()
    assert "--system-site-packages" in text and "constraints.txt" in text and "ARG BASE=" in text
    assert "pip install opencv" not in text and "mediapipe" not in text


def test_the_real_time_keys_are_the_same_everywhere():
    keys = set(re.findall(r"^  (?:# )?(\w+): ", EXAMPLE.split("real_time:")[1], re.MULTILINE))
    assert keys == {"fifo", "lock_memory", "cpus"}


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.parametrize("python", ["3.10", "3.12"])
def test_what_pip_would_choose_on_a_jetson(python):
    """Wheels only, for both JetPacks' Pythons; nothing that shadows JetPack's own modules; NumPy 1 for its OpenCV."""
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    command += ["--python-version", python, "--python-platform", "aarch64-manylinux_2_28"]
    command += ["--constraint", str(PACKAGING / "jetson" / "constraints.txt"), "--extra", "jetson", str(ROOT / "pyproject.toml")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert done.returncode == 0, done.stderr
    chosen = dict(line.split("==") for line in done.stdout.splitlines() if "==" in line)
    assert chosen["numpy"].startswith("1.26.") and "onnxruntime" in chosen
    assert not [name for name in chosen if "opencv" in name or "tensorrt" in name or "mediapipe" in name]
