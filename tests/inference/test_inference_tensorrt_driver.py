"""The engine code on a CUDA driver that runs on the host: real cuda-bindings (and pycuda), a double of TensorRT.

Part of ``make test-tensorrt``: here a missing package fails.
"""

import gc
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tensorrt_double as double
from fake_cuda import LAUNCH_FAILED, NO_DEVICE, OUT_OF_MEMORY, FakeCuda

from dms.errors import BackendUnavailable, EngineFailed, InputError, UsageError
from dms.inference.base import EngineSpec, Options
from dms.inference.cuda.api import CudaError
from dms.inference.cuda.session import CudaSession, load_api
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.parity import noise
from dms.inference.slots import find_engine
from dms.inference.tensorrt.engine import TensorRtEngine
from dms.inference.tensorrt.plan_store import PlanStore
from dms.inference.tensorrt_backend import TensorRtBackend
from dms.inference.together import run_together

pytestmark = pytest.mark.tensorrt

SLOTS = ("drowsiness", "eye_landmarks", "eye_state", "face_detector", "face_mesh", "gaze", "gesture", "hand_detector",
         "hand_landmarks", "head_pose")  # fmt: skip
EYE = "eye_state"


@pytest.fixture(scope="session")
def driver(tmp_path_factory: pytest.TempPathFactory) -> FakeCuda:
    """One a process: it can be loaded only once."""
    return FakeCuda(tmp_path_factory.mktemp("cuda"))


@pytest.fixture(autouse=True)
def gpu(driver: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCuda]:
    """A fresh GPU, the double in TensorRT's place, and nothing left on the GPU at the end."""
    driver.reset()
    double.driver = driver
    double.faults.clear()
    double.built.clear()
    double.slow.clear()
    monkeypatch.setitem(sys.modules, "tensorrt", double)
    yield driver
    if "pycuda.driver" in sys.modules:
        gc.collect()  # its streams and events go with their last reference
    left = driver.live()
    driver.reset()
    assert not left, f"left on the GPU: {left}"


@pytest.fixture(params=["cuda-bindings", "pycuda"])
def cuda(request: pytest.FixtureRequest) -> str:
    """Both implementations; pycuda only where it was built (it has no wheels)."""
    if request.param == "pycuda":
        try:
            import pycuda.driver  # noqa: F401
        except ImportError:
            if os.environ.get("DMS_REQUIRE_PYCUDA"):
                raise
            pytest.skip("no build of pycuda here")
    return str(request.param)


def quiet(done: float, text: str) -> None:
    pass


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of plans that all tests share."""
    return tmp_path_factory.mktemp("plans")


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


# -- the right way ------------------------------------------------------------------------------------------------------------


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


# -- several at once, deadlines -----------------------------------------------------------------------------------------------


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


# -- everything that can fail -------------------------------------------------------------------------------------------------


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


def test_a_thread_without_the_context_gets_an_error(cuda: str) -> None:
    session = CudaSession(load_api(cuda))
    with session.guard("test"):
        session.api.free(session.api.allocate(64))
        error = in_thread(lambda: session.api.allocate(64))
    assert isinstance(error, CudaError) and error.code == "CUDA_ERROR_INVALID_CONTEXT"
    with pytest.raises(CudaError, match="INVALID_CONTEXT"):
        session.api.allocate(64)
    session.close()


def test_one_thread_at_a_time(plans: Path, cuda: str) -> None:
    spec = plain(EYE)
    options = Options(extra={"cuda": cuda})
    with ready(plans, options=options).load(spec, options) as engine:
        with engine._session.guard("a long call"):
            for action in (lambda: engine.run(made_up(spec, 1)), engine.close, lambda: engine.submit(made_up(spec, 1))):
                error = in_thread(action)
                assert isinstance(error, EngineFailed)
                assert "thread other used the GPU while thread MainThread did" in str(error)
        engine.run(made_up(spec, 1))


def test_engines_move_between_threads(plans: Path, cuda: str, gpu: FakeCuda) -> None:
    """Loaded by one thread, run by another one, closed by a third: what a restart of the inference stage does."""
    spec = plain(EYE)
    options = Options(extra={"cuda": cuda, "memory": "pinned"})
    engine = ready(plans, options=options).load(spec, options)
    found: list[dict[str, np.ndarray]] = []
    assert in_thread(lambda: found.append(dict(engine.run(made_up(spec, 1))))) is None
    with OnnxRuntimeBackend().load(spec, Options()) as judge:
        assert_same(found[0], dict(judge.run(made_up(spec, 1))))
    assert in_thread(engine.close) is None
    assert not gpu.live()


LOAD_CALLS = [
    "cuInit", "cuDeviceGet", "cuDevicePrimaryCtxRetain", "cuCtxPushCurrent_v2", "cuMemHostAlloc", "cuMemAlloc_v2",
    "cuStreamCreate", "cuEventCreate", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuEventRecord", "cuEventQuery",
]  # fmt: skip


@pytest.mark.parametrize("call", LOAD_CALLS)
def test_whatever_fails_while_loading_leaves_nothing(call: str, cuda: str, plans: Path, gpu: FakeCuda) -> None:
    if (cuda, call) == ("pycuda", "cuDevicePrimaryCtxRetain"):
        return  # once a process
    options = Options(extra={"cuda": cuda, "memory": "pinned"})
    ready(plans, options=options)
    for after in range(12):
        gpu.fail(call, after)
        backend = TensorRtBackend(PlanStore(plans))
        try:
            engine = backend.load(plain(EYE), options)
        except (CudaError, BackendUnavailable) as error:
            failed = str(error)
        else:
            gpu.fail("", 0)
            engine.close()
            break
        assert call.removesuffix("_v2") in failed
        assert not gpu.live(), f"{call} after {after}"
    assert after > 0, f"{call} is never called while loading"


@pytest.mark.parametrize(
    "call", ["cuMemHostAlloc", "cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags"]
)
def test_a_failing_graph_leaves_nothing(call: str, plans: Path, gpu: FakeCuda) -> None:
    backend = ready(plans)
    gpu.fail(call)
    with pytest.raises(CudaError):
        backend.load(plain(EYE), Options(extra={"graph": True}))
    assert not gpu.live()


def test_out_of_memory_says_so(cuda: str, plans: Path, gpu: FakeCuda) -> None:
    options = Options(extra={"cuda": cuda, "memory": "pinned"})
    backend = ready(plans, options=options)
    gpu.fail("cuMemAlloc_v2", 1, OUT_OF_MEMORY, always=True)  # pycuda tries twice
    with pytest.raises(CudaError, match=r"cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY; the GPU's memory is full") as caught:
        backend.load(plain(EYE), options)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("call", ["cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuEventRecord"])
def test_a_failed_copy_is_an_error_and_passes(call: str, cuda: str, plans: Path, gpu: FakeCuda) -> None:
    options = Options(extra={"cuda": cuda, "memory": "pinned"})
    spec = plain(EYE)
    with ready(plans, options=options).load(spec, options) as engine, OnnxRuntimeBackend().load(spec, Options()) as judge:
        gpu.fail(call)
        with pytest.raises(CudaError, match=call.removesuffix("_v2")):
            engine.run(made_up(spec, 1))
        assert_same(dict(engine.run(made_up(spec, 2))), dict(judge.run(made_up(spec, 2))))


def test_a_failed_enqueue_is_an_error_with_the_reason(plans: Path) -> None:
    spec = plain(EYE)
    with ready(plans).load(spec, Options()) as engine:
        double.faults.add("enqueue")
        with pytest.raises(EngineFailed, match="engine eye_state: TensorRT did not start: the kernels were not launched"):
            engine.run(made_up(spec, 1))
        double.faults.clear()
        engine.run(made_up(spec, 1))


@pytest.mark.parametrize(("fault", "words"), [("no context", "no memory for the activations"), ("address", "not aligned")])
def test_what_tensorrt_refuses_while_loading(fault: str, words: str, plans: Path, gpu: FakeCuda) -> None:
    backend = ready(plans)
    double.faults.add(fault)
    with pytest.raises(EngineFailed, match=words):
        backend.load(plain(EYE), Options())
    assert not gpu.live()


def test_a_lost_device_is_lost_for_all_engines(cuda: str, plans: Path, gpu: FakeCuda) -> None:
    options = Options(extra={"cuda": cuda, "memory": "pinned"})
    backend = ready(plans, (EYE, "gaze"), options)
    eye, gaze = (backend.load(plain(slot), options) for slot in (EYE, "gaze"))
    gpu.fail("cuEventQuery", 0, LAUNCH_FAILED, lost=True)
    with pytest.raises(CudaError, match=r"LAUNCH_FAILED.*restart it") as caught:
        eye.run(made_up(eye.spec, 1))
    assert caught.value.lost
    gpu.lose(0)  # even if the driver were to answer again: what it answers is worth nothing
    with pytest.raises(EngineFailed, match=r"engine gaze: .*restart it"):
        gaze.run(made_up(gaze.spec, 1))
    gpu.lose()
    eye.close()
    gaze.close()
    gpu.lose(0)
    eye._session.api.release()  # what the driver does when the process ends
    gpu.reset()


def test_no_gpu_and_wrong_gpu(plans: Path, gpu: FakeCuda, cuda: str) -> None:
    with pytest.raises(BackendUnavailable, match="there is no GPU 3; the driver has 1"):
        CudaSession(load_api(cuda), 3)
    gpu.device(count=0)
    gpu.fail("cuInit", 0, NO_DEVICE)
    with pytest.raises(BackendUnavailable, match="no usable GPU"):
        CudaSession(load_api(cuda))
    state = TensorRtBackend(PlanStore(plans)).probe()
    assert not state.ok and "GPU" in state.hint


def test_a_driver_that_fails_is_no_traceback(plans: Path, gpu: FakeCuda) -> None:
    gpu.fail("cuDeviceGetAttribute")
    state = TensorRtBackend(PlanStore(plans)).probe()
    assert not state.ok and state.reason == "CUDA cuDeviceGetAttribute failed: CUDA_ERROR_INVALID_VALUE"


def test_probe_names_what_it_found(plans: Path, gpu: FakeCuda) -> None:
    state = TensorRtBackend(PlanStore(plans)).probe()
    assert state.ok
    assert state.versions["gpu"] == "Fake (SM 8.7, 16 processors)" and state.versions["tensorrt"] == "10.3.0"
    assert state.versions["driver"] == "13.0" and state.versions["cuda"].startswith("cuda-bindings ")


# -- the commands -------------------------------------------------------------------------------------------------------------


def test_build_check_list_clean_as_a_user(
    dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], gpu: FakeCuda
) -> None:
    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    refused = dms("engines", "check", "--backend", "tensorrt", "--slot", "gaze")
    assert refused.code == 4 and "no TensorRT plan of gaze (fp32)" in refused.complaint
    assert "run: dms engines build --backend tensorrt" in refused.complaint
    built = dms("engines", "build", "--backend", "tensorrt", "--slot", "gaze", "--slot", EYE, "--precision", "fp16")
    assert built.code == 0 and "built gaze fp16, 0.7 MB, distance to the reference: gaze 0.00" in built.out
    assert "gaze fp16: Building" in built.err
    checked = dms("engines", "check", "--backend", "tensorrt", "--precision", "fp16", "--slot", "gaze")
    assert checked.code == 0 and "all plans keep their limits" in checked.out
    (next((tmp_path / "plans").glob("*/plan"))).write_bytes(b"damaged")
    again = dms("engines", "build", "--backend", "tensorrt", "--slot", "gaze", "--slot", EYE, "--precision", "fp16", "--json")
    plans = json.loads(again.out)["plans"]
    assert sorted(plan["built"] for plan in plans) == [False, True]
    assert [bool(plan["set_aside"]) for plan in plans] == [plan["built"] for plan in plans]
    listed = dms("engines", "list", "--backend", "tensorrt")
    assert listed.out.count("current") == 2 and listed.out.count("set aside") == 1
    gpu.device(name="Other")
    assert dms("engines", "list", "--backend", "tensorrt").out.count("other machine") == 2
    assert dms("engines", "clean").out.count("removed") == 3
    double.faults.add("wrong")
    off = dms("engines", "build", "--backend", "tensorrt", "--slot", "gaze")
    assert off.code == 4 and "the plan computes something else than the network: gaze 1 deg off, allowed 0.02" in off.err
    assert not gpu.live()


def test_a_configuration_says_which_plans(dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    monkeypatch.setattr("dms.runtime.chain.CHAIN_SLOTS", ("gaze", EYE))
    mine = onnx.load(str(plain(EYE).path))
    mine.producer_name = "an integrator"
    onnx.save(mine, str(tmp_path / "mine.onnx"))
    config = tmp_path / "run.yaml"
    config.write_text(
        "source: sample\nengines: {backend: tensorrt, precision: {gaze: fp16}, files: {eye_state: mine.onnx},"
        " tensorrt: {workspace_mib: 64}}\n"
    )
    result = dms("engines", "build", "--backend", "tensorrt", "--config", config, "--json")
    plans = json.loads(result.out)["plans"]
    assert [(plan["engine"], plan["key"]["precision"], plan["key"]["workspace_mib"]) for plan in plans] == [
        ("gaze", "fp16", 64), ("mine", "fp32", 64),
    ]  # fmt: skip
    assert plans[0]["distances"] and not plans[1]["distances"]
    config.write_text("source: sample\nengines: {backend: tensorrt, tensorrt: {grph: true}}\n")
    assert dms("engines", "build", "--backend", "tensorrt", "--config", config).code == 2


def test_the_loop_runs_on_it(plans: Path, dms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpu: FakeCuda) -> None:
    """The whole chain, engines loaded by one thread and run by another one; then without good plans, with a fallback."""
    from dms.runtime.chain import CHAIN_SLOTS

    monkeypatch.setattr("dms.inference.tensorrt.plan_store.cache_dir", lambda: tmp_path)
    backend = TensorRtBackend()
    for slot in CHAIN_SLOTS:
        backend.ensure(find_engine(slot), Options(), quiet)
    config = tmp_path / "run.yaml"
    config.write_text("source: sample\nengines: {backend: tensorrt, fallback: onnxruntime}\n")
    result = dms("run", "--config", config, "--seconds", "2", "--jsonl")
    assert result.code == 0 and "DEGRADED" not in result.err, result.err
    assert "frames judged" in result.err and "running on onnxruntime" not in result.out
    assert not gpu.live()
    for plan in (tmp_path / "plans").glob("*/plan"):
        plan.write_bytes(b"damaged")
    result = dms("run", "--config", config, "--seconds", "3", "--jsonl")
    assert result.code == 0 and "dms: DEGRADED: running on onnxruntime instead of tensorrt: the TensorRT plan of" in result.err
    config.write_text("source: sample\nengines: {backend: tensorrt}\n")
    assert dms("run", "--config", config, "--seconds", "1").code == 4
    assert not gpu.live()


# -- the proof itself ---------------------------------------------------------------------------------------------------------


def test_a_leaked_buffer_is_caught(plans: Path, gpu: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: an engine that forgets one buffer must fail ``nothing_left``."""
    plain_buffer = TensorRtEngine._buffer

    def forgetful(self: TensorRtEngine, tensor: object, mapped: bool) -> object:
        made = plain_buffer(self, tensor, mapped)  # type: ignore[arg-type]
        if len(self._out) == 0 and tensor == self.spec.outputs[-1]:
            made._device = None  # nobody frees it now
        return made

    backend = ready(plans)
    monkeypatch.setattr(TensorRtEngine, "_buffer", forgetful)
    with pytest.raises(AssertionError, match=r"left on the GPU: \{'device memory': 1\}"), gpu.nothing_left():
        backend.load(plain(EYE), Options(warmup=0, extra={"memory": "pinned"})).close()
    gpu.reset()


def test_a_wrong_order_is_caught(plans: Path, monkeypatch: pytest.MonkeyPatch, gpu: FakeCuda) -> None:
    """The driver works beside us: reading the outputs before the event gives other bits."""
    spec = plain(EYE)
    with ready(plans).load(spec, Options()) as engine, OnnxRuntimeBackend().load(spec, Options()) as judge:
        gpu.delay(10_000)
        monkeypatch.setattr(TensorRtEngine, "_wait", lambda self, event, timeout: True)
        found, wanted = engine.run(made_up(spec, 1)), judge.run(made_up(spec, 1))
        assert any((found[name] != wanted[name]).any() for name in wanted)


def test_a_copy_past_the_end_is_caught(gpu: FakeCuda) -> None:
    session = CudaSession(load_api("cuda-bindings"))
    api = session.api
    with session.guard("test"):
        stream, memory, host = api.create_stream(), api.allocate(64), api.allocate_host(32, mapped=False)
        with pytest.raises(CudaError, match="cuMemcpyHtoDAsync failed: CUDA_ERROR_INVALID_VALUE"):
            api.copy_in(memory, host, stream)
        api.free(memory)
        api.free_host(host)
        api.destroy_stream(stream)
    session.close()


def test_a_plan_of_another_network_does_not_fit(plans: Path) -> None:
    backend = ready(plans)
    spec = plain(EYE)
    other = replace(spec, outputs=plain("gaze").outputs)
    with pytest.raises(InputError, match="the plan of eye_state does not fit slot eye_state"):
        backend.load(other, Options())


# -- acceptance on a device ---------------------------------------------------------------------------------------------------


def test_the_acceptance_run_s_gpu_parts(tmp_path: Path) -> None:
    """``dms jetson-accept`` on the real back end: facts, speed by mode, parity, cache of plans."""
    from dms.runtime.accept.fakes import fake_parts
    from dms.runtime.accept.rig import RealGpu, Rig
    from dms.runtime.accept.run import accept
    from dms.runtime.machine import Machine, MachineState

    gpu = RealGpu(tmp_path / "plans")
    rig = Rig(fake_parts(), gpu, Machine(), tmp_path, False, 2, 1.0, 1.0, 1.0, MachineState(), (EYE, "gaze"))
    told = {part.number: part for part in accept(rig, "run.yaml", {3, 4, 5, 6}).content.parts}
    assert told[3].status == "pass" and told[3].values["graphs"] is True, told[3]
    assert told[5].status == told[6].status == "pass", (told[5], told[6])
    assert [check.name for check in told[4].checks if not check.ok] == ["fewest_runs"], told[4]
    for model in told[4].values["models"].values():
        assert model["p50_ms_by_mode"].keys() == {"copied", "in place", "copied, graph"}
        assert model["plan_bytes"] > 0 and model["build_s"] > 0
