"""Does an engine file still say what the reference runtime said: stored inputs, stored (sampled) outputs, limits.

``engines/<name>/parity.npz`` holds cases: ``<case>/seed`` (a made-up picture, see ``noise``), ``<case>/image`` (a stored picture;
engines with one input) or ``<case>/in/<input>`` (every input stored); and reference outputs ``<case>/out/<output>``: every
``<case>/step/<output>``-th element of the flattened output. The reference is TensorFlow Lite's or MediaPipe's runtime for the
converted engines, and torch for the ones trained here.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dms import manifest
from dms.errors import InputError
from dms.inference.base import Backend, EngineSpec, Options, Tensors, TensorSpec
from dms.inference.definition import Definition
from dms.resources import shipped


@dataclass(frozen=True, slots=True)
class Difference:
    """Largest distance of one output to the reference over all cases, in the output's unit."""

    output: str
    worst: float
    limit: float
    precision: str = "fp32"

    @property
    def ok(self) -> bool:
        """Within the limit; a NaN never is."""
        return self.worst <= self.limit


@dataclass(frozen=True, slots=True)
class Case:
    """Inputs by name and the sampled reference outputs with their steps."""

    name: str
    feeds: Tensors
    outputs: Mapping[str, tuple[int, NDArray[np.float32]]]

    @property
    def image(self) -> NDArray[Any]:
        """The first input."""
        return next(iter(self.feeds.values()))


def noise(seed: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """A picture of uniform noise that is the same on every machine and with every NumPy (SHAKE-256 of the seed)."""
    data = hashlib.shake_256(f"dms parity {seed}".encode()).digest(int(np.prod(shape)))
    return np.frombuffer(data, np.uint8).reshape(shape)


def cases(definition: Definition) -> Iterator[Case]:
    """The stored cases of an engine.

    Raises:
        InputError: missing or damaged.
    """
    path = definition.folder / "parity.npz"
    try:
        data = path.read_bytes()
        if definition.folder.parent == shipped("engines"):
            manifest.check(definition.folder.parent, f"{definition.folder.name}/{path.name}", data)
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            stored: dict[str, NDArray[Any]] = {name: file[name] for name in file.files}
    except InputError:
        raise
    except Exception as error:  # zip, NumPy and file errors have no common base
        raise InputError(f"{path}: the parity vectors cannot be read: {error}") from error
    names = sorted({entry.split("/")[0] for entry in stored})
    if not names:
        raise InputError(f"{path}: holds no parity vectors")
    for name in names:
        try:
            feeds = {tensor.name: _stored_input(stored, name, tensor) for tensor in definition.inputs}
            outputs = {
                tensor.name: (int(stored[f"{name}/step/{tensor.name}"]), stored[f"{name}/out/{tensor.name}"])
                for tensor in definition.outputs
            }
        except KeyError as error:
            raise InputError(f"{path}: the parity vectors lack {error}") from error
        yield Case(name, feeds, outputs)


def _stored_input(stored: Mapping[str, NDArray[Any]], case: str, tensor: TensorSpec) -> NDArray[Any]:
    if f"{case}/seed" in stored:
        return noise(int(stored[f"{case}/seed"]), tensor.shape)
    if f"{case}/image" in stored:
        return stored[f"{case}/image"]
    return stored[f"{case}/in/{tensor.name}"]


def compare(definition: Definition, spec: EngineSpec, backend: Backend) -> list[Difference]:
    """Run all stored cases through every file of ``spec`` (the plain one and the one rewritten for the CPU).

    The limits are the outputs' own for a float32 file, and those the variant states for a lower precision.

    Raises:
        BackendUnavailable, InputError, EngineFailed: see ``cases``, ``Backend.load`` and ``Engine.run``.
    """
    limits = _limits(definition, spec.precision)
    worst = {tensor.name: 0.0 for tensor in definition.outputs}
    if worst.keys() - limits.keys():
        raise InputError(f"{definition.folder / 'engine.yaml'}: an output has parity vectors but no limit")
    for variant in [replace(spec, cpu_path=None)] + ([spec] if spec.cpu_path else []):
        with backend.load(variant, Options(warmup=0)) as engine:
            for case in cases(definition):
                _take_worst(worst, case, engine.run(case.feeds))
    return [Difference(name, value, limits[name], spec.precision) for name, value in worst.items()]


def _limits(definition: Definition, precision: str) -> Mapping[str, float]:
    if precision == "fp32":
        return definition.limits or {}
    return {name: loss.limit for name, loss in definition.variant(precision).loss.items()}


def _take_worst(worst: dict[str, float], case: Case, result: Tensors) -> None:
    for output, (step, wanted) in case.outputs.items():
        distance = np.abs(result[output].ravel()[::step] - wanted).max()
        # np.maximum and not max(): a NaN has to stay
        worst[output] = float(np.maximum(worst[output], distance))
