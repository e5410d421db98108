"""Recorded outputs instead of networks: the same answers again, without a runtime and on any machine.

A ``Recorder`` wraps any engine and keeps what it answered in a ``Recording``; ``ReplayBackend`` gives it back in the same order.
Each answer carries a digest of the inputs it belongs to, so a replay against other pictures is noticed.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dms.errors import EngineFailed, InputError
from dms.inference.base import Availability, Backend, Engine, EngineSpec, Options, Stats, Tensors

_DIGEST = "digest"


class Recording:
    """Answers per slot: ``digest`` ``uint64 [N]`` and every output stacked ``[N, ...]``; as a file an ``.npz``."""

    def __init__(self, slots: Mapping[str, Mapping[str, NDArray[Any]]] | None = None) -> None:
        self._stored: dict[str, Mapping[str, NDArray[Any]]] = dict(slots or {})
        self._new: dict[str, dict[str, list[NDArray[Any]]]] = {}

    def add(self, slot: str, feeds: Tensors, outputs: Tensors) -> None:
        """Keep a copy of one answer."""
        columns = self._new.setdefault(slot, {})
        row = {_DIGEST: np.uint64(input_digest(feeds)), **outputs}
        for name, value in row.items():
            columns.setdefault(name, []).append(np.array(value))

    def slots(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Everything recorded, stacked."""
        result = {slot: dict(columns) for slot, columns in self._stored.items()}
        for slot, columns in self._new.items():
            result[slot] = {name: np.stack(values) for name, values in columns.items()}
        return result

    def save(self, path: Path) -> None:
        """Write the whole recording; the file appears complete or not at all."""
        arrays: dict[str, Any] = {
            f"{slot}/{name}": value for slot, columns in self.slots().items() for name, value in columns.items()
        }
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with temporary.open("wb") as file:
                np.savez_compressed(file, **arrays)
            os.replace(temporary, path)
        except OSError as error:
            raise InputError(f"{path}: cannot write the recording: {error.strerror}") from error
        finally:
            temporary.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """Read what ``save`` wrote.

        Raises:
            InputError: missing, or not such a file.
        """
        slots: dict[str, dict[str, NDArray[Any]]] = {}
        try:
            with np.load(path, allow_pickle=False) as file:
                for entry in file.files:
                    slot, _, name = entry.partition("/")
                    slots.setdefault(slot, {})[name] = file[entry]
        except Exception as error:  # zip, NumPy and file errors have no common base
            raise InputError(f"{path}: not a usable engine recording: {error}") from error
        if not slots or any(_DIGEST not in columns for columns in slots.values()):
            raise InputError(f"{path}: not an engine recording (no input digests in it)")
        return cls(slots)


class Recorder(Engine):
    """Another engine, with its answers kept. Warm-up runs are not recorded."""

    def __init__(self, engine: Engine, recording: Recording) -> None:
        super().__init__(engine.spec)
        self._engine = engine
        self._recording = recording

    def _infer(self, feeds: Tensors) -> Tensors:
        outputs = self._engine.run(feeds)
        self._recording.add(self.spec.slot, feeds, outputs)
        return outputs

    def warmup(self, runs: int = 2) -> Stats:
        """Warm the wrapped engine."""
        return self._engine.warmup(runs)

    def close(self) -> None:
        """Close the wrapped engine; the recording stays."""
        super().close()
        self._engine.close()


class ReplayEngine(Engine):
    """Gives the recorded answers in order."""

    def __init__(self, spec: EngineSpec, columns: Mapping[str, NDArray[Any]], check_inputs: bool) -> None:
        super().__init__(spec)
        self._columns = columns
        self._check_inputs = check_inputs
        self._next = 0

    def _infer(self, feeds: Tensors) -> Tensors:
        row = self._next
        if row >= len(self._columns[_DIGEST]):
            raise EngineFailed(f"engine {self.spec.name}: the recording is over after {row} runs")
        if self._check_inputs and int(self._columns[_DIGEST][row]) != input_digest(feeds):
            raise EngineFailed(f"engine {self.spec.name}: run {row} was recorded for another input")
        self._next = row + 1
        return {tensor.name: self._columns[tensor.name][row] for tensor in self.spec.outputs}

    def warmup(self, runs: int = 2) -> Stats:
        """Nothing: a recording has no first run that is slow."""
        return self.stats()


class ReplayBackend(Backend):
    """Engines that answer from ``recording`` (a ``Recording`` or its file).

    ``check_inputs=False`` gives the answers in order whatever comes in.
    """

    name: ClassVar[str] = "replay"
    needs_file: ClassVar[bool] = False

    def __init__(self, recording: Recording | Path | str, check_inputs: bool = True) -> None:
        loaded = recording if isinstance(recording, Recording) else Recording.load(Path(recording))
        self._slots = loaded.slots()
        self._check_inputs = check_inputs

    def probe(self) -> Availability:
        """Always."""
        return Availability(True)

    def load(self, spec: EngineSpec, options: Options) -> Engine:
        """A ready engine.

        Raises:
            InputError: nothing was recorded for the slot, or for another contract.
        """
        columns = self._slots.get(spec.slot)
        if columns is None:
            raise InputError(f"the recording holds nothing for slot {spec.slot}, only {', '.join(self._slots) or 'nothing'}")
        for tensor in spec.outputs:
            stored = columns.get(tensor.name)
            if stored is None or stored.shape[1:] != tensor.shape or stored.dtype != tensor.dtype:
                found = "nothing" if stored is None else f"{stored.dtype}{list(stored.shape[1:])}"
                raise InputError(f"the recording does not fit slot {spec.slot}: expected {tensor}, found {found}")
        return ReplayEngine(spec, columns, self._check_inputs)


def input_digest(feeds: Tensors) -> int:
    """64 bits of the inputs' names, shapes and contents."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(feeds):
        digest.update(f"{name}{feeds[name].dtype}{feeds[name].shape}".encode())
        digest.update(np.ascontiguousarray(feeds[name]).tobytes())
    return int.from_bytes(digest.digest(), "little")
