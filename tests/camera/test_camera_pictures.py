"""Stills: order, depth, orientation, and every way a file can be wrong."""

import cv2
import numpy as np
import pytest

from dms.camera.pictures import Pictures, read_picture
from dms.errors import InputError


def ramp(height=24, width=32, dtype=np.uint8, top=255):
    return np.linspace(0, top, height * width).astype(dtype).reshape(height, width)


def test_folder_in_name_order_with_other_files_left_alone(tmp_path):
    for number, name in enumerate(["b.png", "a.bmp", "c.tiff", "d.webp", "e.pgm"]):
        cv2.imwrite(str(tmp_path / name), np.full((16, 16), 40 + number, np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 101])
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "sub.png").mkdir()
    (tmp_path / ".hidden.png").write_bytes(b"")
    with Pictures(tmp_path) as source:
        frames = list(source.frames())
    assert source.independent and not source.live
    assert [f.source.rsplit("/", 1)[1] for f in frames] == ["a.bmp", "b.png", "c.tiff", "d.webp", "e.pgm"]
    assert [int(f.grey[8, 8]) for f in frames] == [41, 40, 42, 43, 44]
    assert [f.index for f in frames] == [0, 1, 2, 3, 4]
    assert [f.t for f in frames] == [0, 1, 2, 3, 4]
    assert all(f.colour is None for f in frames)


def test_consecutive_pictures_have_camera_times(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.png"), ramp())
    source = Pictures(tmp_path, fps=30.0)
    assert not source.independent
    assert [f.t for f in source.frames()] == pytest.approx([0, 1 / 30, 2 / 30])


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_16_bit_png(tmp_path, bits):
    file = tmp_path / "deep.png"
    cv2.imwrite(str(file), ramp(dtype=np.uint16, top=2**bits - 1))
    for given in (bits, None):
        grey = read_picture(file, given).grey
        assert grey.dtype == np.uint8
        assert grey[0, 0] == 0 and grey[-1, -1] == 255 and 120 < grey[12, 0] < 135


def test_16_bit_colour_png(tmp_path):
    file = tmp_path / "deep.png"
    cv2.imwrite(str(file), np.full((9, 9, 3), (100 << 8, 50 << 8, 250 << 8), np.uint16))
    picture = read_picture(file)
    assert tuple(picture.colour[4, 4]) == (250, 50, 100)


def test_colour_picture_is_rgb_and_grey_kept_as_colour_is_grey(tmp_path):
    cv2.imwrite(str(tmp_path / "c.png"), np.full((9, 9, 3), (10, 20, 200), np.uint8))
    cv2.imwrite(str(tmp_path / "g.png"), cv2.merge([ramp()] * 3))
    assert tuple(read_picture(tmp_path / "c.png").colour[0, 0]) == (200, 20, 10)
    grey = read_picture(tmp_path / "g.png")
    assert grey.colour is None
    assert np.array_equal(grey.grey, ramp())


def test_transparent_picture(tmp_path):
    cv2.imwrite(str(tmp_path / "t.png"), np.full((9, 9, 4), (10, 20, 200, 0), np.uint8))
    assert tuple(read_picture(tmp_path / "t.png").colour[0, 0]) == (200, 20, 10)


def test_bayer_file(tmp_path):
    file = tmp_path / "raw.png"
    sensor = np.zeros((16, 16), np.uint16)
    sensor[0::2, 0::2] = 800  # red only, 10 bit
    cv2.imwrite(str(file), sensor)
    picture = read_picture(file, bits=10, layout="bayer_rggb")
    assert tuple(picture.colour[8, 8]) == (200, 0, 0)


def test_exif_orientation_is_applied(tmp_path):
    file = tmp_path / "turned.jpg"
    left_bright = np.zeros((32, 64), np.uint8)
    left_bright[:, :32] = 255
    coded = cv2.imencode(".jpg", left_bright)[1].tobytes()
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    app1 = b"Exif\x00\x00" + tiff
    file.write_bytes(coded[:2] + b"\xff\xe1" + (len(app1) + 2).to_bytes(2, "big") + app1 + coded[2:])
    grey = read_picture(file).grey  # orientation 6: turn a quarter clockwise, so left becomes top
    assert grey.shape == (64, 32)
    assert grey[:28].min() > 240 and grey[36:].max() < 15


def bad_files(folder):
    whole = cv2.imencode(".jpg", ramp(240, 320))[1].tobytes()
    png = cv2.imencode(".png", ramp(240, 320))[1].tobytes()
    cv2.imwrite(str(folder / "one_by_one.png"), np.zeros((1, 1), np.uint8))
    (folder / "text.jpg").write_text("this is not a picture\n")
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "cut.png").write_bytes(png[: len(png) // 2])
    cv2.imwrite(str(folder / "float.tiff"), np.zeros((20, 20), np.float32))
    return ["cut.jpg", "cut.png", "empty.png", "float.tiff", "one_by_one.png", "text.jpg"]


@pytest.mark.parametrize("name", ["cut.jpg", "cut.png", "empty.png", "float.tiff", "one_by_one.png", "text.jpg"])
def test_each_bad_file_is_one_line_with_its_name(tmp_path, name, capfd):
    bad_files(tmp_path)
    with pytest.raises(InputError) as caught:
        list(Pictures(tmp_path / name).frames())
    assert name in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.exit_code == 3
    assert capfd.readouterr().err == ""


def test_bad_files_can_be_reported_and_left_out(tmp_path):
    bad = bad_files(tmp_path)
    cv2.imwrite(str(tmp_path / "good.png"), ramp())
    told = []
    frames = list(Pictures(tmp_path, on_error=told.append).frames())
    assert [f.source for f in frames] == [str(tmp_path / "good.png")]
    assert frames[0].index == 4  # its number among all files
    assert len(told) == len(bad)
    assert all(name in str(error) for name, error in zip(bad, told, strict=True))


def test_empty_folder_and_nothing_there(tmp_path):
    with pytest.raises(InputError, match="holds no picture"):
        Pictures(tmp_path)
    with pytest.raises(InputError, match="no such file"):
        Pictures(tmp_path / "nowhere")
