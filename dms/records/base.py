"""What all records share: immutable, typed, checked at the door, one JSON object a line.

Bounds and units live in the field types (``Annotated[float, msgspec.Meta(ge=0, le=1)]``). msgspec checks them when a line
is decoded; ``__post_init__`` checks the same bounds when our own code builds a record, so a NaN never travels.
"""

import math
import sys
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from dms.errors import RecordError

Seconds = Annotated[float, msgspec.Meta(description="s, monotonic clock")]
Duration = Annotated[float, msgspec.Meta(ge=0, description="s")]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Length = Annotated[float, msgspec.Meta(ge=0, le=20000, description="mm")]
Degrees = Annotated[float, msgspec.Meta(ge=-180, le=180, description="deg")]
Spread = Annotated[float, msgspec.Meta(ge=0, le=180, description="deg, one standard deviation")]
Speed = Annotated[float, msgspec.Meta(ge=0, le=500, description="km/h")]
Count = Annotated[int, msgspec.Meta(ge=0)]
_LARGEST = sys.float_info.max
"""Infinities are beyond it."""

Vector = tuple[float, float, float]
"""Three numbers in a named frame; the field name carries the frame and, for positions, the unit."""

Direction = tuple[float, float, float]
"""A unit vector in a named frame; fields named ``forward_*``, ``up_*`` and ``direction_*`` are checked to be one."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records and their parts: frozen, keyword only, every number finite and inside its bounds."""

    def __post_init__(self) -> None:
        """Refuse NaN, infinities, out-of-range values and directions that are not unit vectors.

        Raises:
            RecordError: naming the field and the value.
        """
        for name, low, high, unit in _checks(type(self)):
            value = getattr(self, name)
            if value is None or (low <= value <= high if unit is None else _vector_fits(value, unit)):
                continue  # NaN fails every comparison
            raise RecordError(_complaint(name, value, low, high))


def _vector_fits(value: tuple[Any, ...], unit: bool) -> bool:
    try:
        length = math.hypot(*value)
    except TypeError:
        return False
    return abs(length - 1.0) <= 1e-3 if unit else length <= _LARGEST


def _complaint(name: str, value: Any, low: float, high: float) -> str:
    if not isinstance(value, tuple):
        return f"{name} = {value} is outside {low:g}..{high:g}"
    if all(isinstance(v, (int, float)) and math.isfinite(v) for v in value):
        return f"{name} = {value} is not a unit vector"
    return f"{name} = {value} has an entry that is not a finite number"


@cache
def _checks(cls: type) -> tuple[tuple[str, float, float, bool | None], ...]:
    """(field, low, high, for vectors: must it be a unit vector) of each numeric field of a record class."""
    found: list[tuple[str, float, float, bool | None]] = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        for arm in _arms(hint):
            if get_origin(arm) is tuple:
                unit = name.split("_")[0] in ("forward", "up", "direction")
                found.append((name, 0.0, 0.0, unit))
            elif arm in (float, int):
                found.append((name, -_LARGEST, _LARGEST, None))
            elif get_origin(arm) is Annotated and get_args(arm)[0] in (float, int):
                low, high = _bounds(get_args(arm)[1:])
                found.append((name, low, high, None))
    return tuple(found)


def _arms(hint: Any) -> tuple[Any, ...]:
    """Members of a union, or the type itself."""
    return get_args(hint) if get_origin(hint) not in (None, Annotated, tuple, list, dict) else (hint,)


def _bounds(metas: tuple[Any, ...]) -> tuple[float, float]:
    low, high = -_LARGEST, _LARGEST
    for meta in metas:
        if isinstance(meta, msgspec.Meta):
            low = low if meta.ge is None else float(meta.ge)
            high = high if meta.le is None else float(meta.le)
    return low, high
