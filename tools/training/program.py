"""What the command lines of the training programs share."""

import argparse
from pathlib import Path

import torch
from torch import nn


def options(about: str, pictures: str, steps: int, seed: int, **more: str) -> argparse.Namespace:
    """The command line: ``pictures`` is the set's name, ``steps`` and ``seed`` are what the recipe says; ``more``: further sets,
    name to description."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, metavar=pictures, help="a set of tools.training.render")
    for name, what in more.items():
        parser.add_argument(f"--{name}", type=Path, required=True, metavar=name.upper(), help=what)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and log")
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=seed, help="of all that is drawn while training")
    parser.add_argument("--start", type=Path, metavar="CHECKPOINT", help="begin with the averaged weights of an earlier run")
    parser.add_argument("--package", action="store_true", help="then write the engine's files")
    parser.add_argument("--variants", action="store_true", help="don't train; make the shipped network's lower precisions anew")
    return parser.parse_args()


def begin(net: nn.Module, checkpoint: Path | None) -> None:
    """Put in the averaged weights of an earlier run, if there was one."""
    if checkpoint is not None:
        net.load_state_dict(torch.load(checkpoint, weights_only=True)["averaged"])


def rates(trunk: nn.ParameterDict, frozen: int, moving: float, rest: float = 1e-3) -> dict[str, float]:
    """Learning rates by name of parameter: the trunk has learned from real pictures, so its first ``frozen`` tensors stay as they
    are and its others move slowly."""
    return {"": rest, "trunk.": moving} | {f"trunk.weights.{name}": 0.0 for name in list(trunk)[:frozen]}
