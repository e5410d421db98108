import gc
import hashlib
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dms.inference import cache, wheel
from dms.inference.build import build
from dms.inference.definition import Definition, definitions

if TYPE_CHECKING:
    from fake_cuda import FakeCuda


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


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> "FakeCuda":
    """One a process: it can be loaded only once."""
    from fake_cuda import FakeCuda

    return FakeCuda(tmp_path_factory.mktemp("cuda"))


@pytest.fixture
def gpu(driver: "FakeCuda", monkeypatch: pytest.MonkeyPatch) -> "Iterator[FakeCuda]":
    """A fresh GPU, the double in TensorRT's place, and nothing left on the GPU at the end."""
    import tensorrt_double as double

    driver.reset()
    double.driver = driver
    double.faults.clear()
    double.built.clear()
    double.slow.clear()
    monkeypatch.setitem(sys.modules, "tensorrt", double)
    yield driver
    if "pycuda.driver" in sys.modules:
        gc.collect()  # its streams and events go with their last reference
    left = driver.live()
    driver.reset()
    assert not left, f"left on the GPU: {left}"


@pytest.fixture(params=["cuda-bindings", "pycuda"])
def cuda(request: pytest.FixtureRequest) -> str:
    """Both implementations; pycuda only where it was built (it has no wheels)."""
    if request.param == "pycuda":
        try:
            import pycuda.driver  # noqa: F401
        except ImportError:
            if os.environ.get("DMS_REQUIRE_PYCUDA"):
                raise
            pytest.skip("no build of pycuda here")
    return str(request.param)


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of plans that all tests share."""
    return tmp_path_factory.mktemp("plans")
