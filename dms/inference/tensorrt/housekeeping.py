"""What lies in the cache of plans, and what of it may go."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dms.errors import DmsError
from dms.inference.definition import definitions
from dms.inference.lock import locked
from dms.inference.slots import locate
from dms.inference.tensorrt.plan_key import PlanKey
from dms.inference.tensorrt.plan_store import Plan, PlanStore

State = Literal["current", "other machine", "old network", "unknown", "damaged", "set aside"]
"""``current``: this machine would load it. ``other machine``: made by another TensorRT, driver or GPU. ``old network``: of a
network this installation no longer has. ``unknown``: this machine has no TensorRT or GPU to compare with. ``damaged``: its
manifest cannot be used. ``set aside``: it was found to be corrupt."""

USELESS: frozenset[State] = frozenset({"other machine", "old network", "damaged", "set aside"})
"""Never loaded by this installation on this machine."""

_MACHINE = ("tensorrt", "driver", "gpu", "sm", "processors", "integrated", "l4t", "machine", "schema")


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder of the cache; ``plan`` where its manifest can be read."""

    folder: Path
    state: State
    size: int
    plan: Plan | None = None


def entries(store: PlanStore, machine: PlanKey | None) -> list[Entry]:
    """Everything in the cache. ``machine``: see ``TensorRtBackend.machine``; ``None`` where that is not known."""
    hashes = set(_shipped_hashes())
    found = []
    for plan in store.plans():
        if isinstance(plan, Plan):
            found.append(Entry(plan.folder, _state(plan, machine, hashes), _size(plan.folder), plan))
        else:
            found.append(Entry(plan, "damaged", _size(plan)))
    return found + [Entry(folder, "set aside", _size(folder)) for folder in store.quarantined()]


def clean(store: PlanStore, machine: PlanKey | None, everything: bool = False) -> list[Entry]:
    """Delete what is useless here, or everything; what was deleted.

    Raises:
        HardwareError: something cannot be removed.
    """
    if not store.folder.is_dir():
        return []
    with locked(store.folder, lambda: None):
        gone = [entry for entry in entries(store, machine) if everything or entry.state in USELESS]
        for entry in gone:
            store.remove(entry.folder)
    return gone


def _state(plan: Plan, machine: PlanKey | None, hashes: set[str]) -> State:
    if plan.shipped and plan.key.onnx not in hashes:
        return "old network"
    if machine is None:
        return "unknown"
    same = all(getattr(plan.key, name) == getattr(machine, name) for name in _MACHINE)
    return "current" if same else "other machine"


def _shipped_hashes() -> Iterator[str]:
    """SHA-256 of every ONNX file of this installation."""
    for item in definitions():
        for precision in ("fp32", *(variant.precision for variant in item.variants)):
            try:
                yield locate(item, precision).sha256
            except DmsError:  # not built or damaged: it has no plan either
                continue


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
