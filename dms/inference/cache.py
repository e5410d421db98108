"""The engine cache: ``cache_dir()/engines/<key>/``, content addressed, checked by hash whenever an engine is found in it.

The key is a hash over the source network's hash, the converter's version and the engine's specification: another input, another
folder.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dms.errors import InputError
from dms.inference.convert import CONVERTER_VERSION
from dms.inference.definition import Definition
from dms.resources import cache_dir

MANIFEST = "manifest.json"
SCHEMA = "dms.engine-cache/1"
REBUILD = "run: dms engines build"


@dataclass(frozen=True, slots=True)
class Cached:
    """A built engine: folder, files by name with their SHA-256, and what parity said when it was built."""

    folder: Path
    files: Mapping[str, str]
    parity: Mapping[str, float]

    def path(self, name: str) -> Path:
        """Full path of one of the files."""
        return self.folder / name


def engines_dir() -> Path:
    """Where built engines lie."""
    return cache_dir() / "engines"


def key(definition: Definition) -> str:
    """Cache key (32 hex digits) of an engine that is converted from a source network."""
    source = definition.source.sha256 if definition.source else definition.file_sha256
    parts = (source.encode(), CONVERTER_VERSION.encode(), definition.text)
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]


def plain_file(definition: Definition) -> str:
    """Name of the file with PRelu kept, for TensorRT."""
    return f"{definition.name}.onnx"


def cpu_file(definition: Definition) -> str:
    """Name of the file rewritten for ONNX Runtime on a CPU."""
    return f"{definition.name}.cpu.onnx"


def source_file(definition: Definition) -> str:
    """Name of the untouched source network, kept for parity checks."""
    return f"{definition.name}.tflite"


def lookup(definition: Definition) -> Cached | None:
    """The built engine with every file's hash verified, or None if it is not built.

    Raises:
        InputError: built, but a file is missing, changed or unreadable.
    """
    folder = engines_dir() / key(definition)
    manifest = folder / MANIFEST
    try:
        data = json.loads(manifest.read_bytes())
        cached = Cached(folder, dict(data["files"]), dict(data["parity"]))
    except (FileNotFoundError, NotADirectoryError):
        if folder.is_dir():
            raise InputError(f"engine {definition.name} in the cache has no manifest; {REBUILD}") from None
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{manifest}: cannot be read ({error}); {REBUILD}") from error
    for name, wanted in cached.files.items():
        _verify(cached.path(name), wanted)
    return cached


def write_manifest(folder: Path, definition: Definition, parity: Mapping[str, float], versions: Mapping[str, str]) -> None:
    """Describe and hash what lies in ``folder`` (all of it)."""
    files = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "name": definition.name,
        "key": key(definition),
        "source_sha256": definition.source.sha256 if definition.source else "",
        "converter": CONVERTER_VERSION,
        "versions": dict(versions),
        "files": files,
        "parity": dict(parity),
    }
    write_synced(folder / MANIFEST, (json.dumps(data, indent=1, sort_keys=True) + "\n").encode())


def write_synced(path: Path, data: bytes) -> None:
    """Write and flush to the disk, so that a rename after it never shows half a file."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sha256(path: Path) -> str:
    """SHA-256 of a file, hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _verify(path: Path, wanted: str) -> None:
    try:
        have = sha256(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {REBUILD}") from error
    if have != wanted:
        raise InputError(f"{path}: the file was changed or is damaged (its hash does not match the manifest); {REBUILD}")
