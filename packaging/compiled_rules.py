"""Build hook: puts the rules into the wheel as machine code too (mypyc), beside their source.

    HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 pip install '.[cpu]'

Needs a C compiler and takes a minute or two. Nothing is written into the source tree, so an editable installation stays plain.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOMS = ("dms/assessment", "dms/readiness")
PLAIN = {"__init__.py", "cycle.py", "stream.py"}
"""Left as they are: what msgspec decodes needs its annotations, which a compiled class does not keep."""
SETUP = """
import sys
from mypyc.build import mypycify
from setuptools import setup
sources = sys.argv.pop().split(",")
setup(name="rules", packages=[], ext_modules=mypycify([*sources, "--ignore-missing-imports"], opt_level="{level}"))
"""


def modules(root: Path) -> list[str]:
    """Modules to compile, relative to ``root``."""
    found = (path for room in ROOMS for path in (root / room).rglob("*.py") if path.name not in PLAIN)
    return [*sorted(str(path.relative_to(root)) for path in found), "dms/records/head_axes.py"]


def compile_into(root: Path, place: Path, level: str = "2") -> list[Path]:
    """Compile the rules of ``root`` and return the libraries, which lie under ``place`` as they must lie in the wheel.

    Raises:
        RuntimeError: with what the compiler said.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "dms").symlink_to((root / "dms").resolve())
        (work / "setup.py").write_text(SETUP.format(level=level))
        command = [sys.executable, "setup.py", "build_ext", "--build-lib", str(place.resolve()), ",".join(modules(root))]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the rules cannot be compiled:\n{done.stdout}{done.stderr}")
    return sorted(place.rglob("*.so"))


class CustomBuildHook(BuildHookInterface[Any]):
    """Adds the libraries to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs."""
        if version == "editable":
            raise RuntimeError("the rules are compiled for wheels only; an editable installation must follow its source")
        self._place = tempfile.TemporaryDirectory()
        place = Path(self._place.name)
        for library in compile_into(Path(self.root), place):
            build_data["force_include"][str(library)] = str(library.relative_to(place))
        build_data["pure_python"], build_data["infer_tag"] = False, True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when the wheel is there."""
        self._place.cleanup()
