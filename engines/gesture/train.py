"""Train the network of hand signs on generated hands, and make its ONNX file.

    python engines/gesture/train.py train --work DIR          # learn; goes on from DIR's checkpoint
    python engines/gesture/train.py export --work DIR         # gesture.onnx, its variants, and their lines in engine.yaml
    python engines/gesture/train.py evaluate                  # figures on generated hands of people never seen

One thread, seeded. Figures on labelled landmarks of your own: python tools/measure_gestures.py FILE.
"""

import argparse
import json
import sys
import time
from itertools import pairwise
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

from dms.perception.hand_frame import INPUT, normalised  # noqa: E402
from dms.perception.signs import WORDS  # noqa: E402
from engines.gesture.others import hands  # noqa: E402
from hil.driver.split import Split  # noqa: E402

RATE, WIDTH, SMOOTH = 1.5e-3, 160, 0.02
LOOKS, STRETCHED = 4, 0.5
"""Each generated hand is seen so often; this share as in a picture of unknown proportions."""
BONES = [(b - 1 if (b - 1) % 4 else 0, b) for b in range(1, 21)]
TIPS = (4, 8, 12, 16, 20)
PAIRS = [(a, b) for i, a in enumerate(TIPS) for b in (*TIPS[i + 1 :], 0, 5, 9, 13, 17)]


class Network(nn.Module):
    """Points, directions of the bones and distances of the finger tips to a few dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bones", _differences(BONES))
        self.register_buffer("pairs", _differences(PAIRS))
        sizes = (INPUT + 2 * len(BONES) + len(PAIRS), WIDTH, WIDTH, WIDTH // 2)
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.last = nn.Linear(sizes[-1], len(WORDS))
        self.register_buffer("temperature", torch.ones(1))

    def logits(self, hand: Tensor) -> Tensor:
        """N x 44 to N x 14."""
        bone = (hand @ self.bones).reshape(-1, len(BONES), 2)
        length = torch.sqrt((bone * bone).sum(2, keepdim=True) + 1e-4)
        pair = (hand @ self.pairs).reshape(-1, len(PAIRS), 2)
        apart = torch.sqrt((pair * pair).sum(2) + 1e-4)
        x = torch.cat([hand, (bone / length).reshape(-1, 2 * len(BONES)), apart], dim=1)
        for layer in self.dense:
            x = torch.relu(layer(x))
        return self.last(x)

    def forward(self, hand: Tensor) -> Tensor:
        """Probabilities."""
        return torch.softmax(self.logits(hand) / self.temperature, dim=1)


def _differences(pairs: list[tuple[int, int]]) -> Tensor:
    """44 x 2n: what gives the way from one point to another."""
    matrix = torch.zeros(INPUT, 2 * len(pairs))
    for n, (a, b) in enumerate(pairs):
        for axis in (0, 1):
            matrix[2 * a + axis, 2 * n + axis] -= 1.0
            matrix[2 * b + axis, 2 * n + axis] += 1.0
    return matrix


def recipe() -> dict[str, Any]:
    """``recipe.yaml``."""
    return dict(yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8")))


def batch(seed: int, step: int, n: int, split: Split, none_share: float) -> tuple[np.ndarray, np.ndarray]:
    """N x 44 inputs and word numbers, always the same for the same arguments."""
    rng = np.random.default_rng([seed, 0 if split == "train" else 1, step])
    looks, stretched = (LOOKS, STRETCHED) if split == "train" else (1, 0.0)
    points, word = hands(rng, n // looks, split, none_share, looks, stretched)
    return normalised(points), word


def train(work: Path, steps: int, size: int) -> None:
    """Learn, from the checkpoint on if there is one; a line of figures each 500 steps into ``log.jsonl``."""
    plan = recipe()
    seed, none_share = plan["training"]["seed"], plan["hands"]["none_share"]
    torch.manual_seed(seed)
    model = Network()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    first, checkpoint = 0, work / "checkpoint.pt"
    if checkpoint.is_file():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
    begin, total = time.process_time(), 0.0
    for step in range(first, steps):
        made, word = batch(seed, step, size, "train", none_share)
        loss = nn.functional.cross_entropy(model.logits(torch.from_numpy(made)), torch.from_numpy(word), label_smoothing=SMOOTH)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if (step + 1) % 500 == 0 or step + 1 == steps:
            _note(work, model, step + 1, total / 500, time.process_time() - begin, plan)
            total = 0.0
            torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                        "step": step + 1}, checkpoint)  # fmt: skip


def _note(work: Path, model: Network, step: int, loss: float, cpu_s: float, plan: dict[str, Any]) -> None:
    made, word = batch(plan["training"]["seed"], 0, 6000, "test", plan["hands"]["none_share"])
    with torch.no_grad():
        right = float((model.logits(torch.from_numpy(made)).argmax(1).numpy() == word).mean())
    line = {"step": step, "loss": round(loss, 4), "held_out_right": round(right, 4), "cpu_s": round(cpu_s, 1)}
    print(json.dumps(line), flush=True)
    with (work / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def calibrated(model: Network, plan: dict[str, Any]) -> Network:
    """Sets the temperature that makes probabilities on held-out generated hands most likely."""
    made, word = batch(plan["training"]["seed"], 1, 12000, "test", plan["hands"]["none_share"])
    with torch.no_grad():
        logits, truth = model.logits(torch.from_numpy(made)), torch.from_numpy(word)
        choices = torch.linspace(0.3, 2.0, 86)
        costs = torch.stack([nn.functional.cross_entropy(logits / t, truth) for t in choices])
        model.temperature.fill_(float(choices[costs.argmin()]))
    return model


def load(work: Path) -> Network:
    """The trained network, calibrated."""
    model = Network()
    model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["model"])
    return calibrated(model.eval(), recipe())


def export(work: Path) -> None:
    """Plain ONNX and its variants with what they lose; ``engine.yaml`` gets the hashes."""
    from tools.training.export import samples
    from tools.training.package import package

    plan = recipe()
    seed, none_share = plan["training"]["seed"], plan["hands"]["none_share"]
    made, word = batch(seed, 2, 1500, "test", none_share)
    ranges, _ = batch(seed, 0, 1500, "train", none_share)
    feeds = samples(hand=made)

    def figures(run: Any) -> dict[str, float]:
        answers = np.array([int(run(feed)["words"].argmax()) for feed in feeds])
        return {"wrong_share": float((answers != word).mean())}

    order = np.random.default_rng(0).permutation(len(ranges))[:400]
    print(package("gesture", load(work), feeds, calibration=samples(hand=ranges[order]), figures=figures).table())


def evaluate() -> dict[str, Any]:
    """Generated hands of people never trained on, by the shipped file as perception reads it."""
    from dms.gesture import load_interaction
    from dms.inference.engine_set import EngineSet

    plan, commanding = recipe(), load_interaction().sign_sure
    made, word = batch(plan["training"]["seed"], 3, 6000, "test", plan["hands"]["none_share"])
    with EngineSet(("gesture",)) as engines:
        out = np.concatenate([engines["gesture"].run({"hand": row[None]})["words"] for row in made])
    best, sure = out.argmax(1), out.max(1)
    bins = np.clip((sure * 10).astype(int), 0, 9)
    gap = sum(abs((best == word)[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins))
    return {
        "what": "generated hands, people never trained on", "hands": len(word), "right": round(float((best == word).mean()), 4),
        "calibration_error": round(float(gap), 4),
        "called_a_sign": round(float((best[word == 0] != 0).mean()), 4),
        "called_a_sign_surely": round(float(((best != 0) & (sure >= commanding))[word == 0].mean()), 4),
        "right_and_sure_of_signs": round(float(((best == word) & (sure >= commanding))[word != 0].mean()), 4),
        "recall": {name: round(float((best[word == n] == n).mean()), 3) for n, name in enumerate(WORDS)},
    }  # fmt: skip


def main() -> None:
    """Command line."""
    plan = recipe()["training"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("train", "export", "evaluate"))
    parser.add_argument("--work", type=Path, help="folder for checkpoint and log")
    parser.add_argument("--steps", type=int, default=plan["steps"])
    parser.add_argument("--batch", type=int, default=plan["batch"])
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.step == "evaluate":
        print(json.dumps(evaluate(), indent=1))
        return
    if args.work is None:
        parser.error("--work DIR is needed")
    args.work.mkdir(parents=True, exist_ok=True)
    if args.step == "train":
        train(args.work, args.steps, args.batch)
    else:
        export(args.work)


if __name__ == "__main__":
    main()
