"""Hash manifests: ``manifest.json`` in a shipped folder names every file that decides something, with its SHA-256.

A file that is not listed or was changed by one byte is refused, and so is a manifest with one byte changed: its text is canonical
and carries a hash over its own list. Who may write a manifest is a matter of signatures (``dms.signature``).
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dms.errors import InputError

NAME = "manifest.json"
SCHEMA = "dms.manifest/1"
REMEDY = "reinstall dms; after a change of your own run: dms profiles manifest"


def check(folder: Path, name: str, data: bytes) -> None:
    """Is ``data`` what the manifest of ``folder`` says about the file ``name`` (a path inside the folder, with slashes)?

    Raises:
        InputError: it is not, or the manifest is missing or damaged.
    """
    wanted = read(folder).get(name)
    if wanted is None:
        raise InputError(f"{folder / name}: not in {NAME}; {REMEDY}")
    if hashlib.sha256(data).hexdigest() != wanted:
        raise InputError(f"{folder / name}: the file was changed or is damaged (its hash does not match {NAME}); {REMEDY}")


def read(folder: Path) -> Mapping[str, str]:
    """File name to SHA-256, hex.

    Raises:
        InputError: no manifest, or one that was changed.
    """
    path = folder / NAME
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; {REMEDY}") from None
    try:
        files = json.loads(text)["files"]
        whole = isinstance(files, dict) and _render(files) == text
    except (ValueError, KeyError, TypeError, RecursionError):
        whole = False
    if not whole:
        raise InputError(f"{path}: the manifest was changed or is damaged; {REMEDY}")
    return {str(name): str(digest) for name, digest in files.items()}


def write(folder: Path, patterns: Iterable[str]) -> list[str]:
    """Write the manifest of all files that fit ``patterns``; the names whose entries are new, changed or gone.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        before = dict(read(folder))
    except InputError:
        before = {}
    files = _hashes(folder, patterns)
    try:
        hidden = folder / f".{NAME}.new"
        hidden.write_bytes(_render(files))
        os.replace(hidden, folder / NAME)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; the manifest is written where dms is built") from None
    return sorted(name for name in {*before, *files} if before.get(name) != files.get(name))


def problems(folder: Path, patterns: Iterable[str]) -> list[str]:
    """What does not agree with the manifest: changed, missing and unlisted files, one line each.

    Raises:
        InputError: the manifest itself is missing or damaged.
    """
    listed, there = read(folder), _hashes(folder, patterns)
    found = [f"{name}: missing" for name in listed if name not in there]
    found += [f"{name}: not in {NAME}" for name in there if name not in listed]
    found += [f"{name}: changed" for name in there if name in listed and listed[name] != there[name]]
    return sorted(found)


def _hashes(folder: Path, patterns: Iterable[str]) -> dict[str, str]:
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _render(files: Mapping[str, str]) -> bytes:
    """The one text a list of files has."""
    own = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    content = {"schema": SCHEMA, "files": files, "sha256_of_files": own}
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
