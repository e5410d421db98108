"""One job, many back ends: what an engine is and how it is run.

A *slot* (``face_mesh``) is a contract: input and output tensors by name, shape and type. An *engine* is a network that fulfils
it. A *back end* (ONNX Runtime, TensorRT, replay, fake) loads an engine for this machine. Perception asks for a slot, never for a
file.

Pictures go in as ``uint8``, NHWC, batch 1 (grey: one channel, colour: RGB): the scaling belongs to the network file, so it cannot
be got wrong outside. Signals go in as ``float32`` in the units the slot's specification names. Outputs are ``float32``.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dms.errors import EngineFailed
from dms.ring import Ring

Tensor = NDArray[Any]
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, shape and element type (NumPy name) of one input or output."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"

    def __str__(self) -> str:
        return f"{self.name}:{self.dtype}[{'x'.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """An engine as found on disk: the slot it fills, its file and where that came from.

    ``cpu_path`` is the same network rewritten for ONNX Runtime on a CPU (same outputs), where there is one. ``precision`` is that
    of the file: ``fp32``, ``fp16`` or ``int8``.
    """

    name: str
    slot: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    path: Path | None = None
    sha256: str = ""
    licence: str = ""
    provenance: str = ""
    cpu_path: Path | None = None
    precision: str = "fp32"


@dataclass(frozen=True, slots=True)
class Options:
    """How to load: threads inside one network (one is best on small machines), warm-up runs.

    ``precision`` is slot to ``fp16`` or ``int8``; every other slot gets its float32 file. A slot without
    such a file is refused.
    """

    threads: int = 1
    warmup: int = 2
    precision: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Availability:
    """Can a back end run here; if not, why, and the command that mends it."""

    ok: bool
    reason: str = ""
    hint: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stats:
    """Wall time of the last runs of an engine, ms."""

    runs: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    last_ms: float


class Engine(ABC):
    """A loaded network. Use as a context manager. One thread at a time.

    ``run`` is ``submit`` and ``collect`` in one; a back end with its own queue (CUDA streams) overrides those two. Outputs are
    valid until the next call on the same slot: copy what must live longer.
    """

    exact: ClassVar[bool] = True
    """Its arithmetic is the reference's up to rounding; else answers are held to ``dms.inference.quantities``."""

    def __init__(self, spec: EngineSpec) -> None:
        self.spec = spec
        self._pending: dict[int, Tensors] = {}
        self._times = Ring(1000)
        self._runs = 0
        self._began = 0.0

    @abstractmethod
    def _infer(self, feeds: Tensors) -> Tensors:
        """The back end's own work."""

    def run(self, feeds: Tensors) -> Tensors:
        """Outputs by name for inputs by name.

        Raises:
            EngineFailed: wrong inputs, or the back end failed.
        """
        self._check(feeds)
        self._begin()
        try:
            outputs = self._infer(feeds)
        except EngineFailed:
            raise
        except Exception as error:  # whatever a foreign runtime throws becomes our error
            raise EngineFailed(f"engine {self.spec.name} failed: {error}") from error
        self._end()
        return outputs

    def submit(self, feeds: Tensors, slot: int = 0) -> None:
        """Start a run; the result is fetched with ``collect``."""
        self._pending[slot] = self.run(feeds)

    def collect(self, slot: int = 0, timeout: float | None = None) -> Tensors:
        """Result of ``submit`` on the same slot; ``timeout`` in seconds.

        Raises:
            EngineFailed: nothing was submitted, or the time is over.
        """
        if slot not in self._pending:
            raise EngineFailed(f"engine {self.spec.name}: nothing was submitted on slot {slot}")
        return self._pending.pop(slot)

    def ready(self, slot: int = 0) -> bool:
        """Would ``collect`` return at once, and may the next ``submit`` come."""
        return True

    def _begin(self) -> None:
        """A run begins: start the stopwatch."""
        self._began = time.perf_counter()

    def _elapsed(self) -> float:
        """Seconds since ``_begin``."""
        return time.perf_counter() - self._began

    def _end(self) -> None:
        """The run is over and counts."""
        self._times.append(self._elapsed() * 1e3)
        self._runs += 1

    def warmup(self, runs: int = 2) -> Stats:
        """Run on zeros so that the first real frame is not the slow one."""
        feeds = {t.name: np.zeros(t.shape, t.dtype) for t in self.spec.inputs}
        for _ in range(runs):
            self.run(feeds)
        return self.stats()

    def stats(self) -> Stats:
        """Timing of the last 1000 runs."""
        times = self._times.last()
        if not times.size:
            return Stats(0, 0.0, 0.0, 0.0, 0.0)
        p50, p95, p99 = (float(v) for v in np.percentile(times, (50, 95, 99)))
        return Stats(self._runs, p50, p95, p99, float(times[-1]))

    def close(self) -> None:
        """Give back what the back end holds."""
        self._pending.clear()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _check(self, feeds: Tensors) -> None:
        for want in self.spec.inputs:
            have = feeds.get(want.name)
            if have is None:
                raise EngineFailed(f"engine {self.spec.name}: input {want} is missing")
            if have.shape != want.shape or have.dtype != want.dtype:
                raise EngineFailed(f"engine {self.spec.name}: input {want.name} is {have.dtype}{list(have.shape)}, wanted {want}")


class Backend(ABC):
    """Loads engines for one kind of runtime."""

    name: ClassVar[str]
    needs_file: ClassVar[bool] = True
    """False for a back end that makes up or replays its outputs: the slot's contract is enough for it."""

    @abstractmethod
    def probe(self) -> Availability:
        """Can this back end run here; imports its heavy package inside."""

    @abstractmethod
    def load(self, spec: EngineSpec, options: Options) -> Engine:
        """A ready engine.

        Raises:
            BackendUnavailable: the runtime is missing.
            InputError: the file is broken or does not fit the slot.
        """
