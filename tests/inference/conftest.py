import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dms.inference import cache, wheel
from dms.inference.build import build
from dms.inference.definition import Definition, definitions


@pytest.fixture(scope="session")
def built() -> dict[str, cache.Cached]:
    """The built engines in the user's cache; built on first use, which needs the network once."""
    build()
    found = {item.name: cache.lookup(item) for item in definitions() if item.source}
    assert all(found.values())
    return {name: entry for name, entry in found.items() if entry}


@pytest.fixture(scope="session")
def sources(built: dict[str, cache.Cached]) -> dict[str, bytes]:
    """The untouched source networks by engine name."""
    return {name: entry.path(f"{name}.tflite").read_bytes() for name, entry in built.items()}


@pytest.fixture(scope="session")
def small_wheel(sources: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with nothing but the five source networks."""
    path = tmp_path_factory.mktemp("wheel") / wheel.WHEEL
    with zipfile.ZipFile(path, "w") as archive:
        for item in definitions():
            if item.source:
                archive.writestr(item.source.member, sources[item.name])
    return path


@pytest.fixture
def own_cache(tmp_path: Path, small_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no network, and the small wheel taken for the pinned one."""

    def no_network(folder: Path, tell: wheel.Fraction) -> Path:
        raise AssertionError("the network was used")

    monkeypatch.setenv("DMS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(wheel, "WHEEL_SHA256", hashlib.sha256(small_wheel.read_bytes()).hexdigest())
    monkeypatch.setattr(wheel, "download", no_network)
    return tmp_path / "cache"


@pytest.fixture
def only_eye(monkeypatch: pytest.MonkeyPatch) -> Definition:
    """Let a build see one engine only, to be quick."""
    item = next(item for item in definitions() if item.name == "eye_landmarks")
    monkeypatch.setattr("dms.inference.build.definitions", lambda: (item,))
    return item


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
