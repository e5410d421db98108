"""Trains the eye-state network on rendered eyes.

python engines/eye_state/train.py EYES --out RUN [--steps N] [--package]

EYES is a set made by ``tools.training.render eyes``. RUN gets checkpoints and a log; the same command goes on where it was broken
off.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.training.answer import answered, needs  # noqa: E402

needs("torch", "onnx")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from dms.perception.eye_patch import HEIGHT, WIDTH, cut_eye, eye_roi, to_patch  # noqa: E402
from dms.perception.roi import Roi  # noqa: E402
from hil.driver.truth.columns import WORDS  # noqa: E402
from hil.driver.truth.training_reader import TrainingSet  # noqa: E402
from tools.training import augment  # noqa: E402
from tools.training.covers import cover  # noqa: E402
from tools.training.lashes import draw_lashes, lids_of  # noqa: E402
from tools.training.loop import Schedule, train  # noqa: E402
from tools.training.program import begin, options, rates  # noqa: E402
from tools.training.trunk import Trunk  # noqa: E402

BATCH, STEPS, SEED = 96, 5000, 4002
FROZEN = 32
"""So many first weight tensors of the trunk stay as they are."""

SIDES = ("left", "right")
LASHED = 0.85
"""Share of the eyes that get lashes and folds drawn on."""
OCCLUDED, COVERED = 0.2, 0.25
"""Share of the eyes with a thing in the way, and of those with cloth, a hand or hair over them."""
CLOSED_AT, CLOSED_OVER = 0.2, 0.05
"""Openness at which an eye is as shut as open, and the width of that change."""


class EyeNet(nn.Module):
    """First half of an eye-landmark network (it has seen real eyes) and a small head.

    Nine numbers: visible and closed (logits), lid gap in mm and its log std, openness, iris centre x, y (patch pixels from the
    middle), iris radius, pupil radius (patch pixels).
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk("eye_landmarks", "prelu_152")
        self.squeeze = nn.Conv2d(128, 48, 1)
        self.hidden = nn.Linear(48 * 24, 96)
        self.answer = nn.Linear(96, 9)
        with torch.no_grad():
            self.answer.weight.mul_(0.2)
            self.answer.bias.copy_(torch.tensor([2.0, -1.0, 7.0, 0.0, 0.8, 0.0, 0.0, 5.5, 2.0]))

    def forward(self, patch: Tensor) -> Tensor:
        """n x 1 x HEIGHT x WIDTH grey levels to n x 9."""
        x = F.relu(self.squeeze(self.trunk(patch)))
        x = F.dropout(F.relu(self.hidden(x.flatten(1))), 0.1, self.training)
        return self.answer(x)


def loss(module: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """``batch``: patches and labels visible, closed, gap, openness, x, y, iris, pupil (NaN: not known here)."""
    patch, truth = batch
    out = module(patch)
    visible, closed, gap, openness = truth[:, 0], truth[:, 1], truth[:, 2], truth[:, 3]
    judged = (visible >= 0.5).float()
    weight = judged / judged.sum().clamp(min=1)
    off = (out[:, 2] - gap).abs()
    log_std = out[:, 3].clamp(-3, 3)
    points = torch.nan_to_num(truth[:, 4:8])
    known = torch.isfinite(truth[:, 4:8]).float() * judged[:, None]
    return {
        "visible": F.binary_cross_entropy_with_logits(out[:, 0], visible),
        "closed": (weight * F.binary_cross_entropy_with_logits(out[:, 1], closed, reduction="none")).sum(),
        "gap": 0.3 * (weight * off).sum(),
        "spread": 0.05 * (weight * (off.detach() / log_std.exp() + log_std)).sum(),
        "openness": 0.7 * (weight * (out[:, 4] - openness).abs()).sum(),
        "points": 0.1 * (known * (out[:, 5:9] - points).abs()).sum() / known.sum().clamp(min=1),
        "_gap_mm": (weight * off).sum(),
        "_iris_px": (known[:, :2] * (out[:, 5:7] - points[:, :2]).abs()).sum() / known[:, :2].sum().clamp(min=1),
    }


class Eyes:
    """All eyes of a set: pictures and labels in memory."""

    def __init__(self, folder: Path) -> None:
        data = TrainingSet(folder)
        names = (
            "picture", "split", "camera", "eye_visible", "lid_gap_mm", "openness", "eye_centre_mm", "iris", "pupil", "landmarks",
            "sunglasses", "glasses",
        )  # fmt: skip
        parts = [data.shard(shard, names) for shard in data.manifest.shards]
        self.columns: dict[str, NDArray[Any]] = {n: np.concatenate([np.asarray(p[n]) for p in parts]) for n in names}
        marks = data.manifest.shards[0].landmarks
        self.corners = {s: [marks.index(f"{s}_outer_corner"), marks.index(f"{s}_inner_corner")] for s in SIDES}

    def __len__(self) -> int:
        return len(self.columns["picture"])

    def rows(self, split: str) -> NDArray[np.int64]:
        """Pictures of ``train`` or ``test`` drivers."""
        return np.flatnonzero(self.columns["split"] == WORDS["split"].index(split))


class Examples:
    """Patches as our chain would cut them, taken anew, with things in the way."""

    def __init__(self, eyes: Eyes, rows: NDArray[np.int64], seed: int = SEED) -> None:
        self._eyes, self._rows, self._seed = eyes, rows, seed

    def batches(self, done: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Endless; batch k depends on k alone."""
        while True:
            rng = np.random.default_rng([self._seed, done])
            pairs = []
            while len(pairs) < BATCH:
                made = self.one(rng, int(rng.choice(self._rows)), int(rng.integers(2)))
                if made is not None:
                    pairs.append(made)
            patch = torch.from_numpy(np.stack([p for p, _ in pairs])[:, None]).float()
            yield patch, torch.from_numpy(np.stack([t for _, t in pairs])).float()
            done += 1

    def one(
        self, rng: np.random.Generator, row: int, eye: int, plain: bool = False
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]] | None:
        """One patch and its labels; ``None`` where the eye is not before the camera."""
        c, side = self._eyes.columns, SIDES[eye]
        corners = c["landmarks"][row, self._eyes.corners[side], :2].astype(float)
        depth = float(c["eye_centre_mm"][row, eye, 2])
        if not np.isfinite(corners).all() or depth < 100:
            return None
        roi = eye_roi(corners, float(c["camera"][row, 0]) / depth)
        if not plain:
            roi = _misplaced(rng, roi)
        patch = cut_eye(np.asarray(c["picture"][row]), roi, side)
        covered: NDArray[np.bool_] | None = None
        if not plain:
            if rng.random() < LASHED and c["eye_visible"][row, eye] > 0.4:
                upper, lower = (to_patch(points, roi, side) for points in lids_of(c["landmarks"][row], side))
                patch = draw_lashes(rng, patch, upper, lower, float(c["openness"][row, eye]))
            if rng.random() < 0.85:
                patch = augment.relight(rng, patch)
            if rng.random() < OCCLUDED:
                patch, covered = augment.occlude(rng, patch)
            if rng.random() < COVERED:
                patch, under = cover(rng, patch)
                covered = under if covered is None else covered | under
            patch = augment.sensor(rng, patch)
        truth = self._truth(row, eye, roi, patch, covered)
        if not plain and rng.random() < 0.06:  # no eye at all: anything else
            patch, truth[0] = augment.sensor(rng, augment.background(rng, HEIGHT, WIDTH)), 0.0
        return patch, truth

    def _truth(
        self, row: int, eye: int, roi: Roi, patch: NDArray[np.uint8], covered: NDArray[np.bool_] | None
    ) -> NDArray[np.float64]:
        c, side = self._eyes.columns, SIDES[eye]
        visible = float(c["eye_visible"][row, eye]) * _left_open(
            roi, side, c["landmarks"][row], self._eyes.corners[side], covered
        )
        low, high = np.percentile(cv2.GaussianBlur(patch, (0, 0), 1.0)[6:26, 8:40], (3, 97))  # noise is no structure
        if high - low < 8 or (patch >= 250).mean() > 0.6:
            visible = 0.0  # nothing can be read in the dark or in glare
        openness = float(c["openness"][row, eye])
        closed = 1 / (1 + np.exp(np.clip((openness - CLOSED_AT) / CLOSED_OVER, -30, 30)))
        x, y, a, _, _, shown = c["iris"][row, eye]
        points = np.full(4, np.nan)
        if np.isfinite(x) and shown > 0.35 and openness > 0.3 and visible > 0.5:
            middle = to_patch(np.array([[x + 0.5, y + 0.5]]), roi, side)[0] - (WIDTH / 2, HEIGHT / 2)
            points = np.array([*middle, a * WIDTH / roi.size, float(c["pupil"][row, eye, 2]) * WIDTH / roi.size])
        seen = np.clip((visible - 0.25) / 0.3, 0, 1)
        return np.array([seen, closed, c["lid_gap_mm"][row, eye].clip(0), openness, *points])


def _left_open(roi: Roi, side: str, marks: NDArray[Any], corners: list[int], covered: NDArray[np.bool_] | None) -> float:
    """Share of the eye's opening that lies inside the patch and under nothing that was put in the way."""
    first = 0 if side == "left" else 38
    points = to_patch(marks[first : first + 38, :2].astype(float), roi, side)
    inside = (points >= 0).all(axis=1) & (points[:, 0] < WIDTH) & (points[:, 1] < HEIGHT)
    if covered is not None:
        at = points.clip(0, (WIDTH - 1, HEIGHT - 1)).astype(int)
        inside &= ~covered[at[:, 1], at[:, 0]]
    return float(inside.mean())


def _misplaced(rng: np.random.Generator, roi: Roi) -> Roi:
    """As a mesh places it, or (every third) as a stranger's hand cut it out."""
    rough = rng.random() < 0.33
    shift, turn, size = (0.06, 8.0, 0.25) if rough else (0.025, 3.5, 0.08)
    return Roi(
        roi.cx + float(rng.normal(0, shift)) * roi.size,
        roi.cy + float(rng.normal(0, shift)) * roi.size,
        roi.size * float(np.exp(rng.normal(0, size))),
        roi.angle + float(np.radians(rng.normal(0, turn))),
    )


class Engine(nn.Module):
    """The network with the engine's outputs: ``state`` and ``points``."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, patch: Tensor) -> tuple[Tensor, Tensor]:
        """As the engine's file says."""
        out = self.net(patch)
        return out[:, :5], out[:, 5:]


def ship(net: nn.Module, eyes: Eyes, held: int = 300) -> None:
    """Write the engine's files: held-out people give the losses, training people the int8 ranges."""
    from tools.training.export import from_pictures, samples
    from tools.training.package import package

    rng = np.random.default_rng(0)
    test, training = (Examples(eyes, eyes.rows(split)) for split in ("test", "train"))
    plain = [test.one(rng, int(row), int(rng.integers(2)), plain=True) for row in rng.choice(eyes.rows("test"), held)]
    patches, truth = zip(*(pair for pair in plain if pair is not None), strict=True)
    feeds = samples(image=np.stack(patches)[..., None])
    taken = [training.one(rng, int(row), int(rng.integers(2))) for row in rng.choice(eyes.rows("train"), 250)]
    calibration = samples(image=np.stack([pair[0] for pair in taken if pair is not None])[..., None])
    known = np.stack(truth)

    def figures(run: Any) -> dict[str, float]:
        state = np.stack([np.asarray(run(feed)["state"], float).reshape(5) for feed in feeds])
        seen = known[:, 0] > 0.9
        wrong = (state[:, 1] > 0) != (known[:, 1] > 0.5)
        return {
            "lid_gap_error_mm": float(np.abs(state[seen, 2] - known[seen, 2]).mean()),
            "shut_or_open_wrong": float(wrong[seen].mean()),
            "visible_wrong": float(((state[:, 0] > 0) != (known[:, 0] > 0.5)).mean()),
        }

    net = net.to(memory_format=torch.contiguous_format)
    print(package("eye_state", from_pictures(Engine(net)), feeds, calibration=calibration, figures=figures).table())


def main() -> int:
    """Train, and ship if asked to."""
    args = options(__doc__, "EYES", STEPS, SEED)
    eyes = Eyes(args.pictures)
    net = EyeNet().to(memory_format=torch.channels_last)
    begin(net, args.start)
    schedule = Schedule(args.steps, rates(net.trunk.weights, FROZEN, moving=2e-4))
    examples = Examples(eyes, eyes.rows("train"), args.seed)
    net = train(net, examples.batches, loss, schedule, args.out, args.seed)
    if args.package:
        ship(net, eyes)
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
