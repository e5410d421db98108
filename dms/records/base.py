"""What all records share: immutable, typed, checked at the door, one JSON object a line.

Bounds and units live in the field types (``Annotated[float, msgspec.Meta(ge=0, le=1)]``). msgspec checks them when a line
is decoded; ``__post_init__`` checks the same bounds when our own code builds a record, so a NaN never travels. Records are
trees, never circles: the garbage collector need not look at them.
"""

import math
import sys
from collections.abc import Callable
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


Field = tuple[str, float, float, bool | None]
"""Name, lowest, highest; for vectors: must it be a unit vector (else ``None``)."""


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all records and their parts: frozen, keyword only, every number finite and inside its bounds."""

    def __init_subclass__(cls, **config: Any) -> None:
        """Each class gets the check of its own fields, unless it has one that calls this one."""
        super().__init_subclass__(**config)
        if "__post_init__" not in cls.__dict__:
            cls.__post_init__ = _checker(cls)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Refuse NaN, infinities, out-of-range values and directions that are not unit vectors.

        Raises:
            RecordError: naming the field and the value.
        """
        _checker(type(self))(self)


@cache
def _checker(cls: type) -> Callable[[Part], None]:
    """A function that looks at each numeric field once. Written out as source, as dataclasses do: it runs for every record."""
    lines = ["def check(record):", " pass"]
    fields = _checks(cls)
    for number, (name, low, high, unit) in enumerate(fields):
        fits = f"{low!r} <= value <= {high!r}" if unit is None else f"_vector_fits(value, {unit})"  # NaN fails every comparison
        lines += [f" value = record.{name}", f" if value is not None and not {fits}: raise _complaint(fields[{number}], value)"]
    made: dict[str, Any] = {"_vector_fits": _vector_fits, "_complaint": _complaint, "fields": fields}
    exec("\n".join(lines), made)  # nothing but field names of our own classes and their bounds goes in
    check: Callable[[Part], None] = made["check"]
    return check


def _vector_fits(value: tuple[Any, ...], unit: bool) -> bool:
    try:
        length = math.hypot(*value)
    except TypeError:
        return False
    return abs(length - 1.0) <= 1e-3 if unit else length <= _LARGEST


def _complaint(field: Field, value: Any) -> RecordError:
    name, low, high, _ = field
    if not isinstance(value, tuple):
        return RecordError(f"{name} = {value} is outside {low:g}..{high:g}")
    if all(isinstance(v, (int, float)) and math.isfinite(v) for v in value):
        return RecordError(f"{name} = {value} is not a unit vector")
    return RecordError(f"{name} = {value} has an entry that is not a finite number")


def _checks(cls: type) -> tuple[Field, ...]:
    """(field, low, high, for vectors: must it be a unit vector) of each numeric field of a record class."""
    found: list[Field] = []
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
