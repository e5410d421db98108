"""Parts 1 to 3: what machine this is, what state its power is in, what GPU it has."""

import importlib.metadata
import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from dms import __version__
from dms.runtime.accept.part import Measured
from dms.runtime.accept.rig import Rig

PACKAGES = ("numpy", "onnxruntime", "cuda-bindings", "pycuda", "tensorrt", "python-can", "PyGObject")
_PIP_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")


def identity(rig: Rig) -> Measured:
    """Part 1: board, release, kernel, Python, packages, our own version and commit."""
    release = rig.machine.release
    values: dict[str, Any] = {
        "model": rig.machine.model,
        "jetson_linux": release,
        "release": None if release is None else release.split(".")[0],
        "kernel": platform.release(),
        "preempt_rt": Path("/sys/kernel/realtime").exists(),
        "machine": platform.machine(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "python_full": platform.python_version(),
        "dms": __version__,
        "commit": _commit(),
        "packages": {name: found for name in PACKAGES if (found := _version(name)) is not None},
        "shadowing_opencv": sum(_version(name) is not None for name in _PIP_OPENCV),
        "profile": f"{rig.parts.profile.name} {rig.parts.profile.hash16:04x}",
        **_opencv(),
    }
    return Measured(values, {"jetpack": "not written on the device as such; it follows from jetson_linux (docs/jetson.md)"})


def power(rig: Rig) -> Measured:
    """Part 2: the machine before the first part and after the last."""
    start, end = rig.start, rig.machine.read()
    degrees = [state.temperature_degc for state in (start, end) if state.temperature_degc is not None]
    levels = [state.throttle_level for state in (start, end) if state.throttle_level is not None]
    events = (start.over_current_events, end.over_current_events)
    values = {
        "power_mode": end.power_mode,
        "hottest_degc": max(degrees, default=None),
        "throttle_level": max(levels, default=None),
        "new_over_current_events": None if events[0] is None or events[1] is None else events[1] - events[0],
        "start": msgspec.to_builtins(start),
        "end": msgspec.to_builtins(end),
    }
    return Measured(values, {"clocks locked": "only root can ask (jetson_clocks --show); docs/jetson.md says to lock them"})


def gpu(rig: Rig) -> Measured:
    """Part 3: the GPU, and the memory it shares with the CPU."""
    values = {**rig.gpu.facts(rig.options), "memory_available_mib": _available_mib()}
    return Measured(values, {"DLA cores": "DLA is not used and not asked for"})


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _opencv() -> dict[str, Any]:
    try:
        import cv2
    except ImportError:
        return {"opencv": None, "opencv_gstreamer": None}
    found = re.search(r"GStreamer:\s*(\S+)", cv2.getBuildInformation())
    return {"opencv": cv2.__version__, "opencv_gstreamer": found[1] == "YES" if found else None}


def _commit() -> str | None:
    """Of a checkout; an installed wheel has only its version."""
    root = Path(__file__).resolve().parents[3]
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _available_mib() -> int | None:
    try:
        found = re.search(r"MemAvailable:\s*(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    except OSError:
        return None
    return int(found[1]) // 1024 if found else None
