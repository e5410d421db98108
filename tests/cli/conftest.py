"""Broken and unusual inputs, made once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Maker = Callable[[Path, Path, Path], Path]


def text_video(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("this is no video\n" * 50)
    return path


def empty_video(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def cut_video(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "cut.mp4"
    path.write_bytes(video.read_bytes()[:4000])
    return path


def text_picture(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "text.png"
    path.write_text("this is no picture\n")
    return path


def cut_picture(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "cut.png"
    path.write_bytes(portrait.read_bytes()[:20000])
    return path


def tiny_picture(folder: Path, portrait: Path, video: Path) -> Path:
    import cv2

    path = folder / "tiny.png"
    cv2.imwrite(str(path), np.zeros((1, 1), np.uint8))
    return path


def empty_folder(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "nothing"
    path.mkdir(exist_ok=True)
    return path


def unknown_kind(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "notes.xyz"
    path.write_text("?")
    return path


def text_log(folder: Path, portrait: Path, video: Path) -> Path:
    path = folder / "text.mcap"
    path.write_text("this is no log\n")
    return path


BAD_INPUTS: dict[str, Maker] = {
    "missing": lambda folder, portrait, video: folder / "missing.png",
    **{m.__name__: m for m in (text_video, empty_video, cut_video, text_picture, cut_picture, tiny_picture)},
    **{m.__name__: m for m in (empty_folder, unknown_kind, text_log)},
}


@pytest.fixture(params=sorted(BAD_INPUTS))
def bad_input(request: pytest.FixtureRequest, tmp_path: Path, portrait: Path, portrait_video: Path) -> Path:
    """One of the inputs nothing can be read from."""
    return BAD_INPUTS[request.param](tmp_path, portrait, portrait_video)


@pytest.fixture(scope="session")
def wide_portrait(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portrait twice in one grey picture, the left one smaller: two people beside each other."""
    import cv2

    face = cv2.imread(str(portrait), cv2.IMREAD_GRAYSCALE)
    small = cv2.resize(face, (384, 384), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((512, 1024), np.uint8)
    canvas[64:448, 64:448] = small
    canvas[:, 512:] = face
    path = tmp_path_factory.mktemp("two") / "two.png"
    cv2.imwrite(str(path), canvas)
    return path
