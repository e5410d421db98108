"""Runs the tests of ``tests/socketcan`` where there is real SocketCAN: on this kernel if it has it, else in user-mode Linux.

    python -m tools.socketcan.run [--guest] [PYTEST OPTIONS]

The guest is one process: Debian's kernel for user-mode Linux on this machine's own files (read-only), so it uses this very Python
environment. It never skips: what is missing ends with exit code 4. ``--guest`` takes the guest even where this kernel could.
"""

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from tools.compare_receivers import build

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LIMIT_S = 400
MEMORY_MIB = 768
TOOLS = {
    "candump": "can-utils",
    "cansend": "can-utils",
    "cangen": "can-utils",
    "canplayer": "can-utils",
    "ip": "iproute2",
    "tc": "iproute2",
}
# The other tests' conftest.py loads networks, which takes long in a guest; it is cut off.
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "socketcan", "--confcutdir", "tests/socketcan", "tests/socketcan"]


def kernel_can() -> bool:
    """Can this process make a virtual CAN interface here."""
    try:
        socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW).close()
    except (OSError, AttributeError):
        return False
    name = f"vprobe{os.getpid() % 100000}"
    made = subprocess.run(["ip", "link", "add", "dev", name, "type", "vcan"], capture_output=True).returncode == 0
    if made:
        subprocess.run(["ip", "link", "delete", name], capture_output=True)
    return made


def missing() -> list[str]:
    """Debian packages of the tools that are not there."""
    return sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})


def guest_missing() -> str:
    """Why there can be no guest; empty: there can."""
    if platform.machine() != "x86_64":
        return "user-mode Linux runs on x86-64 only; load the kernel module vcan and run as root"
    if not shutil.which("linux.uml"):
        return "no kernel CAN and no user-mode Linux; on Debian: apt install user-mode-linux can-utils; or modprobe vcan, as root"
    return ""


def preload(folder: Path) -> dict[str, str]:
    """What the guest's kernel needs on processors with AMX; see ``xstate.c``.

    Raises:
        FileNotFoundError, subprocess.CalledProcessError: no compiler, or it fails.
    """
    if "amx_tile" not in Path("/proc/cpuinfo").read_text():
        return {}
    library = folder / "xstate.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", str(HERE / "xstate.c"), "-o", str(library)], check=True)
    return {"LD_PRELOAD": str(library)}


def memory_folder(otherwise: str) -> str:
    """Where the guest's memory lies as a file: in the host's memory if there is room (containers have little), else on disk."""
    shared = "/dev/shm"
    roomy = os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > 2 * MEMORY_MIB << 20
    return shared if roomy else otherwise


def run_guest(options: list[str]) -> int:
    """The tests in a guest; pytest's exit code, or 1 when the guest did not come to an end."""
    with tempfile.TemporaryDirectory(prefix="socketcan-") as name:
        folder = Path(name)
        environment = {**os.environ, "TMPDIR": memory_folder(name), **preload(folder)}
        command = [
            "linux.uml",
            f"mem={MEMORY_MIB}M",
            "rootfstype=hostfs",
            "root=/dev/root",
            "rootflags=/",
            "ro",
            "quiet",
            "loglevel=1",
        ]
        command += ["con=null", "con0=null,fd:1", f"init={sys.executable}", "--", str(HERE / "guest.py"), name, str(ROOT)]
        (folder / "arguments").write_text("\0".join([*PYTEST, *options]))
        build(folder / "contract")
        code, printed = watch(command, environment)
        found = folder / "code"
        if not found.is_file():
            print(printed[-4000:], file=sys.stderr)
            print(f"socketcan: the guest ended without a result ({code})", file=sys.stderr)
            return 1
        print((folder / "output").read_text(errors="replace"), end="")
        junit = folder / "junit.xml"
        if junit.is_file() and os.environ.get("DMS_SOCKETCAN_JUNIT"):
            shutil.copy(junit, os.environ["DMS_SOCKETCAN_JUNIT"])
        return int(found.read_text())


def watch(command: list[str], environment: Mapping[str, str]) -> tuple[str, str]:
    """Runs the guest's kernel in a session of its own, so that all its processes can be ended; how it ended, its console."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env=dict(environment), start_new_session=True,
    )  # fmt: skip
    try:
        printed, _ = process.communicate(timeout=LIMIT_S)
        return f"exit code {process.returncode}", printed
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        return f"stopped after {LIMIT_S} s", process.communicate()[0]


def main(arguments: list[str]) -> int:
    """Choose the place, run; the exit code."""
    options = [argument for argument in arguments if argument != "--guest"]
    begin = time.monotonic()
    lacking = missing()
    if lacking:
        print(f"socketcan: programs are missing; on Debian or Ubuntu: apt install {' '.join(lacking)}", file=sys.stderr)
        return 4
    native = "--guest" not in arguments and kernel_can()
    if not native and (why := guest_missing()):
        print(f"socketcan: {why}", file=sys.stderr)
        return 4
    os.environ["DMS_REQUIRE_SOCKETCAN"] = "1"  # what is missing from here on fails
    code = subprocess.run([sys.executable, *PYTEST, *options], cwd=ROOT).returncode if native else run_guest(options)
    where = "this kernel" if native else "user-mode Linux"
    print(f"== SocketCAN on {where}: exit code {code}, {time.monotonic() - begin:.0f} s")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
