"""The training loop of all networks: one thread, seeded, logged, with checkpoints from which the same command goes on."""

import csv
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Batches = Callable[[int], Iterable[Any]]
"""Endless batches, beginning as if this many steps had been taken."""

Loss = Callable[[nn.Module, Any], dict[str, Tensor]]
"""Named parts of the loss of one batch; their sum is minimised, names that begin with ``_`` are only logged."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast. ``rates``: name prefix of parameters to learning rate, longest prefix wins."""

    steps: int
    rates: dict[str, float]
    warm_up: int = 200
    decay: float = 1e-4
    average: float = 0.998
    log_every: int = 100
    save_every: int = 500

    def factor(self, step: int) -> float:
        """Share of the full learning rate: up, then down along a cosine."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - self.warm_up) / max(1, self.steps - self.warm_up))))


class Averaged:
    """Running average of the weights: what is evaluated and shipped."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in module.state_dict().items()}

    def step(self, module: nn.Module, done: int) -> None:
        """Take the newest weights in; early ones are forgotten faster."""
        decay = min(self.decay, (1 + done) / (10 + done))
        for name, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)


def train(module: nn.Module, batches: Batches, loss: Loss, schedule: Schedule, out: Path, seed: int = 0) -> nn.Module:
    """Train ``module``; ``out`` gets ``checkpoint.pt`` and ``log.csv``. Returns the module, averaged, in eval mode."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    out.mkdir(parents=True, exist_ok=True)
    optimiser = torch.optim.AdamW(_groups(module, schedule), weight_decay=schedule.decay)
    full = [group["lr"] for group in optimiser.param_groups]
    averaged, done = Averaged(module, schedule.average), 0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        module.load_state_dict(saved["module"])
        optimiser.load_state_dict(saved["optimiser"])
        averaged.state, done = saved["averaged"], saved["step"]
    module.train()
    start, count = time.process_time(), 0
    sums: dict[str, float] = {}
    for batch in batches(done):
        if done >= schedule.steps:
            break
        for group, rate in zip(optimiser.param_groups, full, strict=True):
            group["lr"] = rate * schedule.factor(done)
        parts = loss(module, batch)
        total = torch.stack([v for k, v in parts.items() if not k.startswith("_")]).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 2.0)
        optimiser.step()
        done += 1
        averaged.step(module, done)
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        count += 1
        if done % schedule.log_every == 0:
            _log(
                out / "log.csv",
                {"step": done, "cpu_s": round(time.process_time() - start, 1)} | {k: v / count for k, v in sums.items()},
            )
            sums, count = {}, 0
        if done % schedule.save_every == 0 or done == schedule.steps:
            _save(
                checkpoint,
                {"module": module.state_dict(), "optimiser": optimiser.state_dict(), "averaged": averaged.state, "step": done},
            )
    module.load_state_dict(averaged.state)
    return module.eval()


def _groups(module: nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    """Parameters by learning rate; a rate of 0 freezes them."""
    groups: dict[str, list[Tensor]] = {}
    for name, parameter in module.named_parameters():
        prefix = max((p for p in schedule.rates if name.startswith(p)), key=len)
        if schedule.rates[prefix] == 0:
            parameter.requires_grad_(False)
        else:
            groups.setdefault(prefix, []).append(parameter)
    return [{"params": params, "lr": schedule.rates[prefix]} for prefix, params in groups.items()]


def _save(path: Path, state: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.rename(path)


def _log(path: Path, row: dict[str, float]) -> None:
    fresh = not path.exists()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in row.items()})
    print(" ".join(f"{k} {v:.4g}" for k, v in row.items()), flush=True)
