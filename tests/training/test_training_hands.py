"""What the hand detector is taught is what the running chain reads; a hand that hardly shows is neither a hand nor background."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dms.perception.detection import Detector
from dms.perception.hand_search import LAYERS, SIDE, roi_of

FILE = Path(__file__).resolve().parents[2] / "engines" / "hand_detector" / "data.py"
WHOLE = (0, 0, SIDE, SIDE)


@pytest.fixture(scope="module")
def data() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hand_detector_data", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def hand(x: float, y: float, size: float = 40.0) -> np.ndarray:
    """21 points, wrist below, within size x size about (x, y)."""
    points = np.random.default_rng(1).uniform(-0.5, 0.5, (21, 2))
    points[0], points[9], points[1], points[2] = (0.0, 0.5), (0.0, -0.1), (-0.5, -0.5), (0.5, 0.3)
    return (points * size + (x, y)).astype(np.float32)


def read(target: Any) -> list[Any]:
    """What the chain makes of a network that answers exactly what it was taught."""
    logits = np.log(np.clip(target.score, 1e-4, 1 - 1e-4) / (1 - np.clip(target.score, 1e-4, 1 - 1e-4)))
    out = {"scores": logits.reshape(1, -1, 1), "boxes": target.boxes.reshape(8, -1).T[None]}
    spec = SimpleNamespace(inputs=[SimpleNamespace(shape=(1, SIDE, SIDE, 1))])
    engine: Any = SimpleNamespace(spec=spec, run=lambda feeds: out)
    return Detector(engine, LAYERS, 0.5).find(np.zeros((SIDE, SIDE), np.uint8))


def test_the_chain_reads_what_is_taught(data: ModuleType) -> None:
    hands = [hand(40, 50), hand(117, 98, 60)]
    target = data.target_of([data.Shown(points, 0.9) for points in hands], WHOLE, SIDE)
    found = sorted(read(target), key=lambda d: d.box[0])
    assert len(found) == 2
    for one, points in zip(found, hands, strict=True):
        low, high = points.min(axis=0), points.max(axis=0)
        assert one.box == pytest.approx((*low, *(high - low)), abs=0.01)
        assert one.keypoints == pytest.approx(points[[0, 9]], abs=0.01)
        assert roi_of(one).angle == pytest.approx(0.0, abs=1e-3)


def test_hardly_seen_or_cut_off_is_left_open(data: ModuleType) -> None:
    for shown, inside in ((data.Shown(hand(80, 80), 0.1), WHOLE), (data.Shown(hand(80, 80), 0.9), (0, 0, 160, 72))):
        target = data.target_of([shown], inside, SIDE)
        assert target.score.max() == 0.0 and target.counts[10, 10] == 0.0
    hidden = data.target_of([data.Shown(hand(80, 80), 0.0)], WHOLE, SIDE)
    assert hidden.score.max() == 0.0 and hidden.counts.min() == 1.0


def test_a_cover_hides_a_hand_only_when_it_hides_much(data: ModuleType) -> None:
    cover = np.zeros((SIDE, SIDE), bool)
    cover[:, :62] = True
    assert data._covered(data.Shown(hand(80, 80), 0.9), cover).visible == 0.9
    cover[:, :95] = True
    assert data._covered(data.Shown(hand(80, 80), 0.9), cover).visible < 0.3


def test_pictures_are_prepared_by_the_running_chain() -> None:
    """No second pre-processing."""
    prepared = "from dms.perception.hand_search import"
    assert prepared in FILE.read_text() and "return evened(canvas)" in FILE.read_text()
    assert "prepare=evened" in (FILE.parents[2] / "dms" / "perception" / "hand_search.py").read_text()
