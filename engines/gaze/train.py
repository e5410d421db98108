"""Trains the gaze network on rendered faces as our own chain sees them.

python engines/gaze/train.py FACES --out RUN [--steps N]

FACES is a set made by ``tools.training.render faces`` with meshes (``tools.training.meshes``). RUN gets checkpoints and a log;
the same command goes on where it was broken off.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from data import GazeRows, patches, readable  # noqa: E402

from dms.perception.eye_patch import WIDTH  # noqa: E402
from dms.perception.gaze_net import EYE_VALUES, SIDES, VALUES  # noqa: E402
from dms.perception.roi import Roi  # noqa: E402
from dms.records.angles import direction_from  # noqa: E402
from tools.training import augment  # noqa: E402
from tools.training.faces import Faces, load_faces  # noqa: E402
from tools.training.loop import Schedule, train  # noqa: E402
from tools.training.trunk import Trunk  # noqa: E402

BATCH = 64
ANSWERS = 8
"""Yaw and pitch of both, left, right; log std of yaw and pitch."""

Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class GazeNet(nn.Module):
    """Two readings: from the mesh's points, and from the patches (trunk of an eye-landmark network, shared by both eyes). They
    are mixed by their own spreads. All of it is symmetric: a mirrored driver gives the mirrored answer, exactly."""

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.register_buffer("trust", torch.ones(2, 2))
        self.trunk = Trunk("eye_landmarks", "prelu_152")
        self.squeeze = nn.Conv2d(128, 40, 1)
        self.eye = nn.Linear(40 * 24, 64)
        self.pixels = nn.Sequential(nn.Linear(2 * 64 + 6, 128), nn.ReLU(), nn.Linear(128, ANSWERS))
        self.points = nn.Sequential(nn.Linear(VALUES, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, ANSWERS))
        for last in (self.pixels[-1], self.points[-1]):
            nn.init.constant_(last.bias[6:], 2.0)

    def forward(self, left: Tensor, right: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """n x 1 x HEIGHT x WIDTH twice and n x VALUES to angles n x 6 and log std n x 2 (degrees)."""
        by_points, by_pixels = self.readings(left, right, points)
        weights = [self.trust[i] * torch.exp(-2 * out[:, 6:].clamp(-1, 4)) for i, out in enumerate((by_points, by_pixels))]
        total = weights[0] + weights[1]
        share = (weights[0] / total).repeat(1, 3)
        angles = share * by_points[:, :6] + (1 - share) * by_pixels[:, :6]
        apart = (by_points[:, :2] - by_pixels[:, :2]).abs() / 2
        return angles, torch.log(total.rsqrt() + apart)

    def readings(self, left: Tensor, right: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Answers by points and by pixels, each n x ANSWERS, mean over the driver and its mirror image."""
        values = (points - self.mean) / self.scale
        l_eye, r_eye = self._eye(left), self._eye(right)
        turned = values[:, 2 * EYE_VALUES :]
        by_pixels = self._both(
            self.pixels(torch.cat([l_eye, r_eye, turned], 1)),
            self.pixels(torch.cat([r_eye, l_eye, turned * self._flip(turned)], 1)),
        )
        mirrored = torch.cat([values[:, EYE_VALUES : 2 * EYE_VALUES], values[:, :EYE_VALUES], turned * self._flip(turned)], 1)
        return self._both(self.points(values), self.points(mirrored)), by_pixels

    def _eye(self, patch: Tensor) -> Tensor:
        x = F.relu(self.squeeze(self.trunk(patch))).flatten(1)
        return F.dropout(F.relu(self.eye(x)), 0.1, self.training)

    def _flip(self, turned: Tensor) -> Tensor:
        """Sideways parts of the head's forward and up axes change sign."""
        return turned.new_tensor([-1.0, 1, 1, -1, 1, 1])

    def _both(self, straight: Tensor, mirrored: Tensor) -> Tensor:
        back = torch.cat([mirrored[:, :2], mirrored[:, 4:6], mirrored[:, 2:4], mirrored[:, 6:]], 1)
        return (straight + back * back.new_tensor([-1.0, 1, -1, 1, -1, 1, 1, 1])) / 2


def loss(module: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Absolute errors in degrees of both readings; their spreads learn from the error but don't excuse it."""
    left, right, points, angles = batch
    out = {}
    for name, answer in zip(("points", "pixels"), module.readings(left, right, points), strict=True):
        off = (answer[:, :6] - angles).abs()
        log_std = answer[:, 6:].clamp(-1, 4)
        out[name] = 0.1 * (off[:, :2].mean() + 0.5 * off[:, 2:].mean())
        out[f"{name}_spread"] = 0.05 * (off[:, :2].detach() / log_std.exp() + log_std).mean()
        out[f"_{name}_yaw"], out[f"_{name}_pitch"] = off[:, 0].mean(), off[:, 1].mean()
    return out


class Examples:
    """Points with the mesh's own noise, patches taken anew."""

    def __init__(self, faces: Faces, known: GazeRows, chosen: NDArray[np.int64]) -> None:
        self._faces, self._known, self.chosen = faces, known, chosen
        self.noise = 0.015 * known.values.std(axis=0)

    def batches(self, done: int) -> Iterator[Batch]:
        """Endless; batch k depends on k alone."""
        while True:
            rng = np.random.default_rng([4003, done])
            chosen = rng.choice(self.chosen, BATCH)
            cut = [self.eyes(rng, int(i)) for i in chosen]
            values = self._known.values[chosen] + self.noise * rng.standard_normal((BATCH, VALUES)).astype(np.float32)
            pair = (torch.from_numpy(np.stack([c[k] for c in cut])[:, None]).float() for k in range(2))
            yield (
                *pair,
                torch.from_numpy(values.astype(np.float32)),
                torch.from_numpy(self._known.angles[chosen].reshape(BATCH, 6)),
            )
            done += 1

    def eyes(self, rng: np.random.Generator, i: int, plain: bool = False) -> list[NDArray[np.uint8]]:
        """Left and right patch; light and camera are the same for both."""
        rois = self._known.rois[i]
        if not plain:
            rois = {side: _misplaced(rng, roi) for side, roi in rois.items()}
        cut = patches(self._faces.picture(int(self._known.rows[i])), rois)
        if plain:
            return [cut[side] for side in SIDES]
        strip = np.concatenate([cut[side] for side in SIDES], axis=1)
        if rng.random() < 0.85:
            strip = augment.relight(rng, strip)
        if rng.random() < 0.1:
            strip, _ = augment.occlude(rng, strip)
        strip = augment.sensor(rng, strip)
        return [np.ascontiguousarray(strip[:, :WIDTH]), np.ascontiguousarray(strip[:, WIDTH:])]


def _misplaced(rng: np.random.Generator, roi: Roi) -> Roi:
    shift = rng.normal(0, 0.015, 2) * roi.size
    return Roi(
        roi.cx + shift[0],
        roi.cy + shift[1],
        roi.size * float(np.exp(rng.normal(0, 0.05))),
        roi.angle + float(rng.normal(0, 0.03)),
    )


def ship(net: nn.Module, examples: Examples, known: GazeRows, test: NDArray[np.int64], held: int = 240) -> None:
    """Write the engine's files: held-out people give the losses, training people the int8 ranges."""
    from tools.training.export import from_pictures, samples
    from tools.training.package import package

    rng = np.random.default_rng(0)

    def feeds_of(chosen: NDArray[np.int64], plain: bool) -> list[dict[str, NDArray[Any]]]:
        left, right = zip(*(examples.eyes(rng, int(i), plain) for i in chosen), strict=True)
        return samples(left=np.stack(left)[..., None], right=np.stack(right)[..., None], points=known.values[chosen])

    chosen = rng.choice(test, held, replace=False)
    feeds = feeds_of(chosen, True)
    truth = [direction_from(float(yaw), float(pitch)) for yaw, pitch in known.angles[chosen, 0]]

    def figures(run: Any) -> dict[str, float]:
        answers = [np.asarray(run(feed)["angles"], float).reshape(6) for feed in feeds]
        cosines = [direction_from(a[0], a[1]) @ t for a, t in zip(answers, truth, strict=True)]
        return {"gaze_error_deg": float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean())}

    net = net.to(memory_format=torch.contiguous_format)
    calibration = feeds_of(rng.choice(examples.chosen, 200), False)
    print(package("gaze", from_pictures(net), feeds, calibration=calibration, figures=figures).table())


RATES = {"": 1e-3, "trunk.": 2e-4}


def main() -> int:
    """Train, and ship if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--frozen", type=int, default=32, help="so many first weight tensors of the trunk stay as they are")
    parser.add_argument("--package", action="store_true", help="then write the engine's files")
    args = parser.parse_args()
    faces = load_faces(args.faces)
    known = readable(faces)
    chosen = np.flatnonzero(np.isin(known.rows, faces.rows("train")))
    values = torch.from_numpy(known.values[chosen])
    net = GazeNet(values.mean(0), values.std(0) + 1e-3).to(memory_format=torch.channels_last)
    rates = dict(RATES)
    for name in list(net.trunk.weights)[: args.frozen]:
        rates[f"trunk.weights.{name}"] = 0.0
    examples = Examples(faces, known, chosen)
    net = train(net, examples.batches, loss, Schedule(args.steps, rates), args.out, seed=4003)
    if args.package:
        ship(net, examples, known, np.setdiff1d(np.arange(len(known.rows)), chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
