"""The cache of plans: ``cache_dir()/plans/<digest>/`` with ``plan``, ``layers.json`` and ``manifest.json``.

A plan holds code for the GPU, so only plans made here are loaded: each is checked against its manifest by hash first. A folder
appears complete, by a rename, or not at all. What turns out to be corrupt is set aside (``quarantine``), never loaded again and
never silently deleted.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dms.errors import HardwareError, InputError
from dms.inference.cache import write_synced
from dms.inference.lock import TEMPORARY
from dms.inference.tensorrt.plan_key import PlanKey
from dms.resources import cache_dir

SCHEMA = "dms.plan/1"
MANIFEST, PLAN, LAYERS = "manifest.json", "plan", "layers.json"
QUARANTINE = "quarantine"


class PlanCorrupt(InputError):
    """A plan's folder is there, but what is in it is not what was put there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan in the cache.

    ``shipped``: of one of this installation's own networks. ``distances``: quantity to its largest distance from the reference
    when it was built; empty for networks without stored vectors.
    """

    folder: Path
    key: PlanKey
    engine: str
    slot: str
    size: int
    sha256: str
    shipped: bool
    distances: Mapping[str, float] = field(default_factory=dict)

    def read(self) -> bytes:
        """The plan's bytes, checked.

        Raises:
            PlanCorrupt: unreadable, or not what the manifest says.
        """
        path = self.folder / PLAN
        try:
            data = path.read_bytes()
        except OSError as error:
            raise PlanCorrupt(f"{path}: cannot be read ({error.strerror})") from error
        if len(data) != self.size or hashlib.sha256(data).hexdigest() != self.sha256:
            raise PlanCorrupt(f"{path}: the plan was changed or is damaged (its hash does not match the manifest)")
        return data


class PlanStore:
    """Plans on disk. Writers hold ``dms.inference.lock.locked(store.folder)``; readers need no lock."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = cache_dir() / "plans" if folder is None else folder

    def find(self, key: PlanKey) -> Plan | None:
        """The plan for ``key``; its bytes are not looked at yet.

        Raises:
            PlanCorrupt: there is one, but its manifest is unusable or is another plan's.
        """
        folder = self.folder / key.digest
        if not folder.is_dir():
            return None
        plan = _read_manifest(folder)
        if plan.key != key:
            raise PlanCorrupt(f"{folder / MANIFEST}: belongs to another plan")
        return plan

    def publish(
        self, key: PlanKey, engine: str, slot: str, shipped: bool, data: bytes, layers: str, distances: Mapping[str, float]
    ) -> Plan:
        """Put a plan into the cache; one with the same key is replaced.

        Raises:
            HardwareError: the disk is full or may not be written.
        """
        manifest: dict[str, Any] = {
            "schema": SCHEMA,
            "engine": engine,
            "slot": slot,
            "shipped": shipped,
            "key": asdict(key),
            "plan": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()},
            "distances": dict(distances),
        }
        target = self.folder / key.digest
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=self.folder) as name:
                work = Path(name) / "new"
                work.mkdir()
                write_synced(work / PLAN, data)
                write_synced(work / LAYERS, layers.encode())
                write_synced(work / MANIFEST, (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode())
                if target.exists():
                    os.rename(target, Path(name) / "old")
                os.rename(work, target)
            _sync_folder(self.folder)
        except OSError as error:
            what = error.strerror or str(error)
            hint = f"free about {len(data) >> 20 or 1} MB there or set DMS_CACHE to another folder"
            raise HardwareError(f"cannot write the plan cache {self.folder} ({what}); {hint}") from error
        return _read_manifest(target)

    def quarantine(self, key: PlanKey) -> Path | None:
        """Set the plan of ``key`` aside; where it is now, or ``None`` if it was not there.

        Raises:
            HardwareError: it cannot be moved.
        """
        source, aside = self.folder / key.digest, self.folder / QUARANTINE
        if not source.exists():
            return None
        try:
            aside.mkdir(parents=True, exist_ok=True)
            target = Path(tempfile.mkdtemp(prefix=f"{key.digest}-", dir=aside))
            os.rename(source, target)
        except OSError as error:
            raise HardwareError(f"{source}: cannot be set aside ({error.strerror}); remove it") from error
        return target

    def plans(self) -> Iterator[Plan | Path]:
        """Every plan, by folder name; the folder's path instead where the manifest is unusable."""
        for folder in sorted(self._folders()):
            try:
                yield _read_manifest(folder)
            except PlanCorrupt:
                yield folder

    def quarantined(self) -> list[Path]:
        """What was set aside."""
        aside = self.folder / QUARANTINE
        return sorted(aside.iterdir()) if aside.is_dir() else []

    def remove(self, folder: Path) -> int:
        """Delete one of the folders that ``plans`` or ``quarantined`` named; how many bytes that gave.

        Raises:
            HardwareError: it cannot be removed.
        """
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        try:
            shutil.rmtree(folder)
        except OSError as error:
            raise HardwareError(f"{folder}: cannot be removed ({error.strerror})") from error
        return size

    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if path.is_dir() and path.name != QUARANTINE and not path.name.startswith("."):
                    yield path


def _read_manifest(folder: Path) -> Plan:
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_bytes())
        if data["schema"] != SCHEMA:
            raise ValueError(f"schema is {data['schema']!r}")
        return Plan(
            folder=folder,
            key=PlanKey.from_dict(data["key"]),
            engine=str(data["engine"]),
            slot=str(data["slot"]),
            size=int(data["plan"]["bytes"]),
            sha256=str(data["plan"]["sha256"]),
            shipped=bool(data["shipped"]),
            distances={str(name): float(value) for name, value in data["distances"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PlanCorrupt(f"{path}: cannot be used ({' '.join(str(error).split())[:160]})") from error


def _sync_folder(folder: Path) -> None:
    """Flush a rename to the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
