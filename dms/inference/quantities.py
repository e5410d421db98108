"""Outputs in units a person can judge: degrees, millimetres, pixels, probability; and how far they may be off.

``quantities.yaml`` says which outputs are what and the limit for each precision.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms.errors import InputError
from dms.inference.base import Engine, Tensors
from dms.inference.definition import PRECISIONS, Definition
from dms.inference.parity import Case, cases

FILE = Path(__file__).with_name("quantities.yaml")
SCHEMA = "dms.quantities/1"
UNITS = ("deg", "levels", "mm", "probability", "px", "share")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One thing that an output (or its elements ``at``, flattened) says."""

    name: str
    output: str
    kind: str
    unit: str
    limit: Mapping[str, float]
    at: tuple[int, ...] = ()
    scale: float = 1.0

    def distance(self, found: NDArray[Any], wanted: NDArray[Any]) -> float:
        """The largest distance between two flattened outputs, in ``unit``; NaN stays NaN."""
        pair = (found, wanted)
        a, b = (np.asarray(v, np.float64).ravel()[list(self.at) if self.at else slice(None)] for v in pair)
        return float(_KINDS[self.kind](a, b).max() * self.scale)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured of a quantity."""

    quantity: Quantity
    distance: float
    precision: str

    @property
    def limit(self) -> float:
        """What is allowed at this precision; nothing is, where no limit is stated."""
        return self.quantity.limit.get(self.precision, 0.0)

    @property
    def ok(self) -> bool:
        """Within the limit; a NaN never is."""
        return self.distance <= self.limit

    def __str__(self) -> str:
        return f"{self.quantity.name} {self.distance:.2g} {self.quantity.unit} off, allowed {self.limit:g}"


def _direct(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(a - b)


def _logit(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(_probability(a) - _probability(b))


def _probability(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-np.clip(logit, -60, 60)))


def _log(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.expm1(np.abs(a - b))


def _rotation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angle in degrees between two orientations, each six numbers: two columns, not normalised."""
    between = _orthogonal(a).T @ _orthogonal(b)
    # by the sine as well: the cosine alone knows nothing below a hundredth of a degree
    axis = np.array([between[2, 1] - between[1, 2], between[0, 2] - between[2, 0], between[1, 0] - between[0, 1]])
    return np.atleast_1d(np.degrees(np.arctan2(np.linalg.norm(axis), np.trace(between) - 1)))


def _orthogonal(six: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = six[:3], six[3:]
    x = x / np.linalg.norm(x)
    y = y - x * (x @ y)
    y = y / np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=1)


_KINDS = {"direct": _direct, "logit": _logit, "log": _log, "rotation": _rotation}


def load_quantities(slot: str, file: Path = FILE) -> tuple[Quantity, ...]:
    """The quantities of ``slot``, empty if none are stated.

    Raises:
        InputError: the file is unreadable or incomplete.
    """
    import yaml

    try:
        data = yaml.safe_load(file.read_bytes())
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema is {data['schema']!r}, expected {SCHEMA!r}")
        return tuple(_quantity(item) for item in data["slots"].get(slot, ()))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise InputError(f"{file}: not usable: {reason}") from error


def _quantity(item: Mapping[str, Any]) -> Quantity:
    limit = {str(name): float(value) for name, value in item["limit"].items()}
    if item["kind"] not in _KINDS or item["unit"] not in UNITS or not limit.keys() <= set(PRECISIONS):
        raise ValueError(f"quantity {item['name']}: unknown kind, unit or precision")
    if not all(0 < value < 100 for value in limit.values()):
        raise ValueError(f"quantity {item['name']}: a limit is not within 0 to 100")
    return Quantity(
        item["name"], item["output"], item["kind"], item["unit"], limit, tuple(item.get("at", ())), float(item.get("scale", 1))
    )


def measure(item: Definition, engine: Engine, precision: str) -> list[Reading]:
    """Run the stored cases of ``item`` through ``engine``; the largest distance of each quantity from the reference.

    Raises:
        InputError: the vectors cannot be read or do not hold a whole output that is needed, or the quantities are unusable.
        EngineFailed: see ``Engine.run``.
    """
    worst: list[Reading] = []
    for case in cases(item):
        found = judge(item, case, engine.run(case.feeds), precision)
        # not max(): a NaN has to stay
        worst = [
            replace(a, distance=float(np.maximum(a.distance, b.distance))) for a, b in zip(worst or found, found, strict=True)
        ]
    return worst


def judge(item: Definition, case: Case, outputs: Tensors, precision: str) -> list[Reading]:
    """How far one answer is from the stored one.

    Raises:
        InputError: see ``measure``.
    """
    return [Reading(q, _case_distance(q, case, outputs[q.output]), precision) for q in quantities_of(item)]


def quantities_of(item: Definition) -> tuple[Quantity, ...]:
    """What is stated for the engine's slot; else its outputs as they are, with the limits of its own ``engine.yaml``.

    Raises:
        InputError: see ``load_quantities``.
    """
    stated = load_quantities(item.slot)
    if stated:
        return stated
    limits = {name: {"fp32": limit} for name, limit in (item.limits or {}).items()}
    for variant in item.variants:
        for name, loss in variant.loss.items():
            limits.setdefault(name, {})[variant.precision] = loss.limit
    return tuple(Quantity(t.name, t.name, "direct", "of its own unit", limits.get(t.name, {})) for t in item.outputs)


def _case_distance(quantity: Quantity, case: Case, found: NDArray[Any]) -> float:
    step, wanted = case.outputs[quantity.output]
    if step != 1 and (quantity.at or quantity.kind == "rotation"):
        raise InputError(f"{quantity.name}: the parity vectors hold only every {step}th element of {quantity.output}")
    return quantity.distance(found.ravel()[::step], wanted)


def refused(readings: Iterable[Reading]) -> str:
    """What is beyond its limit, in words; empty if nothing is."""
    return "; ".join(str(reading) for reading in readings if not reading.ok)
