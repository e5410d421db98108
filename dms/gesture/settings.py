"""The numbers of the interaction as data, each with unit, legal range and source: ``interaction.yaml`` and files laid over it."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from dms.errors import InputError, UsageError
from dms.profiles.document import read_yaml
from dms.profiles.setting import Setting, inside, narrower, shown, shown_range

SHIPPED = Path(__file__).with_name("interaction.yaml")
SCHEMA = "dms.gesture_interaction/1"


class Interaction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Values of ``interaction.yaml``, which says what each is."""

    zone_left: float
    zone_top: float
    zone_right: float
    zone_bottom: float
    size_min: float
    wake_signs: list[str]
    cancel_signs: list[str]
    sign_sure: float
    moved_sure: float
    wake_dwell_s: float
    dwell_s: float
    gap_s: float
    release_s: float
    awake_s: float
    repeat_after_s: float
    repeat_s: float
    hold_max_s: float
    refractory_s: float
    turn_s: float
    lost_s: float
    unknown_s: float
    elbow_reach: float
    seat_margin: float
    passenger_commands: bool
    level_min: int
    stage_max: int
    needs_l3_state: bool


class _File(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    values: dict[str, Setting]


@cache
def load_interaction(path: str | None = None) -> Interaction:
    """The shipped values, with those of a file of your own in their place.

    Raises:
        InputError: the file cannot be read.
        UsageError: no such value, another unit, a value outside its legal range.
    """
    settings = dict(_read(SHIPPED).values)
    if path is not None:
        for name, own in _read(Path(path)).values.items():
            settings[name] = _laid_over(path, name, settings.get(name), own)
    return msgspec.convert({name: setting.value for name, setting in settings.items()}, Interaction)


def settings_of(path: Path = SHIPPED) -> dict[str, Setting]:
    """All values with unit, range and source."""
    return dict(_read(path).values)


def _read(path: Path) -> _File:
    try:
        data: Any = read_yaml(path.read_bytes())
        found = msgspec.convert(data, _File)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"{path}: {' '.join(str(error).split())}") from None
    if found.schema != SCHEMA:
        raise UsageError(f"{path}: schema is {found.schema!r}, expected {SCHEMA!r}")
    return found


def _laid_over(path: str, name: str, shipped: Setting | None, own: Setting) -> Setting:
    """``own`` in the place of the shipped value, inside the shipped range."""
    if shipped is None or shipped.range is None:
        raise UsageError(f"{path}: there is no value {name}; see {SHIPPED.name}")
    if own.unit != shipped.unit:
        raise UsageError(f"{path}: {name} is given in {own.unit}, expected {shipped.unit}")
    legal = own.range or shipped.range
    if not narrower(legal, shipped.range) or not inside(own.value, legal):
        value, limits = shown(own.value), shown_range(shipped.range)
        raise UsageError(f"{path}: {name} = {value} {own.unit} is outside its legal range {limits}")
    return own
