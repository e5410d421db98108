"""What this machine can do: one check a capability, each with the command that mends it."""

import importlib.metadata
import importlib.util
import platform
import shutil
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dms import __version__
from dms.errors import BackendUnavailable, DmsError

Status = Literal["ok", "missing", "degraded"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of a check; ``needed`` says that the main job cannot run without it."""

    name: str
    status: Status
    detail: str
    mend: str = ""
    needed: bool = False


def examine() -> list[Finding]:
    """All checks, in the order in which a newcomer would mend them."""
    checks: list[Callable[[], Finding]] = [
        _python, _opencv, _onnxruntime, _engines, _profiles, _parity_tools, _video, _sample, _renderer, _tensorrt, _cameras,
        _gstreamer, _jetson, _real_time, _virtual_can, _multicast_can, _socketcan, _terminal,
    ]  # fmt: skip
    return [check() for check in checks]


def _python() -> Finding:
    detail = f"dms {__version__}, Python {platform.python_version()} on {platform.machine()}, {Path(sys.prefix)}"
    good = (3, 10) <= sys.version_info[:2] < (3, 13)
    return Finding("python", "ok" if good else "missing", detail, "" if good else "use Python 3.10 to 3.12", needed=True)


def _package(name: str, module: str, package: str, extra: str, what: str, needed: bool = False) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(name, "missing", f"{what}: package {package} is not installed", f"pip install 'dms[{extra}]'", needed)
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = "from the system"
    return Finding(name, "ok", f"{what}: {package} {version}", needed=needed)


def _opencv() -> Finding:
    return _package("opencv", "cv2", "opencv-python-headless", "cpu", "picture geometry", needed=True)


def _onnxruntime() -> Finding:
    return _package("onnxruntime", "onnxruntime", "onnxruntime", "cpu", "networks on the CPU", needed=True)


def _parity_tools() -> Finding:
    found = _package("converter", "onnx", "onnx", "cpu", "turns the published networks into ONNX")
    return found if found.status != "ok" else _package("converter", "tflite", "tflite", "cpu", "reads the published networks")


def _video() -> Finding:
    return _package("video", "av", "av", "cpu", "video files")


def _engines() -> Finding:
    from dms.inference.definition import definitions
    from dms.inference.slots import find_engine

    try:  # not the slots perception names: that room needs OpenCV, which may be what is missing
        found = [find_engine(item.slot) for item in definitions()]
    except DmsError as error:
        return Finding("engines", "missing", str(error), "dms engines build", needed=True)
    return Finding("engines", "ok", f"{len(found)} built: {', '.join(f'{s.slot} {s.sha256[:8]}' for s in found)}", needed=True)


def _profiles() -> Finding:
    from dms.assessment import zones
    from dms.profiles import available, load_profile

    try:
        found = [load_profile(name) for name in available()]
    except DmsError as error:
        return Finding("profiles", "missing", str(error), "reinstall dms", needed=True)
    names = ", ".join(p.name for p in found)
    form = "Python" if zones.__file__.endswith(".py") else "machine code"
    return Finding("profiles", "ok", f"{len(found)} as in the manifest: {names}; the rules run as {form}", needed=True)


def _sample() -> Finding:
    from dms.camera.log import sample_log

    try:
        return Finding("sample log", "ok", f"{sample_log().stat().st_size / 1e6:.1f} MB")
    except DmsError as error:
        return Finding("sample log", "missing", str(error), "reinstall dms")


def _renderer() -> Finding:
    from dms.runtime.graphics import probe_renderer

    try:
        return Finding("renderer", "ok", f"synthetic driver: {probe_renderer()}")
    except BackendUnavailable as error:
        return Finding("renderer", "missing", f"synthetic driver: {error.reason}", error.hint)


def _tensorrt() -> Finding:
    from dms.inference.registry import load_backend

    try:
        state = load_backend("tensorrt").probe()
    except DmsError as error:
        return Finding("tensorrt", "missing", str(error), "on a Jetson: see README, 'On a Jetson'")
    return Finding("tensorrt", "ok" if state.ok else "missing", state.reason or "usable", state.hint)


def _cameras() -> Finding:
    from dms.camera.v4l2 import devices

    nodes, found = sorted(Path("/dev").glob("video*")), devices()
    if not nodes:
        return Finding("camera", "missing", "no /dev/video* device", "plug in a camera; its driver must be loaded")
    if not found:
        mend = "see `ls -l /dev/video*`; join the group video and log in again"
        return Finding("camera", "degraded", f"{len(nodes)} nodes, none answers as a camera", mend)
    told = [f"{d.path} {d.card} ({' '.join(dict.fromkeys(m.fourcc for m in d.modes))})" for d in found]
    return Finding("camera", "ok", f"{', '.join(told)}; more: dms camera probe")


def _gstreamer() -> Finding:
    mend = "apt install python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-plugins-good; venv with --system-site-packages"
    if importlib.util.find_spec("gi") is None:
        return Finding("gstreamer", "missing", "camera pipelines: PyGObject (gi) is not importable", mend)
    try:
        import gi

        gi.require_version("Gst", "1.0")
        gi.require_version("GstApp", "1.0")
    except (ImportError, ValueError) as error:
        return Finding("gstreamer", "missing", f"camera pipelines: {error}", mend)
    from dms.camera.gstreamer import camera_elements

    there = [name for name, here in camera_elements().items() if here]
    return Finding("gstreamer", "ok", f"camera pipelines through PyGObject {gi.__version__}; {', '.join(there)}")


def _jetson() -> Finding:
    from dms.runtime.machine import Machine

    machine = Machine()
    if machine.release is None:
        return Finding("jetson", "ok", "not a Jetson (no /etc/nv_tegra_release): nothing of it to look at")
    state = machine.read()
    told = f"{machine.model or 'Jetson'}, Jetson Linux {machine.release}, power mode {state.power_mode or 'unknown'}"
    shadow = [n for n in _PIP_OPENCV if importlib.util.find_spec("cv2") is not None and _installed(n)]
    if shadow:
        mend = f"pip uninstall {' '.join(shadow)}; the venv needs --system-site-packages"
        return Finding("jetson", "degraded", f"{told}; pip's {shadow[0]} shadows JetPack's OpenCV", mend)
    return Finding("jetson", "ok", f"{told}, {state.temperature_degc} degC, {state.power_w} W")


_PIP_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _real_time() -> Finding:
    """Tried on a thread of its own, which ends with the rights it got."""
    from dms.runtime.realtime import raise_priority

    told: list[str] = []
    thread = threading.Thread(target=lambda: told.append(raise_priority(1)))
    thread.start()
    thread.join()
    kernel = "PREEMPT_RT" if Path("/sys/kernel/realtime").exists() else platform.release()
    if told[0].startswith("SCHED_FIFO"):
        return Finding("real time", "ok", f"SCHED_FIFO is granted; kernel {kernel}")
    return Finding("real time", "degraded", f"{told[0]}; kernel {kernel}", "packaging/systemd/dms.service grants it")


def _virtual_can() -> Finding:
    return _bus("CAN virtual", "virtual", "dms-doctor", "reinstall python-can", needed=True)


def _multicast_can() -> Finding:
    return _bus("CAN multicast", "udp_multicast", None, "pip install 'dms[cpu]' (msgpack); allow multicast on this host")


def _bus(name: str, interface: str, channel: str | None, mend: str, needed: bool = False) -> Finding:
    from dms.bus.port import BusConfig, open_bus

    try:
        open_bus(BusConfig(interface=interface, channel=channel)).close()
    except DmsError as error:
        return Finding(name, "missing", str(error), mend, needed)
    return Finding(name, "ok", f"python-can interface {interface} opens", needed=needed)


def _socketcan() -> Finding:
    mend = "a kernel with CAN: modprobe vcan; ip link add vcan0 type vcan mtu 72; ip link set vcan0 up"
    try:
        socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW).close()
    except (OSError, AttributeError) as error:
        return Finding("CAN kernel", "missing", f"SocketCAN: {error}", mend)
    links = [p.name for p in Path("/sys/class/net").glob("*") if p.name.startswith(("can", "vcan"))]
    if not links:
        return Finding("CAN kernel", "degraded", "SocketCAN works, but there is no can or vcan interface", mend)
    return Finding("CAN kernel", "ok", f"SocketCAN: {', '.join(links)}")


def _terminal() -> Finding:
    found = _package("live view", "rich", "rich", "view", "dms demo's live page")
    tools = [t for t in ("candump", "ffmpeg") if shutil.which(t)]
    return found if not tools else Finding(found.name, found.status, f"{found.detail}; also here: {', '.join(tools)}", found.mend)
