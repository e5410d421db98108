"""Camera through a GStreamer pipeline that ends in ``appsink``: CSI, GMSL, USB and network cameras, test pictures.

The pipeline is configuration, e.g. ``v4l2src device=/dev/video0 ! video/x-raw,format=GRAY8 ! appsink``. The sink keeps one
picture and drops older ones. Capture time is the buffer's time stamp, carried over to the caller's clock by its age.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from dms.camera.convert import Layout, Pixels, convert
from dms.camera.live import Clock, LiveSource
from dms.errors import HardwareError, UsageError
from dms.records import Frame

ELEMENTS = ("v4l2src", "nvarguscamerasrc", "nvv4l2camerasrc", "nvvidconv", "bayer2rgb", "videoconvert", "videotestsrc", "appsink")
"""What camera pipelines are made of; those with ``nv`` come with JetPack."""

_NONE = 2**64 - 1  # GST_CLOCK_TIME_NONE and GST_BUFFER_OFFSET_NONE
_POLL_NS = 50_000_000
_HINT = "apt install python3-gi gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-good, or pip install 'PyGObject<3.51'"
_LAYOUTS: dict[str, tuple[Layout, int]] = {
    "GRAY8": ("grey", 1), "GRAY16_LE": ("grey", 2), "GRAY10_LE16": ("grey", 2), "GRAY10_LE32": ("grey", 2),
    "BGR": ("bgr", 3), "RGB": ("rgb", 3), "BGRx": ("bgra", 4),
    "BGRA": ("bgra", 4), "RGBx": ("rgba", 4), "RGBA": ("rgba", 4), "YUY2": ("yuy2", 2), "UYVY": ("uyvy", 2),
    "NV12": ("nv12", 1), "I420": ("i420", 1),
}  # fmt: skip
_OWN_BITS = {"GRAY10_LE16": 10, "GRAY10_LE32": 10}
_BAYER: dict[str, Layout] = {"rggb": "bayer_rggb", "bggr": "bayer_bggr", "grbg": "bayer_grbg", "gbrg": "bayer_gbrg"}


@dataclass(frozen=True, slots=True)
class Form:
    """How bytes make a picture. ``strides`` and ``offsets`` in bytes, one a plane; ``unit``: bytes a pixel of plane 0."""

    layout: Layout
    width: int
    height: int
    unit: int
    strides: Sequence[int]
    offsets: Sequence[int]
    bits: int | None = None
    full_range: bool = True
    packed: bool = False
    """Three 10-bit pixels in each 32-bit word, the first in the lowest bits."""


def unpack(data: bytes, form: Form) -> Pixels:
    """The buffer as the array ``dms.camera.convert.convert`` wants; without a copy where rows are not padded.

    Raises:
        HardwareError: the buffer is shorter than its form.
    """
    rows, width = form.height, form.width
    if form.packed:
        return _unpack_thirds(_plane(data, form.offsets[0], form.strides[0], rows, (width + 2) // 3 * 4), width)
    planes = [_plane(data, form.offsets[0], form.strides[0], rows, width * form.unit)]
    if form.layout == "nv12":
        planes.append(_plane(data, form.offsets[1], form.strides[1], rows // 2, width))
    elif form.layout == "i420":
        chroma = [_plane(data, form.offsets[p], form.strides[p], rows // 2, width // 2).reshape(-1) for p in (1, 2)]
        planes.append(np.concatenate(chroma).reshape(rows // 2, width))
    if len(planes) > 1:
        return np.concatenate(planes)
    if form.unit == 2 and form.layout not in ("yuy2", "uyvy"):
        return np.ascontiguousarray(planes[0]).view("<u2")
    return planes[0] if form.unit == 1 else planes[0].reshape(rows, width, form.unit)


def _unpack_thirds(plane: Pixels, width: int) -> Pixels:
    words = np.ascontiguousarray(plane).view("<u4")
    pixels = np.empty((words.shape[0], words.shape[1] * 3), np.uint16)
    for third in range(3):
        pixels[:, third::3] = words >> (10 * third) & 0x3FF
    return pixels[:, :width]


def _plane(data: bytes, offset: int, stride: int, rows: int, used: int) -> Pixels:
    if len(data) < offset + stride * (rows - 1) + used:
        raise HardwareError(f"the camera's buffer holds {len(data)} bytes, too few for its format")
    flat = np.frombuffer(data, np.uint8, count=min(stride * rows, len(data) - offset), offset=offset)
    return np.lib.stride_tricks.as_strided(flat, (rows, used), (stride, 1), writeable=False)


class GStreamerCamera(LiveSource):
    """A GStreamer pipeline as camera.

    Args:
        pipeline: as for ``gst-launch-1.0``, ending in ``appsink``.
        clock: the caller's monotonic clock.
        bits: significant bits of GRAY16_LE and 16-bit Bayer pictures; ``None`` estimates them.
        timeout_s: silence after which the camera counts as lost.

    Raises:
        UsageError: the pipeline is malformed or has no ``appsink``.
        HardwareError: GStreamer or one of its elements is missing, or the device cannot be opened.
    """

    def __init__(self, pipeline: str, clock: Clock, bits: int | None = None, timeout_s: float = 2.0) -> None:
        super().__init__(f"gst:{pipeline}", timeout_s)
        self._clock, self._bits = clock, bits
        self._numbers = count()
        self._gst, self._video = _gstreamer()
        self._pipeline, self._sink = _build(self._gst, pipeline)
        self._sink.set_property("max-buffers", 1)
        self._sink.set_property("drop", True)
        self._caps: Any = None
        self._form: Form | None = None
        try:
            self._play()
        except HardwareError:
            self._pipeline.set_state(self._gst.State.NULL)
            raise

    def _renew(self) -> None:
        self._pipeline.set_state(self._gst.State.NULL)
        self._pipeline.get_bus().set_flushing(True)  # errors of the last run
        self._pipeline.get_bus().set_flushing(False)
        self._caps = self._form = None
        self._play()

    def _play(self) -> None:
        """A live pipeline says "no preroll": only then the sink must not wait for the picture's time."""
        gst = self._gst
        change = self._pipeline.set_state(gst.State.PAUSED)
        if change == gst.StateChangeReturn.NO_PREROLL:
            self._sink.set_property("sync", False)
        if (
            change == gst.StateChangeReturn.FAILURE
            or self._pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE
        ):
            raise self._bus_error() or HardwareError(f"camera {self.name} cannot be started")

    def _run(self) -> None:
        while not self._stopping.is_set():
            sample = self._sink.try_pull_sample(_POLL_NS)
            if sample is not None:
                self.deliver(self._frame(sample, next(self._numbers)))
            elif error := self._bus_error():
                raise error
            elif self._sink.is_eos():
                return

    def _bus_error(self) -> HardwareError | None:
        message = self._pipeline.get_bus().pop_filtered(self._gst.MessageType.ERROR)
        if message is None:
            return None
        reason = " ".join(str(message.parse_error()[0].message).split())
        return HardwareError(f"camera {self.name}: {reason}")

    def _frame(self, sample: Any, index: int) -> Frame:
        buffer = sample.get_buffer()
        form = self._form_of(sample.get_caps(), buffer)
        pixels = unpack(buffer.extract_dup(0, buffer.get_size()), form)
        picture = convert(pixels, form.layout, form.bits, form.full_range)
        counter = index if buffer.offset == _NONE else int(buffer.offset)
        return Frame(picture.grey, self._capture_time(buffer.pts), index, counter, picture.colour, self.name)

    def _capture_time(self, stamp: int) -> float:
        now = self._clock()
        clock = self._pipeline.get_clock()
        self.stamped_by_device = stamp != _NONE and clock is not None
        if not self.stamped_by_device:
            return now
        age = (clock.get_time() - self._pipeline.get_base_time() - stamp) * 1e-9
        return now - max(0.0, float(age))

    def _form_of(self, caps: Any, buffer: Any) -> Form:
        if self._form is None or not (self._caps is caps or self._caps.is_equal(caps)):
            self._caps, self._form = caps, form_from_caps(self._video, caps, buffer.get_size(), self._bits)
        meta = self._video.buffer_get_video_meta(buffer)
        if meta is None:
            return self._form
        own = self._form
        planes = meta.n_planes
        strides, offsets = list(meta.stride)[:planes], list(meta.offset)[:planes]
        return replace(own, strides=strides, offsets=offsets)

    def close(self) -> None:
        """Stop the thread and the pipeline."""
        super().close()
        self._pipeline.set_state(self._gst.State.NULL)


def form_from_caps(video: Any, caps: Any, size: int, bits: int | None) -> Form:
    """What GStreamer's caps say about the picture; ``size`` is the buffer's, in bytes.

    Raises:
        UsageError: a format we do not take; put ``videoconvert`` in front of the sink.
    """
    one = caps.get_structure(0)
    name, text = one.get_name(), str(one.get_string("format"))
    if name == "video/x-bayer" and text[:4] in _BAYER:
        width, height = one.get_int("width")[1], one.get_int("height")[1]
        digits = text[4:].removesuffix("le")
        unit = 2 if digits else 1
        return Form(_BAYER[text[:4]], width, height, unit, (size // height,), (0,), bits or (int(digits) if digits else None))
    if name != "video/x-raw" or text not in _LAYOUTS:
        taken = " ".join(_LAYOUTS)
        hint = f"add `! videoconvert ! video/x-raw,format=GRAY8` (taken: {taken}, x-bayer)"
        raise UsageError(f"the pipeline delivers {name} {text}; {hint}")
    info = video.VideoInfo.new_from_caps(caps)
    layout, unit = _LAYOUTS[text]
    full = layout in ("grey", "bgr", "rgb", "bgra", "rgba") or int(info.colorimetry.range) == 1  # GST_VIDEO_COLOR_RANGE_0_255
    planes = info.finfo.n_planes
    strides, offsets = list(info.stride)[:planes], list(info.offset)[:planes]
    depth = _OWN_BITS.get(text, bits) if unit == 2 else None
    return Form(layout, info.width, info.height, unit, strides, offsets, depth, full, packed=text == "GRAY10_LE32")


def camera_elements() -> dict[str, bool]:
    """Elements a camera pipeline may need, and whether this GStreamer has them; empty without GStreamer."""
    try:
        gst, _ = _gstreamer()
    except HardwareError:
        return {}
    return {name: gst.ElementFactory.find(name) is not None for name in ELEMENTS}


def _gstreamer() -> tuple[Any, Any]:
    """GStreamer's modules, started.

    Raises:
        HardwareError: not installed.
    """
    try:
        import gi

        gi.require_version("Gst", "1.0")
        gi.require_version("GstApp", "1.0")
        gi.require_version("GstVideo", "1.0")
        from gi.repository import Gst, GstApp, GstVideo  # noqa: F401  GstApp gives appsink its methods
    except (ImportError, ValueError) as error:
        raise HardwareError(f"GStreamer for Python is not installed ({error}); {_HINT}") from None
    if not Gst.is_initialized():
        Gst.init(None)
    return Gst, GstVideo


def _build(gst: Any, text: str) -> tuple[Any, Any]:
    try:
        pipeline = gst.parse_launch(text)
    except Exception as error:  # GLib.Error
        reason = str(getattr(error, "message", error))
        kind = HardwareError if "no element" in reason else UsageError
        raise kind(f"GStreamer pipeline `{text}`: {reason}") from None
    sinks = [e for e in getattr(pipeline, "children", []) if e.get_factory().get_name() == "appsink"]
    if len(sinks) != 1:
        raise UsageError(f"GStreamer pipeline `{text}` must end in one appsink; it has {len(sinks)}")
    return pipeline, sinks[0]
