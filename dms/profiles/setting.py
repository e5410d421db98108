"""One value of a profile with its legal range, and what "inside" means for numbers, flags and lists."""

import math
from typing import Literal

import msgspec

Certainty = Literal["primary", "secondary", "recalled", "proposed"]
Number = int | float
Value = bool | Number | list[str | Number]
Range = tuple[Value, Value]


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unit and legal range of a value, whatever profile gives it. ``range``: see ``inside``."""

    unit: str
    range: Range


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a profile file. Without a ``range`` of its own the legal range of what it extends holds.

    ``source``: ids of requirement rows. ``certainty``: primary = read in the text or code itself, secondary = quoted by a named
    source, recalled = from memory, proposed = an engineering value.
    """

    value: Value
    unit: str
    source: list[str]
    certainty: Certainty
    range: Range | None = None


def inside(value: Value, legal: Range) -> bool:
    """Is ``value`` legal? Numbers (and each number of a list): lowest and highest; flags: false and true; lists of words:
    what must be in them and what may be."""
    low, high = legal
    if isinstance(low, list) and isinstance(high, list):
        return isinstance(value, list) and set(low) <= set(value) <= set(high)
    if isinstance(low, list) or isinstance(high, list):
        return False
    numbers = value if isinstance(value, list) else [value]
    return bool(numbers) and all(_is_like(number, low) and low <= number <= high for number in numbers)  # type: ignore[operator]


def narrower(inner: Range, outer: Range) -> bool:
    """Does ``inner`` allow nothing that ``outer`` forbids?"""
    return well_formed(inner) and all(inside(bound, outer) for bound in inner)


def well_formed(legal: Range) -> bool:
    """Are both ends of one kind, in order, and no NaN?"""
    low, high = legal
    return inside(low, legal) and inside(high, legal)


def _is_like(value: Value | str, bound: Value) -> bool:
    """Both flags, or both finite numbers."""
    if isinstance(value, bool) or isinstance(bound, bool):
        return isinstance(value, bool) and isinstance(bound, bool)
    return isinstance(value, (int, float)) and math.isfinite(value)


def shown(value: Value) -> str:
    """For people: ``0.5``, ``yes``, ``road cluster``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(word if isinstance(word, str) else f"{word:g}" for word in value) or "none"
    return f"{value:g}"


def shown_range(legal: Range) -> str:
    """For people: ``1..4``, ``yes or no``, ``road .. road cluster``."""
    low, high = legal
    if isinstance(low, bool):
        return shown(low) if low == high else "yes or no"
    if isinstance(low, list) or isinstance(high, list):
        return f"{shown(low)} .. {shown(high)}"
    return f"{shown(low)}..{shown(high)}"
