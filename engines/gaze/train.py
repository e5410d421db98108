"""Trains the gaze network on rendered faces as our own chain sees them.

python engines/gaze/train.py FACES --out RUN [--steps N]

FACES is a set made by ``tools.training.render faces`` with meshes (``tools.training.meshes``). RUN gets checkpoints and a log;
the same command goes on where it was broken off.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from tools.training.answer import answered, needs  # noqa: E402

needs("torch", "onnx")

import torch  # noqa: E402
from data import GazeRows, patches, readable  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from dms.perception.eye_patch import WIDTH, to_patch  # noqa: E402
from dms.perception.gaze_net import EYE_VALUES, SIDES, VALUES  # noqa: E402
from dms.perception.roi import Roi  # noqa: E402
from dms.records.angles import direction_from  # noqa: E402
from tools.training import augment  # noqa: E402
from tools.training.faces import Faces, load_faces  # noqa: E402
from tools.training.lashes import draw_lashes, lids_of  # noqa: E402
from tools.training.loop import Schedule, train  # noqa: E402
from tools.training.program import begin, options, rates  # noqa: E402
from tools.training.trunk import Trunk  # noqa: E402

BATCH, STEPS, SEED = 64, 2500, 4003
POINTS_BATCH = 256
FROZEN = 32
"""So many first weight tensors of the trunk stay as they are."""

MEMBERS, POINTS_STEPS = 3, 2500
"""Readers of the points, all alike but for chance; steps each of them learns."""

LASHED = 0.85
"""Share of the pictures that get lashes and folds drawn on."""
ANSWERS = 8
"""Yaw and pitch of both, left, right; log std of yaw and pitch."""

TRUST = ((1.0, 1.0), (0.35, 0.05))
"""Factor on the weight (inverse variance) of points and of patches, for yaw and for pitch. On rendered eyes the patches read
better; on the one real man measured so far they were 14 degrees off in pitch and no better in yaw, so real data decide."""

Batch = tuple[Tensor, Tensor, Tensor, Tensor]


class GazeNet(nn.Module):
    """Two readings: from the mesh's points, and from the patches (trunk of an eye-landmark network, shared by both eyes). They
    are mixed by their own spreads. All of it is symmetric: a mirrored driver gives the mirrored answer, exactly."""

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.register_buffer("trust", torch.tensor(TRUST), persistent=False)
        self.trunk = Trunk("eye_landmarks", "prelu_152")
        self.squeeze = nn.Conv2d(128, 40, 1)
        self.eye = nn.Linear(40 * 24, 64)
        self.pixels = nn.Sequential(nn.Linear(2 * 64 + 6, 128), nn.ReLU(), nn.Linear(128, ANSWERS))
        self.points = nn.ModuleList(_points_reader() for _ in range(MEMBERS))
        nn.init.constant_(self.pixels[-1].bias[6:], 2.0)

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
        mirrored = self.mirrored(values)
        by_points = [self._both(reader(values), reader(mirrored)) for reader in self.points]
        return torch.stack(by_points).mean(0), by_pixels

    def mirrored(self, values: Tensor) -> Tensor:
        """Scaled points of the mirror image: the eyes change sides."""
        turned = values[:, 2 * EYE_VALUES :]
        return torch.cat([values[:, EYE_VALUES : 2 * EYE_VALUES], values[:, :EYE_VALUES], turned * self._flip(turned)], 1)

    def _eye(self, patch: Tensor) -> Tensor:
        x = F.relu(self.squeeze(self.trunk(patch))).flatten(1)
        return F.dropout(F.relu(self.eye(x)), 0.1, self.training)

    def _flip(self, turned: Tensor) -> Tensor:
        """Sideways parts of the head's forward and up axes change sign."""
        return turned.new_tensor([-1.0, 1, 1, -1, 1, 1])

    def _both(self, straight: Tensor, mirrored: Tensor) -> Tensor:
        back = torch.cat([mirrored[:, :2], mirrored[:, 4:6], mirrored[:, 2:4], mirrored[:, 6:]], 1)
        return (straight + back * back.new_tensor([-1.0, 1, -1, 1, -1, 1, 1, 1])) / 2


def _points_reader() -> nn.Sequential:
    reader = nn.Sequential(nn.Linear(VALUES, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, ANSWERS))
    nn.init.constant_(reader[-1].bias[6:], 2.0)
    return reader


class OneReader(nn.Module):
    """One of the points' readers while it learns."""

    def __init__(self, net: GazeNet, member: int) -> None:
        super().__init__()
        self.net, self.member = [net], member  # in a list: its other parameters are not this module's
        self.reader = net.points[member]

    def forward(self, points: Tensor) -> Tensor:
        """n x VALUES to n x ANSWERS."""
        net = self.net[0]
        values = (points - net.mean) / net.scale
        return net._both(self.reader(values), self.reader(net.mirrored(values)))


def scaling(values: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the points, the same for both eyes and in the mirror: nothing may spoil the symmetry."""
    eyes = np.concatenate([values[:, :EYE_VALUES], values[:, EYE_VALUES : 2 * EYE_VALUES]])
    turned = np.concatenate(
        [values[:, 2 * EYE_VALUES :], values[:, 2 * EYE_VALUES :] * np.array([-1, 1, 1, -1, 1, 1], np.float32)]
    )
    mean, spread = (np.concatenate([f(eyes), f(eyes), f(turned)]) for f in (lambda v: v.mean(0), lambda v: v.std(0) + 1e-3))
    return torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(spread.astype(np.float32))


def by_pixels(module: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Loss of the patches' reading."""
    left, right, points, angles = batch
    return _off(module.readings(left, right, points)[1], angles)


def by_points(module: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """Loss of one reader of the points."""
    points, angles = batch
    return _off(module(points), angles)


def _off(answer: Tensor, angles: Tensor) -> dict[str, Tensor]:
    """Absolute errors in degrees; the spread learns from the error but doesn't excuse it."""
    off = (answer[:, :6] - angles).abs()
    log_std = answer[:, 6:].clamp(-1, 4)
    return {
        "both": 0.1 * off[:, :2].mean(),
        "each": 0.05 * off[:, 2:].mean(),
        "spread": 0.05 * (off[:, :2].detach() / log_std.exp() + log_std).mean(),
        "_yaw": off[:, 0].mean(),
        "_pitch": off[:, 1].mean(),
    }


OTHER_FACES_MM = {"iris": 0.1, "corners": 0.8, "lids": 0.4, "place": 1.0}
"""Standard deviations of what is added to the points: real faces differ more from rendered ones than these among each other.
Corners: tilt and width of the eye (rendered eyes are more slanted than most); place: of the eye on the head model."""


def other_faces(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """n x VALUES to add to points, in mm: the same face for both eyes, but for a rest."""
    both = rng.standard_normal((count, EYE_VALUES))
    out = np.zeros((count, VALUES))
    for eye in range(2):
        e = 0.85 * both + 0.5 * rng.standard_normal((count, EYE_VALUES))
        o = eye * EYE_VALUES
        out[:, o : o + 10] = OTHER_FACES_MM["iris"] * rng.standard_normal((count, 10))
        for axis in range(2):  # the corners move against each other: their middle is where zero is
            moved = OTHER_FACES_MM["corners"] * e[:, 10 + axis]
            out[:, o + 10 + axis], out[:, o + 12 + axis] = moved, -moved
        out[:, [o + 15, o + 19]] = OTHER_FACES_MM["lids"] * e[:, [15, 15]]  # upper lid, mean and middle
        out[:, [o + 17, o + 21]] = OTHER_FACES_MM["lids"] * e[:, [17, 17]]  # lower lid
        out[:, o + 22 : o + 26] = OTHER_FACES_MM["place"] * e[:, 22:26]
    return out.astype(np.float32)


class Examples:
    """Points as faces of other proportions would have them, patches taken anew."""

    def __init__(self, faces: Faces, known: GazeRows, chosen: NDArray[np.int64], seed: int = SEED) -> None:
        self._faces, self._known, self.chosen, self._seed = faces, known, chosen, seed

    def batches(self, done: int) -> Iterator[Batch]:
        """Endless; batch k depends on k alone."""
        while True:
            rng = np.random.default_rng([self._seed, done])
            chosen = rng.choice(self.chosen, BATCH)
            cut = [self.eyes(rng, int(i)) for i in chosen]
            values = self._known.values[chosen] + other_faces(rng, BATCH)
            pair = (torch.from_numpy(np.stack([c[k] for c in cut])[:, None]).float() for k in range(2))
            yield (
                *pair,
                torch.from_numpy(values.astype(np.float32)),
                torch.from_numpy(self._known.angles[chosen].reshape(BATCH, 6)),
            )
            done += 1

    def points(self, member: int) -> Callable[[int], Iterator[tuple[Tensor, Tensor]]]:
        """Endless batches of points alone, for one reader."""

        def batches(done: int) -> Iterator[tuple[Tensor, Tensor]]:
            while True:
                rng = np.random.default_rng([self._seed, 1 + member, done])
                chosen = rng.choice(self.chosen, POINTS_BATCH)
                values = self._known.values[chosen] + other_faces(rng, POINTS_BATCH)
                yield torch.from_numpy(values), torch.from_numpy(self._known.angles[chosen].reshape(POINTS_BATCH, 6))
                done += 1

        return batches

    def eyes(self, rng: np.random.Generator, i: int, plain: bool = False) -> list[NDArray[np.uint8]]:
        """Left and right patch; light and camera are the same for both."""
        rois = self._known.rois[i]
        if not plain:
            rois = _misplaced(rng, rois)
        row = int(self._known.rows[i])
        cut = patches(self._faces.picture(row), rois)
        if plain:
            return [cut[side] for side in SIDES]
        if rng.random() < LASHED:
            for k, side in enumerate(SIDES):
                lids = (to_patch(points, rois[side], side) for points in lids_of(self._faces.columns["landmarks"][row], side))
                if self._known.seen[i, k]:
                    cut[side] = draw_lashes(rng, cut[side], *lids, float(self._faces.columns["openness"][row, k]))
        strip = np.concatenate([cut[side] for side in SIDES], axis=1)
        if rng.random() < 0.85:
            strip = augment.relight(rng, strip)
        if rng.random() < 0.1:
            strip, _ = augment.occlude(rng, strip)
        strip = augment.sensor(rng, strip)
        return [np.ascontiguousarray(strip[:, :WIDTH]), np.ascontiguousarray(strip[:, WIDTH:])]


def _misplaced(rng: np.random.Generator, rois: dict[str, Roi]) -> dict[str, Roi]:
    """Both patches as on a face with larger eyes, at another height, more or less slanted; and each a little off by itself."""
    size, drop, slant = float(np.exp(rng.normal(0, 0.13))), rng.normal(0, 0.03), rng.normal(0, 0.09)
    out = {}
    for side, roi in rois.items():
        x, y = rng.normal(0, 0.015, 2)
        turn = (slant if side == "left" else -slant) + rng.normal(0, 0.03)
        out[side] = Roi(roi.cx + x * roi.size, roi.cy + (y + drop) * roi.size, roi.size * size, roi.angle + float(turn))
    return out


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


def main() -> int:
    """Train, and ship if asked to."""
    args = options(__doc__, "FACES", STEPS, SEED)
    faces = load_faces(args.pictures)
    known = readable(faces)
    chosen = np.flatnonzero(np.isin(known.rows, faces.rows("train")))
    net = GazeNet(*scaling(known.values[chosen])).to(memory_format=torch.channels_last)
    begin(net, args.start)
    examples = Examples(faces, known, chosen, args.seed)
    schedule = Schedule(args.steps, rates(net.trunk.weights, FROZEN, moving=2e-4))
    train(net, examples.batches, by_pixels, schedule, args.out / "pixels", args.seed)
    for member in range(MEMBERS):
        reader = OneReader(net, member)
        schedule = Schedule(POINTS_STEPS, {"": 2e-3}, decay=1e-3)
        train(reader, examples.points(member), by_points, schedule, args.out / f"points_{member}", args.seed + member)
    if args.package:
        ship(net.eval(), examples, known, np.setdiff1d(np.arange(len(known.rows)), chosen))
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
