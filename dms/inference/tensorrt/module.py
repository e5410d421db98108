"""The one place that imports ``tensorrt``: is it there, is it a version this code is written for, what did it log."""

import platform
from pathlib import Path
from typing import Any, cast

from dms.errors import BackendUnavailable
from dms.inference.tensorrt.api import TensorRt

SUPPORTED = ((10, 3), (12, 0))
"""From (included) to (excluded): JetPack 6.2 ships 10.3, JetPack 7.2 ships 10.16, then 11.4."""

_RELEASE = Path("/etc/nv_tegra_release")
_JETSON = "run: apt install python3-libnvinfer, and make the environment with /usr/bin/python3 -m venv --system-site-packages"
_ELSEWHERE = "run: pip install 'dms[tensorrt]' (x86-64, needs NVIDIA's package index), or use --backend onnxruntime"


def load_tensorrt() -> TensorRt:
    """The module.

    Raises:
        BackendUnavailable: missing, not loadable, or another version.
    """
    try:
        import tensorrt
    except ImportError as error:
        reason = "the Python module tensorrt is missing" if error.name == "tensorrt" else f"tensorrt cannot be loaded ({error})"
        raise BackendUnavailable(reason, _JETSON if is_jetson() else _ELSEWHERE) from error
    found = cast(TensorRt, tensorrt)
    first, last = SUPPORTED
    if not first <= _numbers(found.__version__) < last:
        reason = f"TensorRT {found.__version__} is not supported"
        raise BackendUnavailable(
            reason, f"{_text(first)} up to, not including, {_text(last)} is; on a Jetson it comes with JetPack"
        )
    return found


def is_jetson() -> bool:
    """Is this a Jetson (64-bit ARM with NVIDIA's Linux for Tegra)."""
    return platform.machine() == "aarch64" and _RELEASE.exists()


def l4t_release() -> str:
    """Release of Linux for Tegra, e.g. ``R36 (release), REVISION: 4.3``; empty elsewhere."""
    try:
        first = _RELEASE.read_text(encoding="utf-8", errors="replace").splitlines()[0]
    except (OSError, IndexError):
        return ""
    return ",".join(first.lstrip("# ").split(",")[:2])


def _numbers(version: str) -> tuple[int, int]:
    parts = (*version.split("."), "0")
    return (int(parts[0]), int(parts[1])) if parts[0].isdigit() and parts[1].isdigit() else (0, 0)


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def make_log(trt: TensorRt) -> Any:
    """A logger that keeps errors and warnings; ``take()`` gives them as one line and forgets them.

    TensorRT says *why* something failed only here: its functions answer with nothing or False.
    """

    class Log(trt.ILogger):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if int(severity) <= int(trt.ILogger.ERROR):
                self.errors.append(" ".join(message.split()))

        def take(self) -> str:
            errors, self.errors = self.errors, []
            return "; ".join(errors[:3])[:400] or "TensorRT did not say why"

    return Log()
