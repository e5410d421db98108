"""Train the drowsiness network on simulated drives, and make its ONNX file.

    python engines/drowsiness/train.py data --work DIR         # simulate (0.2 CPU s a drive), kept in DIR
    python engines/drowsiness/train.py train --work DIR        # learn; goes on from DIR's checkpoint
    python engines/drowsiness/train.py export --work DIR       # drowsiness.onnx, and its hash in engine.yaml
    python engines/drowsiness/train.py evaluate --work DIR     # figures on people never seen, from the ONNX file

Run from the repository root with ``python -m engines.drowsiness.train`` or as a file. One thread, seeded.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))  # engines and tools are no installed packages

from tools.training.answer import needs  # noqa: E402

needs("torch", "onnx", "scipy")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from dms.assessment.lid_history import BIN_ROWS, BINS, BLINK_ROWS, BLINKS  # noqa: E402
from engines.drowsiness.data import make, recipe  # noqa: E402

ONNX = HERE / "drowsiness.onnx"
EPOCHS, BATCH, RATE, WIDTH = 14, 256, 2e-3, 32
INPUTS = ("blinks", "bins", "known")
Table = dict[str, np.ndarray]


class Network(nn.Module):
    """Two short convolution stacks, pooled over what was seen; KSS, the log of its variance, events in the next minute."""

    def __init__(self) -> None:
        super().__init__()
        self.blinks = _stack(BLINK_ROWS)
        self.bins = _stack(BIN_ROWS)
        layers = nn.Linear(6 * WIDTH + 1, 64), nn.Linear(64, 64), nn.Linear(64, 5)
        self.head = nn.Sequential(nn.Dropout(0.1), layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])

    def forward(self, blinks: Tensor, bins: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The three outputs of ``engine.yaml``."""
        recent = torch.clamp(1.0 - 3.0 * blinks[:, 6:7], min=0.0)
        seen = torch.clamp(4.0 * bins[:, 0:1], max=1.0)
        late = torch.zeros(1, 1, BINS)
        late[..., -9:] = 1.0
        parts = [*_pool(self.blinks(blinks), blinks[:, 0:1], recent), *_pool(self.bins(bins), seen, late.to(seen))]
        out = self.head(torch.cat([*parts, known], dim=1))
        kss = 1.0 + 8.0 * torch.sigmoid(out[:, 0:1])
        return kss, torch.clamp(out[:, 1:2], -2.5, 2.5), torch.sigmoid(out[:, 2:5])


def _stack(rows: int) -> nn.Sequential:
    first, wide, last = nn.Conv1d(rows, WIDTH, 1), nn.Conv1d(WIDTH, WIDTH, 3, padding=1), nn.Conv1d(WIDTH, WIDTH, 1)
    return nn.Sequential(first, nn.ReLU(), wide, nn.ReLU(), last, nn.ReLU())


def _pool(x: Tensor, mask: Tensor, recent: Tensor) -> list[Tensor]:
    """Mean over what was seen, the same over the last minutes, largest."""
    near = mask * recent
    return [
        (x * mask).sum(2) / (mask.sum(2) + 1.0),
        (x * near).sum(2) / (near.sum(2) + 1.0),
        (x * mask).max(2).values,
    ]


def load(split: str, work: Path, plan: dict[str, Any], chunk: int = 50) -> Table:
    """All windows of a split; chunks that are not there yet are simulated."""
    parts = []
    for first in range(0, plan["courses"][split], chunk):
        path = work / f"{split}_{first:05d}.npz"
        if not path.is_file():
            begin = time.process_time()
            drives = [d for d in (make(split, n, plan) for n in range(first, first + chunk)) if d]
            partial = path.with_suffix(".partial.npz")
            np.savez_compressed(partial, **{name: np.concatenate([d[name] for d in drives]) for name in drives[0]})
            partial.rename(path)
            print(f"{path.name}: {time.process_time() - begin:.0f} CPU s", file=sys.stderr)
        with np.load(path) as file:
            parts.append({name: file[name] for name in file.files})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def thin_out(feeds: list[Tensor], chance: torch.Generator) -> list[Tensor]:
    """Training only: rows, bins and old blinks that another vehicle or another data set may not have."""
    blinks, bins, known = (x.clone() for x in feeds)
    draw = torch.rand(len(blinks), 6, generator=chance)
    bins *= (draw[:, 0] > 0.15).float()[:, None, None]
    blinks[:, 3] *= (draw[:, 1] > 0.2).float()[:, None]
    blinks[:, 7] *= (draw[:, 1] > 0.2).float()[:, None]
    blinks[:, 5] *= (draw[:, 5] > 0.3).float()[:, None]
    few = (draw[:, 2] < 0.3).float()[:, None, None]
    old = (torch.arange(BLINKS) < BLINKS // 2).float()[None, None]
    blinks *= 1.0 - few * old
    bins[:, 10:] *= (draw[:, 3] > 0.2).float()[:, None, None]
    bins[:, 5:10] *= (draw[:, 4] > 0.1).float()[:, None, None]
    return [blinks, bins, known]


def loss_of(out: tuple[Tensor, Tensor, Tensor], kss: Tensor, ahead: Tensor) -> Tensor:
    """Gaussian likelihood of KSS, cross-entropy of the events."""
    mean, log_var, events = out
    normal = 0.5 * (log_var + (kss - mean) ** 2 * torch.exp(-log_var)).mean()
    return normal + 0.5 * nn.functional.binary_cross_entropy(events.clamp(1e-6, 1 - 1e-6), ahead)


def train(work: Path, epochs: int) -> None:
    """Learn, from the checkpoint on if there is one; a line of figures an epoch into ``log.jsonl``."""
    plan = recipe()
    torch.manual_seed(plan["seed"])
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
    table, held = load("train", work, plan), load("validate", work, plan)
    feeds = [torch.from_numpy(table[name]) for name in INPUTS]
    kss, ahead = torch.from_numpy(table["kss"])[:, None], torch.from_numpy(table["ahead"])
    for epoch in range(first, epochs):
        chance = torch.Generator().manual_seed(1000 * plan["seed"] + epoch)
        begin, total = time.process_time(), 0.0
        model.train()
        for rows in torch.randperm(len(kss), generator=chance).split(BATCH):
            loss = loss_of(model(*thin_out([x[rows] for x in feeds], chance)), kss[rows], ahead[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(rows)
        schedule.step()
        model.eval()
        with torch.no_grad():
            mean, _, _ = model(*(torch.from_numpy(held[name]) for name in INPUTS))
        error = float(np.abs(mean[:, 0].numpy() - held["true"]).mean())
        line = {"epoch": epoch + 1, "loss": round(total / len(kss), 4), "validate_mae": round(error, 4),
                "cpu_s": round(time.process_time() - begin, 1)}  # fmt: skip
        print(json.dumps(line))
        with (work / "log.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                    "epoch": epoch + 1}, checkpoint)  # fmt: skip


def export(work: Path) -> None:
    """Plain ONNX and its variants, checked against the trained network, with what they lose; ``engine.yaml`` gets the hashes."""
    from tools.training.export import samples
    from tools.training.package import package

    plan = recipe()
    model = Network()
    model.load_state_dict(torch.load(work / "checkpoint.pt", weights_only=True)["model"])
    model.eval()
    held, ranges = load("validate", work, plan), load("train", work, plan)
    feeds = samples(**{name: held[name][::10] for name in INPUTS})
    true = held["true"][::10]

    def figures(run: Any) -> dict[str, float]:
        return {"kss_error_mean": float(np.mean([abs(float(run(f)["kss"][0, 0]) - t) for f, t in zip(feeds, true, strict=True)]))}

    calibration = samples(**{name: ranges[name][::100] for name in INPUTS})
    print(package("drowsiness", model, feeds, calibration=calibration, figures=figures).table())


def run_onnx(table: Table, rows: int | None = None) -> Table:
    """Outputs of the ONNX file, one window at a time as in the car."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(ONNX), options)
    found = [session.run(None, {name: table[name][n : n + 1] for name in INPUTS}) for n in range(rows or len(table["known"]))]
    return {name: np.concatenate([f[i] for f in found]) for i, name in enumerate(("kss", "log_var", "events"))}


def auc(score: np.ndarray, truth: np.ndarray) -> float:
    """Area under the curve: how often a true window has the higher score than a false one."""
    from scipy.stats import rankdata

    n = int(truth.sum())
    return float((rankdata(score)[truth].sum() - n * (n + 1) / 2) / (n * (len(truth) - n)))


def evaluate(work: Path) -> dict[str, Any]:
    """Simulated people never trained on; spread over drives (mean and standard deviation of per-drive figures)."""
    plan = recipe()
    table = load("test", work, plan)
    out = run_onnx(table)
    kss, true, std = out["kss"][:, 0], table["true"], np.exp(0.5 * out["log_var"][:, 0])
    error = np.abs(kss - true)
    drives = np.unique(table["drive"])
    per_drive = np.array([error[table["drive"] == d].mean() for d in drives])
    sleepy, known = true >= 7.0, table["known"][:, 0] > 0
    bands = {f"{a}..{a + 2}": round(float(error[(true >= a) & (true < a + 2 + (a == 7))].mean()), 3) for a in (1, 3, 5, 7)}
    trend = [float(np.corrcoef(kss[m], true[m])[0, 1]) for m in (table["drive"] == d for d in drives) if true[m].std() > 0.7]
    return {
        "what": "synthetic, people never trained on", "windows": len(kss), "drives": len(drives),
        "mae": round(float(error.mean()), 3), "mae_by_drive": round(float(per_drive.mean()), 3),
        "mae_by_drive_std": round(float(per_drive.std()), 3),
        "mae_constant": round(float(np.abs(true - np.median(true)).mean()), 3),
        "mae_baseline_known": round(float(error[known].mean()), 3), "mae_baseline_unknown": round(float(error[~known].mean()), 3),
        "mae_by_kss": bands, "correlation": round(float(np.corrcoef(kss, true)[0, 1]), 3),
        "correlation_within_drive": round(float(np.mean(trend)), 3),
        "within_1_std": round(float((error <= std).mean()), 3), "within_2_std": round(float((error <= 2 * std).mean()), 3),
        "auc_kss_7": {
            "network": round(auc(kss, sleepy), 3), "perclos_60s": round(auc(table["plain"][:, 0], sleepy), 3),
            "mean_closure": round(auc(table["plain"][:, 1], sleepy), 3),
        },
        "auc_events": {
            name: round(auc(out["events"][:, i], table["ahead"][:, i] > 0), 3) if table["ahead"][:, i].any() else None
            for i, name in enumerate(("microsleep", "sleep", "nod"))
        },
        "events": dict(zip(("microsleep", "sleep", "nod"), (int(x) for x in table["ahead"].sum(0)), strict=True)),
    }  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("data", "train", "export", "evaluate"))
    parser.add_argument("--work", type=Path, required=True, help="folder for windows, checkpoint and log")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.work.mkdir(parents=True, exist_ok=True)
    if args.step == "data":
        for split in ("validate", "test", "train"):
            load(split, args.work, recipe())
    elif args.step == "train":
        train(args.work, args.epochs)
    elif args.step == "export":
        export(args.work)
    else:
        print(json.dumps(evaluate(args.work), indent=1))


if __name__ == "__main__":
    main()
