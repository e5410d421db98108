"""Video4Linux camera through OpenCV: ``/dev/video0`` and its like."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from dms.camera.convert import Layout, Picture, Pixels, convert
from dms.camera.live import Clock, LiveSource
from dms.errors import HardwareError, UsageError
from dms.records import Frame

_NOT_OPENED = "camera {} cannot be opened: missing, busy or not permitted; see `ls -l /dev/video*`"
_OLDEST_S = 1.0
"""A driver time stamp further than this from now is on another clock and not used."""

_RAW_LAYOUTS: dict[str, Layout] = {
    "GREY": "grey", "Y10 ": "grey", "Y12 ": "grey", "Y16 ": "grey", "YUYV": "yuy2", "UYVY": "uyvy",
    "RGGB": "bayer_rggb", "BA81": "bayer_bggr", "GRBG": "bayer_grbg", "GBRG": "bayer_gbrg",
    "RG10": "bayer_rggb", "BG10": "bayer_bggr", "BA10": "bayer_grbg", "GB10": "bayer_gbrg",
    "RG12": "bayer_rggb", "BG12": "bayer_bggr", "BA12": "bayer_grbg", "GB12": "bayer_gbrg",
}  # fmt: skip
_BITS = {"Y10 ": 10, "Y12 ": 12, "RG10": 10, "BG10": 10, "BA10": 10, "GB10": 10, "RG12": 12, "BG12": 12, "BA12": 12, "GB12": 12}


class V4L2Camera(LiveSource):
    """A camera of the kernel's Video4Linux.

    Args:
        device: ``/dev/video0`` or ``0``.
        clock: the caller's monotonic clock (the kernel's time stamps are used where they are on the same clock).
        fourcc: pixel format to ask for, e.g. ``GREY``, ``Y16``, ``RG10``; ``None`` leaves the driver's, which OpenCV makes BGR.
        size: width, height to ask for.
        fps: frames a second to ask for.
        bits: significant bits of a 16-bit format; known by itself for Y10, Y12 and the 10- and 12-bit Bayer formats.
        opener: makes the capture object; for tests.

    Raises:
        UsageError: a format we do not know.
        HardwareError: no such device, busy, not permitted, or it refuses the format.
    """

    def __init__(
        self,
        device: str | int,
        clock: Clock,
        fourcc: str | None = None,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        bits: int | None = None,
        timeout_s: float = 2.0,
        opener: Callable[[str], Any] | None = None,
    ) -> None:
        path = f"/dev/video{device}" if str(device).isdigit() else str(device)
        super().__init__(path, timeout_s)
        self._clock = clock
        self._numbers = count()
        self._fourcc = fourcc.ljust(4) if fourcc else None
        self._bits = bits if bits is not None else _BITS.get(self._fourcc or "")
        if self._fourcc is not None and self._fourcc not in _RAW_LAYOUTS:
            raise UsageError(f"camera format {self._fourcc.strip()} is not known; one of {' '.join(_RAW_LAYOUTS)}")
        self._size, self._fps, self._opener = size, fps, opener or _open
        self._capture = self._opened()

    def _opened(self) -> Any:
        capture = self._opener(self.name)
        if not capture.isOpened():
            raise HardwareError(_NOT_OPENED.format(self.name))
        try:
            self._configure(capture)
        except HardwareError:
            capture.release()
            raise
        return capture

    def _renew(self) -> None:
        self._capture.release()
        self._capture = self._opened()

    def _configure(self, capture: Any) -> None:
        import cv2

        if self._fourcc is not None:
            code = cv2.VideoWriter.fourcc(*self._fourcc)
            capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
            capture.set(cv2.CAP_PROP_FOURCC, code)
            if int(capture.get(cv2.CAP_PROP_FOURCC)) != code:
                raise HardwareError(
                    f"camera {self.name} refuses the format {self._fourcc.strip()}; see `v4l2-ctl --list-formats`"
                )
        if self._size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._size[1])
        if self._fps is not None:
            capture.set(cv2.CAP_PROP_FPS, self._fps)

    def _run(self) -> None:
        import cv2

        while not self._stopping.is_set():
            ok, pixels = self._capture.read()
            now = self._clock()
            if not ok:
                raise HardwareError(f"camera {self.name} is gone or delivers nothing; check its cable and driver")
            picture = self._picture(pixels)
            age = now - self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            self.stamped_by_device = 0.0 <= age < _OLDEST_S
            t = now - age if self.stamped_by_device else now
            index = next(self._numbers)
            self.deliver(Frame(picture.grey, t, index, index, picture.colour, self.name))

    def _picture(self, pixels: Pixels) -> Picture:
        if self._fourcc is None:
            return convert(pixels, "bgr") if pixels.ndim == 3 else convert(pixels, bits=self._bits)
        deep = self._bits is not None or self._fourcc == "Y16 "
        if deep and pixels.dtype == np.uint8:  # OpenCV hands formats it does not know through as bytes
            pixels = pixels.reshape(pixels.shape[0], -1).view("<u2")
        return convert(pixels, _RAW_LAYOUTS[self._fourcc], bits=self._bits)

    def close(self) -> None:
        """Stop the thread and free the device."""
        super().close()
        self._capture.release()


def _open(path: str) -> Any:
    try:
        import cv2
    except ImportError:
        raise HardwareError("V4L2 cameras need OpenCV, which is not installed; pip install opencv-python-headless") from None
    if not Path(path).exists():
        raise HardwareError(_NOT_OPENED.format(path))  # OpenCV would print lines of its own
    return cv2.VideoCapture(path, cv2.CAP_V4L2)
