"""What ``engines/<name>/engine.yaml`` says: the slot's contract and where the network comes from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dms import manifest
from dms.errors import InputError, UsageError
from dms.inference.base import TensorSpec
from dms.inference.convert import Recipe
from dms.resources import shipped

SCHEMA = "dms.engine/1"
LISTED = ("*/engine.yaml", "*/*.onnx", "*/parity.npz")
"""The files of the engines' folder that its manifest names."""
PRECISIONS = ("fp32", "fp16", "int8")
"""Of an engine file: float32 throughout; half inside; int8 weights and activations (Q/DQ) with float32 heads."""


@dataclass(frozen=True, slots=True)
class Source:
    """A network inside the pinned wheel: member name, its full SHA-256, what it expects for black..white."""

    member: str
    sha256: str
    input_range: str


@dataclass(frozen=True, slots=True)
class Loss:
    """How far one output of a variant is from the float32 file, in the output's own unit.

    ``mean`` and ``worst`` over the elements of ``Variant.samples`` inputs; ``limit`` is what is allowed on the parity vectors.
    """

    mean: float
    worst: float
    limit: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of merit on the same inputs: of the float32 file, and of the variant."""

    fp32: float
    here: float


@dataclass(frozen=True, slots=True)
class Variant:
    """The engine in a lower precision, another file beside it: same inputs and outputs, measured loss."""

    precision: str
    file: str
    sha256: str
    samples: int
    loss: Mapping[str, Loss]
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Definition:
    """One engine folder.

    Exactly one of ``source`` (converted at set-up) and ``file`` (an ONNX file that lies in the folder) is set. ``inputs`` and
    ``outputs`` of the definition named like its slot are that slot's contract.
    """

    name: str
    slot: str
    title: str
    licence: str
    provenance: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    folder: Path
    text: bytes
    source: Source | None = None
    source_outputs: Mapping[str, str] | None = None
    file: str = ""
    file_sha256: str = ""
    limits: Mapping[str, float] | None = None
    variants: tuple[Variant, ...] = ()

    def variant(self, precision: str) -> Variant:
        """The file with this precision (not for ``fp32``, which is the engine itself).

        Raises:
            UsageError: no such precision, or this engine has no such file.
        """
        if precision not in PRECISIONS:
            raise UsageError(f"there is no precision {precision!r}; known: {', '.join(PRECISIONS)}")
        for item in self.variants:
            if item.precision == precision:
                return item
        have = ", ".join(["fp32", *(item.precision for item in self.variants)])
        raise UsageError(f"engine {self.name} has no {precision} file; it has: {have}")

    def recipe(self) -> Recipe:
        """How the converter makes this engine from its source."""
        if self.source is None or self.source_outputs is None:
            raise UsageError(f"engine {self.name} is shipped as {self.file}, there is nothing to convert")
        symmetric = self.source.input_range == "symmetric"
        return Recipe(self.name, self.inputs[0], "symmetric" if symmetric else "unit", self.outputs, self.source_outputs)


def definitions() -> tuple[Definition, ...]:
    """All engines this installation ships, by name."""
    folders = sorted(path.parent for path in shipped("engines").glob("*/engine.yaml"))
    return tuple(load_definition(folder, listed=True) for folder in folders)


def definition(name: str) -> Definition:
    """The engine ``name``.

    Raises:
        UsageError: no such engine.
    """
    folder = shipped("engines") / name
    if name != Path(name).name or not (folder / "engine.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in shipped("engines").glob("*/engine.yaml")))
        raise UsageError(f"there is no engine slot {name!r}; known: {known}")
    return load_definition(folder, listed=True)


def load_definition(folder: Path, listed: bool = False) -> Definition:
    """Read ``folder/engine.yaml``; ``listed``: it has to agree with the manifest beside the folder.

    Raises:
        InputError: unreadable, incomplete or changed.
    """
    import yaml

    path = folder / "engine.yaml"
    try:
        text = path.read_bytes()
        if listed:
            manifest.check(folder.parent, f"{folder.name}/{path.name}", text)
        return _definition(yaml.safe_load(text), folder, text)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise InputError(f"{path}: not a usable engine specification: {reason}") from error


def _definition(data: Mapping[str, Any], folder: Path, text: bytes) -> Definition:
    if data["schema"] != SCHEMA:
        raise ValueError(f"schema is {data['schema']!r}, expected {SCHEMA!r}")
    if ("source" in data) == ("file" in data):
        raise ValueError("exactly one of source and file must be given")
    outputs = data["outputs"]
    source = Source(**data["source"]) if "source" in data else None
    if source and source.input_range not in ("unit", "symmetric"):
        raise ValueError(f"input_range is {source.input_range!r}, expected unit or symmetric")
    return Definition(
        name=data["name"],
        slot=data["slot"],
        title=data["title"],
        licence=data["licence"],
        provenance=data["provenance"],
        inputs=tuple(_tensor(item, "uint8") for item in data.get("inputs", [data.get("input")])),
        outputs=tuple(_tensor(item, "float32") for item in outputs),
        folder=folder,
        text=text,
        source=source,
        source_outputs={item["name"]: item["source"] for item in outputs} if source else None,
        file=data.get("file", ""),
        file_sha256=data.get("sha256", ""),
        limits={item["name"]: float(item["limit"]) for item in outputs if "limit" in item},
        variants=tuple(_variant(item, {tensor["name"] for tensor in outputs}) for item in data.get("variants") or ()),
    )


def _variant(item: Mapping[str, Any], outputs: set[str]) -> Variant:
    if item["precision"] not in PRECISIONS[1:]:
        raise ValueError(f"a variant's precision is {item['precision']!r}, expected {' or '.join(PRECISIONS[1:])}")
    loss = {name: Loss(**{key: float(value) for key, value in row.items()}) for name, row in item["loss"].items()}
    if loss.keys() != outputs:
        raise ValueError(f"the {item['precision']} variant states the loss of {sorted(loss)}, expected {sorted(outputs)}")
    figures = {name: Figure(float(row["fp32"]), float(row["here"])) for name, row in (item.get("figures") or {}).items()}
    return Variant(item["precision"], item["file"], item["sha256"], int(item["samples"]), loss, figures)


def _tensor(item: Mapping[str, Any], dtype: str) -> TensorSpec:
    return TensorSpec(item["name"], tuple(int(n) for n in item["shape"]), item.get("dtype", dtype))
