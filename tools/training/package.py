"""Puts a trained network into its engine folder: ONNX, variants, parity vectors, and the lines about them in ``engine.yaml``.

    package("head_pose", network, held_out, calibration=training_samples, figures=score)

``engine.yaml`` is written by hand first, with ``file: <name>.onnx`` and a ``limit`` for every output; here only its ``sha256``
and ``variants`` are filled in, and its comments stay. Nothing is changed unless the whole folder passes ``dms engines check``.
"""

import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray

from dms import manifest
from dms.inference.check import check
from dms.inference.definition import LISTED, PRECISIONS, Definition, load_definition
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.parity import noise
from dms.resources import shipped
from tools.training.export import ExportError, Feeds, Run, export, finish, module_run, onnx_run
from tools.training.graph import tidy
from tools.training.rewrite import for_cpu
from tools.training.variants import Distance, distances, fp16, int8

if TYPE_CHECKING:
    import torch

STEP_FROM, SAMPLES = 3000, 1200
"""Outputs with more elements are sampled, to about this many."""
NOISE_SEED = 1
MARGIN = 2.0
"""A variant's limit is this many times what the parity vectors showed here: other processors round half and int8 differently."""

Figures = Callable[[Run], Mapping[str, float]]
"""From a network as a function to its figures of merit, by name with unit (``yaw_error_deg``)."""


@dataclass(frozen=True, slots=True)
class Made:
    """One variant: its bytes, distance to the float32 file on the held-out samples, limits, figures."""

    precision: str
    data: bytes
    loss: Mapping[str, Distance]
    limits: Mapping[str, float]
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Packaged:
    """What ``package`` wrote."""

    folder: Path
    samples: int
    sizes: Mapping[str, int]
    figures: Mapping[str, float]
    variants: tuple[Made, ...] = field(default=())

    def table(self) -> str:
        """Loss by precision and output as a Markdown table, for the card."""
        rows = [
            "| precision | size, kB | output or figure | fp32 | here | mean distance | worst |",
            "|---|---|---|---|---|---|---|",
        ]
        rows += [
            f"| fp32 | {self.sizes['fp32'] / 1e3:.0f} | {name} | {value:.4g} | | | |" for name, value in self.figures.items()
        ]
        for made in self.variants:
            start = f"| {made.precision} | {self.sizes[made.precision] / 1e3:.0f} |"
            rows += [f"{start} {name} | {self.figures[name]:.4g} | {value:.4g} | | |" for name, value in made.figures.items()]
            rows += [f"{start} {name} | | | {loss.mean:.2g} | {loss.worst:.2g} |" for name, loss in made.loss.items()]
        return "\n".join(rows)


def package(
    name: str,
    module: "torch.nn.Module",
    feeds: Sequence[Feeds],
    *,
    calibration: Sequence[Feeds] = (),
    precisions: Sequence[str] = ("fp16", "int8"),
    keep: Iterable[str] = (),
    figures: Figures | None = None,
    parity: int = 4,
    folder: Path | None = None,
) -> Packaged:
    """Export the trained network and write everything ``engines/<name>`` ships for it.

    Args:
        name: the engine.
        module: the trained network; see ``tools.training.export`` for what its forward takes and gives.
        feeds: held-out samples (batch 1 each): losses are measured on all of them, parity vectors are taken from them.
        calibration: training samples that give the int8 ranges; never the held-out ones.
        precisions: which variants to make.
        keep: names of layers (``conv_4``, as in what ``export`` gives) that int8 leaves in float32.
        figures: gives the figures of merit of a network, measured for float32 and every variant.
        parity: how many of ``feeds`` are stored with torch's outputs; for picture engines one of noise is added.
        folder: the engine's folder, if not the one in this checkout.

    Raises:
        ExportError: the network cannot be shipped; the folder is as it was.
        InputError: ``engine.yaml`` is missing or incomplete.
    """
    folder = folder or shipped("engines", name)
    item = load_definition(folder)
    if not item.file or item.name != name:
        raise ExportError(f"{folder / 'engine.yaml'}: must name {name} and say file: {name}.onnx")
    cases = parity_cases(item, feeds, parity)
    data = export(module, item.inputs, item.outputs, cases.values())
    reference = module_run(module, item.inputs, item.outputs)
    return pack(item, data, reference, cases, feeds, calibration=calibration, precisions=precisions, keep=keep, figures=figures)


def pack(
    item: Definition,
    data: bytes,
    reference: Run,
    cases: Mapping[str, Feeds],
    feeds: Sequence[Feeds],
    *,
    calibration: Sequence[Feeds] = (),
    precisions: Sequence[str] = ("fp16", "int8"),
    keep: Iterable[str] = (),
    figures: Figures | None = None,
) -> Packaged:
    """The part of ``package`` that needs no torch: ``data`` is what ``export`` gave, ``reference`` what it has to reproduce."""
    if "int8" in precisions and not calibration:
        raise ExportError("int8 needs calibration samples")
    score = figures or (lambda run: {})
    plain = finish(tidy(for_cpu(onnx.load_from_string(data))))
    makers: dict[str, Callable[[], bytes]] = {"fp16": lambda: fp16(data), "int8": lambda: int8(data, calibration, keep)}
    made = tuple(
        measure_variant(item, precision, (onnx_run(plain), makers[precision]()), (reference, cases), feeds, score)
        for precision in PRECISIONS
        if precision in precisions
    )
    sizes = {"fp32": len(plain), **{one.precision: len(one.data) for one in made}}
    done = Packaged(item.folder, len(feeds), sizes, dict(score(onnx_run(plain))), made)
    files = {item.file: plain, **{variant_file(item, one.precision): one.data for one in made}}
    write_folder(item, done, files, _vectors(reference, cases))
    return done


def variant_file(item: Definition, precision: str) -> str:
    """``head_pose.onnx`` gives ``head_pose.int8.onnx``."""
    return f"{Path(item.file).stem}.{precision}.onnx"


def parity_cases(item: Definition, feeds: Sequence[Feeds], count: int) -> dict[str, Feeds]:
    """Evenly spaced samples, and noise where all inputs are pictures."""
    if not feeds:
        raise ExportError("no held-out samples were given")
    chosen = np.unique(np.linspace(0, len(feeds) - 1, count).round().astype(int))
    cases: dict[str, Feeds] = {f"sample{number}": feeds[index] for number, index in enumerate(chosen)}
    if all(tensor.dtype == "uint8" for tensor in item.inputs):
        cases[f"noise{NOISE_SEED}"] = {tensor.name: noise(NOISE_SEED, tensor.shape) for tensor in item.inputs}
    return cases


def measure_variant(
    item: Definition,
    precision: str,
    files: tuple[Run, bytes],
    vectors: tuple[Run, Mapping[str, Feeds]],
    feeds: Sequence[Feeds],
    score: Figures,
) -> Made:
    """``files``: the float32 file as a function, and the variant."""
    plain, variant = files
    reference, cases = vectors
    run, floor = onnx_run(variant), item.limits or {}
    on_vectors = distances(reference, run, cases.values())
    loss = distances(plain, run, feeds)
    limits = {
        name: round_up(max(MARGIN * found.worst, loss[name].worst, floor.get(name, 0.0))) for name, found in on_vectors.items()
    }
    return Made(precision, variant, loss, limits, dict(score(run)))


def round_up(value: float) -> float:
    """To two digits, upwards."""
    if value <= 0:
        return 0.0
    digit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / digit) * digit:.2g}")


def _vectors(reference: Run, cases: Mapping[str, Feeds]) -> dict[str, NDArray[Any]]:
    """Content of ``parity.npz``: see ``dms.inference.parity``."""
    arrays: dict[str, NDArray[Any]] = {}
    for case, feed in cases.items():
        if case.startswith("noise"):
            arrays[f"{case}/seed"] = np.array(NOISE_SEED, np.int64)
        else:
            arrays |= {f"{case}/in/{name}": value for name, value in feed.items()}
        for name, value in reference(feed).items():
            step = 1 if value.size < STEP_FROM else value.size // SAMPLES | 1
            arrays[f"{case}/step/{name}"] = np.array(step, np.int64)
            arrays[f"{case}/out/{name}"] = value.ravel()[::step].astype(np.float32)
    return arrays


def write_folder(item: Definition, done: Packaged, files: Mapping[str, bytes], vectors: Mapping[str, NDArray[Any]]) -> None:
    """All files to a scratch folder, checked there as a user would, then moved; ``engine.yaml`` last."""
    text = specification(item.text.decode(), item, done, files)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name, item.name)
        scratch.mkdir()
        for file, data in files.items():
            (scratch / file).write_bytes(data)
        np.savez_compressed(scratch / "parity.npz", **vectors)  # type: ignore[arg-type]
        (scratch / "engine.yaml").write_text(text, encoding="utf-8")
        verdict = check(load_definition(scratch), OnnxRuntimeBackend())
        if not verdict.ok:
            bad = [
                f"{row.precision} {row.output}: {row.worst:.2g}, allowed {row.limit:.2g}"
                for row in verdict.differences
                if not row.ok
            ]
            raise ExportError("the packed engine fails its check: " + "; ".join([*bad, *verdict.violations]))
        for file in [*files, "parity.npz", "engine.yaml"]:
            hidden = item.folder / f".{file}.new"
            hidden.write_bytes((scratch / file).read_bytes())
            os.replace(hidden, item.folder / file)
    _tidy(item, files)


def _tidy(item: Definition, files: Mapping[str, bytes]) -> None:
    """No variant stays that was not made now; the manifest beside the folder, if there is one, lists the new files."""
    for precision in PRECISIONS[1:]:
        if variant_file(item, precision) not in files:
            (item.folder / variant_file(item, precision)).unlink(missing_ok=True)
    if (item.folder.parent / manifest.NAME).is_file():
        manifest.write(item.folder.parent, LISTED)


def specification(text: str, item: Definition, done: Packaged, files: Mapping[str, bytes]) -> str:
    """``engine.yaml`` with its hash and its variants set; every other line stays as it is."""
    line = f"sha256: {sha256(files[item.file]).hexdigest()}"
    text, found = re.subn(r"^sha256:[ ]*(?:\"\"|''|\w*)", line, text, count=1, flags=re.M)
    if not found:
        text = re.sub(r"^(file:.*)$", rf"\1\n{line}", text, count=1, flags=re.M)
    text = re.sub(r"^variants:.*\n(?:(?:[ \t-].*)?\n)*", "", text if text.endswith("\n") else f"{text}\n", count=1, flags=re.M)
    return text.rstrip("\n") + "\n" + _variant_lines(item, done, files)


def _variant_lines(item: Definition, done: Packaged, files: Mapping[str, bytes]) -> str:
    if not done.variants:
        return ""
    lines = [
        "variants:  # written by tools/training/package.py",
        "  # loss: distance to the fp32 file over all samples, in the output's unit; limit: allowed on the parity vectors",
    ]
    for made in done.variants:
        file = variant_file(item, made.precision)
        lines += [f"  - precision: {made.precision}", f"    file: {file}", f"    sha256: {sha256(files[file]).hexdigest()}"]
        lines += [f"    samples: {done.samples}", "    loss:"]
        for name, loss in made.loss.items():
            numbers = f"mean: {_number(loss.mean)}, worst: {_number(loss.worst)}, limit: {_number(made.limits[name])}"
            lines.append(f"      {name}: {{{numbers}}}")
        if made.figures:
            lines.append("    figures:")
            lines += [
                f"      {name}: {{fp32: {_number(done.figures[name], 4)}, here: {_number(value, 4)}}}"
                for name, value in made.figures.items()
            ]
    return "\n".join(lines) + "\n"


def _number(value: float, digits: int = 2) -> str:
    """Short, and a number for every YAML reader (``1.0e-05``, not ``1e-05``)."""
    text = f"{value:.{digits}g}"
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0{e}{exponent}" if e and "." not in mantissa else text
