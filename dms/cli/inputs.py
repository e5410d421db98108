"""What several commands share: engines, camera file, vehicle file, options."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dms.errors import UsageError
from dms.records.cabin import Cabin, Camera

if TYPE_CHECKING:
    from dms.inference.engine_set import EngineSet


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """``--backend`` and ``--engine``."""
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


def open_engines(args: argparse.Namespace, slots: tuple[str, ...]) -> "EngineSet":
    """The asked-for engines, warm.

    Raises:
        UsageError: a slot override is not SLOT=FILE.
        DmsError: see ``EngineSet``.
    """
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
    engines = EngineSet(slots, backend=args.backend, overrides=overrides)
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
