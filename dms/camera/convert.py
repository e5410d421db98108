"""Any camera picture to the product's own form: 8-bit grey, and 8-bit RGB where the source is a colour camera.

Deep pictures (10, 12, 14 or 16 bit in 16-bit words) are shifted down by their bit depth. Where nobody gave the depth it is
estimated: the smallest of 10, 12, 14, 16 whose range holds all but at most one pixel in 100 000 (defect pixels, which are
clipped). The estimate can only be too small (a dark picture of a 12-bit sensor looks like 10 bit): give a stream its depth.
"""

from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from dms.records.frame import Colour, Grey

Pixels = NDArray[Any]
Layout = Literal[
    "grey", "bgr", "rgb", "bgra", "rgba", "bayer_rggb", "bayer_bggr", "bayer_grbg", "bayer_gbrg", "yuy2", "uyvy", "nv12", "i420",
]  # fmt: skip
"""Order of the pixels' parts. ``bayer_rggb``: first row R G, second row G B. ``nv12`` and ``i420``: 3/2 height rows, 4:2:0."""

LAYOUTS: tuple[str, ...] = get_args(Layout)
DEPTHS = (10, 12, 14, 16)
_OUTLIERS = 1e-5
_PARTS = {"bgr": 3, "rgb": 3, "bgra": 4, "rgba": 4}


class Picture(NamedTuple):
    """``grey``: height x width; ``colour``: height x width x 3 in RGB, or ``None`` for a monochrome source. Both 8 bit."""

    grey: Grey
    colour: Colour | None = None


def convert(pixels: Pixels, layout: Layout = "grey", bits: int | None = None, full_range: bool = True) -> Picture:
    """The picture in 8-bit grey and, for a colour layout, RGB.

    Args:
        pixels: ``uint8`` or ``uint16``; shape height x width (x parts), for 4:2:0 layouts 3/2 height x width.
        layout: what the parts are.
        bits: significant bits of ``uint16`` pixels, low end aligned; ``None`` estimates them (see the module text).
        full_range: YUV layouts only: luma spans 0..255, else 16..235.

    Raises:
        InputError: the array does not fit the layout, or its element type is neither ``uint8`` nor ``uint16``.
    """
    if layout == "grey" and pixels.dtype == np.uint8 and pixels.ndim == 2 and bits in (None, 8):
        return Picture(_not_empty(pixels))  # the native input: no copy
    small = to_8bit(_not_empty(pixels), bits)
    if layout == "grey":
        return Picture(_plane(small))
    if layout in _PARTS:
        return _from_colour(small, layout)
    if layout.startswith("bayer_"):
        return _from_bayer(_plane(small), layout)
    return _from_yuv(small, layout, full_range)


def estimate_depth(pixels: Pixels) -> int:
    """Bits of a ``uint16`` picture: smallest of 10, 12, 14, 16 that holds all but one pixel in 100 000."""
    allowed = int(pixels.size * _OUTLIERS)
    for bits in DEPTHS[:-1]:
        if np.count_nonzero(pixels >> bits) <= allowed:
            return bits
    return DEPTHS[-1]


def to_8bit(pixels: Pixels, bits: int | None = None) -> NDArray[np.uint8]:
    """The same array with the 8 highest of ``bits`` significant bits; values beyond the range are clipped.

    Raises:
        InputError: element type or number of bits that no camera gives.
    """
    if pixels.dtype == np.uint8:
        return cast(NDArray[np.uint8], pixels)
    if pixels.dtype != np.uint16:
        raise InputError(f"pixels are {pixels.dtype}, wanted uint8 or uint16; convert the picture first")
    depth = estimate_depth(pixels) if bits is None else bits
    if not 8 <= depth <= 16:
        raise InputError(f"{depth} bits a pixel cannot be; give 8 to 16")
    shifted = np.right_shift(pixels, depth - 8)
    return np.minimum(shifted, 255, out=shifted).astype(np.uint8)


def expand_luma(luma: Grey) -> Grey:
    """Limited-range luma (16..235) to 0..255, rounded."""
    return cast(Grey, _EXPAND[luma])


_EXPAND = np.clip(np.rint((np.arange(256) - 16.0) * 255.0 / 219.0), 0, 255).astype(np.uint8)


def _not_empty(pixels: Pixels) -> Pixels:
    if pixels.size == 0:
        raise InputError(f"the picture is empty: shape {pixels.shape}")
    return pixels


def _plane(pixels: NDArray[np.uint8]) -> Grey:
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        return pixels[:, :, 0]
    if pixels.ndim != 2:
        raise InputError(f"the picture's shape is {pixels.shape}, wanted height x width")
    return pixels


def _from_colour(pixels: NDArray[np.uint8], layout: str) -> Picture:
    import cv2

    if pixels.ndim != 3 or pixels.shape[2] != _PARTS[layout]:
        raise InputError(f"the picture's shape is {pixels.shape}, wanted height x width x {_PARTS[layout]} for {layout}")
    if layout == "rgb":
        colour = np.ascontiguousarray(pixels)
    else:
        codes = {"bgr": cv2.COLOR_BGR2RGB, "bgra": cv2.COLOR_BGRA2RGB, "rgba": cv2.COLOR_RGBA2RGB}
        colour = cv2.cvtColor(np.ascontiguousarray(pixels), codes[layout])
    return Picture(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), colour)


def _from_bayer(mosaic: Grey, layout: str) -> Picture:
    import cv2

    if mosaic.shape[0] < 4 or mosaic.shape[1] < 4 or mosaic.shape[0] % 2 or mosaic.shape[1] % 2:
        size = f"{mosaic.shape[1]}x{mosaic.shape[0]}"
        raise InputError(f"a {size} picture cannot be a Bayer mosaic: both sides must be even and at least 4")
    # OpenCV names a pattern by its second row and column: what the data sheet calls RGGB is its "BayerBG".
    codes = {
        "bayer_rggb": cv2.COLOR_BayerBG2RGB,
        "bayer_bggr": cv2.COLOR_BayerRG2RGB,
        "bayer_grbg": cv2.COLOR_BayerGB2RGB,
        "bayer_gbrg": cv2.COLOR_BayerGR2RGB,
    }
    return _from_colour(cv2.cvtColor(np.ascontiguousarray(mosaic), codes[layout]), "rgb")


def _from_yuv(pixels: NDArray[np.uint8], layout: str, full_range: bool) -> Picture:
    luma, u, v = _packed(pixels, layout) if layout in ("yuy2", "uyvy") else _planar(pixels, layout)
    grey = luma if full_range else expand_luma(luma)
    return Picture(grey, _yuv_to_rgb(grey, u, v, full_range))


def _packed(pixels: NDArray[np.uint8], layout: str) -> tuple[Grey, Grey, Grey]:
    """Luma and both half-width colour planes of 4:2:2 in two bytes a pixel."""
    if pixels.ndim != 3 or pixels.shape[2] != 2 or pixels.shape[1] % 2:
        raise InputError(f"the picture's shape is {pixels.shape}, wanted height x even width x 2 for {layout}")
    at = 0 if layout == "yuy2" else 1
    other = pixels[:, :, 1 - at]
    return np.ascontiguousarray(pixels[:, :, at]), other[:, 0::2], other[:, 1::2]


def _planar(pixels: NDArray[np.uint8], layout: str) -> tuple[Grey, Grey, Grey]:
    """Luma and both quarter-size colour planes of 4:2:0."""
    plane = _plane(pixels)
    rows, width = plane.shape
    height = rows * 2 // 3
    if rows % 3 or height % 2 or width % 2:
        raise InputError(f"the picture's shape is {plane.shape}, wanted 3/2 height x width with even sides for {layout}")
    chroma = plane[height:].reshape(-1)
    shape = (height // 2, width // 2)
    u, v = (chroma[0::2], chroma[1::2]) if layout == "nv12" else (chroma[: chroma.size // 2], chroma[chroma.size // 2 :])
    return plane[:height], u.reshape(shape), v.reshape(shape)


def _yuv_to_rgb(grey: Grey, u: Grey, v: Grey, full_range: bool) -> Colour:
    """BT.601 colour from full-range luma and small colour planes."""
    import cv2

    if not full_range:
        u, v = (np.clip(np.rint((p.astype(np.float32) - 128) * (255 / 224) + 128), 0, 255).astype(np.uint8) for p in (u, v))
    size = (grey.shape[1], grey.shape[0])
    large = [cv2.resize(np.ascontiguousarray(p), size, interpolation=cv2.INTER_NEAREST) for p in (v, u)]
    return cast(Colour, cv2.cvtColor(cv2.merge([np.ascontiguousarray(grey), *large]), cv2.COLOR_YCrCb2RGB))
