"""GStreamer cameras with its own test pictures and recorded files."""

import os
import threading
import time

import numpy as np
import psutil
import pytest

from dms.camera.gstreamer import Form, GStreamerCamera, unpack
from dms.camera.open import open_source
from dms.errors import HardwareError, UsageError

try:
    from dms.camera.gstreamer import _gstreamer

    _gstreamer()
    MISSING = ""
except HardwareError as error:
    MISSING = str(error)

needs_gstreamer = pytest.mark.skipif(bool(MISSING) and not os.environ.get("DMS_REQUIRE_GSTREAMER"), reason=MISSING or "-")


def gst(caps, extra="is-live=true num-buffers=8 pattern=smpte", **options):
    return GStreamerCamera(f"videotestsrc {extra} ! {caps},framerate=60/1 ! appsink", time.monotonic, **options)


def near(pixel, rgb):
    return all(abs(int(a) - b) <= 3 for a, b in zip(pixel, rgb, strict=True))


@needs_gstreamer
@pytest.mark.parametrize("form", ["NV12", "I420", "BGR", "RGB", "BGRx", "YUY2", "UYVY"])
def test_videotestsrc_colours(form):
    with gst(f"video/x-raw,format={form},width=322,height=240") as camera:
        picture = next(camera.frames())
    assert picture.grey.shape == (240, 322)
    bars = [picture.colour[60, x] for x in (20, 70, 160, 250, 300)]
    want = [(255, 255, 255), (255, 255, 0), (0, 255, 0), (255, 0, 0), (0, 0, 255)]
    assert all(near(bar, rgb) for bar, rgb in zip(bars, want, strict=True))


@needs_gstreamer
@pytest.mark.parametrize("pattern", ["rggb", "bggr", "grbg", "gbrg"])
def test_videotestsrc_bayer(pattern):
    with gst(f"video/x-bayer,format={pattern},width=320,height=240") as camera:
        picture = next(camera.frames())
    assert near(picture.colour[60, 250], (255, 0, 0)) and near(picture.colour[60, 300], (0, 0, 255))


@needs_gstreamer
@pytest.mark.parametrize("form", ["GRAY8", "GRAY16_LE"])
def test_videotestsrc_grey_with_time_counter_and_end(form):
    before = time.monotonic()
    with gst(f"video/x-raw,format={form},width=321,height=200", "is-live=true num-buffers=20", bits=16) as camera:
        frames = list(camera.frames())
    assert 1 <= len(frames) <= 20
    last = frames[-1]
    assert last.grey.shape == (200, 321) and last.colour is None and int(last.grey.max()) > 200
    assert last.counter == 19  # buffer number, drops counted
    times = [f.t for f in frames]
    assert times == sorted(times) and before <= times[0] and times[-1] <= time.monotonic()
    per_frame = np.diff(times) / np.maximum(1, np.diff([f.counter for f in frames]))
    assert np.median(np.abs(per_frame - 1 / 60)) < 0.001  # the source's own times; a busy machine may delay single pictures


@needs_gstreamer
def test_time_of_capture_is_carried_to_the_callers_clock():
    arrivals = []

    def clock():
        arrivals.append(time.monotonic() + 5000.0)  # another epoch than the pipeline's
        return arrivals[-1]

    slow = "is-live=true num-buffers=5 ! video/x-raw,format=GRAY8,width=64,height=64,framerate=10/1 ! identity sleep-time=60000"
    with GStreamerCamera(f"videotestsrc {slow} ! appsink", clock) as camera:
        frames = list(camera.frames())
    late = [arrivals[f.index] - f.t for f in frames]
    assert len(frames) >= 3 and all(0.055 < seconds < 0.3 for seconds in late)


@needs_gstreamer
def test_a_slow_reader_gets_the_newest_picture():
    with gst("video/x-raw,format=GRAY8,width=64,height=64", "is-live=true") as camera:
        assert camera.newest() is not None
        time.sleep(0.3)
        late = camera.newest()
        assert time.monotonic() - late.t < 0.1
        assert late.counter >= 10
        assert camera.overwritten >= 10


@needs_gstreamer
def test_16_bit_with_10_significant_bits_is_clipped_not_wrapped():
    with gst("video/x-raw,format=GRAY16_LE,width=64,height=64", "is-live=true num-buffers=2 pattern=white", bits=10) as camera:
        assert int(next(camera.frames()).grey.min()) == 255


@needs_gstreamer
def test_a_silent_pipeline_is_a_lost_device():
    with (
        GStreamerCamera("appsrc is-live=true ! appsink", time.monotonic, timeout_s=0.2) as camera,
        pytest.raises(HardwareError, match="no picture"),
    ):
        camera.newest()


@needs_gstreamer
@pytest.mark.parametrize(
    ("pipeline", "kind"),
    [
        ("videotestsrc ! fakesink", UsageError),
        ("appsink", UsageError),
        ("videotestsrc ! !", UsageError),
        ("", UsageError),
        ("nosuchcamera ! appsink", HardwareError),
        ("v4l2src device=/dev/video99 ! appsink", HardwareError),
        ("filesrc location=/nonexistent ! appsink", HardwareError),
    ],
)
def test_wrong_pipelines_are_one_line(pipeline, kind, capfd):
    with pytest.raises(kind) as caught:
        open_source(f"gst:{pipeline}", clock=time.monotonic).close()
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


@needs_gstreamer
def test_a_format_we_do_not_take_is_named():
    with gst("video/x-raw,format=v210,width=64,height=64") as camera, pytest.raises(UsageError, match="v210"):
        camera.newest()


@needs_gstreamer
def test_device_error_in_the_middle_reaches_the_reader():
    pipeline = "videotestsrc is-live=true ! identity error-after=5 ! video/x-raw,format=GRAY8 ! appsink"
    with GStreamerCamera(pipeline, time.monotonic) as camera, pytest.raises(HardwareError, match="camera gst:"):
        list(camera.frames())


@needs_gstreamer
def test_threads_and_files_are_given_back():
    def once():
        with gst("video/x-raw,format=GRAY8,width=64,height=64", "is-live=true") as camera:
            next(camera.frames())

    once()  # GStreamer keeps its registry and task pool
    me = psutil.Process()
    files, threads = me.num_fds(), threading.active_count()
    for _ in range(5):
        once()
    assert threading.active_count() == threads
    assert me.num_fds() <= files + 2


def test_unpack_takes_padded_rows_and_deep_bayer():
    rows = bytes([1, 2, 3, 0, 4, 5, 6, 0])
    assert unpack(rows, Form("grey", 3, 2, 1, (4,), (0,))).tolist() == [[1, 2, 3], [4, 5, 6]]
    deep = np.array([[1, 1023, 0], [512, 256, 0]], "<u2").tobytes()
    assert unpack(deep, Form("bayer_rggb", 2, 2, 2, (6,), (0,), 10)).tolist() == [[1, 1023], [512, 256]]
    with pytest.raises(HardwareError, match="too few"):
        unpack(rows[:6], Form("grey", 3, 2, 1, (4,), (0,)))


@needs_gstreamer
def test_packed_ten_bit_grey():
    """GRAY10_LE32: three pixels in a word; a width that is no multiple of three has a part of one at the end."""
    pipeline = (
        "videotestsrc is-live=true num-buffers=3 pattern=smpte ! video/x-raw,format=GRAY8,width=322,height=60,framerate=60/1 ! "
        "tee name=t ! queue ! videoconvert ! video/x-raw,format={} ! appsink t. ! queue ! fakesink"
    )
    pictures = []
    for form in ("GRAY8", "GRAY10_LE32"):
        with GStreamerCamera(pipeline.format(form), time.monotonic) as camera:
            pictures.append(next(camera.frames()).grey.astype(int))
    assert pictures[1].shape == (60, 322)
    assert np.abs(pictures[0] - pictures[1]).max() <= 2 and pictures[1].max() > 180


def test_unpack_thirds_by_hand():
    words = np.array([[1 | 2 << 10 | 1023 << 20, 7 | 8 << 10]], "<u4")
    form = Form("grey", 5, 1, 2, (8,), (0,), 10, packed=True)
    assert unpack(words.tobytes(), form).tolist() == [[1, 2, 1023, 7, 8]]


@needs_gstreamer
def test_a_recorded_file_through_a_pipeline(tmp_path):
    """What a camera recorded, played at its own pace: the way to try a pipeline without the camera."""
    import av

    path = tmp_path / "drive.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for level in range(40, 240, 20):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    pipeline = f"filesrc location={path} ! avidemux ! jpegdec ! videoconvert ! video/x-raw,format=GRAY8 ! appsink"
    begin = time.monotonic()
    with GStreamerCamera(pipeline, time.monotonic) as camera:
        frames = list(camera.frames())
    assert 0.3 < time.monotonic() - begin < 5.0 and 3 <= len(frames) <= 10
    assert frames[-1].grey.shape == (48, 64) and abs(int(frames[-1].grey.mean()) - 220) <= 3
    levels = [int(f.grey.mean()) for f in frames]
    assert levels == sorted(levels)


@needs_gstreamer
def test_a_pipeline_that_broke_is_opened_again():
    from dms.errors import DmsError

    ended: list[DmsError | None] = []

    class Watcher:
        started = beat = staticmethod(lambda: None)
        ended = staticmethod(lambda error: ended.append(error))

    with gst("video/x-raw,format=GRAY8,width=64,height=48", "is-live=true") as camera:
        camera.watch(Watcher())
        before = camera.newest()
        camera.interrupt(HardwareError("no picture for 2 s"))
        camera._thread.join(5.0)
        if camera._slot is not None:
            camera.newest()  # the last one that came in time
        with pytest.raises(HardwareError, match="no picture for 2 s"):
            camera.newest()
        camera.reopen()
        after = camera.newest()
        assert after is not None and before is not None and after.index > before.index and not camera.failed
        assert after.t > before.t and camera.stamped_by_device and camera.alive
    assert len(ended) == 1 and "no picture" in str(ended[0])
    camera.reopen()  # closed is closed
    assert not camera.alive
