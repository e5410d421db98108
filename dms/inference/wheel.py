"""The published wheel the networks come from: fetched without being installed, checked by hash, read as the zip file it is.

Any Python on any architecture can read it. pip fetches it, so the user's own index settings count.
"""

import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from dms.errors import HardwareError, InputError
from dms.inference.cache import sha256
from dms.inference.definition import Definition

WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
WHEEL_BYTES = 35_622_638
OFFLINE_HINT = f"or fetch {WHEEL} elsewhere and run: dms engines build --wheel FILE"

_PIP = (
    *("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "--only-binary=:all:"),
    *("--retries", "2", "--timeout", "20"),
    *("--platform", "manylinux_2_28_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"),
)
_POLL_S = 0.2

Fraction = Callable[[float], None]
"""Told how much of the download is done, 0..1."""


def download(folder: Path, tell: Fraction) -> Path:
    """Fetch the pinned wheel into ``folder`` with pip.

    Raises:
        HardwareError: pip is missing, or it cannot get the wheel.
    """
    command = [sys.executable, *_PIP, "--dest", str(folder), "mediapipe==0.10.21"]
    scratch = folder / "pip"
    scratch.mkdir()
    # pip loads into TMPDIR first; watching it there gives the progress.
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        text = _wait(process, folder, tell)
    path = folder / WHEEL
    if process.returncode or not path.is_file():
        raise HardwareError(_pip_failure(text))
    return path


def _wait(process: "subprocess.Popen[str]", folder: Path, tell: Fraction) -> str:
    while True:
        try:
            return process.communicate(timeout=_POLL_S)[1]
        except subprocess.TimeoutExpired:
            tell(min(_size(folder) / WHEEL_BYTES, 1.0))
        except BaseException:
            process.kill()
            raise


def _size(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.path.getsize(os.path.join(root, name))
            except OSError:  # pip has just moved it
                continue
    return total


def _pip_failure(text: str) -> str:
    if "No module named pip" in text:
        return f"this Python has no pip to fetch the networks with; run: python -m ensurepip, {OFFLINE_HINT}"
    if "No space left" in text:
        return "the disk is full; free about 100 MB and run: dms engines build"
    lines = [line.removeprefix("ERROR: ") for line in text.splitlines() if line.startswith("ERROR")]
    reason = (lines[-1] if lines else "pip failed without a message")[:160]
    return f"cannot fetch the networks ({reason}); check the network and pip's index settings, {OFFLINE_HINT}"


def verify(path: Path) -> None:
    """Refuse anything that is not the pinned wheel.

    Raises:
        InputError: unreadable, or another file.
    """
    try:
        have = sha256(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    if have != WHEEL_SHA256:
        raise InputError(f"{path}: not the expected wheel {WHEEL} (SHA-256 is {have[:16]}..., wanted {WHEEL_SHA256[:16]}...)")


def read_members(path: Path, wanted: Iterable[Definition]) -> dict[str, bytes]:
    """Source networks by engine name, each checked against the hash in its specification.

    Raises:
        InputError: the wheel or a member is not the expected one.
    """
    verify(path)
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        for definition in wanted:
            if definition.source is not None:
                members[definition.name] = _member(archive, path, definition)
    return members


def _member(archive: zipfile.ZipFile, path: Path, definition: Definition) -> bytes:
    assert definition.source is not None
    try:
        data = archive.read(definition.source.member)
    except KeyError:
        raise InputError(f"{path}: has no member {definition.source.member}") from None
    if hashlib.sha256(data).hexdigest() != definition.source.sha256:
        raise InputError(f"{path}: member {definition.source.member} is not the expected network (its hash differs)")
    return data
