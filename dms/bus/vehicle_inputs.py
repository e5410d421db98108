"""Vehicle inputs from any DBC through a mapping file. What is missing, late, of bad quality or out of range is unknown.

The mapping file (YAML) is explained in ``example_vehicle.yaml`` beside this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import yaml

from dms.bus.e2e import Check, Checker
from dms.bus.e2e_profiles import Profile, Profile5, profile
from dms.bus.layout import Layout, Message, Signal, load
from dms.bus.port import CanFrame
from dms.errors import InputError, RecordError, UsageError
from dms.records import VehicleState

EXAMPLE = Path(__file__).with_name("example_vehicle.yaml")
EXAMPLE_CLASSIC = EXAMPLE.with_name("example_vehicle_classic.yaml")
INPUTS = tuple(name for name in VehicleState.__struct_fields__ if name != "t")
_BOOLEAN = ("belt", "seat", "hands_on", "brake", "acknowledged")
_WORDS = ("gear", "l3_state", "ignition")


LONGEST_TIMEOUT_S = 0.5
"""An input older than this is no evidence, whatever a mapping file says."""


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signal that says whether another may be believed, and its good values (names or raw numbers)."""

    signal: str
    good: list[str | int]


class InputMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one input comes from."""

    message: str
    signal: str
    values: dict[str | int, str | bool | float] | None = None
    scale: float = 1.0
    offset: float = 0.0
    quality: Quality | None = None
    timeout_s: float = 0.5


class Protection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """E2E profile of a message; ``data_ids``: 16 bytes in hexadecimal, for P02 and P22."""

    profile: str
    data_id: int = 0
    data_ids: str = ""
    mode: str = "both"

    def build(self) -> Profile:
        """The profile itself.

        Raises:
            UsageError, ValueError: it cannot be.
        """
        return profile(self.profile, self.data_id, bytes.fromhex(self.data_ids), self.mode)


class MappingFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mapping file. ``base``: another mapping file, whose inputs are taken where this one has none of that name."""

    dbc: list[str]
    inputs: dict[str, InputMapping] = {}
    e2e: dict[str, int | Protection] = {}
    can_ids: dict[str, int] = {}
    base: str | None = None


@dataclass(frozen=True, slots=True)
class _Source:
    """One input, resolved: codes instead of names."""

    name: str
    signal: Signal
    values: Mapping[int, Any] | None
    scale: float
    offset: float
    quality: tuple[str, frozenset[int]] | None
    timeout_s: float

    def read(self, codes: Mapping[str, int]) -> Any:
        """The input's value in a frame, ``None`` when it is not available, not listed, out of range or of bad quality."""
        if self.quality is not None and codes.get(self.quality[0]) not in self.quality[1]:
            return None
        code = codes[self.signal.name]
        if self.values is not None:
            return self.values.get(code)
        value = self.signal.value(code)
        if value is None:
            return None
        value = value * self.scale + self.offset
        return _accepted(self.name, round(value) if self.name == "takeover_request_count" else value)


class VehicleInputs:
    """Listens to the vehicle. Give it every frame with ``feed``, ask with ``snapshot``."""

    def __init__(self, path: Path = EXAMPLE) -> None:
        """Read the mapping file and its DBC files.

        Raises:
            InputError: a DBC is missing or broken, or the mapping file cannot be read.
            UsageError: the mapping is wrong: unknown input, message, signal or value.
        """
        mapping = _read(path)
        messages = _messages(path, mapping)
        self._sources: dict[tuple[int, bool], list[_Source]] = {}
        self._messages: dict[tuple[int, bool], Message] = {}
        for name, wanted in mapping.inputs.items():
            message = _named(messages, wanted.message, f"{path}: input {name}")
            key = (message.can_id, message.extended)
            self._messages[key] = message
            self._sources.setdefault(key, []).append(_source(path, name, wanted, message))
        self._checkers = _checkers(path, mapping, messages)
        self._latest: dict[str, tuple[float, Any, float]] = {}
        self.verdicts = dict.fromkeys(Check, 0)
        self.refused = 0

    @property
    def names(self) -> frozenset[str]:
        """Inputs that the mapping file names."""
        return frozenset(source.name for sources in self._sources.values() for source in sources)

    def feed(self, frame: CanFrame, t: float) -> bool:
        """Take one frame, received at ``t``; ``False``: of no use here, or refused (wrong length, failed protection)."""
        key = (frame.can_id, frame.extended)
        message = self._messages.get(key)
        if message is None:
            return False
        if len(frame.data) != message.length or not self._protected(key, frame.data):
            self.refused += 1
            return False
        try:
            codes = message.unpack(frame.data)
        except InputError:
            self.refused += 1
            return False
        for source in self._sources[key]:
            if source.signal.name not in codes:  # another page of a multiplexed message
                continue
            self._latest[source.name] = (t, source.read(codes), source.timeout_s)
        return True

    def snapshot(self, t: float) -> VehicleState:
        """Inputs as known at ``t``; older than its time-out, or from the future: ``None``. Another thread may be feeding."""
        fresh = {name: value for name, (at, value, timeout) in dict(self._latest).items() if 0.0 <= t - at <= timeout}
        return VehicleState(t=t, **fresh)

    def _protected(self, key: tuple[int, bool], data: bytes) -> bool:
        checker = self._checkers.get(key)
        if checker is None:
            return True
        verdict = checker.check(data)
        self.verdicts[verdict] += 1
        return verdict.good


def _accepted(name: str, value: Any) -> Any:
    """The value if the record takes it, else ``None``: a sensor out of its range knows nothing."""
    try:
        VehicleState(t=0.0, **{name: value})
    except RecordError:
        return None
    return value


def _checkers(path: Path, mapping: MappingFile, messages: Mapping[str, Message]) -> dict[tuple[int, bool], Checker]:
    """What the DBC says of each message's protection, unless the mapping file says something else; a number is P05's data id."""
    found = {name: message.protection for name, message in messages.items() if message.protection is not None}
    for name, wanted in mapping.e2e.items():
        message = _named(messages, name, f"{path}: e2e")
        try:
            found[name] = Profile5(wanted) if isinstance(wanted, int) else wanted.build()
        except (UsageError, ValueError) as error:
            raise UsageError(f"{path}: e2e {message.name}: {error}") from None
    return {(messages[name].can_id, messages[name].extended): Checker(protection) for name, protection in found.items()}


def _read(path: Path) -> MappingFile:
    mapping = _read_one(path)
    if mapping.base is None:
        return mapping
    base = _read_one(path.parent / mapping.base)
    if base.base is not None:
        raise UsageError(f"{path}: its base {mapping.base} has a base itself; one step is all there is")
    return msgspec.structs.replace(mapping, inputs={**base.inputs, **mapping.inputs})


def _read_one(path: Path) -> MappingFile:
    try:
        return msgspec.convert(yaml.safe_load(path.read_bytes()), MappingFile)
    except OSError as error:
        raise InputError(f"cannot read vehicle mapping {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    except msgspec.ValidationError as error:
        raise UsageError(f"{path} is no usable vehicle mapping: {' '.join(str(error).split())}") from None


def _messages(path: Path, mapping: MappingFile) -> dict[str, Message]:
    messages: dict[str, Message] = {}
    for file in mapping.dbc:
        layout: Layout = load(path.parent / file)
        for name, message in layout.by_name.items():
            if name in messages:
                raise UsageError(f"{path}: message {name} is in two of the DBC files")
            number = mapping.can_ids.get(name)
            messages[name] = message if number is None else replace(message, can_id=number, extended=number > 0x7FF)
    return messages


def _named(messages: Mapping[str, Message], name: str, where: str) -> Message:
    if name not in messages:
        raise UsageError(f"{where}: no message {name!r} in the DBC; it has {', '.join(sorted(messages))}")
    return messages[name]


def _source(path: Path, name: str, wanted: InputMapping, message: Message) -> _Source:
    where = f"{path}: input {name}"
    if name not in INPUTS:
        raise UsageError(f"{where}: unknown; known: {', '.join(INPUTS)}")
    if not 0.0 < wanted.timeout_s <= LONGEST_TIMEOUT_S:
        raise UsageError(f"{where}: timeout_s = {wanted.timeout_s} must be above 0 and at most {LONGEST_TIMEOUT_S:g}")
    signal = _signal(message, wanted.signal, where)
    quality = None
    if wanted.quality is not None:
        judge = _signal(message, wanted.quality.signal, where)
        quality = (judge.name, frozenset(_code(judge, key, where) for key in wanted.quality.good))
    return _Source(name, signal, _values(name, wanted, signal, where), wanted.scale, wanted.offset, quality, wanted.timeout_s)


def _signal(message: Message, name: str, where: str) -> Signal:
    if name not in message.signals:
        raise UsageError(f"{where}: {message.name} has no signal {name!r}; it has {', '.join(message.signals)}")
    return message.signals[name]


def _code(signal: Signal, key: str | int, where: str) -> int:
    if isinstance(key, int):
        return key
    if key not in signal.names:
        raise UsageError(f"{where}: {signal.name} has no value {key!r}; it has {', '.join(signal.names) or 'no value table'}")
    return signal.names[key]


def _values(name: str, wanted: InputMapping, signal: Signal, where: str) -> dict[int, Any] | None:
    if wanted.values is None:
        if name in _BOOLEAN + _WORDS:
            raise UsageError(f"{where}: needs values (value of {signal.name} -> our word)")
        return None
    try:
        for value in wanted.values.values():
            msgspec.convert({"schema": "dms.vehicle/1", "t": 0.0, name: value}, VehicleState)
    except (msgspec.ValidationError, RecordError) as error:
        raise UsageError(f"{where}: {' '.join(str(error).split())}") from None
    return {_code(signal, key, where): value for key, value in wanted.values.items()}
