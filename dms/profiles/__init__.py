"""Rule profiles: every threshold as data, with unit, source clause, certainty and legal range.

``load_profile("l3_default").rules.long_distraction.warn_s`` is the plain number and
``.settings["long_distraction.warn_s"]`` says where it comes from. A profile extends another one, at last ``base``.
"""

import binascii
import math
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from dms.errors import InputError, UsageError
from dms.profiles.rules import Rules
from dms.records import words

_FOLDER = Path(__file__).resolve().parent
BASE = "base"
"""Shared by all profiles, and no profile itself."""

Certainty = Literal["primary", "secondary", "recalled", "proposed"]
Number = int | float


class Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a profile file. ``range`` is the legal range, both ends included; every number has one."""

    value: bool | Number | list[str]
    unit: str
    source: list[str]
    certainty: Certainty
    range: tuple[Number, Number] | None = None


Sections = dict[str, dict[str, Setting]]


class Profile(msgspec.Struct, frozen=True):
    """A checked profile: the plain values (``rules``) and where each comes from (``settings``, by ``section.name``)."""

    name: str
    version: int
    rules: Rules
    settings: dict[str, Setting]

    @property
    def hash16(self) -> int:
        """16 bits over name, version and all values, for the bus: two profiles that decide differently show differently."""
        values = {name: setting.value for name, setting in sorted(self.settings.items())}
        return binascii.crc_hqx(msgspec.json.encode([self.name, self.version, values]), 0xFFFF)


def available() -> list[str]:
    """Names of the shipped profiles."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml") if path.stem != BASE)


def load_profile(name: str) -> Profile:
    """A shipped profile.

    Raises:
        UsageError: no shipped profile has this name.
        InputError: the file is damaged or holds a value outside its legal range.
    """
    shipped = available()
    if name not in shipped:
        known = name in get_args(words.Profile)
        what = f"profile {name} is not shipped yet" if known else f"unknown profile {name}"
        raise UsageError(f"{what}; available: {', '.join(shipped)}")
    return decode_profile((_FOLDER / f"{name}.yaml").read_bytes(), name)


def decode_profile(text: bytes, name: str) -> Profile:
    """Parse and check a profile file. Sections of the profile it extends are taken over, value by value.

    Raises:
        InputError: not YAML, a missing or unknown value, a wrong type, or a value outside its legal range.
    """
    import yaml

    try:
        title, version, nested = _sections(text, name)
        settings = {f"{part}.{key}": item for part, items in nested.items() for key, item in items.items()}
        for key, setting in settings.items():
            _check_range(key, setting)
        plain = {part: {key: item.value for key, item in items.items()} for part, items in nested.items()}
        rules = msgspec.convert(plain, Rules)
    except (msgspec.MsgspecError, yaml.YAMLError, ValueError) as error:
        raise InputError(f"profile {name} is not usable: {' '.join(str(error).split())}") from None
    return Profile(title, version, rules, settings)


def _sections(text: bytes, name: str) -> tuple[str, int, Sections]:
    """Name, version and all settings, those of the extended profiles included."""
    sections: Any = msgspec.yaml.decode(text, type=dict[str, Any])
    title, version = str(sections.pop("name", name)), msgspec.convert(sections.pop("version", 1), int)
    parent = sections.pop("extends", None)
    nested = msgspec.convert(sections, Sections)
    if parent is None:
        return title, version, nested
    path = _FOLDER / f"{parent}.yaml"
    if not path.is_file() or parent == title:
        raise ValueError(f"extends {parent}, which is not shipped")
    _, _, below = _sections(path.read_bytes(), str(parent))
    merged = {part: {**below.get(part, {}), **nested.get(part, {})} for part in {**below, **nested}}
    return title, version, merged


def _check_range(key: str, setting: Setting) -> None:
    if isinstance(setting.value, (bool, list)):
        return
    if setting.range is None:
        raise ValueError(f"{key} has no legal range")
    low, high = setting.range
    if not math.isfinite(setting.value) or not low <= setting.value <= high:
        raise ValueError(f"{key} = {setting.value:g} {setting.unit} is outside its legal range {low:g}..{high:g}")
