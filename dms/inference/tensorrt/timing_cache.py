"""How long TensorRT's kernels took on this GPU, kept between builds: a second build of a like network is much quicker.

Only a help: one that is missing, damaged, or of another TensorRT or GPU is left out, and a build then measures anew. Which plan
belongs to which network does not depend on it.
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dms.inference.cache import write_synced
from dms.inference.tensorrt.api import IBuilderConfig, ITimingCache

if TYPE_CHECKING:
    from dms.inference.tensorrt.plan_key import PlanKey

_HASH = 32
"""Bytes of the SHA-256 that stands before the content."""

_MEASURED_BY = ("tensorrt", "driver", "gpu", "sm", "processors", "l4t", "dla")
"""Of a plan's key: what the times depend on."""


@dataclass(slots=True)
class TimingCache:
    """One build's view: ``data`` before it, and after it what it added."""

    data: bytes = b""

    def offer(self, config: IBuilderConfig) -> ITimingCache | None:
        """Give it to a build; what TensorRT does not take is replaced by an empty one."""
        for data in dict.fromkeys((self.data, b"")):
            cache = config.create_timing_cache(data)
            if cache is not None and config.set_timing_cache(cache, False):
                return cache
        return None

    def keep(self, cache: ITimingCache | None) -> None:
        """Take over what a build measured."""
        if cache is not None:
            self.data = bytes(memoryview(cache.serialize()))


def timing_file(folder: Path, key: "PlanKey") -> Path:
    """Where the times of ``key``'s GPU and TensorRT lie in a plan store's folder."""
    text = "\n".join(f"{name}={getattr(key, name)}" for name in _MEASURED_BY)
    return folder / f"timing-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def read_timing(path: Path) -> TimingCache:
    """What was kept; empty where there is nothing, or not what was put there."""
    try:
        data = path.read_bytes()
    except OSError:
        return TimingCache()
    whole = data[:_HASH] == hashlib.sha256(data[_HASH:]).digest()
    return TimingCache(data[_HASH:] if whole else b"")


def write_timing(path: Path, timing: TimingCache) -> None:
    """Keep it; a disk that is full only makes the next build slower."""
    beside = path.with_name(f".{path.name}.new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_synced(beside, hashlib.sha256(timing.data).digest() + timing.data)
        os.replace(beside, path)
