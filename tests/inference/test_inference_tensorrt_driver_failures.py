"""Everything that can fail on the GPU surfaces as our error and leaves nothing; and the proof itself catches planted faults."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorrt_double as double
from fake_cuda import LAUNCH_FAILED, NO_DEVICE, OUT_OF_MEMORY, FakeCuda
from tensorrt_rig import EYE, assert_same, in_thread, made_up, plain, ready

from dms.errors import BackendUnavailable, EngineFailed, InputError
from dms.inference.base import Options
from dms.inference.cuda.api import CudaError
from dms.inference.cuda.session import CudaSession, load_api
from dms.inference.onnxruntime_backend import OnnxRuntimeBackend
from dms.inference.tensorrt.engine import TensorRtEngine
from dms.inference.tensorrt.plan_store import PlanStore
from dms.inference.tensorrt_backend import TensorRtBackend

pytestmark = [pytest.mark.tensorrt, pytest.mark.usefixtures("gpu")]


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
