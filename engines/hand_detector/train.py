"""Trains the hand detector on the rendered hands.

python engines/hand_detector/train.py HANDS --out RUN [--steps N]

HANDS is a set made by ``tools.training.render hands``. RUN gets checkpoints and a log; the same command goes on where it was
broken off. The last step writes the engine (``--package``).
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).resolve().parent)]

from dms.perception.tint import GAIN, LIFT  # noqa: E402
from tools.training.answer import answered, needs  # noqa: E402

needs("torch", "onnx")

import torch  # noqa: E402
from data import FIELDS, STRIDE, HandRows, Scenes, Target, load_hands  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from dms.perception.detection import Detector  # noqa: E402
from dms.perception.hand_search import LAYERS, SIDE  # noqa: E402
from tools.training.loop import Schedule, train  # noqa: E402
from tools.training.program import begin, options, rates  # noqa: E402
from tools.training.trunk import Trunk  # noqa: E402

BATCH, STEPS, SEED = 32, 1400, 4003
FROZEN = 23
"""So many first weight tensors of the trunk stay as they are: all layers of 2 pixels a cell."""

FINE, COARSE = "prelu_167", "prelu_211"
"""Maps of the palm network that are read: 8 and 16 pixels a cell."""


class HandNet(nn.Module):
    """The palm network's layers, which have seen real hands in colour, and a small head of our own.

    Its first layer takes grey as if it were tinted like skin, so it begins where the tinted palm network stands.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk("palm_detector", COARSE)
        self._tint_first_layer()
        self.coarse, self.fine = _layer(256, 64, 1), _layer(128, 64, 1)
        self.score, self.box = (nn.Sequential(_layer(64, 64, 5, 64), _layer(64, 64, 1), nn.Conv2d(64, n, 1)) for n in (1, 8))
        with torch.no_grad():
            self.score[2].bias.fill_(-3.0)
            self.box[2].weight.mul_(0.1)
            self.box[2].bias.zero_()

    def _tint_first_layer(self) -> None:
        weight, bias = self.trunk.first()
        gain, lift = torch.tensor(GAIN), torch.tensor(LIFT)
        with torch.no_grad():
            bias += (weight * lift[None, :, None, None]).sum((1, 2, 3))
        self.trunk.set_first((weight * gain[None, :, None, None]).sum(1, keepdim=True))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """n x 1 x SIDE x SIDE to boxes n x cells x 8 (px from the middle of the cell) and scores n x cells x 1 (logits)."""
        coarse, fine = self.trunk.maps(picture, (COARSE, FINE))
        both = F.interpolate(self.coarse(coarse), scale_factor=2.0, mode="nearest") + self.fine(fine)
        score, out = (head(both).flatten(2).transpose(1, 2) for head in (self.score, self.box))
        size = 32.0 * torch.exp(out[..., 2:4].clamp(-3, 3))
        return torch.cat([out[..., :2] * 16.0, size, out[..., 4:] * 16.0], dim=2), score


def _layer(before: int, after: int, size: int, groups: int = 1) -> nn.Module:
    convolution = nn.Conv2d(before, after, size, padding=size // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True))


def loss(module: nn.Module, batch: tuple[Tensor, Tensor, Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
    """Focal loss of the bumps (Law and Deng 2018, Zhou et al. 2019); distances of the boxes as a share of the hand's size."""
    picture, score, counts, boxes, weight = batch
    made, logits = module(picture)
    p = torch.sigmoid(logits[..., 0]).clamp(1e-4, 1 - 1e-4)
    peak = score > 0.99
    hit = -((1 - p) ** 2 * p.log())[peak].sum()
    miss = -(p**2 * (1 - p).log() * (1 - score) ** 4 * counts * ~peak).sum()
    hands = peak.sum().clamp(min=1)
    size = torch.sqrt(boxes[..., 2:3] * boxes[..., 3:4]).clamp(min=8)
    total = weight.sum().clamp(min=1)
    off = ((made - boxes) / size).abs()
    place = (off.sum(2) * weight).sum() / total
    with torch.no_grad():
        extent = (off[..., 2:4].mean(2) * weight).sum() / total
    return {"hit": hit / hands, "miss": miss / hands, "place": place, "_extent": extent}


def batches(scenes: Scenes) -> Any:
    """Batches as tensors, endless."""

    def endless(done: int) -> Iterator[tuple[Tensor, ...]]:
        for pictures, target in scenes.batches(done, BATCH):
            yield torch.from_numpy(pictures[:, None]).float(), *_flat(target)

    return endless


def _flat(target: Target) -> tuple[Tensor, ...]:
    score, counts, boxes, weight = (torch.from_numpy(getattr(target, name)) for name in FIELDS)
    return score.flatten(1), counts.flatten(1), boxes.flatten(2).transpose(1, 2), weight.flatten(1)


def found_share(run: Any, pictures: list[np.ndarray], targets: list[Target], least: float = 0.3) -> dict[str, float]:
    """Of the hands of test drivers: found (the best box in 4 at most lies on it, IoU over 0.3), and others a picture."""
    from types import SimpleNamespace

    spec = SimpleNamespace(inputs=[SimpleNamespace(shape=(1, SIDE, SIDE, 1))])
    detector = Detector(SimpleNamespace(spec=spec, run=run), LAYERS, least)  # type: ignore[arg-type]
    found = hands = extra = 0
    for picture, target in zip(pictures, targets, strict=True):
        boxes = [d.box for d in detector.find(picture)[:4]]
        rows, columns = np.nonzero(target.score > 0.999)
        true = [
            target.boxes[:4, y, x] + ((x + 0.5) * STRIDE, (y + 0.5) * STRIDE, 0, 0) for y, x in zip(rows, columns, strict=True)
        ]
        hit = [any(_overlap(t, b) > 0.3 for b in boxes) for t in true]
        found, hands = found + sum(hit), hands + len(true)
        extra += sum(not any(_overlap(t, b) > 0.3 for t in true) for b in boxes)
    return {"found": found / max(1, hands), "false_per_picture": extra / max(1, len(pictures))}


def _overlap(true: np.ndarray, box: tuple[float, float, float, float]) -> float:
    x, y, w, h = true[0] - true[2] / 2, true[1] - true[3] / 2, true[2], true[3]
    wide = max(0.0, min(x + w, box[0] + box[2]) - max(x, box[0]))
    high = max(0.0, min(y + h, box[1] + box[3]) - max(y, box[1]))
    return wide * high / max(w * h + box[2] * box[3] - wide * high, 1e-9)


def ship(net: nn.Module, hands: HandRows, held: int = 240) -> None:
    """Write the engine's files: held-out people give the losses, training people the int8 ranges."""
    from tools.training.export import from_pictures, samples
    from tools.training.package import package

    rng = np.random.default_rng(0)
    test, training = (Scenes(hands, hands.rows(split), SEED) for split in ("test", "train"))
    made = [test.one(rng, int(row)) for row in rng.choice(hands.rows("test"), held)]
    pictures, targets = [p for p, _ in made], [t for _, t in made]
    calibration = [training.one(rng, int(row))[0] for row in rng.choice(hands.rows("train"), 200)]
    net = net.to(memory_format=torch.contiguous_format)
    done = package(
        "hand_detector", from_pictures(net), samples(image=np.stack(pictures)[..., None]),
        calibration=samples(image=np.stack(calibration)[..., None]), figures=lambda run: found_share(run, pictures, targets),
    )  # fmt: skip
    print(done.table())


def main() -> int:
    """Train, and ship if asked to."""
    args = options(__doc__, "HANDS", STEPS, SEED)
    hands = load_hands(args.pictures)
    net = HandNet().to(memory_format=torch.channels_last)
    begin(net, args.start)
    scenes = Scenes(hands, hands.rows("train"), args.seed)
    schedule = Schedule(
        args.steps, rates(net.trunk.weights, FROZEN, moving=3e-4, rest=3e-3), warm_up=100, save_every=50, log_every=20
    )
    net = train(net, batches(scenes), loss, schedule, args.out, args.seed)
    if args.package:
        ship(net, hands)
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
