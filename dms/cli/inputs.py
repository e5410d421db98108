"""What several commands share: engines, camera file, vehicle file, options."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dms.errors import UsageError
from dms.records.cabin import Cabin, Camera, DriverBaseline

if TYPE_CHECKING:
    from dms.inference.engine_set import EngineSet

PRECISIONS = ("fp32", "fp16", "int8")


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """``--backend``, ``--engine`` and ``--precision``."""
    parser.add_argument(
        "--backend", default="onnxruntime", help="inference back end (onnxruntime, tensorrt, ...); never falls back"
    )
    parser.add_argument(
        "--engine",
        action="append",
        default=[],
        metavar="SLOT=FILE",
        help="your own ONNX file for a slot, e.g. face_mesh=mesh.onnx",
    )
    add_precision_argument(parser)


def add_precision_argument(parser: argparse.ArgumentParser) -> None:
    """``--precision``."""
    parser.add_argument(
        "--precision",
        action="append",
        default=[],
        metavar="[SLOT=]PRECISION",
        help="fp16 or int8 files: of one slot, e.g. eye_state=int8, or of every slot that has one (the rest is told)",
    )


def precisions(texts: list[str], slots: tuple[str, ...]) -> dict[str, str]:
    """Slot to precision from ``--precision`` options, later ones winning; a slot named by itself is not judged here.

    Which slots keep their float32 file under a word for all is told on stderr.

    Raises:
        UsageError: no such slot or precision, or no engine has such a file.
    """
    from dms.inference.definition import definition

    chosen: dict[str, str] = {}
    for text in texts:
        slot, named, word = text.rpartition("=")
        if named and slot not in slots:
            raise UsageError(f"--precision {text}: this command has the slots {', '.join(slots)}")
        if word not in PRECISIONS:
            raise UsageError(f"--precision {text}: give [SLOT=]PRECISION with one of {', '.join(PRECISIONS)}")
        if named:
            chosen[slot] = word
            continue
        have = [s for s in slots if word == "fp32" or any(v.precision == word for v in definition(s).variants)]
        if not have:
            raise UsageError(f"--precision {text}: none of {', '.join(slots)} has such a file")
        rest = [s for s in slots if s not in have]
        if rest:
            print(f"dms: {word}: {', '.join(have)}; only as fp32: {', '.join(rest)}", file=sys.stderr)
        chosen |= dict.fromkeys(have, word)
    return chosen


def open_engines(args: argparse.Namespace, slots: tuple[str, ...]) -> "EngineSet":
    """The asked-for engines, warm.

    Raises:
        UsageError: a slot override is not SLOT=FILE, or a precision is none.
        DmsError: see ``EngineSet``.
    """
    from dms.inference.base import Options
    from dms.inference.engine_set import EngineSet

    overrides: dict[str, Path] = {}
    for text in args.engine:
        slot, _, file = text.partition("=")
        if not file:
            raise UsageError(f"--engine {text}: give SLOT=FILE, e.g. --engine face_mesh=mesh.onnx")
        overrides[slot] = Path(file)
    unknown = set(overrides) - set(slots)
    if unknown:
        raise UsageError(f"--engine {unknown.pop()}: this command has the slots {', '.join(slots)}")
    options = Options(precision=precisions(args.precision, slots))
    engines = EngineSet(slots, backend=args.backend, options=options, overrides=overrides)
    engines.warmup(1)
    return engines


def camera_of(path: str | None) -> Camera | None:
    """Intrinsics from a JSON file (``fx fy cx cy``, optional ``width height distortion``); ``None`` for none.

    Raises:
        InputError: unreadable or not intrinsics.
    """
    from dms.runtime.config import read_camera

    return None if path is None else read_camera(path)


def cabin_of(name: str | None) -> Cabin | None:
    """A vehicle file by path, or one of the shipped ones by name.

    Raises:
        DmsError: see ``load_cabin``.
    """
    from dms.assessment.cabins import load_cabin

    return None if name is None else load_cabin(name)


def driver_of(name: str | None) -> DriverBaseline | None:
    """A driver file by path, or the shipped ``sample``; ``None`` for none.

    Raises:
        InputError: unreadable or not a driver file.
    """
    if name is None:
        return None
    from dms.runtime.config import read_driver

    return read_driver(name)
