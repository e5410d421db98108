"""The house holds: imports point downwards, light rooms stay light, nobody reads a clock behind the runtime's back."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"dms": ROOT / "dms", "hil": ROOT / "hil"}

FREE = {"dms", "dms.errors", "dms.manifest", "dms.resources", "dms.ring", "dms.signature"}
"""What every room may use: the version, errors, shipped files, their hashes and signatures."""

MAY_USE: dict[str, set[str]] = {
    "records": set(),
    "profiles": {"records"},
    "drivelog": {"records"},
    "camera": {"drivelog", "records"},
    "inference": set(),
    "perception": {"inference", "records"},
    "assessment": {"profiles", "records"},
    "readiness": {"profiles", "records"},
    "bus": {"records"},
    "gesture": {"profiles", "records"},
    "diagnostics": {"records", "bus"},
}
MAY_USE["runtime"] = {*MAY_USE}
MAY_USE["cli"] = {*MAY_USE}

HIL_USERS = {
    "dms.cli.demo", "dms.cli.demo_cockpit", "dms.cli.scenario", "dms.cli.hil", "dms.cli.hil_bench", "dms.cli.hil_controller",
    "dms.cli.hil_evaluate", "dms.cli.hil_faults", "dms.cli.hil_glances",
}  # fmt: skip
"""The only modules of the product that may reach into the test bench."""

LAZY = {
    "OpenGL", "asammdf", "autosar_e2e", "av", "cryptography", "cuda", "cv2", "distributed", "flatbuffers", "gi", "isotp", "mcap",
    "mediapipe", "moderngl", "msgpack", "onnx", "onnxruntime", "pycuda", "rich", "scipy", "tensorrt", "tflite", "torch",
    "udsoncan", "zstandard",
}  # fmt: skip
"""Heavy or optional packages. They may be imported inside functions; at the top of a module only where TOP says so."""

CORE = {"can", "cantools", "msgspec", "numpy", "yaml"}
"""Third-party packages of the core installation that may stand at the top of a module."""

TOP: dict[str, set[str]] = {
    "dms.perception": {"cv2"},
    "dms.inference.convert": {"flatbuffers", "onnx", "tflite"},
    "hil.pytest_plugin": {"pytest"},
    "hil.conformance": {"pytest"},
}
"""Rooms that are loaded only when pictures or conversion are asked for."""

CLOCK_READERS = ("dms.runtime", "dms.cli")
DATED = {"dms.runtime.accept.date"}
"""Reads the wall clock for the date in the header of an acceptance record, and for nothing else."""

STOPWATCHES = {"dms.inference.base", "dms.perception.pipeline"}
"""Measure how long a stage took, for benches; no decision depends on it."""


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name to syntax tree of every module of the product and of the test bench."""
    found = {}
    for package, folder in PACKAGES.items():
        for path in sorted(folder.rglob("*.py")):
            if "_shipped" in path.parts:
                continue
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return found


def imports(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """(dotted name, is it executed when the module is loaded) of each import; ``from a import b`` gives ``a`` and ``a.b``."""

    def visit(node: ast.AST, top: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, "relative imports hide the direction; write the whole name"
                yield child.module or "", top
                yield from ((f"{child.module}.{alias.name}", top) for alias in child.names)
            elif isinstance(child, ast.If) and _type_checking(child.test):
                yield from ((name, False) for name, _ in visit(child, False))
            else:
                yield from visit(child, top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))

    yield from visit(tree, True)


def _type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def wrong_direction(name: str, wanted: str) -> bool:
    """May module ``name`` not import ``wanted``."""
    if wanted.split(".")[0] == "hil":
        return not (name.startswith("hil") or name in HIL_USERS)
    if wanted.split(".")[0] != "dms" or name.startswith("hil"):
        return False
    room, other = room_of(name), room_of(wanted)
    if other in ("", "errors", "manifest", "resources", "ring", "signature", "__version__") or other == room:
        return False
    if name == "dms.__main__":
        return other != "cli"
    return other not in MAY_USE.get(room, set())


def test_every_room_is_in_the_plan() -> None:
    rooms = {room_of(name) for name in modules() if name.startswith("dms.")}
    assert rooms - {"errors", "manifest", "resources", "ring", "signature", "__main__"} <= MAY_USE.keys()


def test_imports_point_downwards() -> None:
    wrong = [
        f"{name} imports {wanted}"
        for name, tree in modules().items()
        for wanted, _ in imports(tree)
        if wrong_direction(name, wanted)
    ]
    assert not wrong, "\n".join(wrong)


def test_direction_check_can_fail() -> None:
    assert wrong_direction("dms.records.frame", "dms.camera.base")
    assert wrong_direction("dms.bus.port", "hil.controller.peer")
    assert wrong_direction("dms.assessment.zones", "dms.perception")
    assert wrong_direction("dms.runtime.loop", "dms.cli.main")
    assert not wrong_direction("dms.runtime.loop", "dms.bus.port")
    assert not wrong_direction("hil.controller.peer", "dms.bus.port")


def test_no_package_slips_in() -> None:
    """A new third-party package must be put on a list here, on purpose."""
    wrong = []
    for name, tree in modules().items():
        allowed_top = CORE.union(*(packages for prefix, packages in TOP.items() if name.startswith(prefix)))
        for wanted, top in imports(tree):
            package = wanted.split(".")[0]
            if package in ("dms", "hil", "__future__") or package in sys.stdlib_module_names:
                continue
            if package not in (allowed_top if top else CORE | LAZY):
                wrong.append(f"{name} imports {package} {'at its top' if top else 'inside a function'}")
    assert not wrong, "\n".join(sorted(set(wrong)))


def clock_reads(tree: ast.AST) -> list[str]:
    """Uses of ``time`` and ``datetime``, other than type annotations could need."""
    return [wanted for wanted, _ in imports(tree) if wanted.split(".")[0] in ("time", "datetime")]


@pytest.mark.requirement("FS-19")
def test_only_the_runtime_reads_a_clock() -> None:
    readers = {name for name, tree in modules().items() if name.startswith("dms") and clock_reads(tree)}
    assert {n for n in readers if not n.startswith(CLOCK_READERS)} == STOPWATCHES


def test_stopwatches_are_only_stopwatches() -> None:
    for name in STOPWATCHES:
        used = {
            node.attr
            for node in ast.walk(modules()[name])
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time"
        }
        assert used == {"perf_counter"}, name


@pytest.mark.requirement("FS-19")
def test_no_clock_that_can_be_set_is_read() -> None:
    """Neither ``time.time`` nor ``datetime``: a stepped wall clock changes nothing. A date in a header is all there may be."""
    allowed = {"monotonic", "perf_counter", "process_time", "thread_time", "sleep"}
    for name, tree in modules().items():
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "time"
        }
        assert used <= allowed or "time" not in clock_reads(tree), name
        settable = [wanted for wanted in clock_reads(tree) if wanted.startswith(("datetime", "time."))]
        assert bool(settable) == (name in DATED), name
    users = {name for name, tree in modules().items() for wanted, _ in imports(tree) if wanted in DATED}
    assert users == {"dms.runtime.accept.run"}, "a date is for the record's header only"


def loaded_by(statement: str) -> set[str]:
    """Top-level packages in a fresh interpreter after ``statement``."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted({{n.split('.')[0] for n in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("statement", "barred"),
    [
        ("import dms", LAZY | CORE),
        ("import dms.cli.main", LAZY | CORE),
        ("import dms.assessment, dms.readiness, dms.records, dms.profiles", LAZY | {"can", "cantools"}),
        ("import dms.inference, dms.inference.engine_set, dms.inference.registry", LAZY | {"can", "cantools"}),
        ("import dms.camera, dms.camera.base, dms.camera.open, dms.drivelog", LAZY | {"can", "cantools"}),
        ("import dms.bus, dms.bus.port, dms.bus.publisher, dms.bus.receiver, dms.bus.vehicle_inputs", LAZY - {"msgpack"}),
        ("import dms.cli.assess, dms.cli.explain, dms.cli.observe, dms.cli.replay, dms.cli.run, dms.cli.doctor", LAZY | {"can"}),
        ("import dms.diagnostics.server, dms.diagnostics.isotp_link, dms.diagnostics.tester, dms.cli.diag", LAZY - {"msgpack"}),
        ("import hil", LAZY | CORE),
    ],
)
def test_light_imports_stay_light(statement: str, barred: set[str]) -> None:
    assert not loaded_by(statement) & barred


def test_weight_check_can_fail() -> None:
    assert "numpy" in loaded_by("import numpy")


# Words are put together here so that this file does not speak of them itself.
FOREIGN = re.compile(
    "|".join([r"(?<![\w.])/wor" + r"k/", r"(?<![\w.])/tm" + r"p/", r"/home/\w+/", r"brief" + r"\.md", r"git" + r"lab\.\w+\.\w+/"])
)
TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".dbc", ".cff", ".txt", ".json", ""}


def committed() -> list[Path]:
    """Tracked text files; none outside a git checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and Path(name).suffix in TEXT and (ROOT / name).is_file()]


def test_the_project_speaks_only_of_itself() -> None:
    wrong = []
    for path in committed():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if FOREIGN.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)
