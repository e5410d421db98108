"""The data files of cockpit control: shipped ones as their manifest has them, an integrator's own signed where a key counts."""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dms import manifest
from dms.errors import InputError

if TYPE_CHECKING:
    from dms.signature import TrustedKey

FOLDER = Path(__file__).resolve().parent
LISTED = ("*.yaml",)
"""The files of the folder that its manifest names."""


def shipped(name: str, key: "TrustedKey | None" = None) -> bytes:
    """A file of this folder.

    Raises:
        InputError: it was changed; or the manifest is not signed with ``key``.
    """
    if key is not None:
        key.require(FOLDER / manifest.NAME)
    path = FOLDER / name
    data = _read(path)
    manifest.check(FOLDER, name, data)
    return data


def own(path: Path, key: "TrustedKey | None" = None) -> bytes:
    """An integrator's file.

    Raises:
        InputError: it cannot be read, or is not signed with ``key``.
    """
    return _read(path) if key is None else key.require(path)


def known(missing: str, word: object, words: Iterable[str]) -> None:
    """Is ``word`` one of ``words``?

    Raises:
        ValueError: ``missing`` ("there is no gesture") with the word, and what was perhaps meant, or all there are.
    """
    words = tuple(words)
    if word not in words:
        near = difflib.get_close_matches(str(word), words, 1)
        raise ValueError(f"{missing} named {word}; {f'did you mean {near[0]}?' if near else 'known: ' + ' '.join(words)}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
