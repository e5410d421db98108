"""Any picture, and any answer of a network, gives a valid observation."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dms.inference.base import Options, Tensors
from dms.inference.engine_set import EngineSet
from dms.inference.fake_backend import FakeBackend, zeros
from dms.inference.slots import contract
from dms.perception.pipeline import SLOTS, Perception
from dms.records.frame import Frame
from dms.records.jsonl import encode
from dms.records.observation import Observation

KINDS = ("noise", "flat", "stripes", "ramp", "salt")


def check(observation: Observation) -> None:
    """Comes back from its own text, and holds the record's promises."""
    text = encode(observation)
    assert msgspec.json.decode(text, type=Observation) == observation
    assert b"NaN" not in text and b"Infinity" not in text
    if observation.face is None or not observation.face.present:
        assert observation.head is None and observation.gaze is None and observation.eyes is None and observation.mouth is None
    for eye in (observation.eyes or {}).values():
        assert eye.visible is not None
        assert (eye.closed is None) == (eye.visible < 0.5)
    if observation.head is not None:
        assert math.isclose(np.linalg.norm(observation.head.forward_camera), 1.0, abs_tol=1e-3)


def picture(kind: str, width: int, height: int, level: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "noise":
        return rng.integers(0, 256, (height, width), dtype=np.uint8)
    if kind == "flat":
        return np.full((height, width), level, np.uint8)
    if kind == "stripes":
        return np.tile((np.arange(width) // 7 % 2 * 255).astype(np.uint8), (height, 1))
    if kind == "ramp":
        return np.tile(np.linspace(0, level, width).astype(np.uint8), (height, 1))
    return np.where(rng.random((height, width)) < 0.01, 255, level).astype(np.uint8)


@given(
    kind=st.sampled_from(KINDS),
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    level=st.integers(0, 255),
    seed=st.integers(0, 99),
    independent=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_picture(engines: EngineSet, kind: str, width: int, height: int, level: int, seed: int, independent: bool) -> None:
    chain = Perception(engines)
    for k in range(2):
        check(chain.observe(Frame(grey=picture(kind, width, height, level, seed), t=k / 30), independent))


@pytest.mark.parametrize("kind", ["noise", "flat"])
@pytest.mark.parametrize("size", [(1, 1), (16, 16), (1000, 20), (20, 1000), (4000, 3000)])
def test_odd_sizes(engines: EngineSet, size: tuple[int, int], kind: str) -> None:
    grey = picture(kind, *size, 128, 1)
    colour = np.repeat(grey[..., None], 3, axis=2)
    check(Perception(engines).observe(Frame(grey=grey, t=0.0, colour=colour), independent=True))
    check(Perception(engines).observe(Frame(grey=grey, t=0.0)))


def test_changing_sizes_in_one_stream(engines: EngineSet) -> None:
    chain = Perception(engines)
    for k, size in enumerate([(640, 480), (64, 48), (480, 640), (1, 1), (640, 480)]):
        check(chain.observe(Frame(grey=picture("noise", *size, 0, k), t=k / 30)))


@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.0, 1.0, 30.0, 300.0, 1e6]), still=st.booleans())
@settings(max_examples=25, deadline=None)
def test_any_answer_of_the_networks(seed: int, spread: float, still: bool) -> None:
    """Networks that are sure of nonsense: points anywhere, all in one place, or far away."""
    rng = np.random.default_rng(seed)

    def answer(slot: str) -> dict[str, np.ndarray]:
        out = zeros(contract(slot))
        for name, values in out.items():
            if name in ("presence", "scores"):
                values[:] = 1.0 if slot == "hand_landmarks" else 9.0
            elif name == "handedness":
                values[:] = rng.random()
            else:
                values[:] = rng.normal(96.0, 1.0, values.shape) if spread == 1.0 else rng.normal(0, 1, values.shape) * spread
        if "scores" in out:
            out["scores"][:] = np.where(rng.random(out["scores"].shape) < 0.01, 5.0, -9.0)
        return out

    def script(slot: str) -> object:
        return lambda feeds: answer(slot)

    backend = FakeBackend({slot: script(slot) for slot in SLOTS})  # type: ignore[dict-item]
    chain = Perception({slot: backend.load(contract(slot), Options()) for slot in SLOTS})
    grey = rng.integers(0, 256, (120, 160), dtype=np.uint8)
    for k in range(3):
        check(chain.observe(Frame(grey=grey, t=k / 30), independent=still))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_not_a_number_from_a_network_is_no_driver(engines: EngineSet, value: float) -> None:
    """A broken network must not come out as a driver with made-up values."""

    def broken(slot: str) -> object:
        def run(feeds: Tensors) -> Tensors:
            out = zeros(contract(slot))
            for name, values in out.items():
                values[:] = 5.0 if name in ("presence", "scores") else value
            return out

        return run

    backend = FakeBackend({slot: broken(slot) for slot in SLOTS})  # type: ignore[dict-item]
    chain = Perception({slot: backend.load(contract(slot), Options()) for slot in SLOTS})
    for independent in (True, False):
        check(chain.observe(Frame(grey=np.full((120, 160), 90, np.uint8), t=0.0), independent))
