import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dms.inference.build import build
from dms.inference.engine_set import EngineSet
from dms.perception.pipeline import FACE_SLOTS, SLOTS

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def engines() -> Iterator[EngineSet]:
    """The real networks; built on first use, which needs the network once."""
    build()
    with EngineSet(SLOTS) as opened:
        yield opened


@pytest.fixture(scope="session")
def face_engines(engines: EngineSet) -> dict:
    """Without the hand networks: quicker."""
    return {slot: engines[slot] for slot in FACE_SLOTS}


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """What MediaPipe 0.10.21 saw, see reference/README.md."""
    with np.load(Path(__file__).parent / "reference" / "mediapipe.npz") as data:
        return dict(data)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
