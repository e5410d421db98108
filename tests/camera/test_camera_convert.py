"""Pixel conversion: depth, colour order, Bayer patterns, YUV."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dms.camera.convert import convert, estimate_depth, expand_luma, to_8bit
from dms.errors import InputError

RED, GREEN, BLUE = (200, 30, 10), (20, 180, 40), (15, 25, 220)


def flat(rgb, height=32, width=48):
    return np.full((height, width, 3), rgb, np.uint8)


def mosaic(rgb_picture, pattern):
    """What a sensor with this pattern sees."""
    out = np.zeros(rgb_picture.shape[:2], np.uint8)
    for place, letter in enumerate(pattern):
        row, column = divmod(place, 2)
        out[row::2, column::2] = rgb_picture[row::2, column::2, "rgb".index(letter)]
    return out


def test_grey_8_bit_is_not_copied():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    picture = convert(pixels)
    assert picture.grey is pixels
    assert picture.colour is None


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_known_depth_uses_the_whole_range(bits):
    ramp = np.linspace(0, 2**bits - 1, 256 * 4).astype(np.uint16).reshape(32, 32)
    grey = convert(ramp, bits=bits).grey
    assert grey.dtype == np.uint8
    assert grey.min() == 0 and grey.max() == 255
    assert (np.diff(grey.reshape(-1).astype(int)) >= 0).all()
    assert estimate_depth(ramp) == bits


def test_dark_12_bit_picture_needs_its_depth():
    dark = np.full((20, 20), 400, np.uint16)
    assert convert(dark, bits=12).grey.max() == 400 >> 4
    assert convert(dark).grey.max() == 400 >> 2  # estimated as 10 bit, as the module says


def test_a_defect_pixel_does_not_change_the_estimate():
    pixels = np.full((400, 400), 900, np.uint16)
    pixels[7, 7] = 65535
    assert estimate_depth(pixels) == 10
    assert to_8bit(pixels)[7, 7] == 255
    pixels[100:102] = 65535
    assert estimate_depth(pixels) == 16


@given(st.integers(8, 16), st.integers(0, 65535))
def test_to_8bit_is_the_high_byte_and_clips(bits, value):
    out = to_8bit(np.array([[value]], np.uint16), bits)
    assert out[0, 0] == min(255, value >> (bits - 8))


@pytest.mark.parametrize("layout", ["rgb", "bgr", "rgba", "bgra"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colour_orders(layout, dtype):
    order = ["rgb".find(c) for c in layout]
    pixels = np.stack([np.full((6, 8), 255 if i < 0 else RED[i]) for i in order], axis=2).astype(dtype)
    if dtype == np.uint16:
        pixels = pixels << 8
    picture = convert(pixels, layout, bits=16 if dtype == np.uint16 else None)
    assert picture.colour is not None
    assert tuple(picture.colour[3, 3]) == RED
    assert abs(int(picture.grey[3, 3]) - round(0.299 * 200 + 0.587 * 30 + 0.114 * 10)) <= 1


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "grbg", "gbrg"])
@pytest.mark.parametrize("colour", [RED, GREEN, BLUE])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_bayer_gives_the_colour_back(pattern, colour, bits):
    sensor = mosaic(flat(colour), pattern)
    if bits > 8:
        sensor = sensor.astype(np.uint16) << (bits - 8)
    picture = convert(sensor, f"bayer_{pattern}", bits=bits)
    assert picture.colour is not None
    assert np.abs(picture.colour.astype(int) - np.array(colour)).max() <= 1


def test_bayer_picture_detail_survives():
    y, x = np.mgrid[0:64, 0:64]
    scene = np.stack([60 + x, 60 + y, 180 - x], axis=2).astype(np.uint8)
    picture = convert(mosaic(scene, "grbg"), "bayer_grbg")
    assert np.abs(picture.colour[4:-4, 4:-4].astype(int) - scene[4:-4, 4:-4]).mean() < 2


def test_limited_luma_is_expanded():
    assert list(expand_luma(np.array([[0, 16, 126, 235, 255]], np.uint8))[0]) == [0, 0, 128, 255, 255]


@pytest.mark.parametrize("layout", ["yuy2", "uyvy", "nv12", "i420"])
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("rgb", [RED, GREEN, BLUE, (128, 128, 128)])
def test_yuv_layouts(layout, full, rgb):
    y, cr, cb = (float(v) for v in cv2.cvtColor(flat(rgb), cv2.COLOR_RGB2YCrCb)[0, 0])
    y, u, v = (y, cb, cr) if full else (16 + y * 219 / 255, 128 + (cb - 128) * 224 / 255, 128 + (cr - 128) * 224 / 255)
    y, u, v = round(y), round(u), round(v)
    height, width = 8, 12
    if layout in ("yuy2", "uyvy"):
        four = [y, u, y, v] if layout == "yuy2" else [u, y, v, y]
        pixels = np.tile(np.array(four, np.uint8), height * width // 2).reshape(height, width, 2)
    else:
        quarter = height * width // 4
        chroma = [u, v] * quarter if layout == "nv12" else [u] * quarter + [v] * quarter
        pixels = np.array([y] * height * width + chroma, np.uint8).reshape(height * 3 // 2, width)
    picture = convert(pixels, layout, full_range=full)
    assert picture.grey.shape == (height, width)
    assert picture.colour is not None
    assert np.abs(picture.colour.astype(int) - np.array(rgb)).max() <= 4


@pytest.mark.parametrize(
    ("pixels", "layout", "bits"),
    [
        (np.zeros((4, 4), np.float32), "grey", None),
        (np.zeros((4, 4), np.int16), "grey", None),
        (np.zeros((4, 4), np.uint16), "grey", 17),
        (np.zeros((0, 4), np.uint8), "grey", None),
        (np.zeros((4, 4, 3), np.uint8), "grey", None),
        (np.zeros((4, 4), np.uint8), "rgb", None),
        (np.zeros((5, 5), np.uint8), "bayer_rggb", None),
        (np.zeros((2, 2), np.uint8), "bayer_rggb", None),
        (np.zeros((4, 4, 3), np.uint8), "yuy2", None),
        (np.zeros((7, 4), np.uint8), "nv12", None),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(pixels, layout, bits):
    with pytest.raises(InputError) as caught:
        convert(pixels, layout, bits)
    assert "\n" not in str(caught.value)
