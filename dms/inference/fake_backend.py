"""Scripted engines for tests and for trying policies: no network, no file, any output you like."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from dms.errors import EngineFailed, UsageError
from dms.inference.base import Availability, Backend, Engine, EngineSpec, Options, Stats, Tensors

Script = Tensors | Callable[[Tensors], Tensors]
"""Constant outputs, or a function from inputs to outputs (it may raise)."""


class FakeEngine(Engine):
    """Answers with its script; ``feeds`` keeps the inputs of the last run. Outputs must fulfil the slot's contract."""

    def __init__(self, spec: EngineSpec, script: Script) -> None:
        super().__init__(spec)
        self._script = script
        self.feeds: Tensors = {}

    def _infer(self, feeds: Tensors) -> Tensors:
        self.feeds = feeds
        outputs = self._script(feeds) if callable(self._script) else self._script
        for want in self.spec.outputs:
            have = outputs.get(want.name)
            if have is None or have.shape != want.shape or have.dtype != want.dtype:
                found = "nothing" if have is None else f"{have.dtype}{list(have.shape)}"
                raise EngineFailed(f"engine {self.spec.name}: the script gave {found} for {want}")
        return {tensor.name: outputs[tensor.name] for tensor in self.spec.outputs}

    def warmup(self, runs: int = 2) -> Stats:
        """Nothing: a script counts only real runs."""
        return self.stats()


class FakeBackend(Backend):
    """Engines by slot name from ``scripts``; a slot without a script cannot be loaded."""

    name: ClassVar[str] = "fake"
    needs_file: ClassVar[bool] = False

    def __init__(self, scripts: Mapping[str, Script] | None = None) -> None:
        self._scripts = dict(scripts or {})

    def probe(self) -> Availability:
        """Always."""
        return Availability(True)

    def load(self, spec: EngineSpec, options: Options) -> Engine:
        """A ready engine.

        Raises:
            UsageError: there is no script for the slot.
        """
        if spec.slot not in self._scripts:
            raise UsageError(
                f"the fake back end has no script for slot {spec.slot}; it has: {', '.join(self._scripts) or 'none'}"
            )
        return FakeEngine(spec, self._scripts[spec.slot])


def zeros(spec: EngineSpec) -> dict[str, np.ndarray]:
    """All outputs of a contract as zeros, to fill in."""
    return {tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in spec.outputs}
