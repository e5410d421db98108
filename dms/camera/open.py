"""One word for every source: what ``open_source`` takes.

=====================================  ==================================================================
a folder                               pictures in the order of their names
``*.png *.jpg *.tiff`` ...             one picture
``*.mp4 *.mkv *.avi`` ...              a video file
``*.mcap``                             the camera frames of a drive log
``sample``                             the drive log that comes with the package
``/dev/video0``, ``v4l2:0``            a Video4Linux camera; options as in ``v4l2:0,format=Y16,bits=10,size=1280x800,fps=30``
``gst:PIPELINE``                       a GStreamer pipeline ending in ``appsink``
=====================================  ==================================================================
"""

from pathlib import Path

from dms.camera.base import Source
from dms.camera.convert import Layout
from dms.camera.live import Clock
from dms.camera.pictures import SUFFIXES as PICTURES
from dms.camera.pictures import OnError, Pictures
from dms.camera.video import SUFFIXES as VIDEOS
from dms.errors import InputError, UsageError


def open_source(
    spec: str,
    *,
    clock: Clock | None = None,
    bits: int | None = None,
    layout: Layout | None = None,
    fps: float | None = None,
    timeout_s: float = 2.0,
    on_error: OnError | None = None,
) -> Source:
    """The source that ``spec`` names (see the module text).

    Args:
        spec: file, folder, device or pipeline.
        clock: monotonic clock of the caller; needed by cameras only.
        bits: significant bits of 16-bit pictures; ``None`` estimates them.
        layout: Bayer pattern of raw picture files.
        fps: says that the pictures of a folder are consecutive frames.
        timeout_s: silence after which a camera counts as lost.
        on_error: takes the error of an unreadable picture of a folder, which is then left out.

    Raises:
        UsageError: a word that names no source, or a camera without a clock.
        InputError: the file is missing or unreadable.
        HardwareError: the camera or the software for it is missing.
    """
    if spec.startswith(("gst:", "v4l2:", "/dev/video")):
        return _camera(spec, clock, bits, timeout_s)
    if spec == "sample":
        from dms.camera.log import sample_log

        spec = str(sample_log())
    path = Path(spec)
    if not path.exists():
        raise InputError(f"{spec}: no such file or folder")
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in PICTURES:
        return Pictures(path, bits, layout, fps, on_error)
    if suffix in VIDEOS:
        from dms.camera.video import Video

        return Video(path)
    if suffix == ".mcap":
        from dms.camera.log import LogFrames

        return LogFrames(path)
    raise InputError(f"{spec}: not a kind of picture, video or drive log this program reads")


def _camera(spec: str, clock: Clock | None, bits: int | None, timeout_s: float) -> Source:
    if clock is None:
        raise UsageError(f"{spec} is a live camera; here only files can be read")
    if spec.startswith("gst:"):
        from dms.camera.gstreamer import GStreamerCamera

        return GStreamerCamera(spec[4:].strip(), clock, bits, timeout_s)
    from dms.camera.device import V4L2Camera

    device, options = _v4l2_options(spec.removeprefix("v4l2:"))
    size = _size(options.pop("size")) if "size" in options else None
    fps = _number(options.pop("fps")) if "fps" in options else None
    own_bits = int(_number(options.pop("bits"))) if "bits" in options else bits
    fourcc = options.pop("format", None)
    if options:
        raise UsageError(f"{spec}: unknown option {next(iter(options))}; there are format, bits, size and fps")
    return V4L2Camera(device, clock, fourcc, size, fps, own_bits, timeout_s)


def _v4l2_options(text: str) -> tuple[str, dict[str, str]]:
    device, *pairs = text.split(",")
    if not device:
        raise UsageError("v4l2: names no device; write v4l2:0 or v4l2:/dev/video0")
    return device, {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"`{text}` is not a number") from None


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(_number(width)), int(_number(height))
