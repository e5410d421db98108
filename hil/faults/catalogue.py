"""The faults and states of the matrix, read and checked."""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from dms.errors import InputError, UsageError
from hil.bench.expectation import parse
from hil.bench.scenario import Loaded, decode
from hil.faults.effects import TARGETS, check

HERE = Path(__file__).parent
CATALOGUE, STATES = HERE / "catalogue.yaml", HERE / "states"


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the matrix.

    Attributes:
        name: of the fault.
        target, failure, how: what is put in (``hil/faults/effects.py``).
        hears: what the receiver must hear, in the words of expectations; without it nothing is asked (then it is ``blind``).
        within_s: limit from the instant the fault begins; ``source`` of the limit.
        lasting: the receiver must not believe "ready" from the limit to the end of the fault.
        blind: why the contract cannot notice it, and what would.
    """

    name: str
    target: str
    failure: str
    how: dict[str, Any] = {}
    hears: str | None = None
    within_s: Annotated[float, msgspec.Meta(gt=0, le=10)] | None = None
    source: str = ""
    lasting: bool = False
    blind: str | None = None

    @property
    def level(self) -> str:
        """Does it need pictures."""
        return TARGETS[self.target].level


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    faults: list[Fault]


@cache
def faults(path: Path = CATALOGUE) -> tuple[Fault, ...]:
    """All faults, each one possible and with a limit or a reason why there is none.

    Raises:
        InputError: file and fault, and what is wrong.
    """
    try:
        found = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), _File).faults
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise InputError(f"{path.name}: {' '.join(str(error).split())}") from None
    for fault in found:
        try:
            check(fault.target, fault.failure, fault.how, "live")
            if fault.hears is not None:
                parse(f"{fault.hears} within {fault.within_s} s")
        except (UsageError, InputError) as error:
            raise InputError(f"{path.name}: {fault.name}: {error}") from None
        if fault.blind is None and (fault.hears is None or fault.within_s is None or not fault.source):
            raise InputError(f"{path.name}: {fault.name} needs hears, within_s and source, or blind")
    return tuple(found)


@cache
def states() -> dict[str, Loaded]:
    """States of the drive that faults are put into, in order."""
    order = ("attentive", "eyes_off", "asleep", "takeover_request", "driven_by_hand", "seat_left")
    return {name: decode((STATES / f"{name}.yaml").read_text(encoding="utf-8"), name) for name in order}
