"""Bench scenarios: what the driver, the car and the controller do, and what is expected of it. YAML, with a JSON schema.

A bench scenario holds all fields of a driver scenario (``hil/driver/behaviour/scenario.py``) and those of ``BenchScenario``.
"""

import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from dms.errors import InputError
from dms.profiles import load_profile
from dms.records.words import L3State
from hil.bench.expectation import Expectation, parse
from hil.driver.behaviour import explain
from hil.driver.behaviour.parts import Length, Start
from hil.driver.behaviour.scenario import Scenario, check

SHIPPED = Path(__file__).with_name("scenarios")
Group = Literal["gaze", "availability", "takeover", "drowsiness", "gesture", "eyewear", "light", "cabin", "seat", "bus"]
Level = Literal["signal", "rendered"]


class _Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables of a scenario."""


class Act(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something done to the controller: the driver's button, a planned takeover (with its budget), a severe failure."""

    at: Start
    do: Literal["activate", "deactivate", "request_takeover", "fail"]
    budget_s: Annotated[float, msgspec.Meta(ge=1, le=60)] | None = None


class ControllerSetup(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """State at the start, and what is done to it."""

    state: L3State = "active"
    acts: list[Act] = []


class Inputs(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Vehicle inputs that the scenario sets for a while, whatever driver and car do; ``unknown`` is sent as not available."""

    at: Start
    for_s: Length = msgspec.field(name="for")
    belt: bool | Literal["unknown"] | None = None
    seat: bool | Literal["unknown"] | None = None
    hands_on: bool | Literal["unknown"] | None = None
    brake: bool | None = None
    acknowledged: bool | None = None


class Rendered(_Plain, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The scenario is also played with pictures, at this rate."""

    fps: Annotated[float, msgspec.Meta(ge=5, le=60)] = 10.0


class BenchScenario(Scenario, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole file.

    Attributes:
        group: what it is about; ``covers``: rows of ``docs/requirements.yaml``.
        profile: rules of the product.
        errors: at signal level, how far the readings are off: as the networks were measured, or not at all.
        calibrated: the driver has been calibrated before the drive.
        controller: the Level 3 function at the start, and what is done to it.
        inputs: vehicle inputs set by hand.
        rendered: also played with pictures.
        cockpit: there is a head unit that gestures command.
        waits_for: what the product lacks yet; the scenario then must fail, and passing is a failure of the scenario.
        expect: what must come of it, see ``hil/bench/expectation.py``.
    """

    group: Group
    covers: list[str] = []
    profile: str = "l3_default"
    errors: Literal["typical", "none"] = "typical"
    calibrated: bool = True
    controller: ControllerSetup = ControllerSetup()
    inputs: list[Inputs] = []
    rendered: Rendered | None = None
    waits_for: str | None = None
    cockpit: bool = False
    expect: Annotated[list[str], msgspec.Meta(min_length=1)]

    def expectations(self, lines: dict[int, int] | None = None) -> list[Expectation]:
        """``expect``, understood; ``lines``: where each stands in its file.

        Raises:
            InputError: one of them cannot be understood.
        """
        return [parse(text, (lines or {}).get(n)) for n, text in enumerate(self.expect)]


class Loaded(msgspec.Struct, frozen=True):
    """A scenario with its expectations and where it comes from (a name of a shipped one, or a path)."""

    name: str
    scenario: BenchScenario
    expectations: list[Expectation]


@cache
def shipped() -> tuple[str, ...]:
    """Names of the shipped bench scenarios."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load(name: str) -> Loaded:
    """A shipped bench scenario by name, or any by path.

    Raises:
        InputError: the file cannot be read or is no bench scenario; one line with file, line, field and what is allowed.
    """
    path = SHIPPED / f"{name}.yaml" if name in shipped() else Path(name)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"bench scenario {name} cannot be read ({reason}); `dms hil list` shows the shipped ones") from None
    return decode(text, name)


def decode(text: str, name: str) -> Loaded:
    """Parse and check.

    Raises:
        InputError: one line with ``name``, the line, the field and what is allowed.
        UsageError: there is no such profile.
    """
    try:
        plain: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise InputError(f"{name}: {where}not YAML: {getattr(error, 'problem', None) or 'unreadable'}") from None
    try:
        scenario = msgspec.convert(plain, BenchScenario)
    except msgspec.ValidationError as error:
        said = explain.line(str(error), plain, schema())
        raise InputError(f"{name}: {_line(text, _path(said.split(':')[0]))}{said}") from None
    lines = {n: int(found) for n in range(len(scenario.expect)) if (found := _number(text, ["expect", n])) is not None}
    _check(scenario, text, name)
    return Loaded(name, scenario, [_expectation(one, lines.get(n), name) for n, one in enumerate(scenario.expect)])


def _check(scenario: BenchScenario, text: str, name: str) -> None:
    """What types cannot say, with the line."""
    try:
        check(scenario, name)
    except InputError as error:
        said = str(error).removeprefix(f"{name}: ")
        raise InputError(f"{name}: {_line(text, _path(said.split(' ')[0]))}{said}") from None
    load_profile(scenario.profile)


def _expectation(text: str, line: int | None, name: str) -> Expectation:
    try:
        return parse(text, line)
    except InputError as error:
        raise InputError(f"{name}: {f'line {line}: ' if line else ''}{error}") from None


def endless(loaded: Loaded) -> Loaded:
    """The same, going on for ten minutes: for a program that steps it and ends when it wants to."""
    scenario = msgspec.structs.replace(loaded.scenario, duration_s=max(600.0, loaded.scenario.duration_s))
    return msgspec.structs.replace(loaded, scenario=scenario)


def schema() -> dict[str, Any]:
    """JSON schema of a bench scenario."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(BenchScenario)}


def _path(field: str) -> list[str | int]:
    """``parts[2].zone`` as steps."""
    return [int(index) if index else key for index, key in re.findall(r"\[(\d+)\]|([A-Za-z_][A-Za-z0-9_]*)", field)]


def _line(text: str, path: list[str | int]) -> str:
    number = _number(text, path)
    return "" if number is None else f"line {number}: "


def _number(text: str, path: list[str | int]) -> int | None:
    """Line of the deepest node on this path, from 1."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = None
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
