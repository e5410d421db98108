"""What a trusted key vouches for beside the profile: the engines shipped, converted here, or the integrator's own."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from dms import manifest
from dms.errors import InputError
from dms.inference import cache
from dms.inference.definition import definitions
from dms.resources import shipped
from dms.signature import TrustedKey


def require_signed_engines(key: TrustedKey, own: Mapping[str, Path]) -> None:
    """Every engine that may be opened is signed with ``key``.

    Args:
        key: the key whose signatures count.
        own: the integrator's own files by slot, each with its signature beside it.

    Raises:
        InputError: naming the first file that is not.
    """
    key.require(shipped("engines") / manifest.NAME)
    for path in own.values():
        key.require(path)
    for path in built_manifests(without=own):
        if json.loads(key.require(path)).get("key") != path.parent.name:  # signed, but another engine's
            raise InputError(f"{path}: belongs to another engine; run: dms engines build --force, and sign again")


def built_manifests(without: Mapping[str, Path] | None = None) -> Iterator[Path]:
    """Manifests of the engines that were converted on this machine, but for the slots in ``without``."""
    for item in definitions():
        path = cache.engines_dir() / cache.key(item) / cache.MANIFEST
        if item.source and item.slot not in (without or {}) and path.is_file():
            yield path
