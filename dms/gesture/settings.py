"""The numbers of the interaction as data, each with unit, legal range and source: ``interaction.yaml`` and files laid over it."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from dms.errors import UsageError
from dms.gesture import data
from dms.profiles.document import read_yaml
from dms.profiles.setting import Setting, inside, narrower, shown, shown_range

if TYPE_CHECKING:
    from dms.signature import TrustedKey

SHIPPED = "interaction.yaml"
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
    stroke_sure: float
    moved_over_s: float
    wake_dwell_s: float
    wake_sure: float
    wake_still: float
    wake_upright_deg: float
    first_s: float
    dwell_s: float
    gap_s: float
    release_s: float
    awake_s: float
    repeat_after_s: float
    repeat_s: float
    hold_max_s: float
    refractory_s: float
    back_s: float
    wound_up: float
    turn_s: float
    first_turn: float
    next_turn: float
    turn_early: float
    turn_late: float
    turning_s: float
    pinch_gap: float
    pinch_open: float
    pinch_back_s: float
    hand_palms: float
    drag_reach: float
    lost_s: float
    unknown_s: float
    pause_s: float
    elbow_reach: float
    seat_margin: float
    passenger_commands: bool
    level_min: int
    stage_max: int
    needs_l3_state: bool


class _File(msgspec.Struct, forbid_unknown_fields=True):
    schema: str
    values: dict[str, Setting]


def load_interaction(path: str | None = None, key: "TrustedKey | None" = None) -> Interaction:
    """The shipped values, with those of a file of your own in their place. With a ``key`` both must be signed with it.

    Raises:
        InputError: a file cannot be read, was changed, or is not signed.
        UsageError: no such value, another unit, a value outside its legal range.
    """
    settings = _parsed(data.shipped(SHIPPED, key), SHIPPED)
    if path is not None:
        for name, own in _parsed(data.own(Path(path), key), path).items():
            settings[name] = _laid_over(path, name, settings[name], own)
    try:
        return msgspec.convert({name: setting.value for name, setting in settings.items()}, Interaction)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path or SHIPPED}: {error}") from None


def _parsed(text: bytes, name: str) -> dict[str, Setting]:
    try:
        found = msgspec.convert(read_yaml(text), _File)
        for value in found.values:
            data.known("there is no value", value, Interaction.__struct_fields__)
    except (ValueError, msgspec.ValidationError) as error:
        raise UsageError(f"{name}: {' '.join(str(error).split())}") from None
    if found.schema != SCHEMA:
        raise UsageError(f"{name}: schema is {found.schema!r}, expected {SCHEMA!r}")
    return found.values


def _laid_over(path: str, name: str, shipped: Setting, own: Setting) -> Setting:
    """``own`` in the place of the shipped value, inside the shipped range."""
    assert shipped.range is not None
    if own.unit != shipped.unit:
        raise UsageError(f"{path}: {name} is given in {own.unit}, expected {shipped.unit}")
    legal = own.range or shipped.range
    if not narrower(legal, shipped.range) or not inside(own.value, legal):
        value, limits = shown(own.value), shown_range(shipped.range)
        raise UsageError(f"{path}: {name} = {value} {own.unit} is outside its legal range {limits}")
    return own
