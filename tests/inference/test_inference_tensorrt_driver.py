"""The engine code on a CUDA driver that runs on the host: real cuda-bindings (and pycuda), a double of TensorRT.

Part of ``make test-tensorrt``: here a missing package fails. What can fail: ``..._driver_failures``; the commands:
``..._driver_commands``.
"""

import threading
from pathlib import Path

import pytest
import tensorrt_double as double
from fake_cuda import FakeCuda
from tensorrt_rig import EYE, SLOTS, assert_same, made_up, plain, quiet, ready

from dms.errors import EngineFailed, UsageError
from dms.inference.base import Options
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.tensorrt.plan_store import PlanStore
from dms.inference.tensorrt_backend import TensorRtBackend
from dms.inference.together import run_together

pytestmark = [pytest.mark.tensorrt, pytest.mark.usefixtures("gpu")]


@pytest.mark.parametrize(
    ("slot", "memory"), [*((slot, "pinned") for slot in SLOTS), ("gaze", "mapped"), ("face_detector", "mapped")]
)
def test_every_engine_gives_the_same_bits(slot: str, memory: str, plans: Path, built: object) -> None:
    options = Options(extra={"memory": memory})
    spec = plain(slot)
    with ready(plans, (slot,), options).load(spec, options) as engine, OnnxRuntimeBackend().load(spec, Options()) as judge:
        for seed in range(3):
            feeds = made_up(spec, seed)
            assert_same(dict(engine.run(feeds)), dict(judge.run(feeds)))


@pytest.mark.parametrize("memory", ["pinned", "mapped"])
def test_both_cuda_packages(cuda: str, memory: str, plans: Path, gpu: FakeCuda) -> None:
    options = Options(extra={"cuda": cuda, "memory": memory})
    spec, retained = plain("gaze"), gpu.retained()
    backend = ready(plans, ("gaze",), options)
    with backend.load(spec, options) as engine, OnnxRuntimeBackend().load(spec, Options()) as judge:
        before = {name: gpu.calls(name) for name in ("cuMemAlloc_v2", "cuMemHostAlloc", "cuStreamCreate", "cuEventCreate")}
        for seed in range(5):
            feeds = made_up(spec, seed)
            assert_same(dict(engine.run(feeds)), dict(judge.run(feeds)))
        assert before == {name: gpu.calls(name) for name in before}, "something is allocated for each frame"
    assert not gpu.live()
    assert cuda == "pycuda" or gpu.retained() == retained


def test_lower_precisions_run_too(plans: Path) -> None:
    backend = TensorRtBackend(PlanStore(plans))
    for precision in ("fp16", "int8"):
        spec = plain(EYE, precision)
        backend.ensure(spec, Options(), quiet)
        with backend.load(spec, Options()) as engine, OnnxRuntimeBackend().load(spec, Options()) as judge:
            feeds = made_up(spec, 1)
            assert_same(dict(engine.run(feeds)), dict(judge.run(feeds)))


def test_memory_is_chosen_by_the_device(plans: Path, gpu: FakeCuda) -> None:
    for integrated, blocks in ((True, 0), (False, 3)):
        gpu.device(integrated=integrated)
        with ready(plans).load(plain(EYE), Options()):
            assert gpu.live().get("device memory", 0) == blocks
    gpu.device(integrated=True, maps=False)
    with pytest.raises(UsageError, match="choose pinned or auto"):
        ready(plans).load(plain(EYE), Options(extra={"memory": "mapped"}))


def test_outputs_belong_to_the_caller(plans: Path) -> None:
    """Two eyes through one engine: the first answer must not change with the second."""
    spec = plain(EYE)
    engine = ready(plans).load(spec, Options())
    first = engine.run(made_up(spec, 1))
    kept = {name: value.copy() for name, value in first.items()}
    engine.run(made_up(spec, 2))
    engine.close()
    assert_same(dict(first), kept)


def test_a_graph_gives_the_same_bits(plans: Path, gpu: FakeCuda) -> None:
    options = Options(extra={"graph": True, "memory": "pinned"})
    spec = plain("gaze")
    with ready(plans, ("gaze",), options).load(spec, options) as engine, OnnxRuntimeBackend().load(spec, Options()) as judge:
        copies = gpu.calls("cuMemcpyHtoDAsync_v2")
        for seed in range(4):
            feeds = made_up(spec, seed)
            assert_same(dict(engine.run(feeds)), dict(judge.run(feeds)))
        assert gpu.calls("cuMemcpyHtoDAsync_v2") == copies, "the graph is not used"
        assert gpu.calls("cuGraphLaunch") >= 4


def test_graphs_are_refused_where_they_cannot_be(plans: Path, cuda: str) -> None:
    options = Options(extra={"graph": True, "cuda": cuda})
    if cuda == "pycuda":
        with pytest.raises(UsageError, match="pycuda cannot record"):
            ready(plans).load(plain(EYE), options)
        return
    backend = ready(plans)
    double.faults.add("enqueue in capture")
    with pytest.raises(EngineFailed, match="did not start: the kernels were not launched"):
        backend.load(plain(EYE), options)


def test_several_engines_side_by_side(plans: Path) -> None:
    slots = ("head_pose", EYE, "gaze")
    backend = ready(plans, slots)
    engines = {slot: backend.load(plain(slot), Options()) for slot in slots}
    try:
        feeds = {slot: made_up(engines[slot].spec, 4) for slot in slots}
        answers = run_together(engines, feeds, lambda: 0.0, 1.0)
        assert not answers.late
        for slot in slots:
            with OnnxRuntimeBackend().load(plain(slot), Options()) as judge:
                assert_same(dict(answers.outputs[slot]), dict(judge.run(feeds[slot])))
    finally:
        for engine in engines.values():
            engine.close()


def test_late_optional_outputs_are_dropped_and_named(plans: Path) -> None:
    slots = ("head_pose", "gaze")
    backend = ready(plans, slots)
    engines = {slot: backend.load(plain(slot), Options()) for slot in slots}
    feeds = {slot: made_up(engines[slot].spec, 4) for slot in slots}
    try:
        double.slow["angles"] = 1.5
        ticks = iter([0.0, 0.0, *[9.0] * 1000])
        answers = run_together(engines, feeds, lambda: next(ticks), 1.0, optional={"gaze"})
        assert answers.late == ("gaze",) and answers.outputs.keys() == {"head_pose"}
        # the next picture comes while gaze is still at work on the old one: not given to it, and told again
        answers = run_together(engines, {"gaze": feeds["gaze"]}, lambda: 0.0, 1.0, optional={"gaze"})
        assert answers.late == ("gaze",)
        double.slow.clear()
        while not engines["gaze"].ready():
            threading.Event().wait(0.005)
        other = made_up(engines["gaze"].spec, 5)
        answers = run_together(engines, {"gaze": other}, lambda: 0.0, 1.0, {"gaze"})
        with OnnxRuntimeBackend().load(plain("gaze"), Options()) as judge:
            assert_same(dict(answers.outputs["gaze"]), dict(judge.run(other)))
    finally:
        for engine in engines.values():
            engine.close()


def test_collect_gives_up_and_the_engine_stays_usable(plans: Path, gpu: FakeCuda) -> None:
    spec = plain(EYE)
    with ready(plans).load(spec, Options()) as engine:
        gpu.delay(60_000)
        engine.submit(made_up(spec, 1))
        with pytest.raises(EngineFailed, match=r"no answer within 0\.01 s"):
            engine.collect(timeout=0.01)
        with pytest.raises(EngineFailed, match="still at work on an earlier input"):
            engine.submit(made_up(spec, 2))
        gpu.delay(0)
        while not engine.ready():
            threading.Event().wait(0.005)
        with OnnxRuntimeBackend().load(spec, Options()) as judge:
            assert_same(dict(engine.run(made_up(spec, 3))), dict(judge.run(made_up(spec, 3))))
        with pytest.raises(EngineFailed, match="nothing was submitted"):
            engine.collect()
        with pytest.raises(EngineFailed, match="slot 1 was asked for"):
            engine.submit(made_up(spec, 1), slot=1)


def test_closing_waits_for_the_device(plans: Path, gpu: FakeCuda) -> None:
    """Memory must not be freed while it is written: the fake driver overwrites what is freed, and checks the copies."""
    spec = plain(EYE)
    engine = ready(plans).load(spec, Options(extra={"memory": "pinned"}))
    gpu.delay(20_000)
    engine.submit(made_up(spec, 1))
    engine.close()
    engine.close()
    assert not gpu.live()
    with pytest.raises(EngineFailed, match="closed"):
        engine.run(made_up(spec, 1))
