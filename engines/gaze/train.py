"""Trains the gaze network: a reader of the patches of rendered eyes, and readers of what the mesh shows of rendered faces.

python engines/gaze/train.py PEOPLE --out RUN [--steps N] [--package]

PEOPLE is a set made by ``tools.training.render``, with meshes (``tools.training.meshes``). RUN gets checkpoints and logs; the
same command goes on where it was broken off.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from tools.training.answer import answered, needs  # noqa: E402

needs("torch", "onnx")

import torch  # noqa: E402
from eyes import Eyes, Pair  # noqa: E402
from net import MEMBERS, GazeNet, Patches, PointsReader, scaling  # noqa: E402
from points import Points, batches_of, points_of  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from dms.inference.base import Tensors  # noqa: E402
from dms.perception.gaze_net import SIDES, cut_eyes, gaze_feeds  # noqa: E402
from dms.records.angles import direction_from  # noqa: E402
from tools.training.faces import Faces, load_faces  # noqa: E402
from tools.training.loop import Batches, Schedule, train  # noqa: E402
from tools.training.program import begin, options, rates  # noqa: E402

BATCH, STEPS, SEED = 64, 5000, 4007
POINTS_BATCH, POINTS_STEPS = 256, 2500
FROZEN = 40
"""So many first weight tensors of the trunk stay as they are: all that works at half the patch's resolution."""

FLOAT_IN_INT8 = tuple(f"conv_{n}" for n in (*range(122), 123, 124, 126, 131, 132))
"""Layers (as the ONNX file names them) that stay in float32 in the int8 file: the trunk. In int8 its stages turn the line of
sight by 1.4 degrees in the mean and up to 6, without them by 0.3."""

Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]


def by_patches(module: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Loss of the patches' reader. Marks keep it honest: it must know where the iris, the lids and the middle of the ball are."""
    left, right, turned, truth, marks, seen = batch
    answer, said = module(left, right, turned)
    known = torch.isfinite(marks).float()
    missed = (said - torch.nan_to_num(marks)).abs() * known
    return {
        **off(answer, truth, seen),
        "marks": 0.15 * missed.sum() / known.sum().clamp(min=1),
        "_iris_px": missed[:, :2].sum() / known[:, :2].sum().clamp(min=1),
    }


def by_points(module: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """Loss of one reader of the points."""
    points, truth = batch
    return off(module(points), truth, truth.new_ones(len(truth), 2))


def off(answer: Tensor, truth: Tensor, seen: Tensor) -> dict[str, Tensor]:
    """Absolute errors in degrees; the spread learns from the error but doesn't excuse it. ``seen``: n x 2, which eyes count."""
    away, log_std = (answer[:, :6] - truth).abs(), answer[:, 6:].clamp(-1, 4)
    each = away[:, 2:4].mean(1) * seen[:, 0] + away[:, 4:6].mean(1) * seen[:, 1]
    return {
        "both": 0.1 * away[:, :2].mean(),
        "each": 0.05 * each.sum() / seen.sum().clamp(min=1),
        "spread": 0.05 * (away[:, :2].detach() / log_std.exp() + log_std).mean(),
        "_yaw": away[:, 0].mean(),
        "_pitch": away[:, 1].mean(),
    }


def examples(eyes: Eyes, seed: int = SEED) -> Batches:
    """Endless batches of pairs of eyes, drawn with replacement; batch k depends on k alone."""

    def batches(done: int) -> Iterator[Batch]:
        while True:
            rng = np.random.default_rng([seed, done])
            yield stacked([eyes.pair(rng, int(which)) for which in rng.integers(len(eyes), size=BATCH)])
            done += 1

    return batches


def stacked(pairs: list[Pair]) -> Batch:
    """As tensors: left and right patches, turns, angles n x 6, marks 2n x ``MARKS``, which eyes are seen n x 2."""
    left, right = (torch.from_numpy(np.stack([p.patches[side] for p in pairs])[:, None]).float() for side in SIDES)
    turned, angles, seen = (torch.from_numpy(np.stack([getattr(p, k) for p in pairs])) for k in ("turned", "angles", "seen"))
    marks = torch.from_numpy(np.concatenate([np.stack([p.marks[k] for p in pairs]) for k in range(2)]))
    return left, right, turned, angles, marks, seen.float()


def feeds_of(faces: Faces, points: Points, chosen: NDArray[np.int64]) -> list[Tensors]:
    """The network's whole input for some faces, as the chain makes it."""
    pictures = (faces.picture(int(points.rows[i])) for i in chosen)
    return [gaze_feeds(cut_eyes(p, points.rois[i]), points.values[i]) for p, i in zip(pictures, chosen, strict=True)]


def ship(net: nn.Module | None, faces: Faces, held: int = 240) -> None:
    """Write the engine's files: held-out people give the losses, training people the int8 ranges. Without a network only the
    lower precisions of the shipped one."""
    from tools.training.export import from_pictures
    from tools.training.package import package
    from tools.training.repack import repack

    rng, test, training = np.random.default_rng(0), points_of(faces, "test"), points_of(faces, "train")
    chosen = rng.choice(len(test.rows), held, replace=False)
    calibration = feeds_of(faces, training, rng.choice(len(training.rows), 200, replace=False))
    truth = [direction_from(float(yaw), float(pitch)) for yaw, pitch in test.angles[chosen, :2]]
    feeds = feeds_of(faces, test, chosen)

    def figures(run: Any) -> dict[str, float]:
        answers = [np.asarray(run(feed)["angles"], float).reshape(6) for feed in feeds]
        cosines = [direction_from(a[0], a[1]) @ t for a, t in zip(answers, truth, strict=True)]
        return {"gaze_error_deg": float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())}

    if net is None:
        done = repack("gaze", feeds, calibration=calibration, keep=FLOAT_IN_INT8, figures=figures)
    else:
        module = from_pictures(net.eval().to(memory_format=torch.contiguous_format))
        done = package("gaze", module, feeds, calibration=calibration, keep=FLOAT_IN_INT8, figures=figures)
    print(done.table())


def main() -> int:
    """Train, and ship if asked to."""
    args = options(__doc__, "PEOPLE", STEPS, SEED)
    faces = load_faces(args.pictures)
    if args.variants:
        ship(None, faces)
        return 0
    points, readers = points_of(faces, "train"), []
    patches = Patches().to(memory_format=torch.channels_last)
    begin(patches, args.start)
    schedule = Schedule(args.steps, rates(patches.trunk.weights, FROZEN, moving=3e-4))
    train(patches, examples(Eyes(faces, points), args.seed), by_patches, schedule, args.out / "patches", args.seed)
    for member in range(MEMBERS):
        torch.manual_seed(args.seed + member)
        reader, schedule = PointsReader(*scaling(points.values)), Schedule(POINTS_STEPS, {"": 2e-3}, decay=1e-3)
        batches = batches_of(points, POINTS_BATCH, (args.seed, 1 + member))
        readers.append(train(reader, batches, by_points, schedule, args.out / f"points_{member}", args.seed + member))
    if args.package:
        ship(GazeNet(patches, readers), faces)
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
