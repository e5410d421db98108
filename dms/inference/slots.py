"""From a slot's name to an engine: the built or shipped one, or an integrator's own ONNX file.

A slot's contract is the input and output list of ``engines/<slot>/engine.yaml``.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from dms.errors import BackendUnavailable, InputError, UsageError
from dms.inference import cache
from dms.inference.base import EngineSpec, TensorSpec
from dms.inference.definition import Definition, definition


def contract(slot: str) -> EngineSpec:
    """The slot's contract as a specification without a file (what the fake and replay back ends need).

    Raises:
        UsageError: no such slot.
    """
    return _spec(definition(slot), None, "", None)


def find_engine(slot: str, override: Path | None = None, precision: str = "fp32") -> EngineSpec:
    """The engine that fills ``slot``: ``override`` if given, else the one that belongs to this installation.

    Raises:
        UsageError: no such slot, or the engine has no file of this precision; never another one in its place.
        BackendUnavailable: the engines were not built yet.
        InputError: the file is broken, changed, or does not fit the slot.
    """
    wanted = definition(slot)
    if override is not None:
        if precision != "fp32":
            raise UsageError(f"slot {slot}: {override} has the precision it has; it cannot be asked for as {precision}")
        return _foreign(wanted, override)
    return locate(wanted, precision)


def locate(wanted: Definition, precision: str = "fp32") -> EngineSpec:
    """The file of ``wanted`` with this precision, its hash verified; see ``find_engine``."""
    if precision != "fp32":
        variant = wanted.variant(precision)
        return replace(_shipped(wanted, variant.file, variant.sha256), precision=precision)
    if wanted.file:
        return _shipped(wanted, wanted.file, wanted.file_sha256)
    built = cache.lookup(wanted)
    if built is None:
        raise BackendUnavailable("engines are not built", "run: dms engines build")
    name = cache.plain_file(wanted)
    return _spec(wanted, built.path(name), built.files[name], built.path(cache.cpu_file(wanted)))


def _spec(wanted: Definition, path: Path | None, sha256: str, cpu_path: Path | None) -> EngineSpec:
    return EngineSpec(
        name=wanted.name,
        slot=wanted.slot,
        inputs=wanted.inputs,
        outputs=wanted.outputs,
        path=path,
        sha256=sha256,
        licence=wanted.licence,
        provenance=wanted.provenance,
        cpu_path=cpu_path,
    )


def _shipped(wanted: Definition, file: str, sha256: str) -> EngineSpec:
    path = wanted.folder / file
    if not path.is_file():
        raise InputError(f"{path}: the engine file is missing; reinstall dms")
    if cache.sha256(path) != sha256:
        raise InputError(f"{path}: the file was changed or is damaged (its hash does not match engine.yaml); reinstall dms")
    return _spec(wanted, path, sha256, None)


def _foreign(wanted: Definition, path: Path) -> EngineSpec:
    """An integrator's own network, checked against the slot's contract."""
    if not path.is_file():
        raise InputError(f"{path}: no such engine file")
    inputs, outputs = read_interface(path)
    _require(path, wanted.slot, "input", wanted.inputs, inputs)
    _require(path, wanted.slot, "output", wanted.outputs, outputs)
    surplus = inputs.keys() - {tensor.name for tensor in wanted.inputs}
    if surplus:
        raise InputError(f"{path} does not fit slot {wanted.slot}: it wants more inputs: {', '.join(sorted(surplus))}")
    return EngineSpec(
        name=path.stem,
        slot=wanted.slot,
        inputs=wanted.inputs,
        outputs=wanted.outputs,
        path=path,
        sha256=cache.sha256(path),
        licence="the integrator's own",
        provenance=str(path),
    )


def _require(path: Path, slot: str, kind: str, wanted: tuple[TensorSpec, ...], have: dict[str, str]) -> None:
    for tensor in wanted:
        found = have.get(tensor.name)
        if found != str(tensor):
            listed = found or ", ".join(have.values()) or "none"
            raise InputError(f"{path} does not fit slot {slot}: expected {kind} {tensor}, found {listed}")


def read_interface(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Inputs and outputs of an ONNX file, name to ``name:type[shape]``; an open dimension is written ``?``.

    Raises:
        BackendUnavailable: the ``onnx`` package is missing.
        InputError: not a usable ONNX file.
    """
    try:
        import onnx
    except ImportError as error:
        raise BackendUnavailable("checking an engine file needs the onnx package", "run: pip install 'dms[cpu]'") from error
    try:
        onnx.checker.check_model(str(path))
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf, checker and file errors have no common base
        first = " ".join(str(error).split())[:160]
        raise InputError(f"{path}: not a usable ONNX file: {first or type(error).__name__}") from error
    constants = {item.name for item in model.graph.initializer}
    inputs = {item.name: _describe(item, onnx) for item in model.graph.input if item.name not in constants}
    return inputs, {item.name: _describe(item, onnx) for item in model.graph.output}


def _describe(item: Any, onnx: Any) -> str:
    tensor = item.type.tensor_type
    kind = onnx.TensorProto.DataType.Name(tensor.elem_type).lower()
    sizes = [str(d.dim_value) if d.HasField("dim_value") else "?" for d in tensor.shape.dim]
    return f"{item.name}:{ {'float': 'float32', 'double': 'float64'}.get(kind, kind) }[{'x'.join(sizes)}]"
