"""A configured fallback is told in every state: health "degraded", with the reason; the camera is not blamed for it."""

from collections.abc import Callable

import numpy as np

from dms.bus.samples import Sample
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend
from dms.perception.pipeline import SLOTS
from dms.records import Frame, Health, TakeoverReadiness
from dms.runtime.chain import Chain
from dms.runtime.config import Loaded
from dms.runtime.reporting import camera_word
from dms.runtime.stages import Pulse, Watch

WHY = "running on onnxruntime instead of tensorrt: there is no plan"
Scripts = dict[str, dict[str, np.ndarray]]


def health(chain: Chain, frame: Callable[..., Frame], start: float) -> Health:
    """Of the last of 30 pictures, a second long."""
    return [chain.frame(frame(start + i / 30, i)) for i in range(30)][-1].state.health


def test_a_fallback_is_told_and_its_end_too(parts: Loaded, frame: Callable[..., Frame], scripts: Scripts) -> None:
    with EngineSet(SLOTS, FakeBackend(scripts)) as wanted, EngineSet(SLOTS, FakeBackend(scripts)) as other:
        other.degraded = WHY
        chain = Chain(wanted, parts.cabin, parts.profile, parts.camera, parts.driver)
        assert health(chain, frame, 0.0) == Health(state="ready")
        chain.recover(other)
        told = health(chain, frame, 1.0)
        assert told == Health(state="degraded", reasons=[WHY], parts=["system"]) and camera_word(told) == "ok"
        chain.recover(wanted)
        assert health(chain, frame, 2.0) == Health(state="ready")


def test_a_camera_that_is_degraded_is_the_one_to_blame() -> None:
    assert camera_word(Health(state="degraded", reasons=["picture blurred"], parts=["camera"])) == "degraded"
    assert camera_word(Health(state="degraded", parts=["camera", "system"])) == "degraded"


def test_the_part_behind_a_stage_that_is_down() -> None:
    camera, inference = Pulse("camera", None, part="camera"), Pulse("inference", None)
    watch = Watch(Pulse("publisher", None), camera, inference)
    state = TakeoverReadiness(t=1.0, readiness="ready", level=4, health=Health(state="ready"))
    sample = Sample(state=state, captured=1.0, frame_counter=1)

    def parts() -> list[str]:
        guarded = watch.guard(sample, 1.0)
        assert guarded is not None
        return list(guarded.state.health.parts)

    assert parts() == []
    inference.fail("inference stopped: bug")
    assert parts() == ["system"]
    camera.trouble = "late"
    assert parts() == ["camera", "system"]
    inference.trouble = None
    assert parts() == ["camera"]
