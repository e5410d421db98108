"""Stills: one picture file or a folder of them, in the order of their names."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dms.camera.base import Source
from dms.camera.convert import Layout, Picture, Pixels, convert
from dms.errors import InputError
from dms.records import Frame

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".pbm")
SMALLEST = 8
"""Pixels a side below which no picture can show a face; such a file is refused."""

OnError = Callable[[InputError], None]


class Pictures(Source):
    """Pictures that have nothing to do with each other, or, with ``fps``, the consecutive frames of one camera.

    Args:
        path: a picture, or a folder whose pictures are taken in the order of their names (sub-folders are not entered).
        bits: significant bits of 16-bit files; ``None`` estimates them for each file (see ``dms.camera.convert``).
        layout: ``bayer_*`` for files that hold a raw sensor mosaic; ``None`` takes the file's own grey or colour.
        fps: frames a second if the files are consecutive frames: ``t`` = index / fps and ``independent`` is false.
            Without it ``t`` counts whole seconds: one picture each.
        on_error: called with the error of an unreadable file, which is then left out; without it the error is raised.
    """

    def __init__(
        self,
        path: str | Path,
        bits: int | None = None,
        layout: Layout | None = None,
        fps: float | None = None,
        on_error: OnError | None = None,
    ) -> None:
        self.name = str(path)
        self.independent = fps is None
        self.files = _files(Path(path))
        self._bits, self._layout, self._on_error = bits, layout, on_error
        self._period = 1.0 if fps is None else 1.0 / fps

    def frames(self) -> Iterator[Frame]:
        """One frame a readable file; ``source`` is the file's path, ``index`` its number among all files.

        Raises:
            InputError: a file is no picture (unless ``on_error`` takes it).
        """
        for index, file in enumerate(self.files):
            try:
                picture = read_picture(file, self._bits, self._layout)
            except InputError as error:
                if self._on_error is None:
                    raise
                self._on_error(error)
                continue
            yield Frame(picture.grey, index * self._period, index, index, picture.colour, str(file))


def _files(path: Path) -> list[Path]:
    """The picture files a path stands for.

    Raises:
        InputError: nothing there, or a folder without pictures.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file() and not p.name.startswith("."))
    if not found:
        raise InputError(f"{path}: the folder holds no picture ({' '.join(s[1:] for s in SUFFIXES)})")
    return found


def read_picture(file: Path, bits: int | None = None, layout: Layout | None = None) -> Picture:
    """A picture file as 8-bit grey and, if it is a colour picture, RGB; turned upright as its EXIF orientation says.

    A colour file whose three channels are the same everywhere is a grey picture.

    Raises:
        InputError: one line naming the file and what is wrong with it.
    """
    import cv2

    try:
        coded = np.fromfile(file, np.uint8)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror or error}") from None
    if _is_cut(coded.tobytes()):
        raise InputError(f"{file}: the picture is cut; its end is missing")
    pixels = _decode(cv2, coded)
    if pixels is None:
        raise InputError(f"{file}: is not a picture, is damaged, or is of a kind this OpenCV cannot read")
    if min(pixels.shape[:2]) < SMALLEST:
        raise InputError(f"{file}: {pixels.shape[1]}x{pixels.shape[0]} pixels is too small; wanted at least {SMALLEST} a side")
    try:
        return convert(*_grey_or_colour(pixels, layout), bits=bits)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _is_cut(coded: bytes) -> bool:
    """A JPEG or PNG without its end, which decoders fill with grey without a word."""
    if coded.startswith(b"\xff\xd8\xff"):
        return coded.rfind(b"\xff\xd9") < coded.rfind(b"\xff\xda")  # end of image before the last start of scan: a thumbnail's
    return coded.startswith(b"\x89PNG\r\n") and b"IEND" not in coded[-64:]


def _decode(cv2: Any, coded: Pixels) -> Pixels | None:
    if coded.size == 0:
        return None
    try:  # these two flags keep depth and channels, and apply EXIF orientation, which IMREAD_UNCHANGED does not
        pixels: Pixels | None = cv2.imdecode(coded, cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error:
        return None
    return pixels


def _grey_or_colour(pixels: Pixels, layout: Layout | None) -> tuple[Pixels, Layout]:
    if layout is not None:
        return pixels, layout
    if pixels.ndim == 2:
        return pixels, "grey"
    blue, green, red = pixels[:, :, 0], pixels[:, :, 1], pixels[:, :, 2]
    if np.array_equal(blue, green) and np.array_equal(green, red):
        return np.ascontiguousarray(green), "grey"
    return pixels[:, :, :3], "bgr"
