"""Every name of TensorRT the code uses is in TensorRT 10.3, 10.16 and 11.4, with these arguments.

Three links: mypy holds the code to the types in ``dms/inference/tensorrt/api.py``; the tables of names, made by
``tools/tensorrt_api_tables.py`` from NVIDIA's own bindings, hold those types; and nothing is looked up behind mypy's back.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOM = ROOT / "dms" / "inference" / "tensorrt"
FILES = [*sorted(ROOM.glob("*.py")), ROOM.parent / "tensorrt_backend.py"]
VERSIONS = ("10.3", "10.16", "11.4")
Names = dict[str, Any]


def names_of(version: str) -> Names:
    data = json.loads((Path(__file__).parent / "data" / f"tensorrt_api_{version}.json").read_text())
    assert data["schema"] == "dms.tensorrt-api/1" and data["version"].startswith(f"{version}.")
    return dict(data["names"])


@pytest.fixture(scope="module", params=VERSIONS)
def names(request: pytest.FixtureRequest) -> Names:
    return names_of(request.param)


def accepts(overloads: list[str], wanted: list[str] | int) -> bool:
    """Is there an overload that takes these arguments by position: the same names in order, the rest optional; or so many."""
    for text in overloads:
        have = text.split(", ") if text else []
        count = wanted if isinstance(wanted, int) else len(wanted)
        given, rest = have[:count], have[count:]
        right = len(given) == count if isinstance(wanted, int) else [name.rstrip("?") for name in given] == wanted
        if right and all(name.endswith("?") for name in rest):
            return True
    return False


def disagreements(api: str, names: Names) -> list[str]:
    """What the types in the text of ``api.py`` say that is not so."""
    wrong = []
    for node in ast.parse(api).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for name, arguments in declared(node):
            where = names if node.name == "TensorRt" else names.get(node.name, {})
            label = name if node.name == "TensorRt" else f"{node.name}.{name}"
            if name.startswith("__"):
                continue  # the module's version, the buffer protocol
            if name not in where:
                wrong.append(f"{label} does not exist")
            elif arguments is not None:
                found = where[name]["__init__"] if isinstance(where[name], dict) else where[name]
                if not accepts(found or [], arguments):
                    wrong.append(f"{label} takes ({') or ('.join(found or [])}), not {arguments}")
    return wrong


def declared(kind: ast.ClassDef) -> Iterator[tuple[str, list[str] | int | None]]:
    """Members of a type with their arguments: names of a method's, number of a constructor's, none of a value."""
    for item in kind.body:
        if isinstance(item, ast.FunctionDef):
            yield item.name, [argument.arg for argument in item.args.args[1:]]
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            note = item.annotation
            called = (
                isinstance(note, ast.Subscript) and isinstance(note.slice, ast.Tuple) and ast.unparse(note.value) == "Callable"
            )
            yield item.target.id, len(note.slice.elts[0].elts) if called else None  # type: ignore[attr-defined]


def chains(text: str) -> set[tuple[str, ...]]:
    """``trt.A.B`` as ``("A", "B")``, wherever it stands."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        named = isinstance(node, ast.Name) and node.id == "trt"
        held = isinstance(node, ast.Name) and node.id == "self" and parts[:1] == ["_trt"]
        if parts and (named or held):
            found.add(tuple(parts[1:] if held else parts))
    return found - {()}


def unknown_chains(text: str, names: Names) -> list[str]:
    wrong = []
    for chain in chains(text):
        if chain[0].startswith("__"):
            continue
        kind = names.get(chain[0], "missing")
        if kind == "missing" or (len(chain) > 1 and chain[1] not in (kind or {})):
            wrong.append(".".join(chain))
    return sorted(wrong)


def overridden(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """(TensorRT's class, method, arguments) of every method of a class derived from ``trt.X``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            for base in node.bases:
                if isinstance(base, ast.Attribute) and ast.unparse(base.value) == "trt":
                    for item in node.body:
                        if isinstance(item, ast.FunctionDef):
                            yield base.attr, item.name, [argument.arg for argument in item.args.args[1:]]


def mypy_says(file: Path, text: str, tmp_path: Path) -> str:
    """mypy's complaints about the back end if ``file`` had this text."""
    shadow = tmp_path / file.name
    shadow.write_text(text)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--shadow-file", str(file), str(shadow), *map(str, FILES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    return done.stdout + done.stderr


def test_the_types_are_those_of_the_bindings(names: Names) -> None:
    wrong = disagreements((ROOM / "api.py").read_text(), names)
    assert not wrong, wrong


def test_names_in_the_code_exist(names: Names) -> None:
    found = {chain for file in FILES for chain in chains(file.read_text())}
    assert {("Builder",), ("NetworkDefinitionCreationFlag", "STRONGLY_TYPED"), ("ILogger", "ERROR")} <= found
    wrong = [f"{file.name}: trt.{chain}" for file in FILES for chain in unknown_chains(file.read_text(), names)]
    assert not wrong, wrong


def test_what_tensorrt_calls_is_called_so(names: Names) -> None:
    found = [item for file in FILES for item in overridden(file.read_text())]
    methods = {(kind, method) for kind, method, _ in found}
    assert {("ILogger", "log"), ("IProgressMonitor", "phase_start"), ("IProgressMonitor", "step_complete")} <= methods
    for kind, method, arguments in found:
        if method in names[kind] and method != "__init__":
            assert accepts(names[kind][method], len(arguments)), f"{kind}.{method}"
    missing = {f"IProgressMonitor.{name}" for name in names["IProgressMonitor"] if not name.startswith("_")}
    assert missing <= {f"{kind}.{method}" for kind, method in methods}


def test_nothing_is_looked_up_behind_the_types() -> None:
    for file in FILES:
        text = file.read_text()
        assert not re.search(r"\b(getattr|hasattr|setattr)\(\s*(self\._)?trt\b", text), file.name
        imported = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
        named = {a.name for node in imported if isinstance(node, ast.Import) for a in node.names}
        assert "tensorrt" not in named or file.name == "module.py", file.name


def test_mypy_holds_the_code_to_the_types(tmp_path: Path) -> None:
    file = ROOM / "network.py"
    assert mypy_says(file, file.read_text(), tmp_path) == ""


@pytest.mark.parametrize(
    ("right", "misuse", "complaint"),
    [
        ("config.clear_flag(trt.BuilderFlag.TF32)", "config.set_flag(trt.BuilderFlag.FP16)", '"FP16"'),
        ("parser.parse(model)", "parser.parse_model(model)", '"parse_model"'),
        ("builder.build_serialized_network(network, config)", "builder.build_engine(network, config)", '"build_engine"'),
    ],
)
def test_a_misuse_in_the_code_is_caught(right: str, misuse: str, complaint: str, tmp_path: Path) -> None:
    """Planted faults."""
    file = ROOM / "network.py"
    text = file.read_text()
    assert right in text
    assert f"has no attribute {complaint}" in mypy_says(file, text.replace(right, misuse), tmp_path)


@pytest.mark.parametrize(
    ("right", "misuse", "complaint", "versions"),
    [
        ("builder_optimization_level: int", "int8_calibrator: int", "IBuilderConfig.int8_calibrator does not exist", {"11.4"}),
        ("    TF32: SupportsInt", "    FP16: SupportsInt", "BuilderFlag.FP16 does not exist", {"11.4"}),
        (
            "def execute_async_v3(self, stream_handle",
            "def execute_async_v3(self, bindings",
            "takes (stream_handle)",
            set(VERSIONS),
        ),
        ("def execute_async_v3(self", "def execute_async_v2(self", "execute_async_v2 does not exist", set(VERSIONS)),
        ("Runtime: Callable[[Any], Runtime]", "Runtime: Callable[[Any, Any], Runtime]", "Runtime takes (logger)", set(VERSIONS)),
        ("def create_network(self, flags: int)", "def create_network(self)", "", set()),
    ],
)
def test_a_misuse_in_the_types_is_caught(right: str, misuse: str, complaint: str, versions: set[str]) -> None:
    """Planted faults: calls that one of the three lacks, or with other arguments. An optional argument may be left out."""
    text = (ROOM / "api.py").read_text().replace(right, misuse)
    found = {version: disagreements(text, names_of(version)) for version in VERSIONS}
    assert {version for version, lines in found.items() if lines} == versions
    assert all(complaint in lines[0] for lines in found.values() if lines), found


def test_a_name_in_an_expression_is_caught(names: Names) -> None:
    """Planted fault, where mypy sees nothing because the class is derived from."""
    assert unknown_chains("x = trt.ILogger.FATAL", names) == ["ILogger.FATAL"]
    assert unknown_chains("self._trt.Builder(1); trt.ILogger.ERROR", names) == []


def test_the_double_is_no_richer_than_tensorrt(names: Names) -> None:
    """The double of the driver proof has no member that TensorRT lacks, so code that passes there does not lean on the double."""
    import tensorrt_double as double

    checked = 0
    for name, kind in vars(double).items():
        if name.startswith("_") or name not in names or not isinstance(names[name], dict):
            continue
        members = vars(kind) if not isinstance(kind, type) else {n: None for base in kind.__mro__[:-1] for n in vars(base)}
        surplus = {n for n in members if not n.startswith("_")} - names[name].keys() - {"model", "flags", "runs"}
        assert not surplus, f"{name}: {surplus}"
        checked += 1
    assert checked >= 12
