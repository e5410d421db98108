"""First and only program of the guest: makes a machine with CAN out of a bare kernel, runs the tests, switches off.

Started by the kernel as process 1 with two arguments: a folder of the host for results, and the root of the checkout. Nothing but
the standard library, no shell and no busybox: system calls go through ctypes.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

POWER_OFF = 0x4321FEDC
FINIT_MODULE = 313
MODULES = (
    "net/can/can", "drivers/net/can/dev/can-dev", "net/can/can-raw", "net/can/can-bcm", "net/can/can-gw", "drivers/net/can/vcan",
    "net/sched/sch_tbf",
)  # fmt: skip
SCRATCH = "/dev/shm"
RESULTS = "/mnt"

libc = ctypes.CDLL(None, use_errno=True)


def check(failed: int, what: str) -> None:
    """Raises when a call of the C library failed."""
    if failed:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(kind: str, where: str, data: str = "") -> None:
    os.makedirs(where, exist_ok=True)
    check(libc.mount(kind.encode(), where.encode(), kind.encode(), 0, data.encode()), f"mount {kind} on {where}")


def load(module: str) -> None:
    path = f"/usr/lib/uml/modules/{os.uname().release}/kernel/{module}.ko"
    file = os.open(path, os.O_RDONLY)
    check(libc.syscall(FINIT_MODULE, file, b"", 0), f"load {path}")
    os.close(file)


def tests(folder: str, root: str) -> int:
    """Everything is mounted where the tests expect it; their output and their verdict go to the host's folder."""
    arguments = Path(RESULTS, "arguments").read_text().split("\0")
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": SCRATCH, "TMPDIR": SCRATCH, "LANG": "C.UTF-8", "PYTHONPATH": root,
        "PYTHONDONTWRITEBYTECODE": "1", "HYPOTHESIS_STORAGE_DIRECTORY": f"{SCRATCH}/hypothesis", "DMS_REQUIRE_SOCKETCAN": "1",
        "DMS_MONITOR": f"{RESULTS}/contract/c/dms_monitor",
    }  # fmt: skip
    with open(f"{RESULTS}/output", "wb") as output:
        command = [sys.executable, *arguments, f"--junit-xml={RESULTS}/junit.xml"]
        return subprocess.run(command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT).returncode


def main(folder: str, root: str) -> None:
    mount("proc", "/proc")
    mount("sysfs", "/sys")
    mount("tmpfs", SCRATCH)  # devtmpfs is there already; multiprocessing needs this one
    mount("hostfs", RESULTS, folder)
    for module in MODULES:
        load(module)
    subprocess.run(["/usr/sbin/ip", "link", "set", "lo", "up"], check=True)
    code = tests(folder, root)
    Path(RESULTS, "code").write_text(str(code))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3])  # the kernel adds words of its own
    except BaseException as error:  # whatever it was: say it and switch off, or the kernel panics
        print(f"guest: {error!r}", flush=True)
    finally:
        libc.reboot(POWER_OFF)
