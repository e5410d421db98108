"""Nothing half-written under the final name: work goes under a temporary name and is renamed when it is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dms.errors import InputError, UsageError


@contextmanager
def finished_file(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to; renamed at the end, removed when anything goes wrong.

    Raises:
        InputError: the folder is missing or the place is taken by a folder.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; give a file name")
    if not path.parent.is_dir():
        raise InputError(f"{path}: cannot be written: there is no folder {path.parent}")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def finished_folder(path: Path) -> Iterator[Path]:
    """As ``finished_file`` for a folder, which must be new or empty.

    Raises:
        UsageError: the folder holds something.
        InputError: it cannot be made.
    """
    try:
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError(f"{path} is there and not empty; give a new folder")
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be made: {error.strerror or error}") from None
    try:
        yield part
        if path.exists():
            path.rmdir()
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
