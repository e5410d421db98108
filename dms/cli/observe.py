"""Pictures, folders, videos or logs to one observation record a frame.

Pictures are independent of each other (no tracking between them); videos and logs are tracked.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from dms.cli.inputs import add_engine_arguments, cabin_of, camera_of, open_engines
from dms.errors import InputError
from dms.records.observation import Hand, Observation

if TYPE_CHECKING:
    from dms.camera.base import Source
    from dms.inference.engine_set import EngineSet
    from dms.perception.eye_crop import EyeCropReader
    from dms.perception.pipeline import Sight
    from dms.perception.signs import SignReader
    from dms.records.cabin import Camera
    from dms.records.frame import Frame

HELP = "pictures, folders, videos or logs to one observation record a frame"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``dms observe``."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture, folder, video, drive log (.mcap) or 'sample'")
    parser.add_argument("--jsonl", action="store_true", help="one JSON record a line on stdout")
    parser.add_argument("--camera", metavar="FILE", help="intrinsics as JSON: fx fy cx cy, optional width height distortion")
    parser.add_argument(
        "--vehicle", metavar="FILE", help="vehicle file (or example_lhd, example_rhd): gives the driver's seat region"
    )
    parser.add_argument("--input", choices=("frame", "eye", "hand-landmarks"), default="frame", help="what each input shows")
    parser.add_argument("--overlay", metavar="DIR", help="write each frame with mesh, lids, gaze and pose drawn in")
    parser.add_argument("--bits", type=int, help="significant bits of 16-bit pictures (default: estimated)")
    add_engine_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Exit code 0, or 3 when some input could not be read (the others are still done)."""
    from dms.records.jsonl import encode

    failures: list[str] = []
    count = 0
    for observation in _observations(args, failures):
        count += 1
        print(encode(observation).decode() if args.jsonl else _line(observation), flush=not args.jsonl)
    for text in failures:
        print(f"dms: {text}", file=sys.stderr)
    if not args.jsonl:
        print(f"{count} frames observed", file=sys.stderr)
    return 3 if failures else 0


def _observations(args: argparse.Namespace, failures: list[str]) -> Iterator[Observation]:
    if args.input == "hand-landmarks":
        from dms.perception.settings import Settings
        from dms.perception.signs import SLOT, SignReader

        with open_engines(args, (SLOT,)) as engines:
            signs = SignReader(engines, Settings().sign_sure)
            yield from _each(args.paths, failures, lambda path: _hand_landmarks(path, signs))
        return
    from dms.perception.eye_crop import SLOTS as EYE_SLOTS
    from dms.perception.pipeline import SLOTS

    slots = EYE_SLOTS if args.input == "eye" else SLOTS
    camera, cabin = camera_of(args.camera), cabin_of(args.vehicle)
    with open_engines(args, slots) as engines:
        if args.input == "eye":
            from dms.perception.eye_crop import EyeCropReader

            reader = EyeCropReader(engines)
            yield from _each(args.paths, failures, lambda path: _eyes(path, reader, args, failures))
            return
        region = cabin.seat_region if cabin else None
        yield from _each(args.paths, failures, lambda path: _frames(path, engines, camera, region, args, failures))


def _each(paths: list[str], failures: list[str], read: "Callable[[str], Iterator[Observation]]") -> Iterator[Observation]:
    """All inputs in turn; what breaks one does not lose the others."""
    for path in paths:
        try:
            yield from read(path)
        except InputError as error:
            failures.append(str(error))


def _open(path: str, args: argparse.Namespace, failures: list[str]) -> "Source":
    from dms.camera.open import open_source

    return open_source(path, bits=args.bits, on_error=lambda error: failures.append(str(error)))


def _frames(
    path: str,
    engines: "EngineSet",
    camera: "Camera | None",
    region: tuple[float, float, float, float] | None,
    args: argparse.Namespace,
    failures: list[str],
) -> Iterator[Observation]:
    from dms.camera.log import LogFrames
    from dms.perception.pipeline import Perception

    with _open(path, args, failures) as source:
        header = source.log.header if isinstance(source, LogFrames) else None
        chain = Perception(engines, camera or (header.camera if header else None), region)
        for frame in source.frames():
            sight = chain.see(frame, independent=source.independent)
            if args.overlay:
                _write_overlay(Path(args.overlay), frame, sight)
            yield sight.observation
        failures += source.notes if isinstance(source, LogFrames) else []


def _eyes(path: str, reader: "EyeCropReader", args: argparse.Namespace, failures: list[str]) -> Iterator[Observation]:
    with _open(path, args, failures) as source:
        for frame in source.frames():
            yield reader.observe(frame)


def _hand_landmarks(path: str, signs: "SignReader") -> Iterator[Observation]:
    """JSON Lines with ``file``, 21 ``landmarks`` as fractions and, where known, the picture's ``width`` and ``height``."""
    import msgspec
    import numpy as np

    from dms.perception.hands import count_fingers
    from dms.perception.signs import proportioned

    class Line(msgspec.Struct):
        file: str
        landmarks: list[tuple[float, float]]
        width: Annotated[float, msgspec.Meta(gt=0)] | None = None
        height: Annotated[float, msgspec.Meta(gt=0)] | None = None

    decoder = msgspec.json.Decoder(Line)
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    if not any(text.strip() for text in lines):
        raise InputError(f"{path} holds no hand; the format is in docs/gestures.md")
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise InputError(f"{path} line {number}: {error}") from None
        if len(line.landmarks) != 21:
            raise InputError(f"{path} line {number}: {len(line.landmarks)} landmarks, wanted 21")
        size = (line.width, line.height) if line.width and line.height else None
        looks = proportioned(np.array(line.landmarks), size)
        word, confidence = signs.word(looks) or (None, None)
        hand = Hand(
            fingers=count_fingers(looks[0]), gesture=word, gesture_confidence=None if confidence is None else round(confidence, 3)
        )
        yield Observation(t=0.0, source=line.file, frame=number - 1, hands=[hand])


def _write_overlay(folder: Path, frame: "Frame", sight: "Sight") -> None:
    import cv2

    from dms.perception.overlay import draw

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; give --overlay a folder that can be written") from None
    stem = Path(frame.source).stem or "frame"
    name = f"{stem}.png" if Path(frame.source).is_file() and frame.index == 0 else f"{stem}_{frame.index:06d}.png"
    cv2.imwrite(str(folder / name), draw(frame, sight))


def _line(o: Observation) -> str:
    from dms.perception.overlay import caption

    name = Path(o.source).name
    return f"{name} #{o.frame} t={o.t:.3f}s: " + "; ".join(caption(o))
