"""A configured fallback is told in every state: health "degraded", with the reason."""

from collections.abc import Callable

import numpy as np

from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend
from dms.perception.pipeline import SLOTS
from dms.records import Frame
from dms.runtime.chain import Chain
from dms.runtime.config import Loaded

WHY = "running on onnxruntime instead of tensorrt: there is no plan"
Scripts = dict[str, dict[str, np.ndarray]]


def health(chain: Chain, frame: Callable[..., Frame], start: float) -> tuple[str, list[str]]:
    """Of the last of 30 pictures, a second long."""
    judged = [chain.frame(frame(start + i / 30, i)) for i in range(30)][-1]
    return judged.state.health.state, judged.state.health.reasons


def test_a_fallback_is_told_and_its_end_too(parts: Loaded, frame: Callable[..., Frame], scripts: Scripts) -> None:
    with EngineSet(SLOTS, FakeBackend(scripts)) as wanted, EngineSet(SLOTS, FakeBackend(scripts)) as other:
        other.degraded = WHY
        chain = Chain(wanted, parts.cabin, parts.profile, parts.camera, parts.driver)
        assert health(chain, frame, 0.0) == ("ready", [])
        chain.recover(other)
        assert health(chain, frame, 1.0) == ("degraded", [WHY])
        chain.recover(wanted)
        assert health(chain, frame, 2.0) == ("ready", [])
