"""Video files: exact luma in both ranges, times, grey in colour formats, and cut files."""

import gc
from fractions import Fraction

import av
import numpy as np
import psutil
import pytest

from dms.camera.video import Video
from dms.errors import InputError

FULL, LIMITED = 2, 1


def scene(number, height=96, width=128):
    y, x = np.mgrid[0:height, 0:width]
    return ((x * 2 + y + number * 7) % 256).astype(np.uint8)


def write(path, count=12, colour_range=FULL, codec="libx264", pix_fmt="yuv420p", chroma=128, options=None, fps=25):
    """Lossless video whose luma plane is ``scene(n)``."""
    with av.open(str(path), "w", options={"movflags": "faststart"} if path.suffix == ".mp4" else {}) as out:
        stream = out.add_stream(codec, rate=fps, options={"qp": "0", "g": "4", **(options or {})})
        stream.width, stream.height, stream.pix_fmt = 128, 96, pix_fmt
        stream.codec_context.color_range = colour_range
        for number in range(count):
            planes = np.concatenate([scene(number).reshape(-1), np.full(96 * 128 // 2, chroma, np.uint8)])
            frame = av.VideoFrame.from_ndarray(planes.reshape(144, 128), format="yuv420p")
            frame.color_range = colour_range
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_full_range_luma_comes_back_bit_for_bit(tmp_path, suffix):
    with Video(write(tmp_path / f"v{suffix}")) as source:
        frames = list(source.frames())
    assert len(frames) == 12
    assert all(np.array_equal(f.grey, scene(n)) for n, f in enumerate(frames))
    assert all(f.colour is None for f in frames)
    assert [f.t for f in frames] == pytest.approx([n / 25 for n in range(12)], abs=1.1e-3)
    assert [f.index for f in frames] == list(range(12))


def test_limited_range_luma_is_stretched(tmp_path):
    with Video(write(tmp_path / "v.mp4", colour_range=LIMITED)) as source:
        frame = next(source.frames())
    want = np.clip(np.rint((scene(0) - 16.0) * 255 / 219), 0, 255)
    assert np.array_equal(frame.grey, want)


def test_colour_video_has_colour(tmp_path):
    path = write(tmp_path / "v.mp4", chroma=90)
    with Video(path) as source:
        frame = next(source.frames())
    assert frame.colour is not None
    assert frame.colour[..., 1].astype(int).mean() > frame.colour[..., 0].mean() + 20  # both chroma low is green
    with Video(path, colour=False) as source:
        assert next(source.frames()).colour is None


def test_10_bit_grey_video(tmp_path):
    path = tmp_path / "deep.mkv"
    deep = np.linspace(0, 1023, 96 * 128).astype(np.uint16).reshape(96, 128)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "gray10le"
        frame = av.VideoFrame(128, 96, "gray10le")
        plane = np.zeros((96, frame.planes[0].line_size // 2), np.uint16)
        plane[:, :128] = deep
        frame.planes[0].update(plane.tobytes())
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    with Video(path) as source:
        assert np.array_equal(next(source.frames()).grey, deep >> 2)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_cut_video_gives_its_frames_then_says_how_many(tmp_path, suffix, part):
    path = write(tmp_path / f"v{suffix}", count=60)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    frames = []
    with Video(path) as source, pytest.raises(InputError) as caught:
        frames.extend(source.frames())
    assert 0 < len(frames) < 60
    assert f"{len(frames)} " in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(np.array_equal(f.grey, scene(n)) for n, f in enumerate(frames))


def test_a_video_filmed_upright_is_turned(tmp_path):
    path = write(tmp_path / "v.mp4")
    coded = bytearray(path.read_bytes())
    matrix = coded.index(b"tkhd") + 44
    quarter_clockwise = (0, 0x10000, 0, 0xFFFF0000, 0, 0, 96 << 16, 0, 0x40000000)
    coded[matrix : matrix + 36] = b"".join(v.to_bytes(4, "big") for v in quarter_clockwise)
    path.write_bytes(coded)
    with Video(path) as source:
        assert np.array_equal(next(source.frames()).grey, np.rot90(scene(0), -1))


def test_files_that_are_no_video(tmp_path, capfd):
    (tmp_path / "text.mp4").write_text("this is not a video\n" * 100)
    (tmp_path / "empty.mp4").write_bytes(b"")
    whole = write(tmp_path / "v.mkv")
    (tmp_path / "head.mkv").write_bytes(whole.read_bytes()[:40])
    for name in ("text.mp4", "empty.mp4", "head.mkv", "nowhere.mp4"):
        with pytest.raises(InputError) as caught, Video(tmp_path / name) as source:
            list(source.frames())
        assert name in str(caught.value) and "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_the_file_is_given_back(tmp_path):
    path = write(tmp_path / "v.mp4")
    gc.collect()  # what earlier tests left open goes now, not in between
    before = psutil.Process().num_fds()
    for _ in range(5):
        with Video(path) as source:
            next(source.frames())
    assert psutil.Process().num_fds() <= before
