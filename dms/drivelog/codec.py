"""How a picture is coded in the log. Named in the camera channel's metadata, so a reader needs nothing else.

=========  ============================================================================================================
``raw8``   height x width bytes
``png``    lossless
``jpeg``   lossy, each picture for itself
``h264``   one Annex B access unit a picture, full-range luma, no reordering; pictures between key frames need those before
=========  ============================================================================================================

Metadata keys: ``codec``, ``width``, ``height``, for ``h264`` also ``keyframe_s`` (longest time between key frames), and for
made-up pictures ``noise`` (``dms.drivelog.noise``). H.264 decoding is exact by its standard: every decoder gives the same bytes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

import numpy as np

from dms.errors import HardwareError, InputError, UsageError
from dms.records.frame import Grey

Codec = Literal["raw8", "png", "jpeg", "h264"]
CODECS: tuple[str, ...] = get_args(Codec)


class Encoder(ABC):
    """Pictures of one size to payloads."""

    codec: Codec

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height

    @abstractmethod
    def encode(self, grey: Grey) -> bytes:
        """One picture's payload."""

    def metadata(self) -> dict[str, str]:
        """Keys for the channel."""
        return {"codec": self.codec, "width": str(self.width), "height": str(self.height)}


class _Raw(Encoder):
    codec = "raw8"

    def encode(self, grey: Grey) -> bytes:
        return grey.tobytes()


class _Still(Encoder):
    def __init__(self, width: int, height: int, codec: Codec, quality: int) -> None:
        super().__init__(width, height)
        self.codec, self._quality = codec, quality

    def encode(self, grey: Grey) -> bytes:
        import cv2

        how = [cv2.IMWRITE_JPEG_QUALITY, self._quality] if self.codec == "jpeg" else [cv2.IMWRITE_PNG_COMPRESSION, 1]
        ok, coded = cv2.imencode(f".{self.codec}", grey, how)
        if not ok:
            raise InputError(f"OpenCV cannot code a picture as {self.codec}")
        return coded.tobytes()


class _H264(Encoder):
    """libx264, one access unit out for each picture in; ``quality`` is its constant rate factor (0 lossless .. 51)."""

    codec = "h264"

    def __init__(self, width: int, height: int, fps: float, crf: int, keyframe_s: float, preset: str) -> None:
        super().__init__(width, height)
        from fractions import Fraction

        av = _pyav()
        self._keyframe_s = keyframe_s
        self._context = av.CodecContext.create("libx264", "w")
        self._context.width, self._context.height, self._context.pix_fmt = width, height, "yuv420p"
        self._context.time_base = 1 / Fraction(fps).limit_denominator(1000)
        self._context.color_range = 2  # full: a limited-range tag would make readers rescale the luma
        gop = max(1, round(fps * keyframe_s))
        extra = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:rc-lookahead=0:sync-lookahead=0:threads=1:repeat-headers=1"
        self._context.options = {
            "preset": preset,
            "tune": "zerolatency",
            "crf": str(crf),
            "x264-params": extra + ":fullrange=on:no-mbtree=1",
        }
        self._neutral = np.full((height // 2, width), 128, np.uint8)
        self._count = 0

    def encode(self, grey: Grey) -> bytes:
        """One picture (h x w) as one packet.

        Raises:
            InputError: the coder gave none, or several.
        """
        av = _pyav()
        frame = av.VideoFrame.from_ndarray(np.concatenate([grey, self._neutral]), format="yuv420p")
        frame.pts = self._count
        frame.color_range = 2
        self._count += 1
        packets = self._context.encode(frame)
        if len(packets) != 1:
            raise InputError(f"the H.264 coder gave {len(packets)} packets for one picture; wanted one")
        return bytes(packets[0])

    def metadata(self) -> dict[str, str]:
        return {**super().metadata(), "keyframe_s": f"{self._keyframe_s:g}"}


def encoder(
    codec: Codec,
    width: int,
    height: int,
    quality: int | None = None,
    fps: float = 30.0,
    keyframe_s: float = 1.0,
    preset: str = "veryfast",
) -> Encoder:
    """A coder for pictures of one size.

    Args:
        codec: see the module text.
        width: pixels a row; even for h264.
        height: rows; even for h264.
        quality: jpeg 1..100 (default 90); h264 rate factor 51..0 (default 18, 0 is lossless).
        fps: nominal frame rate, for h264.
        keyframe_s: longest time between key frames, for h264.
        preset: x264's speed word.

    Raises:
        UsageError: no such codec, or odd sides for h264.
        HardwareError: h264 without PyAV.
    """
    if codec == "raw8":
        return _Raw(width, height)
    if codec in ("png", "jpeg"):
        return _Still(width, height, codec, 90 if quality is None else quality)
    if codec != "h264":
        raise UsageError(f"no codec {codec!r}; there are {' '.join(CODECS)}")
    if width % 2 or height % 2:
        raise UsageError(f"h264 needs even sides, the picture is {width}x{height}; use png or jpeg")
    return _H264(width, height, fps, 18 if quality is None else quality, keyframe_s, preset)


class Decoder:
    """Payloads of one channel back to pictures, in order.

    Raises:
        InputError: the channel's metadata names no codec we know.
    """

    def __init__(self, metadata: Mapping[str, str]) -> None:
        self.codec = metadata.get("codec", "")
        if self.codec not in CODECS:
            raise InputError(f"camera channel: codec {self.codec!r} is not known; there are {' '.join(CODECS)}")
        try:
            self.width, self.height = int(metadata["width"]), int(metadata["height"])
            self.keyframe_s = float(metadata.get("keyframe_s", "0"))
        except (KeyError, ValueError):
            raise InputError("camera channel: width, height or keyframe_s is missing or no number") from None
        self._context: Any = None

    def reset(self) -> None:
        """Forget the pictures before: the next one used will be a key frame."""
        self._context = None

    def decode(self, payload: bytes) -> Grey | None:
        """The picture; ``None`` while an h264 stream entered in its middle has not reached a key frame.

        Raises:
            InputError: the payload is damaged.
        """
        if self.codec == "raw8":
            if len(payload) != self.width * self.height:
                raise InputError(f"a raw8 picture of {len(payload)} bytes is not {self.width}x{self.height}")
            return np.frombuffer(payload, np.uint8).reshape(self.height, self.width)
        grey = self._h264(payload) if self.codec == "h264" else _still(payload)
        if grey is not None and grey.shape != (self.height, self.width):
            raise InputError(f"a picture is {grey.shape[1]}x{grey.shape[0]}, the channel says {self.width}x{self.height}")
        return grey

    def _h264(self, payload: bytes) -> Grey | None:
        av = _pyav()
        if self._context is None:
            if not is_keyframe(payload):
                return None
            self._context = av.CodecContext.create("h264", "r")
            self._context.thread_count = 1  # threads would hold pictures back
            av.logging.set_level(None)
        try:
            frames = self._context.decode(av.Packet(payload))
        except av.error.FFmpegError:
            frames = []
        if len(frames) != 1 or frames[0].is_corrupt:
            self.reset()
            raise InputError("an h264 picture is damaged or does not follow; it and those up to the next key frame are lost")
        plane = frames[0].planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        return cast(Grey, rows[:, : plane.width].copy())


def is_keyframe(payload: bytes) -> bool:
    """An H.264 access unit (Annex B) holds an IDR slice."""
    at = payload.find(b"\x00\x00\x01")
    while 0 <= at < len(payload) - 3:
        if payload[at + 3] & 0x1F == 5:
            return True
        at = payload.find(b"\x00\x00\x01", at + 3)
    return False


def _still(payload: bytes) -> Grey:
    import cv2

    grey = cv2.imdecode(np.frombuffer(payload, np.uint8), cv2.IMREAD_GRAYSCALE) if payload else None
    if grey is None:
        raise InputError(f"a coded picture of {len(payload)} bytes is damaged")
    return cast(Grey, grey)


def _pyav() -> Any:
    try:
        import av
    except ImportError:
        raise HardwareError("this drive log holds H.264 pictures and PyAV is not installed; pip install av") from None
    return av
