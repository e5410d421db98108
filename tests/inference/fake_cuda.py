"""Compiles ``fake_cuda_driver.c`` and steers it. Loaded first and for everybody, it is the CUDA driver of this process."""

import ctypes
import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("fake_cuda_driver.c")
KINDS = ("device memory", "host memory", "streams", "events", "graphs")

OUT_OF_MEMORY, NO_DEVICE, LAUNCH_FAILED, INVALID_VALUE = 2, 100, 719, 1


class FakeCuda:
    """The driver of this process. ``folder`` gets the libraries."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("gcc"), "the driver proof needs gcc"
        driver = folder / "libcuda.so.1"
        compile_library(SOURCE, driver)
        self._library = ctypes.CDLL(str(driver), mode=ctypes.RTLD_GLOBAL)
        for name in ("fake_live", "fake_calls"):
            getattr(self._library, name).restype = ctypes.c_long
        self._extra = _libraries_of_pycuda(folder, driver)
        self.launch_host = self._library.cuLaunchHostFunc
        self.launch_host.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        self.reset()

    def reset(self) -> None:
        """As new: nothing alive, nothing failing, one Jetson-like GPU."""
        self._library.fake_reset()

    def live(self) -> dict[str, int]:
        """What was made and not given back."""
        counts = {name: int(self._library.fake_live(kind)) for kind, name in enumerate(KINDS)}
        return {name: count for name, count in counts.items() if count}

    def retained(self) -> int:
        """How often the primary context is retained."""
        return int(self._library.fake_live(len(KINDS)))

    def calls(self, name: str) -> int:
        """How often a driver function was called."""
        return int(self._library.fake_calls(name.encode()))

    def fail(self, call: str, after: int = 0, code: int = INVALID_VALUE, lost: bool = False, always: bool = False) -> None:
        """The call fails once, after so many good ones; ``lost``: then everything does; ``always``: the call goes on failing."""
        self._library.fake_fail(call.encode(), after, code, 1 if lost else 2 if always else 0)

    def lose(self, code: int = LAUNCH_FAILED) -> None:
        """The device is lost: every call fails from now on; 0 brings it back."""
        self._library.fake_lose(code)

    def delay(self, microseconds: int) -> None:
        """Each copy and each launch takes so long."""
        self._library.fake_delay(microseconds)

    def device(
        self, count: int = 1, name: str = "Fake", sm: tuple[int, int] = (8, 7), processors: int = 16,
        integrated: bool = True, maps: bool = True, version: int = 13000,
    ) -> None:  # fmt: skip
        """Which GPU it is."""
        self._library.fake_device(count, name.encode(), *sm, processors, int(integrated), int(maps), version)

    @contextmanager
    def nothing_left(self) -> Iterator[None]:
        """Everything made inside is given back at the end."""
        before = self.live()
        yield
        assert self.live() == before, f"left on the GPU: {self.live()}, before: {before}"


def compile_library(source: Path, target: Path, *options: str) -> None:
    """A shared library under its own file name as soname."""
    command = ["gcc", "-std=gnu11", "-O1", "-w", "-shared", "-fPIC", "-pthread", f"-Wl,-soname,{target.name}", *options]
    done = subprocess.run([*command, "-o", str(target), str(source), "-ldl"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def _libraries_of_pycuda(folder: Path, driver: Path) -> list[ctypes.CDLL]:
    """pycuda's compiled part wants every driver function by name, and cuRAND: what the driver lacks answers "not supported"."""
    found = importlib.util.find_spec("pycuda")
    if found is None or not found.submodule_search_locations:
        return []
    compiled = next(Path(found.submodule_search_locations[0]).glob("_driver*.so"))
    wanted = _symbols(compiled, "--undefined-only") - _symbols(driver, "--defined-only")
    versions = folder / "versions"
    versions.write_text("libcurand.so.10 { global: curand*; };")
    loaded = []
    for name, curand, options in (
        ("librest.so", False, ()),
        ("libcurand.so.10", True, (f"-Wl,--version-script={versions}",)),
    ):
        source = folder / f"{name}.c"
        lines = [f"int {call}(void) {{ return 801; }}\n" for call in sorted(wanted) if call.startswith("curand") == curand]
        source.write_text("".join(lines))
        compile_library(source, folder / name, *options)
        loaded.append(ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL))
    return loaded


def _symbols(library: Path, which: str) -> set[str]:
    listed = subprocess.run(["nm", "-D", which, str(library)], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\b[UTW] (cu\w+)", listed))
