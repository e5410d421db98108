"""Train the network of moved gestures on generated tracks, and make its ONNX file.

    python engines/gesture_motion/train.py data --work DIR       # tracks, kept in DIR
    python engines/gesture_motion/train.py train --work DIR      # learn; goes on from DIR's checkpoint
    python engines/gesture_motion/train.py export --work DIR     # gesture_motion.onnx, its variants, their lines in engine.yaml
    python engines/gesture_motion/train.py evaluate              # events of hands never seen; false commands an hour

One thread, seeded.
"""

import argparse
import json
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

from dms.gesture.motion import WORDS  # noqa: E402
from dms.gesture.motion_window import ROWS, STEPS, looks, window  # noqa: E402
from engines.gesture_motion.tracks import SECONDS, track  # noqa: E402

RATE, WIDTH = 2e-3, 40
TOLD_S = (-0.05, 0.24)
"""A window that ends so long after the end of a gesture shows it."""
UNSURE_S = (-0.22, 0.5)
"""Windows in these times that do not are asked neither way."""
CHUNK, EACH = 300, 10


class Network(nn.Module):
    """Three convolutions over time and two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList([
            nn.Conv1d(ROWS, WIDTH, 5, padding=2), nn.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2),
            nn.Conv1d(WIDTH, 64, 3, stride=2, padding=1),
        ])  # fmt: skip
        self.dense, self.last = nn.Linear(64 * STEPS // 4, 64), nn.Linear(64, len(WORDS))
        self.drop = nn.Dropout(0.2)
        self.register_buffer("temperature", torch.ones(1))

    def logits(self, x: Tensor) -> Tensor:
        """N x ROWS x STEPS to N x 10."""
        for layer in self.convolutions:
            x = torch.relu(layer(x))
        return self.last(self.drop(torch.relu(self.dense(x.reshape(-1, 64 * STEPS // 4)))))

    def forward(self, track: Tensor) -> Tensor:
        """Probabilities."""
        return torch.softmax(self.logits(track) / self.temperature, dim=1)


def recipe() -> dict[str, Any]:
    """``recipe.yaml``."""
    return dict(yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8")))


def drawn(split: str, number: int, plan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, list[tuple[float, str]]]:
    """The track ``number`` of a split (train, validate, test), always the same."""
    tracks = plan["tracks"]
    rng = np.random.default_rng([tracks["seed"], ("train", "validate", "test").index(split), number])
    word = "none" if rng.random() < tracks["idle_share"] else WORDS[1 + rng.integers(len(WORDS) - 1)]
    return track(rng, word, "train" if split == "train" else "test")


def windows(split: str, number: int, plan: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Windows of one track and their words."""
    times, points, ends = drawn(split, number, plan)
    rows = looks(points)
    rng = np.random.default_rng([plan["tracks"]["seed"], 7, number])
    at = [(float(t), "none") for t in rng.uniform(0.5, SECONDS - 0.1, EACH) if not _near(t, ends, UNSURE_S)]
    for end, word in ends:
        first, last = TOLD_S
        at += [(min(end + float(d), SECONDS - 0.05), word) for d in rng.uniform(first, last, 4)]
        at += [(end + float(d), "none") for d in (*rng.uniform(-1.0, UNSURE_S[0], 2), *rng.uniform(UNSURE_S[1], 1.4, 2))
               if 0.5 < end + d < SECONDS - 0.1 and not _near(end + d, ends, UNSURE_S)]  # fmt: skip
    made = np.stack([window(times, rows, _last(times, t)) for t, _ in at])
    return made, np.array([WORDS.index(word) for _, word in at])


def _near(t: float, ends: list[tuple[float, str]], span: tuple[float, float]) -> bool:
    return any(span[0] <= t - end <= span[1] for end, _ in ends)


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
            parts.append((file["x"].astype(np.float32), file["y"]))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def train(work: Path, epochs: int) -> None:
    """Learn, from the checkpoint on if there is one; a line of figures an epoch into ``log.jsonl``."""
    plan = recipe()
    seed, size = plan["training"]["seed"], plan["training"]["batch"]
    torch.manual_seed(seed)
    model = Network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    first, checkpoint = 0, work / "checkpoint.pt"
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = state["epoch"]
    x, y = (torch.from_numpy(part) for part in load_set("train", work, plan))
    held_x, held_y = (torch.from_numpy(part) for part in load_set("validate", work, plan))
    for epoch in range(first, epochs):
        chance = torch.Generator().manual_seed(1000 * seed + epoch)
        begin, total = time.process_time(), 0.0
        model.train()
        for rows in torch.randperm(len(y), generator=chance).split(size):
            loss = nn.functional.cross_entropy(model.logits(x[rows]), y[rows], label_smoothing=0.01)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(rows)
        schedule.step()
        model.eval()
        with torch.no_grad():
            right = float((model.logits(held_x).argmax(1) == held_y).float().mean())
        line = {"epoch": epoch + 1, "loss": round(total / len(y), 4), "held_out_right": round(right, 4),
                "cpu_s": round(time.process_time() - begin, 1)}  # fmt: skip
        print(json.dumps(line), flush=True)
        with (work / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                    "epoch": epoch + 1}, checkpoint)  # fmt: skip


def trained(work: Path) -> Network:
    """The trained network, its temperature set on held-out tracks."""
    model = Network()
    model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["model"])
    model.eval()
    x, y = (torch.from_numpy(part) for part in load_set("validate", work, recipe()))
    with torch.no_grad():
        logits = model.logits(x)
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
    step = max(1, len(y) // 1200)
    feeds, word = samples(track=x[::step]), y[::step]

    def figures(run: Any) -> dict[str, float]:
        answers = np.array([int(run(feed)["words"].argmax()) for feed in feeds])
        return {"wrong_share": float((answers != word).mean())}

    calibration = samples(track=ranges[:: max(1, len(ranges) // 400)])
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
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.step == "evaluate":
        from engines.gesture_motion.evaluate import evaluate

        print(json.dumps(evaluate(args.tracks, args.hours), indent=1))
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
