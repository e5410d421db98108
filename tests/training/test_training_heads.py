"""Training of the head-pose network: clutter teaches it to be unsure, and nothing else."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
FILE = Path(__file__).resolve().parents[2] / "engines/head_pose/train.py"


@pytest.fixture(scope="module")
def program() -> Any:
    spec = importlib.util.spec_from_file_location("head_pose_train", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answers(count: int) -> tuple[Any, Any, Any]:
    """Six numbers of a straight head, log std, signs; leaves whose gradient is asked for."""
    six = torch.tensor([[1.0, 0, 0, 0, 1, 0]]).repeat(count, 1)
    return tuple(part.requires_grad_() for part in (six, torch.full((count, 1), 2.0), torch.zeros(count, 4)))  # type: ignore[return-value]


def test_clutter_moves_the_spread_alone(program: Any) -> None:
    picture, view, signs = program.no_head(np.random.default_rng(1))
    assert picture.shape == (program.SIDE, program.SIDE) and np.isnan(view).all() and np.isnan(signs).all()
    head = np.eye(3)[[1, 0, 2]] * (1.0, -1.0, 1.0), np.array([5.0, 0.0, 0.0, 1.0])
    batch = tuple(torch.from_numpy(np.stack(part)).float() for part in ([picture] * 2, [head[0], view], [head[1], signs]))
    six, log_std, said = answers(2)
    parts = program.loss(lambda _: (six, log_std, said), batch)
    sum(v for k, v in parts.items() if not k.startswith("_")).backward()
    assert six.grad is not None and six.grad[0].abs().sum() > 0 and six.grad[1].abs().sum() == 0
    assert said.grad is not None and said.grad[0].abs().sum() > 0 and said.grad[1].abs().sum() == 0
    assert log_std.grad is not None and log_std.grad[1] < 0  # the spread of what is no head grows
    assert all(torch.isfinite(v) for v in parts.values())
