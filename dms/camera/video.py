"""Video files through PyAV: exact luma, the file's own frame times, and an honest end when the file is cut.

Luma is taken from the decoded plane itself and stretched only where the file says limited range: the usual grey conversion would
rescale full-range pictures that carry no tag and change them by up to 13 grey levels.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from dms.camera.base import Source
from dms.camera.convert import Picture, convert, expand_luma, to_8bit
from dms.errors import HardwareError, InputError
from dms.records import Frame
from dms.records.frame import Colour, Grey

SUFFIXES = (".mp4", ".mkv", ".avi", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".ts", ".mjpeg", ".mjpg", ".h264", ".hevc")
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG
_NEUTRAL = 3
"""Colour planes within this of 128 everywhere are a grey picture kept in a colour format, as infrared recordings usually are."""


class Video(Source):
    """A video file. ``t`` starts at 0 with the first frame; ``fps`` is the nominal rate, ``expected`` the frames the file claims.

    Raises:
        InputError: the file is missing or is no video.
        HardwareError: PyAV is not installed.
    """

    def __init__(self, path: str | Path, colour: bool = True) -> None:
        self.name = str(path)
        self._colour = colour
        self._container = _open(Path(path))
        self._stream = self._container.streams.video[0]
        rate = self._stream.average_rate or self._stream.guessed_rate
        self.fps = float(rate) if rate else None
        self.expected = _expected(self._stream, self.fps)

    def frames(self) -> Iterator[Frame]:
        """Each frame that decodes, once; a damaged frame is left out.

        Raises:
            InputError: after the last good frame, if the file is cut or damaged; it says how many frames came.
        """
        import av

        index = damaged = 0
        clock = _Times(self.fps)
        try:
            for raw in self._container.decode(self._stream):
                t = clock.time_of(raw)
                if raw.is_corrupt:
                    damaged += 1
                    continue
                picture = to_picture(raw, self._colour)
                yield Frame(picture.grey, t, index, index, picture.colour, self.name)
                index += 1
        except av.error.FFmpegError as error:
            raise InputError(f"{self.name}: damaged after {index} frames{self._of()}: {error.strerror or error}") from None
        self._check_end(index, damaged)

    def _check_end(self, good: int, damaged: int) -> None:
        if damaged:
            raise InputError(f"{self.name}: {damaged} damaged frames left out, {good} delivered{self._of()}")
        if good == 0:
            raise InputError(f"{self.name}: holds no picture that decodes{self._of()}")
        if self.expected is not None and good + damaged < self.expected:
            raise InputError(f"{self.name}: the video is cut: {good} frames delivered{self._of()}")

    def _of(self) -> str:
        return f" of {self.expected}" if self.expected else ""

    def close(self) -> None:
        """Close the file."""
        self._container.close()


class _Times:
    """Seconds from the first frame, never backwards: a frame without or with an earlier time stamp comes one period later."""

    def __init__(self, fps: float | None) -> None:
        self._period = 1.0 / fps if fps else 1.0 / 30.0
        self._first: float | None = None
        self._last: float | None = None

    def time_of(self, raw: Any) -> float:
        """Seconds since the first picture; one without a usable stamp comes a period after the one before."""
        stamp = None if raw.time is None else float(raw.time)
        if self._first is None:
            self._first = stamp
        t = None if stamp is None or self._first is None else stamp - self._first
        if self._last is not None and (t is None or t <= self._last):
            t = self._last + self._period
        self._last = t if t is not None else 0.0
        return self._last


def _open(path: Path) -> Any:
    try:
        import av
    except ImportError:
        raise HardwareError("video files need PyAV, which is not installed; pip install av") from None
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    av.logging.set_level(None)  # FFmpeg's own lines would break the one-line rule
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError, ValueError):
        raise InputError(f"{path}: is not a video, or is cut before its index") from None
    if not container.streams.video:
        container.close()
        raise InputError(f"{path}: holds no video")
    stream = container.streams.video[0]
    if getattr(stream, "codec_context", None) is None or stream.codec_context.width == 0:
        container.close()
        raise InputError(f"{path}: is not a video, or is cut before its first picture")
    return container


def _expected(stream: Any, fps: float | None) -> int | None:
    """Frames the file claims to hold, or ``None`` where it does not say so exactly enough (streams, some AVI files)."""
    if stream.frames:
        return int(stream.frames)
    text = dict(stream.metadata).get("DURATION", "")  # Matroska: "00:00:02.000000000"
    parts = text.split(":")
    if fps is None or len(parts) != 3:
        return None
    seconds = int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
    return max(1, int(seconds * fps + 1e-6) - 1)  # one frame of doubt: variable rates and rounding


def to_picture(raw: Any, colour: bool = True) -> Picture:
    """A decoded PyAV frame as grey and, if it is a colour picture, RGB; turned upright as the file says."""
    if _has_luma_plane(raw.format):
        grey = _luma(raw)
        rgb = None if not colour or _is_grey(raw) else cast(Colour, raw.to_ndarray(format="rgb24"))
    else:
        grey, rgb = convert(raw.to_ndarray(format="rgb24"), "rgb")
    turns = round(float(getattr(raw, "rotation", 0) or 0) / 90) % 4
    if turns:
        grey = np.ascontiguousarray(np.rot90(grey, turns))
        rgb = None if rgb is None else np.ascontiguousarray(np.rot90(rgb, turns))
    return Picture(grey, rgb)


def _has_luma_plane(form: Any) -> bool:
    """Plane 0 is luma, one component, in whole bytes of this machine's order."""
    first = form.components[0]
    alone = form.is_planar or len(form.components) == 1
    return alone and first.is_luma and not (form.is_rgb or form.has_palette or form.is_bit_stream or form.is_big_endian)


def _luma(raw: Any) -> Grey:
    bits = raw.format.components[0].bits
    plane = raw.planes[0]
    rows = np.frombuffer(plane, np.uint8 if bits == 8 else np.dtype("<u2")).reshape(plane.height, -1)
    luma = to_8bit(np.ascontiguousarray(rows[:, : raw.width]), bits)
    if luma.base is not None:
        luma = luma.copy()  # the decoder owns that memory
    return luma if _is_full_range(raw) else expand_luma(luma)


def _is_full_range(raw: Any) -> bool:
    if raw.color_range in (_FULL_RANGE, _LIMITED_RANGE):
        return bool(raw.color_range == _FULL_RANGE)
    return bool(raw.format.name.startswith(("yuvj", "gray")))  # untagged YUV is limited by convention, untagged grey is full


def _is_grey(raw: Any) -> bool:
    if len(raw.format.components) == 1:
        return True
    if raw.format.components[0].bits != 8:
        return False
    for plane in raw.planes[1:]:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        used = rows[:, : plane.width if len(raw.planes) == 3 else plane.width * 2]
        if int(used.max()) > 128 + _NEUTRAL or int(used.min()) < 128 - _NEUTRAL:
            return False
    return True
