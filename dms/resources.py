"""Finds the data files the package ships: engine folders, vehicle and driver files.

In an installed wheel they lie under ``dms/_shipped``; in a checkout (editable install) at the top of the repository.
"""

import os
from pathlib import Path

from dms.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


def shipped(*parts: str) -> Path:
    """Path of a shipped top-level folder or file, e.g. ``shipped("engines", "face_mesh")``.

    Raises:
        UsageError: the file is not part of this installation.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        path = root.joinpath(*parts)
        if path.exists():
            return path
    raise UsageError(f"this installation lacks {'/'.join(parts)}; reinstall dms")


def cache_dir() -> Path:
    """Folder for converted engines: ``$DMS_CACHE``, else ``$XDG_CACHE_HOME/dms``, else ``~/.cache/dms``."""
    own = os.environ.get("DMS_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "dms"
