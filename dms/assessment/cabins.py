"""Loads vehicle files: a shipped example by name, or the user's own by path."""

from pathlib import Path

from dms.errors import InputError
from dms.records.cabin import Cabin, decode_cabin
from dms.resources import shipped

EXAMPLES = ("example_lhd", "example_rhd")


def load_cabin(name: str) -> Cabin:
    """A vehicle file by path, or ``example_lhd`` / ``example_rhd``.

    Raises:
        InputError: the file cannot be read, is not a vehicle file, or has no zones or a box turned inside out.
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
    """Refuse a cabin in which nothing could be looked at.

    Raises:
        InputError: no ``road`` zone, or a box whose low corner is not below its high corner.
    """
    if not any(box.zone == "road" for box in cabin.zones):
        raise InputError(f"{name} is not a usable vehicle file: it has no zone 'road'")
    for box in cabin.zones:
        if not all(low < high for low, high in zip(box.low_mm, box.high_mm, strict=True)):
            raise InputError(f"{name} is not a usable vehicle file: zone {box.zone} has low_mm not below high_mm")
