"""What the tests on the CUDA driver that runs on the host share: back ends with plans, inputs, comparison, another thread."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from dms.inference.base import EngineSpec, Options
from dms.inference.parity import noise
from dms.inference.slots import find_engine
from dms.inference.tensorrt.plan_store import PlanStore
from dms.inference.tensorrt_backend import TensorRtBackend

SLOTS = ("drowsiness", "eye_landmarks", "eye_state", "face_detector", "face_mesh", "gaze", "gesture",
         "gesture_motion", "hand_detector", "hand_landmarks", "head_pose", "palm_detector")  # fmt: skip
EYE = "eye_state"


def quiet(done: float, text: str) -> None:
    pass


def ready(plans: Path, slots: tuple[str, ...] = (EYE,), options: Options | None = None) -> TensorRtBackend:
    """A back end with plans of ``slots``."""
    backend = TensorRtBackend(PlanStore(plans))
    for slot in slots:
        backend.ensure(find_engine(slot), options or Options(), quiet)
    return backend


def made_up(spec: EngineSpec, seed: int) -> dict[str, np.ndarray]:
    """Inputs of the right shapes, another one for each seed."""
    rng = np.random.default_rng(seed)
    return {
        t.name: noise(seed, t.shape) if t.dtype == "uint8" else rng.normal(0, 1, t.shape).astype(np.float32) for t in spec.inputs
    }


def plain(slot: str, precision: str = "fp32") -> EngineSpec:
    return replace(find_engine(slot, None, precision), cpu_path=None)


def assert_same(found: "dict[str, np.ndarray]", wanted: "dict[str, np.ndarray]") -> None:
    assert found.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=name)


def in_thread(action: Callable[[], object]) -> BaseException | None:
    """Run it in a thread called "other"; what it raised."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run, name="other")
    thread.start()
    thread.join()
    return caught[0] if caught else None
