"""Makes the lower-precision files of a shipped network anew; its float32 file and its parity vectors stay as they are.

    repack("head_pose", held_out, calibration=training_samples, keep=[...], figures=score)

For a better choice of what stays in float32, or another calibration. Needs no checkpoint of the training run.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dms.inference import parity
from dms.inference.definition import Definition, load_definition
from dms.resources import shipped
from tools.training.export import ExportError, Feeds, Run, onnx_run
from tools.training.package import Figures, Packaged, measure_variant, variant_file, write_folder
from tools.training.variants import fp16, int8


def repack(
    name: str,
    feeds: Sequence[Feeds],
    *,
    calibration: Sequence[Feeds],
    keep: Iterable[str] = (),
    figures: Figures | None = None,
    folder: Path | None = None,
) -> Packaged:
    """As ``tools.training.package.package``, from the files that are there.

    Raises:
        ExportError: the new files fail the check, or not all reference values are stored; the folder is as it was.
    """
    item = load_definition(folder or shipped("engines", name))
    plain = (item.folder / item.file).read_bytes()
    score, vectors = figures or (lambda run: {}), _stored(item)
    made = tuple(
        measure_variant(item, precision, (onnx_run(plain), data), vectors, feeds, score)
        for precision, data in (("fp16", fp16(plain)), ("int8", int8(plain, calibration, keep)))
    )
    files = {item.file: plain, **{variant_file(item, one.precision): one.data for one in made}}
    sizes = {"fp32": len(plain), **{one.precision: len(one.data) for one in made}}
    done = Packaged(item.folder, len(feeds), sizes, dict(score(onnx_run(plain))), made)
    with np.load(item.folder / "parity.npz") as arrays:
        write_folder(item, done, files, dict(arrays))
    return done


def _stored(item: Definition) -> tuple[Run, dict[str, Feeds]]:
    """The reference's answers to the stored cases."""
    cases = {case.name: case for case in parity.cases(item)}
    if any(step != 1 for case in cases.values() for step, _ in case.outputs.values()):
        raise ExportError(f"{item.name}: only every so many values of the reference are stored; package it from its checkpoint")
    shapes = {tensor.name: tensor.shape for tensor in item.outputs}
    answers: dict[int, dict[str, Any]] = {
        id(case.feeds): {name: value.reshape(shapes[name]) for name, (_, value) in case.outputs.items()}
        for case in cases.values()
    }
    return (lambda feed: answers[id(feed)]), {name: case.feeds for name, case in cases.items()}
