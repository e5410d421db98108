"""Trains the head-pose network on the rendered faces.

python engines/head_pose/train.py HEADS --people PEOPLE --out RUN [--steps N]

HEADS and PEOPLE are sets of ``tools.training.render`` with meshes (``tools.training.meshes``). RUN gets checkpoints and a log;
the same command goes on where it was broken off. The last step writes the engine (``--package``).
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.training.answer import answered, needs  # noqa: E402

needs("torch", "onnx")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from dms.perception.head_fusion import angle_deg as turn_deg  # noqa: E402
from dms.perception.head_net import MIRROR, SIDE, cut_head, head_roi, rotation_of  # noqa: E402
from dms.perception.roi import Roi  # noqa: E402
from tools.training import augment  # noqa: E402
from tools.training.faces import Faces, joined, load_faces  # noqa: E402
from tools.training.loop import Schedule, train  # noqa: E402
from tools.training.program import begin, options, rates  # noqa: E402
from tools.training.trunk import Trunk  # noqa: E402

BATCH, STEPS, SEED = 64, 14000, 4301
FROZEN = 17
"""So many first weight tensors of the trunk stay as they are."""

ROLL_DEG = 50.0

NO_HEAD, NO_HEAD_DEG = 0.06, 60.0
"""Share of the pictures that show no head but any clutter, and how far off their reading is said to be: the running chain takes
the network's sureness for the word that there is a head at all."""

FLOAT_IN_INT8 = tuple(f"conv_{n}" for n in (
    3, 5, 6, 8, 9, 12, 13, 15, 16, 19, 20,  # the first stage: most of what int8 lost, for a tenth of the multiply-adds
    22, 25, 28, 32, 35, 39, 42, 45, 48, 52, 55, 59, 62, 65, 68, 72, 75, 79, 82, 85, 88, 92, 95, 99, 102,  # depthwise
    23, 26, 40, 43,  # of the next stages: clutter is read up to 7 degrees elsewhere with them in int8, 3 without
))  # fmt: skip
"""Layers (as the ONNX file names them) that stay in float32 in the int8 file. One range for all channels of a depthwise layer's
input fits none of them; what the first stage lost no later layer brought back."""


class HeadNet(nn.Module):
    """A face detector's trunk (it has seen real heads from all sides) and a small head.

    Rotation in six numbers, log std; mouth opening in mm; yawn, sunglasses, mask as logits."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk("face_detector", "relu_369")
        self.squeeze = nn.Conv2d(384, 96, 1)
        self.hidden = nn.Linear(96 * 9, 160)
        self.answer = nn.Linear(160, 11)
        with torch.no_grad():
            self.answer.weight.mul_(0.1)
            self.answer.bias.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0, 2.0, 5.0, -2.0, -2.0, -2.0]))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """n x 1 x SIDE x SIDE grey levels to rotation n x 6, log std n x 1 (degrees), signs n x 4 (mm, three logits)."""
        x = F.relu(self.squeeze(self.trunk(picture)))
        x = F.dropout(F.relu(self.hidden(x.flatten(1))), 0.1, self.training)
        out = self.answer(x)
        return out[:, :6], out[:, 6:7], out[:, 7:]


def rotation(six: Tensor) -> Tensor:
    """n x 6 to n x 3 x 3, as ``dms.perception.head_net.rotation_of``."""
    x = F.normalize(six[:, :3], dim=1)
    y = F.normalize(six[:, 3:] - (x * six[:, 3:]).sum(1, keepdim=True) * x, dim=1)
    return torch.stack([x, y, torch.linalg.cross(x, y)], dim=2)


def angle_deg(a: Tensor, b: Tensor) -> Tensor:
    """Angle between rotations, n."""
    chord = (a - b).flatten(1).norm(dim=1) / (2 * 2**0.5)
    return torch.rad2deg(2 * torch.asin(chord.clamp(max=1 - 1e-6)))


def loss(module: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
    """Distance of the rotations; the spread learns from the error but doesn't excuse it. What can't be seen (NaN) doesn't count:
    signs of a head turned away, the rotation of what is no head."""
    picture, view, truth = batch
    six, log_std, signs = module(picture)
    known = torch.isfinite(truth)
    truth = torch.nan_to_num(truth)
    share = known / known.sum(0).clamp(min=1)
    mouth_off = (share[:, 0] * (signs[:, 0] - truth[:, 0]).abs()).sum()
    logits = (share[:, 1:] * F.binary_cross_entropy_with_logits(signs[:, 1:], truth[:, 1:], reduction="none")).sum()
    made, head = rotation(six), torch.isfinite(view[:, 0, 0])
    chord = (made - view)[head].flatten(1).norm(dim=1)
    off = torch.full((len(made),), NO_HEAD_DEG)
    off[head] = angle_deg(made.detach(), view)[head]
    log_std = log_std[:, 0].clamp(-1, 5)
    spread = (off / log_std.exp() + log_std).mean()  # Laplace
    parts = {"chord": chord.mean(), "spread": 0.1 * spread, "mouth": 0.015 * mouth_off, "signs": 0.1 * logits}
    return parts | {"_deg": off[head].mean(), "_median": off[head].median(), "_mouth_mm": mouth_off}


class Examples:
    """Cut-outs with new backgrounds, light, cameras, things in the way, at the places where our chain puts them."""

    def __init__(self, faces: Faces, rows: NDArray[np.int64], seed: int = SEED) -> None:
        self._faces, self._rows, self._seed = faces, rows, seed
        turned = np.degrees(np.arccos(np.clip(faces.view[rows][:, 2, 2], -1, 1)))
        bins = np.minimum(turned // 10, 12).astype(int)
        weight = 1.0 / np.maximum(np.bincount(bins, minlength=13)[bins], 0.02 * len(rows))
        self._chance = weight / weight.sum()

    def batches(self, done: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Endless; batch k depends on k alone."""
        while True:
            rng = np.random.default_rng([self._seed, done])
            rows = rng.choice(self._rows, BATCH, p=self._chance)
            made = [no_head(rng) if rng.random() < NO_HEAD else (*self.one(rng, int(row)), self.signs(int(row))) for row in rows]
            pictures, views, signs = (torch.from_numpy(np.stack(part)).float() for part in zip(*made, strict=True))
            yield pictures[:, None], views, signs
            done += 1

    def signs(self, row: int) -> NDArray[np.float64]:
        """Mouth opening in mm, yawning, sunglasses, mask; NaN where the head is turned too far to show them."""
        c = self._faces.columns
        if self._faces.view[row][2, 2] < 0.25:
            return np.full(4, np.nan)
        hidden = c["mask"][row]
        mouth = (np.nan, np.nan) if hidden else (float(c["mouth_mm"][row]), float(c["yawning"][row]))
        return np.array([*mouth, float(c["sunglasses"][row]), float(hidden)])

    def one(self, rng: np.random.Generator, row: int, plain: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """One cut-out and its true view."""
        view = self._faces.view[row]
        roi = head_roi(self._box(rng, row, plain))
        roll = 0.0
        if not plain:
            roi = Roi(
                roi.cx + rng.normal(0, 0.04) * roi.size,
                roi.cy + rng.normal(0, 0.04) * roi.size,
                roi.size * np.exp(rng.normal(0, 0.1)),
            )
            roll = float(np.radians(rng.uniform(-ROLL_DEG, ROLL_DEG))) if rng.random() < 0.5 else 0.0
        turned = Roi(roi.cx, roi.cy, roi.size, roll)
        picture = cut_head(self._faces.picture(row), turned)
        if roll:
            c, s = np.cos(-roll), np.sin(-roll)
            view = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ view
        if plain:
            return picture, view
        if rng.random() < 0.8:
            driver = cut_head(self._faces.driver(row).astype(np.uint8) * 255, turned) > 127
            picture = augment.put_behind(rng, picture, driver, augment.background(rng, SIDE, SIDE))
        if rng.random() < 0.9:
            picture = augment.relight(rng, picture)
        if rng.random() < 0.2:
            picture = augment.shade(rng, picture)
        if rng.random() < 0.1:
            picture = augment.strands(rng, picture)
        if rng.random() < 0.25:
            picture, _ = augment.occlude(rng, picture)
        picture = augment.sensor(rng, picture)
        if rng.random() < 0.5:
            picture, view = np.ascontiguousarray(picture[:, ::-1]), MIRROR @ view @ MIRROR
        return picture, view

    def _box(self, rng: np.random.Generator, row: int, plain: bool) -> tuple[float, float, float, float]:
        """Box of the mesh or of the detector, whichever this picture has; else round the true landmarks."""
        columns = self._faces.columns
        mesh, detected = columns["points"][row, :, :2], columns["detected"][row]
        if np.isfinite(mesh[0, 0]) and (plain or rng.random() < 0.6):
            return _extent(mesh)
        if np.isfinite(detected[0]):
            x, y, w, h = (float(v) for v in detected[:4])
            return x, y, w, h
        return _extent(columns["landmarks"][row, 24:, :2])


def no_head(rng: np.random.Generator) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """Clutter, with neither view nor signs (NaN)."""
    picture = augment.sensor(rng, augment.relight(rng, augment.background(rng, SIDE, SIDE)))
    return picture, np.full((3, 3), np.nan), np.full(4, np.nan)


def _extent(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    good = points[np.isfinite(points).all(axis=1)]
    low, high = good.min(axis=0), good.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def ship(net: nn.Module | None, faces: Faces, held: int = 240) -> None:
    """Write the engine's files: held-out people give the losses, training people the int8 ranges. Without a network only the
    lower precisions of the shipped one."""
    from tools.training.export import from_pictures, samples
    from tools.training.package import package
    from tools.training.repack import repack

    rng = np.random.default_rng(0)
    test, training = (Examples(faces, faces.rows(split)) for split in ("test", "train"))
    chosen = rng.choice(faces.rows("test"), held, replace=False)
    pictures, views = zip(*(test.one(rng, int(row), plain=True) for row in chosen), strict=True)
    feeds = samples(image=np.stack(pictures)[..., None])
    calibration = [training.one(rng, int(row))[0] for row in rng.choice(faces.rows("train"), 200)]
    calibration += [no_head(rng)[0] for _ in range(20)]

    def figures(run: Any) -> dict[str, float]:
        answers = [rotation_of(np.asarray(run(feed)["rotation"], float).reshape(6)) for feed in feeds]
        return {"rotation_error_deg": float(np.mean([turn_deg(a, v) for a, v in zip(answers, views, strict=True)]))}

    ranges = samples(image=np.stack(calibration)[..., None])
    if net is None:
        done = repack("head_pose", feeds, calibration=ranges, keep=FLOAT_IN_INT8, figures=figures)
    else:
        module = from_pictures(net.to(memory_format=torch.contiguous_format))
        done = package("head_pose", module, feeds, calibration=ranges, keep=FLOAT_IN_INT8, figures=figures)
    print(done.table())


def main() -> int:
    """Train, and ship if asked to."""
    args = options(__doc__, "HEADS", STEPS, SEED, people="the set `people`, with meshes")
    faces = joined([load_faces(args.pictures), load_faces(args.people)])
    if args.variants:
        ship(None, faces)
        return 0
    net = HeadNet().to(memory_format=torch.channels_last)
    begin(net, args.start)
    schedule = Schedule(args.steps, rates(net.trunk.weights, FROZEN, moving=3e-4, rest=7e-4))
    examples = Examples(faces, faces.rows("train"), args.seed)
    net = train(net, examples.batches, loss, schedule, args.out, args.seed)
    if args.package:
        ship(net, faces)
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
