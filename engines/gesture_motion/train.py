"""Train the network of moved gestures on generated tracks, and make its ONNX file.

    python engines/gesture_motion/train.py data --work DIR       # tracks, kept in DIR
    python engines/gesture_motion/train.py train --work DIR      # learn; goes on from DIR's checkpoint
    python engines/gesture_motion/train.py export --work DIR     # gesture_motion.onnx, its variants, their lines in engine.yaml
    python engines/gesture_motion/train.py evaluate              # events of hands never seen; false commands an hour

One thread, seeded.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))  # engines and tools are no installed packages

from tools.training.answer import needs  # noqa: E402

needs("torch", "onnx")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from dms.gesture.events import TURNS  # noqa: E402
from dms.gesture.motion import WORDS  # noqa: E402
from dms.gesture.motion_window import ROWS, STEPS, looks, window  # noqa: E402
from engines.gesture_motion.course import SECONDS  # noqa: E402
from engines.gesture_motion.tracks import Seen, track  # noqa: E402

RATE, WIDTH = 2e-3, 96
MIRROR = {"swipe_left": "swipe_right", "swipe_right": "swipe_left", "circle_cw": "circle_ccw", "circle_ccw": "circle_cw"}
TOLD_S = (0.0, 0.3)
"""A window that ends so long after the end of a gesture shows it; a moment later than needed, so that the way back of a hand that
only wound up has begun."""
UNSURE_S = 0.2
"""Windows so long before and after these are asked neither way."""
CHUNK, EACH = 300, 10
SIDEWAYS = [0, 9]
"""Rows of a window that change their sign in a mirror."""
OPPOSITE = torch.tensor([WORDS.index(MIRROR.get(word, word)) for word in WORDS])
LASTING = (*TURNS, "wave")
"""Gestures that go on after the first event: they are shown as long as they last."""


class Network(nn.Module):
    """Four convolutions over time and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList([
            nn.Conv1d(ROWS, WIDTH, 5, padding=2), nn.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2),
            nn.Conv1d(WIDTH, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, 80, 3, stride=2, padding=1),
        ])  # fmt: skip
        self.dense, self.last = nn.Linear(80 * STEPS // 4, 96), nn.Linear(96, len(WORDS))
        self.drop = nn.Dropout(0.2)
        self.register_buffer("temperature", torch.ones(1))

    def logits(self, x: Tensor) -> Tensor:
        """N x ROWS x STEPS to N x 10."""
        for layer in self.convolutions:
            x = torch.relu(layer(x))
        return self.last(self.drop(torch.relu(self.dense(x.reshape(-1, 80 * STEPS // 4)))))

    def forward(self, track: Tensor) -> Tensor:
        """Probabilities."""
        return torch.softmax(self.logits(track) / self.temperature, dim=1)


def recipe() -> dict[str, Any]:
    """``recipe.yaml``."""
    return dict(yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8")))


def drawn(split: str, number: int, plan: dict[str, Any]) -> Seen:
    """The track ``number`` of a split (train, validate, test), always the same."""
    tracks = plan["tracks"]
    rng = np.random.default_rng([tracks["seed"], ("train", "validate", "test").index(split), number])
    word = "none" if rng.random() < tracks["idle_share"] else WORDS[1 + rng.integers(len(WORDS) - 1)]
    return track(rng, word, "train" if split == "train" else "test")


def windows(split: str, number: int, plan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Windows of one track and their words."""
    made = drawn(split, number, plan)
    rows, spans = looks(made.points), _spans(made)
    rng = np.random.default_rng([plan["tracks"]["seed"], 7, number])
    at = [(float(t), "none") for t in rng.uniform(0.4, SECONDS - 0.05, EACH if made.ends else EACH + 4)]
    for first, last, word in spans:
        at += [(t, word) for t in rng.uniform(first, min(last, SECONDS - 0.05), 8 if last - first < 0.5 else 12)]
        at += [(t, "none") for t in (*rng.uniform(first - 1.2, first - UNSURE_S, 8), *rng.uniform(last, last + 1.2, 6))]
    at = [(t, word) for t, word in at if word != "none" or (0.4 < t < SECONDS - 0.04 and not _near(t, spans))]
    found = np.stack([window(made.times, rows, _last(made.times, t)) for t, _ in at])
    return found, np.array([WORDS.index(word) for _, word in at])


def _spans(made: Seen) -> list[tuple[float, float, str]]:
    """From when to when a window's end shows which gesture."""
    if made.ends and made.ends[0][1] in LASTING:
        end, word = made.ends[0]
        return [(end + TOLD_S[0], max(end, made.over) + TOLD_S[1], word)]
    return [(end + TOLD_S[0], end + TOLD_S[1], word) for end, word in made.ends]


def _near(t: float, spans: list[tuple[float, float, str]]) -> bool:
    return any(first - UNSURE_S < t < last + UNSURE_S for first, last, _ in spans)


def _last(times: np.ndarray, t: float) -> float:
    """The network is asked when a picture has come."""
    return float(times[max(0, int(np.searchsorted(times, t, side="right")) - 1)])


def load_set(split: str, work: Path, plan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """All windows of a split; chunks that are not there yet are made."""
    parts = []
    for first in range(0, plan["tracks"][split], CHUNK):
        path = work / f"{split}_{first:05d}.npz"
        if not path.is_file():
            begin = time.process_time()
            made = [windows(split, n, plan) for n in range(first, first + CHUNK)]
            partial = path.with_suffix(".partial.npz")
            x = np.concatenate([m[0] for m in made]).astype(np.float16)
            np.savez_compressed(partial, x=x, y=np.concatenate([m[1] for m in made]))
            partial.rename(path)
            print(f"{path.name}: {time.process_time() - begin:.0f} CPU s", file=sys.stderr, flush=True)
        with np.load(path) as file:
            parts.append((file["x"], file["y"]))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def train(work: Path, epochs: int) -> None:
    """Learn, from the checkpoint on if there is one; a line of figures an epoch into ``log.jsonl``."""
    plan = recipe()
    seed, size = plan["training"]["seed"], plan["training"]["batch"]
    torch.manual_seed(seed)
    model = Network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-3)
    first, checkpoint = 0, work / "checkpoint.pt"
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["epoch"]
    x, y = (torch.from_numpy(part) for part in load_set("train", work, plan))
    held_x, held_y = (torch.from_numpy(part) for part in load_set("validate", work, plan))
    for epoch in range(first, epochs):
        chance = torch.Generator().manual_seed(1000 * seed + epoch)
        begin, total = time.process_time(), 0.0
        model.train()
        batches = torch.randperm(len(y), generator=chance).split(size)
        for number, rows in enumerate(batches):
            optimiser.param_groups[0]["lr"] = rate((epoch + number / len(batches)) / epochs)
            seen, word = mirrored(x[rows].float(), y[rows], torch.rand(len(rows), generator=chance) < 0.5)
            loss = nn.functional.cross_entropy(model.logits(seen), word, label_smoothing=0.01)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(rows)
        model.eval()
        with torch.no_grad():
            logits = model.logits(held_x.float())
            right = float((logits.argmax(1) == held_y).float().mean())
            held = float(nn.functional.cross_entropy(logits, held_y))
        line = {"epoch": epoch + 1, "loss": round(total / len(y), 4), "held_out_loss": round(held, 4),
                "held_out_right": round(right, 4),
                "cpu_s": round(time.process_time() - begin, 1)}  # fmt: skip
        print(json.dumps(line), flush=True)
        with (work / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(),
                    "epoch": epoch + 1}, checkpoint)  # fmt: skip


def rate(share: float) -> float:
    """Learning rate when so much of the training is done: up to ``RATE`` in a fiftieth of it, then down to 0 as a cosine."""
    return RATE * min(1.0, 50.0 * share) * 0.5 * (1.0 + math.cos(math.pi * share))


def mirrored(x: Tensor, word: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
    """Some windows as a mirror shows them: left is right, clockwise is counter-clockwise."""
    flipped = x.clone()
    flipped[:, SIDEWAYS] *= -1.0
    return torch.where(which[:, None, None], flipped, x), torch.where(which, OPPOSITE[word], word)


def trained(work: Path) -> Network:
    """The trained network, its temperature set on held-out tracks."""
    model = Network()
    model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["model"])
    model.eval()
    x, y = (torch.from_numpy(part) for part in load_set("validate", work, recipe()))
    with torch.no_grad():
        logits = model.logits(x.float())
        choices = torch.linspace(0.3, 2.0, 86)
        costs = torch.stack([nn.functional.cross_entropy(logits / t, y) for t in choices])
        model.temperature.fill_(float(choices[costs.argmin()]))
    return model


def export(work: Path) -> None:
    """Plain ONNX and its variants with what they lose; ``engine.yaml`` gets the hashes."""
    from tools.training.export import samples
    from tools.training.package import package

    plan = recipe()
    x, y = load_set("validate", work, plan)
    ranges, _ = load_set("train", work, plan)
    x, ranges = x.astype(np.float32), ranges[:: max(1, len(ranges) // 400)].astype(np.float32)
    step = max(1, len(y) // 1200)
    feeds, word = samples(track=x[::step]), y[::step]

    def figures(run: Any) -> dict[str, float]:
        answers = np.array([int(run(feed)["words"].argmax()) for feed in feeds])
        return {"wrong_share": float((answers != word).mean())}

    calibration = samples(track=ranges)
    print(package("gesture_motion", trained(work), feeds, calibration=calibration, figures=figures).table())


def main() -> None:
    """Command line."""
    plan = recipe()["training"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("data", "train", "export", "evaluate"))
    parser.add_argument("--work", type=Path, help="folder for tracks, checkpoint and log")
    parser.add_argument("--epochs", type=int, default=plan["epochs"])
    parser.add_argument("--tracks", type=int, default=900, help="evaluate: gestures tracked")
    parser.add_argument("--hours", type=float, default=2.0, help="evaluate: of ordinary hands")
    parser.add_argument("--part", type=int, default=0, help="evaluate: number of the first three minutes of ordinary hands")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.step == "evaluate":
        from engines.gesture_motion.evaluate import evaluate

        print(json.dumps(evaluate(args.tracks, args.hours, args.part), indent=1))
        return
    if args.work is None:
        parser.error("--work DIR is needed")
    args.work.mkdir(parents=True, exist_ok=True)
    if args.step == "data":
        for split in ("train", "validate"):
            load_set(split, args.work, recipe())
    elif args.step == "train":
        train(args.work, args.epochs)
    else:
        export(args.work)


if __name__ == "__main__":
    main()
