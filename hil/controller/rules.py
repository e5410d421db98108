"""The controller's limits: data with source and range in ``un_r157.yaml``; an own file may hold others inside the ranges."""

from pathlib import Path
from typing import Literal

import msgspec
import yaml

from dms.errors import InputError

DEFAULT = Path(__file__).with_name("un_r157.yaml")


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value with its unit, its rows of ``docs/requirements.yaml`` and the range it may have."""

    value: float
    unit: str
    source: list[str]
    certainty: Literal["primary", "secondary", "from memory", "measured", "proposed"]
    range: tuple[float, float]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them; the comments in ``un_r157.yaml`` say what each means."""

    seat_empty_s: Limit
    belt_open_s: Limit
    unavailable_warning_s: Limit
    escalate_s: Limit
    minimum_risk_s: Limit
    severe_minimum_risk_s: Limit
    take_back_s: Limit
    unresponsive_s: Limit
    speed_max_kmh: Limit
    deceleration_ms2: Limit


class HandoverRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rules file."""

    name: str
    about: str
    limits: Limits

    def __getitem__(self, name: str) -> float:
        """The value of a limit."""
        value: float = getattr(self.limits, name).value
        return value


def load_rules(path: Path = DEFAULT) -> HandoverRules:
    """Read and check a rules file.

    Raises:
        InputError: unreadable, an unknown or missing limit, or a value outside the shipped range.
    """
    shipped = _decode(DEFAULT)
    rules = shipped if path == DEFAULT else _decode(path)
    for name in Limits.__struct_fields__:
        low, high = getattr(shipped.limits, name).range
        if not low <= rules[name] <= high:
            raise InputError(f"{path}: limits.{name} = {rules[name]:g} is outside {low:g}..{high:g}")
    return rules


def _decode(path: Path) -> HandoverRules:
    try:
        return msgspec.convert(yaml.safe_load(path.read_bytes()), HandoverRules)
    except OSError as error:
        raise InputError(f"controller rules {path} cannot be read: {error.strerror}") from None
    except (msgspec.ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no file of controller rules: {' '.join(str(error).split())}") from None
