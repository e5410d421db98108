"""Several engines opened together: one back end, one set of options, closed together."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from dms.errors import BackendUnavailable, EngineFailed
from dms.inference.base import Backend, Engine, EngineSpec, Options
from dms.inference.registry import DEFAULT, load_backend
from dms.inference.slots import contract, find_engine


class EngineSet(Mapping[str, Engine]):
    """Engines by slot; a context manager.

    Args:
        slots: names of the slots to open.
        backend: a back end, or its name.
        options: how to load.
        overrides: slot to an integrator's own ONNX file.
        fallback: name of the back end to open everything on instead if the first one cannot be used; ``degraded`` then says why.
            Without it nothing is ever put in the other's place.

    Raises:
        UsageError: no such slot, back end or precision.
        BackendUnavailable: the back end cannot run here, or the engines are not built.
        InputError: a file is broken or does not fit. Nothing stays open then.
    """

    def __init__(
        self,
        slots: Iterable[str],
        backend: Backend | str = DEFAULT,
        options: Options | None = None,
        overrides: Mapping[str, Path] | None = None,
        fallback: str | None = None,
    ) -> None:
        self.degraded = ""
        """Why these engines do not run on the back end that was asked for; empty if they do."""
        self._engines: dict[str, Engine] = {}
        wanted, chosen, own = tuple(slots), options or Options(), overrides or {}
        name = backend if isinstance(backend, str) else backend.name
        try:
            self._open(backend, wanted, chosen, own)
        except (BackendUnavailable, EngineFailed) as error:
            if fallback is None or fallback == name:
                raise
            self._open(fallback, wanted, chosen, own)
            self.degraded = f"running on {fallback} instead of {name}: {error}"

    def _open(self, backend: Backend | str, slots: Iterable[str], options: Options, overrides: Mapping[str, Path]) -> None:
        self.backend = load_backend(backend) if isinstance(backend, str) else backend
        try:
            for slot in slots:
                spec = self._spec(slot, overrides.get(slot), options.precision.get(slot, "fp32"))
                self._engines[slot] = self.backend.load(spec, options)
        except BaseException:
            self.close()
            raise

    def _spec(self, slot: str, override: Path | None, precision: str) -> EngineSpec:
        return find_engine(slot, override, precision) if self.backend.needs_file else contract(slot)

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the engine file in each slot; empty text where the back end has no file."""
        return {slot: engine.spec.sha256 for slot, engine in self._engines.items()}

    @property
    def bundle_hash(self) -> str:
        """One SHA-256 over the files of all slots: the identity of this set of engines."""
        text = "".join(f"{slot}={self.hashes[slot]};" for slot in sorted(self.hashes))
        return hashlib.sha256(text.encode()).hexdigest()

    def stats(self) -> dict[str, dict[str, float]]:
        """Timing per slot: ``runs`` and wall time in ms, see ``Stats``."""
        return {slot: asdict(engine.stats()) for slot, engine in self._engines.items()}

    def warmup(self, runs: int = 2) -> None:
        """Run every engine on zeros."""
        for engine in self._engines.values():
            engine.warmup(runs)

    def close(self) -> None:
        """Close all engines, the last opened first; may be called twice. One that fails does not keep the others open."""
        engines, self._engines = list(self._engines.values()), {}
        with ExitStack() as stack:
            for engine in engines:
                stack.callback(engine.close)

    def __getitem__(self, slot: str) -> Engine:
        return self._engines[slot]

    def __iter__(self) -> Iterator[str]:
        return iter(self._engines)

    def __len__(self) -> int:
        return len(self._engines)

    def __enter__(self) -> "EngineSet":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
