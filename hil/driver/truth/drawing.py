"""Pictures for people: labels drawn in, captions, contact sheets, videos."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.errors import HardwareError, InputError, UsageError
from dms.records import Frame
from dms.records.frame import Grey
from hil.driver.truth.atomic import finished_file
from hil.driver.truth.geometry import pinhole
from hil.driver.truth.labels import Ellipse, EyeTruth, Truth

Canvas = NDArray[np.uint8]
"""Height x width x 3, blue green red."""

CAPTION_PX = 34
RAY_MM = 120.0
_GREEN, _RED, _YELLOW, _BLUE, _DIM = (90, 220, 90), (60, 60, 255), (40, 220, 255), (255, 170, 60), (110, 110, 110)


def tile(frame: Frame, truth: Truth, width: int, drawn: bool) -> Canvas:
    """One picture ``width`` wide with its caption below, the labels drawn in if wanted."""
    import cv2

    canvas = cv2.cvtColor(frame.grey, cv2.COLOR_GRAY2BGR)
    if drawn:
        draw_truth(canvas, truth)
    height = round(frame.height * width / frame.width)
    small: Canvas = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA) if width != frame.width else canvas
    return np.concatenate([small, _caption(truth, width)])


def draw_truth(canvas: Canvas, truth: Truth) -> None:
    """Landmarks (dim where hidden), iris and pupil, line of sight, hands and things."""
    import cv2

    for mark in truth.landmarks:
        cv2.circle(canvas, _whole(mark.px), 1, _GREEN if mark.visible else _DIM, -1)
    for eye in (truth.eyes or {}).values():
        _draw_eye(canvas, eye)
    if truth.gaze is not None:
        origin = np.array(truth.gaze.origin_camera_mm)
        ends = pinhole(truth.camera, np.stack([origin, origin + RAY_MM * np.array(truth.gaze.direction_camera)]))
        if np.isfinite(ends).all():
            cv2.arrowedLine(canvas, _whole(ends[0]), _whole(ends[1]), _YELLOW, 1, cv2.LINE_AA, tipLength=0.1)
    for hand in truth.hands:
        for point in hand.points_px:
            cv2.circle(canvas, _whole(point), 2, _BLUE, -1)
    for thing in truth.things:
        x, y, w, h = thing.box_px
        cv2.rectangle(canvas, _whole((x, y)), _whole((x + w, y + h)), _RED, 1)


def _draw_eye(canvas: Canvas, eye: EyeTruth) -> None:
    for found, colour in ((eye.iris, _YELLOW), (eye.pupil, _RED)):
        if found is not None and not eye.closed and eye.visible > 0:
            _draw_ellipse(canvas, found, colour)


def _draw_ellipse(canvas: Canvas, found: Ellipse, colour: tuple[int, int, int]) -> None:
    import cv2

    a, b = found.radii_px
    cv2.ellipse(canvas, (found.centre_px, (2 * a, 2 * b), found.angle_deg), colour, 1, cv2.LINE_AA)


def _whole(point: Any) -> tuple[int, int]:
    """Whole pixels, kept within what OpenCV's drawing takes."""
    x, y = (round(max(-1e4, min(1e4, float(v)))) for v in point)
    return x, y


def _caption(truth: Truth, width: int) -> Canvas:
    import cv2

    strip = np.zeros((CAPTION_PX, width, 3), np.uint8)
    first = f"{truth.t:.2f} s  {truth.story.zone}  KSS {truth.drowsy.kss:.1f}"
    second = truth.story.activity + (f"  {truth.story.event}" if truth.story.event else "")
    for text, y in ((first, 13), (second, 28)):
        cv2.putText(strip, text, (3, y), cv2.FONT_HERSHEY_SIMPLEX, min(0.42, width / 600), (235, 235, 235), 1, cv2.LINE_AA)
    return strip


def sheet(tiles: list[Canvas], columns: int) -> Canvas:
    """Tiles of one size row by row; missing ones are black.

    Raises:
        UsageError: no tile.
    """
    if not tiles:
        raise UsageError("the scenario gave no picture")
    filled = tiles + [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    return np.concatenate([np.concatenate(filled[i : i + columns], axis=1) for i in range(0, len(filled), columns)])


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture once it is whole.

    Raises:
        InputError: the place cannot be written.
    """
    import cv2

    with finished_file(path) as part:
        part.write_bytes(cv2.imencode(".png", picture)[1].tobytes())


def write_video(path: Path, pictures: Iterable[Grey | Canvas], fps: float) -> int:
    """Write an H.264 mp4 once it is whole, grey or colour; returns the number of pictures.

    Raises:
        UsageError: odd sides, or no picture.
        InputError: the place cannot be written.
        HardwareError: PyAV is not installed.
    """
    count = 0
    with finished_file(path) as part, _video(part, fps) as add:
        for picture in pictures:
            add(picture)
            count += 1
        if not count:
            raise UsageError("the scenario gave no picture")
    return count


@contextmanager
def _video(path: Path, fps: float) -> Iterator[Any]:
    try:
        import av
    except ImportError:
        raise HardwareError("videos need PyAV; run: pip install 'dms[cpu]'") from None
    from fractions import Fraction

    try:
        container = av.open(str(path), "w", format="mp4")
    except OSError as error:
        raise InputError(f"{path.parent}: cannot be written: {error.strerror}") from None
    with container:
        stream = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1000), options={"crf": "18"})

        def add(picture: NDArray[np.uint8]) -> None:
            height, width = picture.shape[:2]
            if not stream.codec_context.is_open:
                if width % 2 or height % 2:
                    raise UsageError(f"a video needs even sides, the picture is {width}x{height}; give another --size")
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "bgr24")
            container.mux(stream.encode(frame))

        yield add
        if stream.codec_context.is_open:
            container.mux(stream.encode())
