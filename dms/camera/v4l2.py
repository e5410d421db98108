"""Questions to Video4Linux drivers without any library: who are you, which formats, how is the lamp.

Layouts of the structures and numbers of the requests: the kernel's <linux/videodev2.h> and <linux/v4l2-controls.h>.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dms.errors import HardwareError

Ask = Callable[[int, int, bytearray], None]
"""ioctl: file descriptor, request, structure (changed in place); raises OSError."""

_CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
_CAPTURE_PLANES = 9  # V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
_CAN_CAPTURE, _CAN_CAPTURE_PLANES = 0x1, 0x1000
_DEVICE_CAPS = 0x80000000
_FLASH_FAULT = 0x009C0900 + 10  # V4L2_CID_FLASH_FAULT, a bit mask; 0 is healthy
_DISCRETE = 1


def _request(direction: int, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord("V") << 8 | number


_READ, _BOTH = 2, 3
_QUERYCAP = _request(_READ, 0, 104)
_ENUM_FMT = _request(_BOTH, 2, 64)
_G_CTRL = _request(_BOTH, 27, 8)
_ENUM_FRAMESIZES = _request(_BOTH, 74, 44)
_ENUM_FRAMEINTERVALS = _request(_BOTH, 75, 52)


@dataclass(frozen=True, slots=True)
class Mode:
    """One way in which a camera can deliver: FourCC, size (``None``: any), pictures a second, fastest first (empty: not told)."""

    fourcc: str
    size: tuple[int, int] | None
    fps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Device:
    """A camera as its driver describes it."""

    path: str
    card: str
    driver: str
    modes: tuple[Mode, ...]


def _ioctl(handle: int, request: int, data: bytearray) -> None:
    fcntl.ioctl(handle, request, data)


def devices(folder: Path = Path("/dev"), ask: Ask = _ioctl) -> list[Device]:
    """Every camera below ``folder`` that answers; nodes that only carry metadata are left out."""
    found = []
    for path in sorted(folder.glob("video*"), key=lambda p: (len(p.name), p.name)):
        try:
            device = describe(str(path), ask)
        except HardwareError:
            continue
        if device.modes:
            found.append(device)
    return found


def describe(path: str, ask: Ask = _ioctl) -> Device:
    """What a device can do.

    Raises:
        HardwareError: missing, not permitted, or no Video4Linux device.
    """
    with _opened(path) as handle:
        data = bytearray(104)
        try:
            ask(handle, _QUERYCAP, data)
        except OSError as error:
            raise HardwareError(f"{path} is no Video4Linux device: {error.strerror}") from None
        driver, card = _text(data[:16]), _text(data[16:48])
        whole, own = struct.unpack_from("<II", data, 84)
        abilities = own if whole & _DEVICE_CAPS else whole
        kinds = [k for k, bit in ((_CAPTURE, _CAN_CAPTURE), (_CAPTURE_PLANES, _CAN_CAPTURE_PLANES)) if abilities & bit]
        modes = tuple(mode for kind in kinds for mode in _modes(handle, kind, ask))
    return Device(path, card, driver, modes)


def lamp_state(path: str, ask: Ask = _ioctl) -> Literal["unknown", "ok", "faulty"]:
    """State of the infrared lamp by the flash controls of its driver; "unknown" where the driver has none."""
    data = bytearray(struct.pack("<Ii", _FLASH_FAULT, 0))
    try:
        with _opened(path) as handle:
            ask(handle, _G_CTRL, data)
    except (HardwareError, OSError):
        return "unknown"
    return "faulty" if struct.unpack_from("<i", data, 4)[0] else "ok"


def _modes(handle: int, kind: int, ask: Ask) -> Iterator[Mode]:
    for index in range(64):
        data = bytearray(64)
        struct.pack_into("<II", data, 0, index, kind)
        if not _answers(ask, handle, _ENUM_FMT, data):
            return
        code = struct.unpack_from("<I", data, 44)[0]
        sizes = list(_sizes(handle, code, ask))
        fourcc = code.to_bytes(4, "little").decode("latin-1").rstrip()
        if not sizes:
            yield Mode(fourcc, None, ())
        for size in sizes:
            yield Mode(fourcc, size, tuple(_rates(handle, code, size, ask)))


def _sizes(handle: int, code: int, ask: Ask) -> Iterator[tuple[int, int]]:
    for index in range(64):
        data = bytearray(44)
        struct.pack_into("<II", data, 0, index, code)
        if not _answers(ask, handle, _ENUM_FRAMESIZES, data):
            return
        kind, width, height = struct.unpack_from("<III", data, 8)
        if kind != _DISCRETE:  # a range: smallest and largest width, step, then height
            _, widest, _, _, highest, _ = struct.unpack_from("<6I", data, 12)
            yield widest, highest
            return
        yield width, height


def _rates(handle: int, code: int, size: tuple[int, int], ask: Ask) -> Iterator[float]:
    for index in range(32):
        data = bytearray(52)
        struct.pack_into("<IIII", data, 0, index, code, *size)
        if not _answers(ask, handle, _ENUM_FRAMEINTERVALS, data):
            return
        kind, above, below = struct.unpack_from("<III", data, 16)
        if above:
            yield round(below / above, 3)
        if kind != _DISCRETE:
            return


def _answers(ask: Ask, handle: int, request: int, data: bytearray) -> bool:
    """False at the end of a list, which the driver tells by an error."""
    try:
        ask(handle, request, data)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTTY, errno.ENODATA):
            return False
        raise HardwareError(f"the camera's driver failed: {error.strerror}") from None
    return True


class _opened:
    """A device's file descriptor for the time of a question."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> int:
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise HardwareError(f"{self._path} cannot be opened: {error.strerror}") from None
        return self._handle

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


def _text(raw: bytearray) -> str:
    return bytes(raw).split(b"\0")[0].decode("utf-8", "replace")
