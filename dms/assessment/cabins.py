"""Loads vehicle files: a shipped example by name, or the user's own by path."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dms.errors import InputError
from dms.records.cabin import Cabin, decode_cabin
from dms.resources import shipped

EXAMPLES = ("example_lhd", "example_rhd")


def load_cabin(name: str) -> Cabin:
    """A vehicle file by path, or ``example_lhd`` / ``example_rhd``.

    Raises:
        InputError: the file cannot be read, is not a vehicle file, or contradicts itself.
    """
    path = shipped("calibration", "vehicles", f"{name}.yaml") if name in EXAMPLES else Path(name)
    try:
        text = path.read_bytes()
    except OSError as error:
        hint = f"give a vehicle file or one of {', '.join(EXAMPLES)}"
        raise InputError(f"vehicle file {name} cannot be read ({error.strerror}); {hint}") from None
    cabin = decode_cabin(text, name)
    check_cabin(cabin, name)
    return cabin


def check_cabin(cabin: Cabin, name: str) -> None:
    """Refuse a cabin in which nothing could be looked at, or whose parts contradict each other.

    Raises:
        InputError: what is wrong, in one line.
    """
    wrong = next(_contradictions(cabin), None)
    if wrong is not None:
        raise InputError(f"{name} is not a usable vehicle file: {wrong}")


def _contradictions(cabin: Cabin) -> Iterator[str]:
    eyes = cabin.ocular_point_mm
    to_eyes = np.array(eyes) - np.array(cabin.camera.position_mm)
    if to_eyes @ cabin.camera.rotation()[:, 2] <= 0.0:
        yield "the camera looks away from ocular_point_mm"
    if not any(box.zone == "road" and box.high_mm[0] > eyes[0] for box in cabin.zones):
        yield "it has no zone 'road' ahead of ocular_point_mm"
    for box in cabin.zones:
        if box.zone == "unknown":
            yield "no zone may be called 'unknown'"
        if not all(math.isfinite(v) for v in (*box.low_mm, *box.high_mm)):
            yield f"zone {box.zone} has a corner that is not a finite number"
        if not all(low < high for low, high in zip(box.low_mm, box.high_mm, strict=True)):
            yield f"zone {box.zone} has low_mm not below high_mm"
        if all(low <= eye <= high for low, eye, high in zip(box.low_mm, eyes, box.high_mm, strict=True)):
            yield f"zone {box.zone} encloses ocular_point_mm"
        side = {"driver_window": 1.0, "passenger_window": -1.0}.get(box.zone, 0.0) * (1.0 if cabin.drive == "lhd" else -1.0)
        if side * ((box.low_mm[1] + box.high_mm[1]) / 2 - eyes[1]) < 0.0:
            yield f"zone {box.zone} is on the wrong side of ocular_point_mm for drive: {cabin.drive}"
